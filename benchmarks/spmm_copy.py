"""The sources' features, summed and averaged at the destinations."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import Case, Family, Run, normal
from benchmarks.graphs import SMALLER, Edges


def features(edges: Edges, width: int, dtype: str) -> Any:
    """(N, width) numbers of a dtype."""
    import torch

    return normal(edges.num_nodes, width).to(getattr(torch, dtype))


def graphmp(edges: Edges, reduce: str, width: int, dtype: str = "float32") -> Run:
    """``ops.copy_u_sum`` and ``ops.copy_u_mean``."""
    from graphmp import ops

    operation, graph = getattr(ops, f"copy_u_{reduce}"), edges.graphmp
    x = features(edges, width, dtype)
    return lambda: operation(graph, x)


def dgl(edges: Edges, reduce: str, width: int) -> Run:
    """``dgl.ops.copy_u_sum`` and ``copy_u_mean``."""
    operation, graph = getattr(import_module("dgl.ops"), f"copy_u_{reduce}"), edges.dgl
    x = normal(edges.num_nodes, width)
    return lambda: operation(graph, x)


def torch_sparse(edges: Edges, reduce: str, width: int, dtype: str = "float32") -> Run:
    """``torch.sparse.mm`` of a CSR matrix."""
    import torch

    x = features(edges, width, dtype)
    matrix = edges.csr(torch.ones(edges.num_edges, dtype=x.dtype))
    if reduce == "sum":
        return lambda: torch.sparse.mm(matrix, x)
    return lambda: torch.sparse.mm(matrix, x, "mean")


def pyg(edges: Edges, reduce: str, width: int, dtype: str = "float32") -> Run:
    """PyG's product of an EdgeIndex."""
    index, x = edges.pyg, features(edges, width, dtype)
    return lambda: index.matmul(x, reduce=reduce, transpose=True)


def gather(edges: Edges, reduce: str, width: int) -> Run:  # noqa: ARG001
    """Read the same rows in the same order, and write nothing."""
    from benchmarks.gather import gathered

    form = edges.graphmp.adjacency.csc
    return gathered(form.indptr, form.indices, normal(edges.num_nodes, width))


FAMILY = Family(
    __file__,
    "Sums and means of the sources' features",
    [
        Case(
            f"copy_u {reduce}, F {width}",
            {"reduce": reduce, "width": width},
            goal=3.0,
            of_roofline=0.85,
            graphs=None if width == 64 else SMALLER,
        )
        for reduce in ("sum", "mean")
        for width in (16, 64, 128, 256)
    ],
    {"graphmp": graphmp, "DGL": dgl, "torch.sparse": torch_sparse, "PyG": pyg, "gather": gather},
    graphs=(*SMALLER, "rmat-12m"),
)

if __name__ == "__main__":
    harness.main(FAMILY)
