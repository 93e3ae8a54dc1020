"""The edges grouped by destination, made of edges in random order."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import Case, Family, Run
from benchmarks.graphs import Edges


def graphmp(edges: Edges) -> Run:
    """A new graph of the checked edges, and its layout."""
    import graphmp as gm

    def run() -> Any:
        form = gm.graph(edges.tensors, num_nodes=edges.num_nodes).adjacency.csc
        return form.indptr, form.indices, form.edge_ids

    return run


def dgl(edges: Edges) -> Run:
    """A new graph, and its layout."""
    graph = import_module("dgl").graph

    def run() -> Any:
        made = graph(edges.tensors, num_nodes=edges.num_nodes)
        return tuple(made.adj_tensors("csc"))

    return run


def torch_sort(edges: Edges) -> Run:
    """``torch.sort`` and ``torch.bincount``."""
    import torch

    src, dst = edges.tensors

    def run() -> Any:
        order = dst.sort(stable=True)[1]
        indptr = torch.zeros(edges.num_nodes + 1, dtype=src.dtype)
        torch.cumsum(dst.bincount(minlength=edges.num_nodes), 0, dtype=src.dtype, out=indptr[1:])
        return indptr, src[order], order

    return run


def pyg(edges: Edges) -> Run:
    """``index_sort`` and ``index2ptr``, as PyG's loaders do."""
    sort = import_module("torch_geometric.utils").index_sort
    limits = import_module("torch_geometric.utils.sparse").index2ptr
    src, dst = edges.tensors

    def run() -> Any:
        rows, order = sort(dst, max_value=edges.num_nodes, stable=True)
        return limits(rows, edges.num_nodes), src[order], order

    return run


FAMILY = Family(
    __file__,
    "Edges grouped by destination",
    [Case("COO to CSC")],
    {"graphmp": graphmp, "DGL": dgl, "torch.sort": torch_sort, "PyG": pyg},
    graphs=("rmat", "rmat-12m"),
)

if __name__ == "__main__":
    harness.main(FAMILY)
