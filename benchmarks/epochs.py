"""Training epochs on the whole graph, with dropout as each library's documentation shows it.

Three layers, 128 features, hidden 256, 40 classes, dropout of half the elements; attention has four
heads of 64. Two layers without dropout show what the rest takes. In the cases of bfloat16 graphmp
trains under autocast, and the others in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib import import_module
from itertools import pairwise
from typing import Any

from benchmarks import harness
from benchmarks.cases import KEPT_MEMORY, Case, Family, LacksError, Run, normal
from benchmarks.epoch_floor import floor
from benchmarks.graphs import Edges

FEATURES, HIDDEN, CLASSES, HEADS, DROPOUT = 128, 256, 40, 4, 0.5
GOALS = {  # against DGL: with dropout, with kept memory on both sides, in bfloat16
    "GCN": (2.5, 1.7, 4.0),
    "SAGE mean": (2.0, 1.4, 3.0),
    "SAGE pool": (2.0, 1.4, 3.0),
    "GAT": (5.0, 4.0, 6.0),
}
VARIANTS = ("dropout", "dropout and kept memory", "dropout, bfloat16")
OF_FLOOR = 1 / 1.35


def sizes_of(layers: int) -> list[tuple[int, int]]:
    """The sizes of the input and of the output of each layer."""
    return list(pairwise([FEATURES, *[HIDDEN] * (layers - 1), CLASSES]))


def epoch(
    edges: Edges, layers: Sequence[Any], forward: Callable[[Any, Any], Any], dtype: str = "float32"
) -> Run:
    """Work of an epoch: forward, loss, backward, a step of Adam. Gives nothing to compare.

    Weights are drawn by each library's own rules, and change with every epoch.

    Args:
        edges: the graph.
        layers: the modules, whose parameters are trained.
        forward: the output of the modules for the features, (N, classes).
        dtype: of autocast, unless it is float32.
    """
    import torch

    x = normal(edges.num_nodes, FEATURES)
    labels = torch.arange(edges.num_nodes) % CLASSES
    model = torch.nn.ModuleList(layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def cast() -> Any:
        if dtype == "float32":
            return nullcontext()
        return torch.autocast("cpu", getattr(torch, dtype))

    def run() -> None:
        with cast():
            loss = torch.nn.functional.cross_entropy(forward(model, x), labels)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()

    return run


def by_names_of_dgl(
    edges: Edges, package: Any, graph: Any, settings: tuple[str, int, float], dtype: str
) -> Run:
    """The models of graphmp and DGL, which have the same names.

    Args:
        edges: the graph.
        package: the package of layers; its ``Dropout``, with the ReLU before it, where it has one,
            else torch's.
        graph: the graph of the library.
        settings: the model, the number of layers and the probability of dropout.
        dtype: of autocast.
    """
    import torch

    (model, count, probability), sizes = settings, sizes_of(settings[1])
    if hasattr(package, "Dropout"):
        rectify = package.Dropout(probability, activation="relu")
    else:
        rectify = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Dropout(probability))
    free: dict[str, Any] = {"allow_zero_in_degree": True}
    if model == "GAT":
        free |= {"feat_drop": probability, "attn_drop": probability}
        heads = [HEADS] * (count - 1) + [1]
        activations = [torch.nn.functional.elu] * (count - 1) + [None]
        layers = [
            package.GATConv(before, after // number, number, activation=activation, **free)
            for (before, after), number, activation in zip(sizes, heads, activations, strict=True)
        ]
    elif model == "GCN":
        layers = [package.GraphConv(*size, **free) for size in sizes]
    else:
        layers = [package.SAGEConv(*size, aggregator_type=model.split()[1]) for size in sizes]

    def forward(modules: Any, h: Any) -> Any:
        for number, layer in enumerate(modules):
            if number:
                h = h.flatten(1) if model == "GAT" else rectify(h)
            h = layer(graph, h)
        return h.flatten(1)

    return epoch(edges, layers, forward, dtype)


def graphmp(
    edges: Edges, model: str, layers: int = 2, dropout: float = 0.0, dtype: str = "float32"
) -> Run:
    """``GraphConv`` and ``SAGEConv``, ``graphmp.nn.Dropout`` with a ReLU, and ``GATConv``."""
    package = import_module("graphmp.nn")
    return by_names_of_dgl(edges, package, edges.graphmp, (model, layers, dropout), dtype)


def dgl(
    edges: Edges,
    model: str,
    layers: int = 2,
    dropout: float = 0.0,
    dtype: str = "float32",  # noqa: ARG001
) -> Run:
    """``GraphConv`` and ``SAGEConv`` with ``torch.nn.Dropout`` between them, and ``GATConv``."""
    package = import_module("dgl.nn.pytorch")
    return by_names_of_dgl(edges, package, edges.dgl, (model, layers, dropout), "float32")


def pyg(
    edges: Edges, model: str, layers: int = 2, dropout: float = 0.0, dtype: str = "float32"
) -> Run:
    """``GCNConv`` with its norms cached, ``SAGEConv`` and ``GATConv``, and torch's dropout."""
    import torch

    if dtype != "float32":
        raise LacksError("it is measured in float32 in the other cases")
    nn, index, sizes = import_module("torch_geometric.nn"), edges.edge_index, sizes_of(layers)
    if model == "GCN":
        modules = [nn.GCNConv(*s, cached=True, add_self_loops=False) for s in sizes]
    elif model == "GAT":
        heads = [HEADS] * (layers - 1) + [1]
        modules = [
            nn.GATConv(before, after // number, number, dropout=dropout, add_self_loops=False)
            for (before, after), number in zip(sizes, heads, strict=True)
        ]
    else:
        aggr, project = {"SAGE mean": ("mean", False), "SAGE pool": ("max", True)}[model]
        modules = [nn.SAGEConv(*s, aggr=aggr, project=project) for s in sizes]
        index = edges.pyg.long().fill_cache_()  # which PyG multiplies by instead of making messages

    def forward(modules: Any, h: Any) -> Any:
        for number, layer in enumerate(modules):
            if number:
                h = torch.nn.functional.elu(h) if model == "GAT" else h.relu()
            if dropout and (number or model == "GAT"):
                h = torch.nn.functional.dropout(h, dropout)
            h = layer(h, index)
        return h

    return epoch(edges, modules, forward)


def case(model: str, variant: str = "") -> Case:
    """A case of a model, in one of the variants that the goals are stated for."""
    goal = dict(zip(VARIANTS, GOALS[model], strict=True))
    parameters = {
        "model": model,
        "layers": 3 if variant else 2,
        "dropout": DROPOUT if variant else 0.0,
        "dtype": "bfloat16" if "bfloat16" in variant else "float32",
    }
    is_kept = variant == "dropout and kept memory"
    return Case(
        f"{model}, {variant or 'two layers'}",
        parameters,
        goal=goal.get(variant),
        of_roofline=OF_FLOOR if is_kept else None,
        environment=KEPT_MEMORY if is_kept else {},
    )


FAMILY = Family(
    __file__,
    "Training epochs on the whole graph",
    [
        case(model, variant)
        for variant in ("", "dropout", "dropout, bfloat16", "dropout and kept memory")
        for model in GOALS
    ],
    {"graphmp": graphmp, "DGL": dgl, "PyG": pyg, "floor": floor},
)

if __name__ == "__main__":
    harness.main(FAMILY)
