"""What most layers have in common: neighbours' features, perhaps weighted, reduced at each node."""

from __future__ import annotations

from torch import Tensor

from .. import _checks, ops
from ..graph import Graph


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
