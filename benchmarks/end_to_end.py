"""Programs from the first line of a step to the optimizer's, on public graphs.

The models of papers, and the programs of DGL's tutorials on message passing: their layers are
written with ``update_all``, as users write their own. Features are drawn, since the time does not
depend on them. Weights are drawn by each library's own rules, so there are no results to compare.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks import harness
from benchmarks.cases import Case, Family, Run, normal
from benchmarks.graphs import Edges
from benchmarks.written_layers import sampled_sage, written_sage

GRAPH_BATCH, PAIRS = 128, 2048
HIDDEN = {"GIN": 64, "R-GCN": 16, "LightGCN": 64}


def layers_of(package: str) -> Any:
    """The package of layers."""
    return import_module("dgl.nn.pytorch" if package == "dgl" else "graphmp.nn")


def step_of(module: Any, loss: Callable[[], Any], lr: float = 1e-2) -> Run:
    """Work of one step: the loss, its gradients, Adam."""
    import torch

    optimizer = torch.optim.Adam(module.parameters(), lr=lr)

    def run() -> None:
        value = loss()
        optimizer.zero_grad()
        torch.autograd.backward(value)
        optimizer.step()

    return run


def separate(edges: Edges, package: Any) -> list[Any]:
    """The graphs that lie side by side, each with a feature ``x`` of 3 numbers."""
    import torch

    sizes = edges.more.get("sizes", np.full(edges.num_nodes // 20, 20))
    limits = np.concatenate([[0], np.cumsum(sizes)])
    owner = np.searchsorted(limits, edges.src, side="right") - 1
    inside = owner == np.searchsorted(limits, edges.dst, side="right") - 1
    graphs = []
    for number, start in enumerate(limits[:-1]):
        chosen = inside & (owner == number)
        ends = tuple(torch.from_numpy(end[chosen] - start).long() for end in (edges.src, edges.dst))
        graph = package.graph(ends, num_nodes=int(sizes[number]))
        graph.ndata["x"] = torch.ones(int(sizes[number]), 3)
        graphs.append(graph)
    return graphs


def gin(edges: Edges, package: str) -> Run:
    """Four layers of GIN, a sum over nodes, two classes: an epoch over all graphs."""
    import torch

    nn, library, width = layers_of(package), import_module(package), HIDDEN["GIN"]
    items = [(graph, i % 2) for i, graph in enumerate(separate(edges, library))]
    loading = import_module(f"{package}.dataloading")
    loader = loading.GraphDataLoader(items, batch_size=GRAPH_BATCH, shuffle=True)

    def mlp(size: int) -> Any:
        parts = (torch.nn.Linear(size, width), torch.nn.BatchNorm1d(width), torch.nn.ReLU())
        return torch.nn.Sequential(*parts, torch.nn.Linear(width, width), torch.nn.ReLU())

    layers = torch.nn.ModuleList(nn.GINConv(mlp(3 if not i else width), "sum") for i in range(4))
    classify, pool = torch.nn.Linear(width, 2), nn.SumPooling()
    model = torch.nn.ModuleList([layers, classify])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def run() -> None:
        for graph, labels in loader:
            h = graph.ndata["x"]
            for layer in layers:
                h = layer(graph, h)
            loss = torch.nn.functional.cross_entropy(classify(pool(graph, h)), labels)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()

    return run


def rgcn(edges: Edges, package: str) -> Run:
    """Two layers of R-GCN on embeddings of 16 numbers, with a weight for each of 90 relations."""
    import torch

    nn, graph, width = layers_of(package), getattr(edges, package), HIDDEN["R-GCN"]
    types = torch.from_numpy(edges.more.get("types", np.arange(edges.num_edges) % 5)).long()
    count = int(types.max()) + 1
    key = torch.from_numpy(edges.dst).long() * count + types
    norm = 1.0 / key.bincount(minlength=edges.num_nodes * count)[key].float().view(-1, 1)
    embedding = torch.nn.Embedding(edges.num_nodes, width)
    first = nn.RelGraphConv(width, width, count, "basis", count, activation=torch.relu)
    second = nn.RelGraphConv(width, 4, count, "basis", count)
    rows = torch.arange(0, edges.num_nodes, max(edges.num_nodes // 140, 1))
    model = torch.nn.ModuleList([embedding, first, second])

    def loss() -> Any:
        h = first(graph, embedding.weight, types, norm)
        logits = second(graph, h, types, norm)[rows]
        return torch.nn.functional.cross_entropy(logits, rows % 4)

    return step_of(model, loss)


def lightgcn(edges: Edges, package: str) -> Run:
    """Three layers of LightGCN, embeddings of 64 numbers: a step of BPR with 2,048 pairs."""
    import torch

    nn, graph = layers_of(package), getattr(edges, package)
    size = HIDDEN["LightGCN"]
    embedding = torch.nn.Embedding(edges.num_nodes, size)
    options = {"norm": "both", "weight": False, "bias": False, "allow_zero_in_degree": True}
    layer = nn.GraphConv(size, size, **options)
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randint(edges.num_edges, (PAIRS,), generator=generator)
    users, items = (torch.from_numpy(end).long()[chosen] for end in (edges.src, edges.dst))
    others = torch.randint(edges.num_nodes, (PAIRS,), generator=generator)

    def loss() -> Any:
        h = total = embedding.weight
        for _ in range(3):
            h = layer(graph, h)
            total = total + h
        u, i, j = total[users], total[items], total[others]
        return -torch.nn.functional.logsigmoid((u * (i - j)).sum(1)).mean()

    return step_of(embedding, loss)


def written(edges: Edges, package: str, weighting: str) -> Run:
    """Two layers of GraphSAGE of the tutorial's own class, an epoch."""
    import torch

    model = written_sage(package, weighting)
    graph, x = getattr(edges, package), normal(edges.num_nodes, 1433)
    graph.edata["w"] = normal(edges.num_edges, 1).abs()
    rows = torch.arange(0, edges.num_nodes, max(edges.num_nodes // 140, 1))
    return step_of(
        model, lambda: torch.nn.functional.cross_entropy(model(graph, x)[rows], rows % 7)
    )


WORK: dict[str, Callable[[Edges, str], Run]] = {
    "GIN": gin,
    "R-GCN": rgcn,
    "LightGCN": lightgcn,
    "written": partial(written, weighting="none"),
    "written, weighted": partial(written, weighting="builtin"),
    "written, UDF": partial(written, weighting="functions"),
    "sampled": sampled_sage,
}


def work(package: str, edges: Edges, what: str) -> Run:
    """The work of a case, by the names that graphmp and DGL share."""
    return WORK[what](edges, package)


def case(title: str, what: str, graph: str) -> Case:
    """A case in which DGL shall take twice as long."""
    return Case(title, {"what": what}, goal=2.0, graphs=(graph,))


FAMILY = Family(
    __file__,
    "Programs on public graphs, end to end",
    [
        case("GIN, an epoch of batches of 128 graphs", "GIN", "proteins"),
        case("R-GCN, an epoch", "R-GCN", "aifb"),
        case("LightGCN, a step of 2,048 pairs", "LightGCN", "gowalla"),
        case("SAGE written with update_all, an epoch", "written", "cora"),
        case("weighted SAGE written with update_all, an epoch", "written, weighted", "cora"),
        case("weighted SAGE written with functions, an epoch", "written, UDF", "cora"),
        case("SAGE written with update_all, sampled, an epoch", "sampled", "arxiv"),
    ],
    {"graphmp": partial(work, "graphmp"), "DGL": partial(work, "dgl")},
    graphs=("proteins", "aifb", "gowalla", "cora", "arxiv"),
)

if __name__ == "__main__":
    harness.main(FAMILY)
