"""What layers ask of degrees: that no node lacks an edge that enters it."""

from __future__ import annotations

import torch
from torch import nn
from torch.compiler import is_compiling

from ... import _checks
from ...errors import GraphValueError
from ...graph import Graph


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
            GraphValueError: there are such nodes, and they are not allowed. A compiled program
                raises RuntimeError.
        """
        if self._allow_zero_in_degree:
            return
        adjacency = _checks.adjacency_of(graph)
        if is_compiling():  # a program is made for graphs of which nothing is known yet
            found = "some destination nodes have in-degree 0"
            torch._assert_async(adjacency.in_degrees.all(), self._refusal(found))
        elif adjacency.has_zero_in_degree:
            lonely = (adjacency.in_degrees == 0).nonzero().view(-1)
            raise GraphValueError(
                self._refusal(
                    f"{lonely.numel()} of the {adjacency.num_dst} destination nodes have "
                    f"in-degree 0, node {int(lonely[0])} first"
                )
            )

    def _refusal(self, found: str) -> str:
        return (
            f"{type(self).__name__} needs an edge into every node, but {found}: no message reaches "
            "them, so their output would not depend on their input. Add self-loops by "
            "graphmp.add_self_loop(graph), or pass allow_zero_in_degree=True to the layer if this "
            "is meant."
        )
