"""The zero-in-degree check."""

from __future__ import annotations

import torch
from torch import nn
from torch.compiler import is_compiling

from ...errors import GraphValueError
from ...ops import Adjacency


class ChecksInDegrees(nn.Module):
    """A layer that rejects a graph with nodes of in-degree 0, unless they are allowed.

    Such a node receives no message, so its output does not depend on its input, which is rarely
    intended. The graph caches whether it has such nodes.

    Args:
        allow_zero_in_degree: allow nodes of in-degree 0.
    """

    def __init__(self, allow_zero_in_degree: bool) -> None:
        super().__init__()
        self._allow_zero_in_degree = allow_zero_in_degree

    def set_allow_zero_in_degree(self, set_value: bool) -> None:
        """Set whether nodes of in-degree 0 are allowed.

        Args:
            set_value: True allows them.
        """
        self._allow_zero_in_degree = set_value

    def check_in_degrees(self, adjacency: Adjacency) -> None:
        """Check that no node has in-degree 0, unless such nodes are allowed.

        Args:
            adjacency: the edges.

        Raises:
            GraphValueError: there are such nodes, and they are not allowed. A compiled program
                raises RuntimeError.
        """
        if self._allow_zero_in_degree:
            return
        if is_compiling():  # a program is compiled for graphs whose degrees are not known yet
            problem = "some destination nodes have in-degree 0"
            torch._assert_async(adjacency.in_degrees.all(), self._error_text(problem))
        elif adjacency.has_zero_in_degree:
            isolated = (adjacency.in_degrees == 0).nonzero().view(-1)
            raise GraphValueError(
                self._error_text(
                    f"{isolated.numel()} of the {adjacency.num_dst} destination nodes have "
                    f"in-degree 0, node {int(isolated[0])} first"
                )
            )

    def _error_text(self, problem: str) -> str:
        return (
            f"{type(self).__name__} needs an edge into every node, but {problem}: no message "
            "reaches them, so their output would not depend on their input. Add self-loops by "
            "graphmp.add_self_loop(graph), or pass allow_zero_in_degree=True to the layer if this "
            "is intended."
        )
