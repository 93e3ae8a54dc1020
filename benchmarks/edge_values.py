"""Values at the edges: a softmax over those that enter a node, and products of both ends."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import PASSES, Case, Family, Run, normal
from benchmarks.graphs import SMALLER, Edges

HEADS, WIDTH = 8, 16


def inputs(edges: Edges, what: str) -> tuple[Any, ...]:
    """(E, heads) logits; or two times (N, heads, width) features."""
    if what == "edge_softmax":
        return (normal(edges.num_edges, HEADS),)
    return tuple(normal(edges.num_nodes, HEADS, WIDTH, seed=seed) for seed in (0, 1))


def graphmp(edges: Edges, what: str, passes: str) -> Run:
    """``ops.edge_softmax`` and ``ops.u_dot_v``."""
    from graphmp import ops

    operation, graph = getattr(ops, what), edges.graphmp
    return PASSES[passes](lambda *given: operation(graph, *given), *inputs(edges, what))


def dgl(edges: Edges, what: str, passes: str) -> Run:
    """``dgl.ops.edge_softmax`` and ``dgl.ops.u_dot_v``."""
    operation, graph = getattr(import_module("dgl.ops"), what), edges.dgl
    return PASSES[passes](lambda *given: operation(graph, *given), *inputs(edges, what))


def pyg(edges: Edges, what: str, passes: str) -> Run:
    """``torch_geometric.utils.softmax``, and the products of gathered rows."""
    softmax, (src, dst) = import_module("torch_geometric.utils").softmax, edges.edge_index
    size = edges.num_nodes
    if what == "edge_softmax":
        return PASSES[passes](lambda z: softmax(z, dst, num_nodes=size), *inputs(edges, what))
    return PASSES[passes](lambda x, y: (x[src] * y[dst]).sum(-1), *inputs(edges, what))


FAMILY = Family(
    __file__,
    "Values at the edges",
    [
        Case(
            f"{title} {passes}",
            {"what": what, "passes": passes},
            goals={"DGL": 4.0} if "backward" in passes else {},
        )
        for what, title in (("edge_softmax", "edge_softmax 8 heads"), ("u_dot_v", "u_dot_v 8x16"))
        for passes in PASSES
    ],
    {"graphmp": graphmp, "DGL": dgl, "PyG": pyg},
    graphs=(*SMALLER, "rmat-12m"),
)

if __name__ == "__main__":
    harness.main(FAMILY)
