"""The sources' features times a weight of each edge, summed, without and with gradients."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import PASSES, Case, Family, LacksError, Run, normal
from benchmarks.graphs import SMALLER, Edges


def inputs(edges: Edges, heads: int, width: int) -> tuple[Any, Any]:
    """(N, heads, width) features and (E, heads, 1) weights; (N, width) and (E, 1) for one head."""
    if heads == 1:
        return normal(edges.num_nodes, width), normal(edges.num_edges, 1)
    return normal(edges.num_nodes, heads, width), normal(edges.num_edges, heads, 1)


def graphmp(edges: Edges, heads: int, width: int, passes: str) -> Run:
    """``ops.u_mul_e_sum``."""
    from graphmp import ops

    graph = edges.graphmp
    return PASSES[passes](lambda x, w: ops.u_mul_e_sum(graph, x, w), *inputs(edges, heads, width))


def dgl(edges: Edges, heads: int, width: int, passes: str) -> Run:
    """``dgl.ops.u_mul_e_sum``."""
    operation, graph = import_module("dgl.ops").u_mul_e_sum, edges.dgl
    return PASSES[passes](lambda x, w: operation(graph, x, w), *inputs(edges, heads, width))


def torch_sparse(edges: Edges, heads: int, width: int, passes: str) -> Run | tuple[Run, Run]:
    """``torch.sparse.mm`` of a CSR matrix that holds the weights."""
    import torch

    if heads > 1:
        raise LacksError("a matrix holds one weight for each edge")
    x, w = inputs(edges, heads, width)
    matrix = edges.csr(w[edges.order, 0])
    if passes == "forward":
        return lambda: torch.sparse.mm(matrix, x)
    x.requires_grad_()
    matrix.requires_grad_()
    upstream = normal(edges.num_nodes * width, seed=99).view(-1, width)

    def run() -> tuple[Any, ...]:
        out = torch.sparse.mm(matrix, x)
        return (out, *torch.autograd.grad(out, (x, matrix), upstream))

    def by_id(result: tuple[Any, ...]) -> tuple[Any, ...]:
        out, of_x, of_matrix = result
        return out, of_x, torch.empty_like(w[:, 0]).index_copy(0, edges.order, of_matrix.values())

    return run, by_id


def pyg(edges: Edges, heads: int, width: int, passes: str) -> Run:
    """What PyG's layers do: a message for each edge, and ``torch_geometric.utils.scatter``."""
    scatter, (src, dst) = import_module("torch_geometric.utils").scatter, edges.edge_index
    size = edges.num_nodes
    return PASSES[passes](
        lambda x, w: scatter(x[src] * w, dst, 0, size, "sum"), *inputs(edges, heads, width)
    )


FAMILY = Family(
    __file__,
    "Weighted sums of the sources' features",
    [
        Case(
            f"u_mul_e {passes}, {heads}x{width}",
            {"heads": heads, "width": width, "passes": passes},
            goal=goal,
            graphs=None if (heads, width) == (8, 8) else SMALLER,
        )
        for passes, goal in (("forward", 12.0), ("forward and backward", 10.0))
        for heads, width in ((8, 8), (8, 16), (4, 64), (1, 64))
    ],
    {"graphmp": graphmp, "DGL": dgl, "torch.sparse": torch_sparse, "PyG": pyg},
    graphs=(*SMALLER, "rmat-12m"),
)

if __name__ == "__main__":
    harness.main(FAMILY)
