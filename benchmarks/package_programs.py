"""Small programs of packages that import DGL; ``benchmarks.packages`` runs them.

``python -m benchmarks.package_programs PACKAGE FOLDER`` runs those of one package and stores
outputs and gradients in the folder. With ``--as-dgl`` graphmp answers ``import dgl``, and the
weights are stored too; a process without it loads them.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from tempfile import mkdtemp
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

Programs = Iterator[tuple[str, nn.Module, Callable[[Any], Any]]]


class Inputs:
    """Random inputs, the same for every torch."""

    def __init__(self) -> None:
        self.rng = np.random.RandomState(0)

    def normal(self, *shape: int) -> Tensor:
        """Normally distributed float32."""
        return torch.from_numpy(self.rng.standard_normal(shape).astype(np.float32))

    def uniform(self, *shape: int) -> Tensor:
        """Float32 from 0 to 1."""
        return torch.from_numpy(self.rng.rand(*shape).astype(np.float32))

    def ids(self, limit: int, count: int) -> Tensor:
        """Ids below a limit."""
        return torch.from_numpy(self.rng.randint(0, limit, count))

    def molecules(self, loops: bool = True) -> Any:
        """Three small chains as a batch, each edge with its reverse."""
        import dgl

        graphs = []
        for n in (5, 7, 6):
            order = torch.from_numpy(self.rng.permutation(n))
            ends = torch.cat([order[:-1], order[1:]]), torch.cat([order[1:], order[:-1]])
            g = dgl.graph(ends, num_nodes=n)
            graphs.append(dgl.add_self_loop(g) if loops else g)
        return dgl.batch(graphs)

    def crystal(self) -> Any:
        """Six atoms of two kinds, each joined to all others."""
        import dgl

        u, v = (1 - torch.eye(6)).nonzero(as_tuple=True)
        g = dgl.graph((u, v), num_nodes=6)
        g.ndata["pos"] = 3 * self.uniform(6, 3)
        g.ndata["node_type"] = torch.tensor([0, 1, 0, 1, 1, 0])
        g.edata["pbc_offshift"] = g.edata["pbc_offset"] = torch.zeros(len(u), 3)
        g.edata["lattice"] = torch.eye(3).repeat(len(u), 1, 1)
        return g

    def papers(self) -> tuple[Any, dict[str, Tensor]]:
        """Papers, authors and subjects, and features of size 8."""
        import dgl

        wrote = self.ids(20, 50), self.ids(12, 50)
        about = self.ids(20, 30), self.ids(5, 30)
        counts = {"paper": 20, "author": 12, "subject": 5}
        edges = {
            ("paper", "pa", "author"): wrote,
            ("author", "ap", "paper"): wrote[::-1],
            ("paper", "ps", "subject"): about,
            ("subject", "sp", "paper"): about[::-1],
        }
        g = dgl.heterograph(edges, counts)
        return g, {ntype: self.normal(counts[ntype], 8) for ntype in g.ntypes}


def dgllife(x: Inputs) -> Programs:
    """Predictors of properties of molecules."""
    zoo = resolve_name("dgllife.model")
    g = x.molecules()
    n, e = g.num_nodes(), g.num_edges()
    h, w = x.normal(n, 12), x.normal(e, 5)
    kinds, far = x.ids(10, n), 5 * x.uniform(e, 1)
    kind, bond = [torch.ones(n).long()] * 2, [torch.ones(e).long()] * 2
    gin = zoo.GINPredictor([6, 4], [5, 3], num_layers=3, emb_dim=8, JK="last")
    yield "GCN", zoo.GCNPredictor(12, [8, 8]), lambda m: m(g, h)
    yield "GAT", zoo.GATPredictor(12, [8, 8]), lambda m: m(g, h)
    yield "GIN", gin, lambda m: m(g, kind, bond)
    yield "MPNN", zoo.MPNNPredictor(12, 5, 8, 4), lambda m: m(g, h, w)
    yield "AttentiveFP", zoo.AttentiveFPPredictor(12, 5, graph_feat_size=8), lambda m: m(g, h, w)
    yield "SchNet", zoo.SchNetPredictor(8, [8, 8]), lambda m: m(g, kinds, far)
    yield "MGCN", zoo.MGCNPredictor(8, 2), lambda m: m(g, kinds, far)
    yield "Weave", zoo.WeavePredictor(12, 5), lambda m: m(g, h, w)
    yield "NF", zoo.NFPredictor(12, hidden_feats=[8, 8], max_degree=4), lambda m: m(g, h)
    yield "PAGTN", zoo.PAGTNPredictor(12, 8, 8, 5, depth=2, nheads=1), lambda m: m(g, h, w)


def alignn(x: Inputs) -> Programs:
    """The graph of atoms and its line graph."""
    models = resolve_name("alignn.models.alignn")
    g = x.molecules(loops=False)
    g.ndata["atom_features"], g.edata["r"] = x.normal(g.num_nodes(), 92), x.normal(g.num_edges(), 3)
    lines = g.line_graph(shared=True)
    lines.apply_edges(resolve_name("alignn.graphs:compute_bond_cosines"))
    sizes = {"alignn_layers": 1, "gcn_layers": 1, "hidden_features": 16, "embedding_features": 8}
    config = models.ALIGNNConfig(name="alignn", **sizes)
    yield "ALIGNN", models.ALIGNN(config), lambda m: m((g, lines))


def matgl(x: Inputs) -> Programs:
    """Properties of crystals."""
    models, g = resolve_name("matgl.models"), x.crystal()
    expansion = resolve_name("matgl.layers:BondExpansion")
    expansion = expansion(rbf_type="Gaussian", final=5.0, num_centers=100, width=0.5)
    salt: dict[str, Any] = {"element_types": ("Na", "Cl")}
    small = {**salt, "units": 8, "is_intensive": False}
    sizes = {"dim_node_embedding": 8, "dim_edge_embedding": 8}
    state = torch.tensor([[0.3, 0.7]])
    yield "MEGNet", models.MEGNet(bond_expansion=expansion, **salt), lambda m: m(g, state)
    yield "TensorNet", models.TensorNet(**small), lambda m: m(g)
    yield "M3GNet", models.M3GNet(**small, **sizes), lambda m: m(g)


def mgnn(x: Inputs) -> Programs:
    """An earlier version of matgl."""
    model = resolve_name("mgnn.models.megnet:MEGNet")
    g = x.crystal()
    inputs = x.normal(g.num_edges(), 8), x.normal(6, 8), x.normal(1, 8)
    megnet = model(8, 1, [8, 4], [8, 8, 4], 1, 2, [4, 4], is_classification=False)
    yield "MEGNet", megnet, lambda m: m(g, *inputs)


def openhgnn(x: Inputs) -> Programs:
    """Models of heterogeneous graphs."""
    g, h = x.papers()
    paths = {"PAP": [("paper", "pa", "author"), ("author", "ap", "paper")]}
    paths["PSP"] = [("paper", "ps", "subject"), ("subject", "sp", "paper")]
    types = (g.ntypes, len(g.etypes))
    rows: dict[str, tuple[Any, ...]] = {
        "HAN": ({"paper": paths}, 8, 4, 3, [2], 0.0),
        "RGCN": (8, 8, 3, g.etypes, 2),
        "HGT": (8, 8, 2, types[1], g.ntypes, 2),
        "SimpleHGN": (4, types[1], [8], 4, 3, 2, [2, 2], 0.0, 0.2, True, 0.05, g.ntypes),
        "HPN": (paths, ["paper"], 8, 3, 0.0, 2, 0.1, 0.0),
        "ieHGCN": (2, 8, 3, 4, g.ntypes, g.etypes, True, False, 0.0),
        "RGAT": (8, 3, 4, g.etypes, 2),
        "HetSANN": (2, 2, 8, 3, *types, 0.0, 0.2, True),
        "CompGCN": (8, 8, 3, g.etypes, 20, types[1]),
    }
    for name, arguments in rows.items():
        model = resolve_name(f"openhgnn.models.{name}:{name}")(*arguments)
        yield name, model, lambda m: m(g, h)


def dgld(x: Inputs) -> Programs:
    """Anomalies of nodes."""
    import dgl

    g = dgl.to_simple(dgl.graph((x.ids(15, 40), x.ids(15, 40)), num_nodes=15), return_counts=None)
    g = dgl.add_self_loop(dgl.remove_self_loop(g))
    h = g.ndata["feat"] = x.normal(15, 6)
    g.edata["w"] = torch.ones(g.num_edges())
    both, twice = dgl.batch([g, g]), torch.cat([h, h])
    rows: dict[str, tuple[Any, ...]] = {
        "DOMINANT.models:DominantModel": (6, 8, 0.0),
        "AnomalyDAE.models:AnomalyDAEModel": (6, 15, 8, 4, 0.0),
        "ALARM.models:ALARMModel": (6, 8, 0.0, 2, 0, [1.0, 1.0]),
    }
    for path, arguments in rows.items():
        model = resolve_name(f"DGLD.models.{path}")(*arguments)
        yield path.partition(".")[0], model, lambda m: m(g, h)
    convolution = resolve_name("DGLD.models.ANEMONE.models:OneLayerGCNWithGlobalAdg")
    yield "ANEMONE", convolution(6, 8), lambda m: m(both, twice)


def ogb(x: Inputs) -> Programs:
    """Two graphs in the format of the Open Graph Benchmark."""
    import dgl

    folder = Path(mkdtemp())
    rows: dict[str, list[Any]] = {
        "edge": [(0, 1), (1, 2), (0, 1)],
        "num-node-list": [(3,), (2,)],
        "num-edge-list": [(2,), (1,)],
        "node-feat": x.normal(5, 2).tolist(),
        "edge-feat": x.normal(3, 1).tolist(),
    }
    for name, lines in rows.items():
        with gzip.open(folder / f"{name}.csv.gz", "wt") as file:
            file.writelines(",".join(map(str, line)) + "\n" for line in lines)
    graphs = resolve_name("ogb.io.read_graph_dgl:read_graph_dgl")(str(folder), True)
    g = dgl.batch(graphs)
    h, w = g.ndata["feat"].float(), g.edata["feat"].float()
    yield "graphs of CSV files", dgl.nn.NNConv(2, 3, nn.Linear(1, 6)), lambda m: m(g, h, w)


def deepchem(x: Inputs) -> Programs:
    """Models of molecules and crystals, on graphs of deepchem's own."""
    zoo, data = resolve_name("deepchem.models.torch_models"), resolve_name("deepchem.feat")
    ring = np.stack([np.arange(6), np.roll(np.arange(6), 1)])
    edges = np.concatenate([ring, ring[::-1]], 1)
    arrays = [x.normal(6, 12).numpy(), edges, x.normal(12, 5).numpy(), x.normal(6, 3).numpy()]
    g = data.GraphData(*arrays).to_dgl_graph()
    looped = data.GraphData(*arrays[:2]).to_dgl_graph(self_loop=True)
    sizes = {"n_tasks": 2, "number_atom_features": 12}
    both = {**sizes, "number_bond_features": 5}
    yield "GCN", zoo.GCN(graph_conv_layers=[8, 8], **sizes), lambda m: m(looped)
    yield "GAT", zoo.GAT(graph_attention_layers=[8, 8], **sizes), lambda m: m(looped)
    for name in ("AttentiveFP", "MPNN", "Pagtn"):
        yield name, getattr(zoo, name)(**both), lambda m: m(g)
    yield "CGCNN", zoo.CGCNN(12, 8, 5, n_tasks=2), lambda m: m(g)
    sites, kinds = resolve_name("dgl").add_self_loop(x.crystal()), g.clone()
    sites.ndata["x"] = x.normal(6, 3)
    kinds.ndata["x"], kinds.edata["edge_attr"] = x.ids(2, 54).view(6, 9), x.ids(2, 36).view(12, 3)
    lattice = resolve_name("deepchem.models.torch_models.lcnn:LCNN")
    yield "LCNN", lattice(3, 1, n_permutation=6), lambda m: m(sites.local_var())
    space = resolve_name("deepchem.models.torch_models.gnn3d:Net3D")(8, 3, ["sum", "mean"])
    yield "Net3D", space, lambda m: m(g.local_var())
    pna = resolve_name("deepchem.models.torch_models.pna_gnn:PNA")
    pna = pna(32, 16, "regression", ["mean", "max", "std"], ["identity", "attenuation"], n_tasks=2)
    yield "PNA", pna, lambda m: m(kinds.local_var())


