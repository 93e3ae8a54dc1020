"""A training epoch on the whole graph: two layers, 128 features, hidden 256, 40 classes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import Case, Family, Run, normal
from benchmarks.graphs import Edges

FEATURES, HIDDEN, CLASSES, HEADS = 128, 256, 40, 4


def epoch(edges: Edges, layers: list[Any], convolve: Callable[[Any, Any], Any]) -> Run:
    """Work of an epoch: forward, loss, backward, a step of Adam. Gives nothing to compare.

    Weights are drawn by each library's own rules, and change with every epoch.
    """
    import torch

    x = normal(edges.num_nodes, FEATURES)
    labels = torch.arange(edges.num_nodes) % CLASSES
    model = torch.nn.ModuleList(layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def run() -> None:
        h = convolve(model[0], x).flatten(1).relu()
        h = convolve(model[1], h).flatten(1)
        loss = torch.nn.functional.cross_entropy(h, labels)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()

    return run


def by_names_of_dgl(edges: Edges, nn: Any, graph: Any, model: str) -> Run:
    """The models of graphmp and DGL, which have the same names."""
    free: dict[str, Any] = {"allow_zero_in_degree": True}
    if model == "GCN":
        made, more = nn.GraphConv, free
    elif model == "GAT":
        made, more = nn.GATConv, free
    else:
        made, more = nn.SAGEConv, {"aggregator_type": model.split()[1]}
    first = (HIDDEN // HEADS, HEADS) if model == "GAT" else (HIDDEN,)
    last = (CLASSES, 1) if model == "GAT" else (CLASSES,)
    layers = [made(FEATURES, *first, **more), made(HIDDEN, *last, **more)]
    return epoch(edges, layers, lambda layer, h: layer(graph, h))


def graphmp(edges: Edges, model: str) -> Run:
    """``GraphConv``, ``SAGEConv`` and ``GATConv``."""
    return by_names_of_dgl(edges, import_module("graphmp.nn"), edges.graphmp, model)


def dgl(edges: Edges, model: str) -> Run:
    """``GraphConv``, ``SAGEConv`` and ``GATConv``."""
    return by_names_of_dgl(edges, import_module("dgl.nn.pytorch"), edges.dgl, model)


def pyg(edges: Edges, model: str) -> Run:
    """``GCNConv`` with its norms kept, ``SAGEConv`` and ``GATConv``."""
    nn, index = import_module("torch_geometric.nn"), edges.edge_index
    size, last = (FEATURES, HIDDEN), (HIDDEN, CLASSES)
    if model == "GCN":
        layers = [nn.GCNConv(*s, cached=True, add_self_loops=False) for s in (size, last)]
    elif model == "GAT":
        first = nn.GATConv(FEATURES, HIDDEN // HEADS, HEADS, add_self_loops=False)
        layers = [first, nn.GATConv(*last, 1, add_self_loops=False)]
    else:
        aggr, project = {"SAGE mean": ("mean", False), "SAGE pool": ("max", True)}[model]
        layers = [nn.SAGEConv(*s, aggr=aggr, project=project) for s in (size, last)]
        index = edges.pyg.long().fill_cache_()  # which PyG multiplies by instead of making messages
    return epoch(edges, layers, lambda layer, h: layer(h, index))


FAMILY = Family(
    __file__,
    "Training epochs on the whole graph",
    [
        Case("GCN", {"model": "GCN"}, goal=1.8),
        Case("SAGE mean", {"model": "SAGE mean"}, goal=1.8),
        Case("SAGE pool", {"model": "SAGE pool"}, goal=3.0),
        Case("GAT", {"model": "GAT"}, goal=4.0),
    ],
    {"graphmp": graphmp, "DGL": dgl, "PyG": pyg},
)

if __name__ == "__main__":
    harness.main(FAMILY)
