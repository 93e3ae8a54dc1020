"""The largest and the smallest of the sources' features, without and with the gradient."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import PASSES, Case, Family, Run, normal
from benchmarks.graphs import Edges


def graphmp(edges: Edges, reduce: str, width: int, passes: str) -> Run:
    """``ops.copy_u_max`` and ``ops.copy_u_min``."""
    from graphmp import ops

    operation, graph = getattr(ops, f"copy_u_{reduce}"), edges.graphmp
    return PASSES[passes](lambda x: operation(graph, x), normal(edges.num_nodes, width))


def dgl(edges: Edges, reduce: str, width: int, passes: str) -> tuple[Run, Run]:
    """``dgl.ops.copy_u_max`` and ``copy_u_min``, which leave infinities where no edge enters."""
    operation, graph = getattr(import_module("dgl.ops"), f"copy_u_{reduce}"), edges.dgl
    run = PASSES[passes](lambda x: operation(graph, x), normal(edges.num_nodes, width))

    def with_zeros(result: Any) -> tuple[Any, ...]:
        results = result if isinstance(result, tuple) else (result,)
        return tuple(one.masked_fill(one.isinf(), 0) for one in results)

    return run, with_zeros


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
        )
        for reduce in ("max", "min")
        for passes in PASSES
        for width in (16, 64, 128)
    ],
    {"graphmp": graphmp, "DGL": dgl, "torch.sparse": torch_sparse, "PyG": pyg},
)

if __name__ == "__main__":
    harness.main(FAMILY)