def dglgo(x: Inputs) -> Programs:
    """The models of DGL's command line."""
    import dgl

    nodes, graphs = map(resolve_name, ("dglgo.model.node_encoder", "dglgo.model.graph_encoder"))
    g = dgl.add_self_loop(dgl.graph((x.ids(15, 40), x.ids(15, 40)), num_nodes=15))
    h, info = x.normal(15, 6), {"in_size": 6, "out_size": 3}
    fanouts = dgl.dataloading.NeighborSampler([15, 15])
    blocks = fanouts.sample(g, torch.arange(15))[2]
    layers = {"num_layers": 2, "heads": [4, 2]}
    for name, options in (("GCN", {"num_layers": 2}), ("GAT", layers), ("SGC", {}), ("GIN", {})):
        yield name, getattr(nodes, name)(info, **options), lambda m: m(g, h)
    for kind in ("mean", "gcn", "pool"):
        sage = nodes.GraphSAGE(info, num_layers=2, aggregator_type=kind)
        yield f"GraphSAGE {kind}", sage, lambda m: m.forward_block(blocks, h)
    batch = x.molecules()
    a, b = x.normal(batch.num_nodes(), 6), x.normal(batch.num_edges(), 4)
    sizes = {"node_feat_size": 6, "edge_feat_size": 4, "out_size": 2, "delta": 1.5, "name": ""}
    gin = graphs.OGBGGIN(sizes, embed_size=8, num_layers=3, virtual_node=True)
    yield "GIN of molecules", gin, lambda m: m(batch, a, b)
    yield "PNA", graphs.PNA(sizes, embed_size=8), lambda m: m(batch, a)


