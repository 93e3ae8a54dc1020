"""What most layers have in common: neighbours' features, perhaps weighted, reduced at each node."""

from __future__ import annotations

from torch import Tensor

from ... import _checks, ops
from ...graph import Graph
from ...ops.normalized import divided


def aggregate(
    graph: Graph, feat: Tensor, edge_weight: Tensor | None = None, reducer: str = "sum"
) -> Tensor:
    """Reduce the features of each node's in-neighbours.

    Args:
        graph: a graph or block of one edge type.
        feat: (num_src, *feature).
        edge_weight: (E,), or (E, …) that broadcasts with the features: a factor for each edge.
        reducer: a row of the table of reducers: ``"sum"``, ``"mean"``, ``"max"``, …

    Returns:
        (num_dst, *feature); 0 where no edge enters.

    Raises:
        GraphTypeError: weights that are not a tensor.
        GraphValueError: not a weight for each edge, on another device, or of a shape that does
            not broadcast.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> aggregate(g, torch.tensor([1.0, 2.0, 4.0]), torch.tensor([10.0, 1.0]))
        tensor([ 0.,  0., 12.])
    """
    if edge_weight is None:
        return ops.gspmm(graph, "copy_lhs", reducer, feat, None)
    check_edge_weight(graph, edge_weight)
    return ops.gspmm(graph, "mul", reducer, feat, edge_weight)


def normalized_aggregate(
    graph: Graph, feat: Tensor, edge_weight: Tensor | None, left: float, right: float
) -> Tensor:
    """Sum the features of each node's in-neighbours, divided by powers of degrees.

    Args:
        graph: a graph or block of one edge type.
        feat: (num_src, *feature).
        edge_weight: (E,), or (E, …) that broadcasts with the features: a factor for each edge.
        left: exponent of a source's out-degree; 0 divides by nothing.
        right: exponent of a destination's in-degree; 0 divides by nothing.

    Returns:
        (num_dst, *feature); 0 where no edge enters.

    Raises:
        GraphTypeError: weights that are not a tensor.
        GraphValueError: not a weight for each edge, on another device, or of a shape that does
            not broadcast.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 0, 1, 1], [1, 2, 2, 0]))
        >>> normalized_aggregate(g, torch.ones(3), None, 0.5, 0.5)
        tensor([0.7071, 0.7071, 1.0000])
    """
    edges = graph.adjacency
    by_source = edges.reversed.divisors(feat.dtype, left) if left else None
    by_destination = edges.divisors(feat.dtype, right) if right else None
    if edge_weight is None:
        return ops.normalized_sum(graph, feat, by_source, by_destination)
    sent = feat if by_source is None else divided(feat, by_source)
    total = aggregate(graph, sent, edge_weight)
    return total if by_destination is None else divided(total, by_destination)


def check_edge_weight(graph: Graph, edge_weight: Tensor) -> None:
    """Check that there is a row of weights for each edge, on the graph's device.

    Args:
        graph: a graph or block of one edge type.
        edge_weight: (E, …).

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: another number of rows, or another device.
    """
    _checks.feature(edge_weight, graph.adjacency.num_edges, graph.device, "edge_weight", "edges")
