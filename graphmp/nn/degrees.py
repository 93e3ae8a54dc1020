"""What layers do with degrees: refuse nodes that no edge enters, and normalise by a power."""

from __future__ import annotations

from torch import Tensor, nn

from .. import _checks
from ..errors import GraphValueError
from ..graph import Graph


class ChecksInDegrees(nn.Module):
    """A layer that refuses a graph with nodes that no edge enters, unless told to allow them.

    No message reaches such a node, so what the layer gives for it does not depend on its input.
    That is rarely meant. The graph remembers what was found, so a graph is searched once.

    Args:
        allow_zero_in_degree: allow such nodes.
    """

    def __init__(self, allow_zero_in_degree: bool) -> None:
        super().__init__()
        self._allow_zero_in_degree = allow_zero_in_degree

    def set_allow_zero_in_degree(self, set_value: bool) -> None:
        """Say whether nodes that no edge enters are allowed.

        Args:
            set_value: True allows them.
        """
        self._allow_zero_in_degree = set_value

    def check_in_degrees(self, graph: Graph) -> None:
        """Refuse a graph with nodes that no edge enters, unless they are allowed.

        Args:
            graph: a graph or block of one edge type.

        Raises:
            GraphValueError: there are such nodes, and they are not allowed.
        """
        if self._allow_zero_in_degree or not _checks.adjacency_of(graph).has_zero_in_degree:
            return
        lonely = (graph.adjacency.in_degrees == 0).nonzero().view(-1)
        raise GraphValueError(
            f"{type(self).__name__} needs an edge into every node, but {lonely.numel()} of the "
            f"{graph.adjacency.num_dst} destination nodes have in-degree 0, node {int(lonely[0])} "
            "first: no message reaches them, so their output would not depend on their input. Add "
            "self-loops by graphmp.add_self_loop(graph), or pass allow_zero_in_degree=True to the "
            "layer if this is meant."
        )


def divided(feat: Tensor, divisor: Tensor) -> Tensor:
    """Divide rows of features.

    Args:
        feat: (N, *feature).
        divisor: (N,), of at least float32, so that half precision rounds no degree; see
            ``Adjacency.divisors``.

    Returns:
        (N, *feature), in the dtype of ``feat`` if that is floating point.

    Example:
        >>> import torch
        >>> divided(torch.ones(2, 3), torch.tensor([1.0, 2.0]))
        tensor([[1.0000, 1.0000, 1.0000],
                [0.5000, 0.5000, 0.5000]])
    """
    made = feat / divisor.view(-1, *(1,) * (feat.ndim - 1))
    return made.to(feat.dtype) if feat.is_floating_point() else made