def torch_geometric(x: Inputs) -> Programs:
    """Conversions from DGL and back."""
    import dgl

    convert = resolve_name("torch_geometric.utils.convert")
    g = dgl.graph((x.ids(6, 12), x.ids(6, 12)), num_nodes=6)
    g.ndata["x"], g.edata["w"] = x.normal(6, 3), x.normal(12)
    data = convert.from_dgl(g)
    back = convert.to_dgl(data)
    both = data.edge_index.sum() + data.w.sum()
    yield "from_dgl", nn.Linear(3, 2), lambda m: m(data.x) + both
    layer = dgl.nn.GraphConv(3, 2, norm="none", allow_zero_in_degree=True)
    yield "to_dgl", layer, lambda m: m(back, back.ndata["x"], edge_weight=back.edata["w"])


def flat(output: Any) -> Tensor:
    """All numbers of an output as one vector of float64."""
    if isinstance(output, dict):
        output = [output[key] for key in sorted(output, key=str)]
    if isinstance(output, list | tuple):
        return torch.cat([flat(part) for part in output if part is not None])
    return output.double().reshape(-1) if isinstance(output, Tensor) else torch.zeros(0).double()


def measured(model: nn.Module, call: Callable[[Any], Any]) -> tuple[Tensor, Tensor]:
    """The outputs of a model, and the gradients of its parameters."""
    output = flat(call(model.eval()))
    total = (output * torch.linspace(1, 2, output.numel(), dtype=torch.float64)).sum()
    parameters = [p for _, p in sorted(model.named_parameters()) if p.requires_grad]
    gradients = list(torch.autograd.grad(total, parameters, allow_unused=True))
    return output.detach(), flat(gradients)


def main() -> None:
    """Run the programs of one package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--as-dgl", action="store_true", help="graphmp answers import dgl")
    settings = parser.parse_args()
    if settings.as_dgl:
        resolve_name("graphmp.compat:as_dgl")()
    torch.manual_seed(0)
    stored = settings.folder / "weights.pt"
    weights = {} if settings.as_dgl else torch.load(stored, weights_only=True)
    results = {}
    for name, model, call in globals()[settings.package](Inputs()):
        if name in weights:
            model.load_state_dict(weights[name])
        weights[name] = {key: value.clone() for key, value in model.state_dict().items()}
        results[name] = measured(model, call)
    torch.save(weights, stored)
    library = "graphmp" if settings.as_dgl else "dgl"
    torch.save(results, settings.folder / f"{library}.pt")


if __name__ == "__main__":
    main()
