"""Layers that pass messages several times: one step, normalised at both ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor

from ... import ops
from ...graph import Graph
from ..functional.edge_weights import edge_weight_norm
from .aggregation import aggregate

Step: TypeAlias = Callable[[Tensor], Tensor]


def normalized_step(
    graph: Graph, like: Tensor, edge_weight: Tensor | None = None, leaving: str = "in"
) -> Step:
    r"""One step of :math:`D^{-1/2} A D^{-1/2}`.

    Args:
        graph: a graph or block of one edge type, whose destinations are its sources.
        like: features of the rank and dtype that the step will be given.
        edge_weight: (E,) or (E, 1) above zero, normalised by the sums of weights at both ends.
            Without it degrees are counted.
        leaving: what normalises a source without weights: its ``"in"`` or its ``"out"`` degree.

    Returns:
        A function of (N, …) features.

    Raises:
        GraphTypeError: weights that are not a tensor.
        GraphValueError: weights of a wrong shape, on another device, or not above zero.

    Example:
        >>> import torch, graphmp as gm
        >>> x = torch.tensor([[1.0], [2.0], [4.0]])
        >>> normalized_step(gm.graph(([0, 1, 2, 2], [2, 2, 1, 0])), x)(x).view(-1)
        tensor([2.8284, 2.8284, 2.1213])
    """
    if edge_weight is not None:
        weights = edge_weight_norm(graph, edge_weight)
        return lambda h: aggregate(graph, h, weights)
    edges = graph.adjacency
    left = (edges if leaving == "in" else edges.reversed).divisors(like.dtype, 0.5)
    right = edges.divisors(like.dtype, 0.5)
    return lambda h: ops.normalized_sum(graph, h, left, right)
