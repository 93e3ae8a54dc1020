"""Functions of ``dgl.nn.pytorch`` that layers of programs import."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from torch import Tensor, nn

from ..errors import GraphValueError
from ..graph import Graph
from ..nn.conv.twirls_unfolding import EdgeWeights, descend
from ..nn.hetero import AGGREGATORS

__all__ = [
    "Propagate",
    "PropagateNoPrecond",
    "bmm_maybe_select",
    "get_aggregate_fn",
    "matmul_maybe_select",
]


def get_aggregate_fn(agg: str) -> Callable[[list[Tensor], str], Tensor | None]:
    """The function with which ``HeteroGraphConv`` joins the results of edge types.

    Args:
        agg: a name that ``HeteroGraphConv`` takes as ``aggregate``.

    Returns:
        A function of the results into a node type, and that type; None if there are no results.

    Raises:
        GraphValueError: an unknown name.
    """
    if agg not in AGGREGATORS:
        raise GraphValueError(
            f"agg: expected one of {', '.join(AGGREGATORS)}, got {agg!r}; pass one of these."
        )
    return lambda parts, ntype: AGGREGATORS[agg](parts) if parts else None  # noqa: ARG005


def matmul_maybe_select(A: Tensor, B: Tensor) -> Tensor:  # noqa: N803
    """A product with a matrix, or its rows if the first argument is a vector of ids.

    Args:
        A: (n, m), or (n,) of int64.
        B: (m, k).

    Returns:
        (n, k).
    """
    return B[A] if not A.is_floating_point() and A.dim() == 1 else A @ B


def bmm_maybe_select(A: Tensor, B: Tensor, index: Tensor) -> Tensor:  # noqa: N803
    """A product of each row with a matrix of its own, or a row of it.

    Args:
        A: (n, m), or (n,) of int64, numbers of rows.
        B: (r, m, k), the matrices.
        index: (n,), which matrix each row is multiplied by.

    Returns:
        (n, k).
    """
    if not A.is_floating_point() and A.dim() == 1:
        return B[index, A]
    return (A.unsqueeze(1) @ B[index]).squeeze(1)


class _Step(nn.Module):
    """One step of :class:`~graphmp.nn.TWIRLSUnfoldingAndAttention`."""

    precond: ClassVar[bool]

    def forward(self, graph: Graph, Y: Tensor, X: Tensor, alp: float, lam: float) -> Tensor:  # noqa: N803
        r"""Propagate.

        Args:
            graph: a graph with the weights of edges (E, 1) in ``edata["w"]``, and their sums into
                each node (N,) in ``ndata["deg"]``.
            Y: (N, d), the result of the step before.
            X: (N, d), the input of the first step.
            alp: the step size :math:`\alpha`.
            lam: the weight :math:`\lambda` of smoothness.

        Returns:
            (N, d).
        """
        weights = EdgeWeights(graph.edata["w"], graph.ndata["deg"].view(-1, 1))
        return descend(graph.adjacency, weights, Y, X, alp, lam, self.precond)


class Propagate(_Step):
    """One step of :class:`~graphmp.nn.TWIRLSUnfoldingAndAttention`, with ``precond``."""

    precond = True


class PropagateNoPrecond(_Step):
    """One step of :class:`~graphmp.nn.TWIRLSUnfoldingAndAttention`, without ``precond``."""

    precond = False
