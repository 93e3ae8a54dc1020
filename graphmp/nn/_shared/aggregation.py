"""Weighted aggregation of neighbours."""

from __future__ import annotations

from torch import Tensor

from ... import ops
from ...function import BINARY_OPS, REDUCERS
from ...ops import Adjacency
from ...ops.broadcast import autocast
from ...ops.normalized import divided, normalized_messages
from .inputs import read_edges


def aggregate(
    adjacency: Adjacency, feat: Tensor, edge_weight: Tensor | None = None, reducer: str = "sum"
) -> Tensor:
    """Reduce the features of each node's in-neighbours.

    Args:
        adjacency: the edges.
        feat: (num_src, *feature), already checked.
        edge_weight: (E,), or (E, …) that broadcasts with the features: a factor for each edge.
        reducer: ``"sum"``, ``"mean"``, ``"max"``, …

    Returns:
        (num_dst, *feature); 0 for in-degree 0.

    Raises:
        GraphTypeError: weights that are not a tensor.
        GraphValueError: not a weight for each edge, another device, or a shape that does not
            broadcast.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> aggregate(g.adjacency, torch.tensor([1.0, 2.0, 4.0]), torch.tensor([10.0, 1.0]))
        tensor([ 0.,  0., 12.])
    """
    feat, op = autocast(feat), None
    if edge_weight is not None:
        edge_weight, op = autocast(check_edge_weight(adjacency, edge_weight)), BINARY_OPS["mul"]
    return ops.reduce_messages(adjacency, op, REDUCERS[reducer], feat, edge_weight)


def normalized_aggregate(
    adjacency: Adjacency, feat: Tensor, edge_weight: Tensor | None, left: float, right: float
) -> Tensor:
    """Sum the features of each node's in-neighbours, divided by powers of degrees.

    Args:
        adjacency: the edges.
        feat: (num_src, *feature), already checked.
        edge_weight: (E,), or (E, …) that broadcasts with the features: a factor for each edge.
        left: exponent of the source's out-degree; 0 for no division.
        right: exponent of the destination's in-degree; 0 for no division.

    Returns:
        (num_dst, *feature); 0 for in-degree 0.

    Raises:
        GraphError: as :func:`aggregate`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 0, 1, 1], [1, 2, 2, 0]))
        >>> normalized_aggregate(g.adjacency, torch.ones(3), None, 0.5, 0.5)
        tensor([0.7071, 0.7071, 1.0000])
    """
    by_source = adjacency.reversed.divisors(feat.dtype, left) if left else None
    by_destination = adjacency.divisors(feat.dtype, right) if right else None
    if edge_weight is None:
        return normalized_messages(adjacency, feat, by_source, by_destination)
    feat = feat if by_source is None else divided(feat, by_source)
    total = aggregate(adjacency, feat, edge_weight)
    return total if by_destination is None else divided(total, by_destination)


def check_edge_weight(adjacency: Adjacency, edge_weight: Tensor) -> Tensor:
    """Check that there is a row of weights for each edge.

    Args:
        adjacency: the edges.
        edge_weight: (E, …).

    Returns:
        ``edge_weight``.

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: another number of rows, or another device.
    """
    return read_edges(adjacency, edge_weight, "edge_weight")
