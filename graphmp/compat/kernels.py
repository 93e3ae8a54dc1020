"""The names of ``dgl._sparse_ops`` and ``dgl.heterograph_index``: kernels on ``g._graph``."""

from __future__ import annotations

from torch import Tensor

from .. import ops
from ..graph import Graph

__all__ = ["HeteroGraphIndex", "_gsddmm", "_gspmm"]

HeteroGraphIndex = Graph  # ``g._graph`` is ``g``


def _gspmm(
    gidx: Graph, op: str, reduce_op: str, u: Tensor | None, e: Tensor | None
) -> tuple[Tensor, tuple[None, None]]:
    """Compute messages and reduce them at the destinations.

    Args:
        gidx: a graph of one edge type.
        op: see :func:`graphmp.ops.gspmm`.
        reduce_op: likewise.
        u: (sources, *feature); None for ``copy_rhs``.
        e: (edges, *feature); None for ``copy_lhs``.

    Returns:
        (destinations, *feature), and a pair of None where DGL has the ends that gave a maximum.
    """
    return ops.gspmm(gidx, op, reduce_op, u, e), (None, None)


def _gsddmm(
    gidx: Graph,
    op: str,
    lhs: Tensor | None,
    rhs: Tensor | None,
    lhs_target: str = "u",
    rhs_target: str = "v",
) -> Tensor:
    """Compute a value for each edge; see :func:`graphmp.ops.gsddmm`."""
    return ops.gsddmm(gidx, op, lhs, rhs, lhs_target, rhs_target)
