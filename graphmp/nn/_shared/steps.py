"""Repeated normalised propagation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor

from ...ops import Adjacency
from ...ops.normalized import normalized_messages
from ..functional.edge_weights import edge_weight_norm
from .aggregation import aggregate

Step: TypeAlias = Callable[[Tensor], Tensor]


def normalized_step(
    adjacency: Adjacency, like: Tensor, edge_weight: Tensor | None = None, leaving: str = "in"
) -> Step:
    r"""One step of :math:`D^{-1/2} A D^{-1/2}`.

    Args:
        adjacency: edges whose destinations are their sources.
        like: features of the rank and dtype of the step's argument.
        edge_weight: (E,) or (E, 1), above zero, normalised by the sums of weights at both ends.
            Without it, degrees are counted.
        leaving: the degree that normalises a source without weights, ``"in"`` or ``"out"``.

    Returns:
        A function of (N, …) features.

    Raises:
        GraphTypeError: weights that are not a tensor.
        GraphValueError: weights of a wrong shape, on another device, or not above zero.

    Example:
        >>> import torch, graphmp as gm
        >>> x = torch.tensor([[1.0], [2.0], [4.0]])
        >>> normalized_step(gm.graph(([0, 1, 2, 2], [2, 2, 1, 0])).adjacency, x)(x).view(-1)
        tensor([2.8284, 2.8284, 2.1213])
    """
    if edge_weight is not None:
        weights = edge_weight_norm(adjacency, edge_weight)
        return lambda h: aggregate(adjacency, h, weights)
    left = (adjacency if leaving == "in" else adjacency.reversed).divisors(like.dtype, 0.5)
    right = adjacency.divisors(like.dtype, 0.5)
    return lambda h: normalized_messages(adjacency, h, left, right)
