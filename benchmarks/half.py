"""Sums in bfloat16 against graphmp's own in float32."""

from __future__ import annotations

from typing import Any

from benchmarks import harness
from benchmarks.cases import Case, Family, Run, normal
from benchmarks.graphs import Edges


def work(edges: Edges, heads: int, width: int, dtype: Any) -> Run:
    """``ops.copy_u_sum``, or with heads ``ops.u_mul_e_sum``, of a dtype."""
    from graphmp import ops

    graph = edges.graphmp
    if not heads:
        x = normal(edges.num_nodes, width).to(dtype)
        return lambda: ops.copy_u_sum(graph, x)
    x = normal(edges.num_nodes, heads, width).to(dtype)
    w = normal(edges.num_edges, heads, 1).to(dtype)
    return lambda: ops.u_mul_e_sum(graph, x, w)


def bfloat16(edges: Edges, heads: int, width: int) -> Run:
    """In bfloat16."""
    import torch

    return work(edges, heads, width, torch.bfloat16)


def float32(edges: Edges, heads: int, width: int) -> Run:
    """In float32."""
    import torch

    return work(edges, heads, width, torch.float32)


FAMILY = Family(
    __file__,
    "bfloat16 against float32",
    [
        Case(title, {"heads": heads, "width": width}, goal=1.5, tolerance=0.05)
        for title, heads, width in (
            ("copy_u sum, F 64", 0, 64),
            ("copy_u sum, F 128", 0, 128),
            ("copy_u sum, F 256", 0, 256),
            ("u_mul_e sum, 8x16", 8, 16),
        )
    ],
    {"graphmp": bfloat16, "float32": float32},
)

if __name__ == "__main__":
    harness.main(FAMILY)
