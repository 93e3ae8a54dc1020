"""The largest and the smallest of the sources' features, without and with the gradient."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import PASSES, Case, Family, Run, normal
from benchmarks.graphs import SMALLER, Edges


def graphmp(edges: Edges, reduce: str, width: int, passes: str) -> Run:
    """``ops.copy_u_max`` and ``ops.copy_u_min``."""
    from graphmp import ops

    operation, graph = getattr(ops, f"copy_u_{reduce}"), edges.graphmp
    return PASSES[passes](lambda x: operation(graph, x), normal(edges.num_nodes, width))


def dgl(edges: Edges, reduce: str, width: int, passes: str) -> Run:
    """``dgl.ops.copy_u_max`` and ``copy_u_min``; they are wrong where no edge enters a node.

    There ``update_all`` is right, and a little slower.
    """
    operation, graph = getattr(import_module("dgl.ops"), f"copy_u_{reduce}"), edges.dgl
    fn = import_module("dgl.function")

    def update_all(x: Any) -> Any:
        graph.srcdata["x"] = x
        graph.update_all(fn.copy_u("x", "m"), getattr(fn, reduce)("m", "y"))
        return graph.dstdata.pop("y")

    is_full = bool(edges.indptr.diff().all())
    forward = (lambda x: operation(graph, x)) if is_full else update_all
    return PASSES[passes](forward, normal(edges.num_nodes, width))


def torch_sparse(edges: Edges, reduce: str, width: int, passes: str) -> Run:
    """``torch.sparse.mm`` of a CSR matrix, reduced by ``amax`` or ``amin``."""
    import torch

    matrix = edges.csr(torch.ones(edges.num_edges))
    return PASSES[passes](
        lambda x: torch.sparse.mm(matrix, x, f"a{reduce}"), normal(edges.num_nodes, width)
    )


def pyg(edges: Edges, reduce: str, width: int, passes: str) -> Run:
    """``torch_geometric.utils.scatter``."""
    scatter, (src, dst) = import_module("torch_geometric.utils").scatter, edges.edge_index
    size = edges.num_nodes
    return PASSES[passes](
        lambda x: scatter(x[src], dst, 0, size, reduce), normal(edges.num_nodes, width)
    )


FAMILY = Family(
    __file__,
    "The largest and the smallest of the sources' features",
    [
        Case(
            f"copy_u {reduce} {passes}, F {width}",
            {"reduce": reduce, "width": width, "passes": passes},
            goal=10.0,
            goals={"torch.sparse": 3.0},
            graphs=None if (reduce, width) == ("max", 64) else SMALLER,
        )
        for reduce in ("max", "min")
        for passes in PASSES
        for width in (16, 64, 128)
    ],
    {"graphmp": graphmp, "DGL": dgl, "torch.sparse": torch_sparse, "PyG": pyg},
    graphs=(*SMALLER, "rmat-12m"),
)

if __name__ == "__main__":
    harness.main(FAMILY)
