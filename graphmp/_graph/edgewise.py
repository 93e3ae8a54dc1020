"""Edge features from node features, as functions of a graph and tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from .. import _checks, ops


def copy_u(g: Any, x_node: Tensor, etype: Any = None) -> Tensor:
    """Copy features of the sources to the edges.

    Args:
        g: any graph.
        x_node: (num_src, *feature).
        etype: the edge type; not needed when there is one.

    Returns:
        (E, *feature).

    Raises:
        GraphValueError: not a row for each source.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.copy_u(gm.graph(([0, 1], [2, 2])), torch.tensor([1.0, 2.0, 3.0]))
        tensor([1., 2.])
    """
    return ops.gsddmm(_edges(g, etype), "copy_lhs", x_node, None, "u")


def copy_v(g: Any, x_node: Tensor, etype: Any = None) -> Tensor:
    """Copy features of the destinations to the edges.

    Args:
        g: any graph.
        x_node: (num_dst, *feature).
        etype: the edge type; not needed when there is one.

    Returns:
        (E, *feature).

    Raises:
        GraphValueError: not a row for each destination.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.copy_v(gm.graph(([0, 1], [2, 2])), torch.tensor([1.0, 2.0, 3.0]))
        tensor([3., 3.])
    """
    return ops.gsddmm(_edges(g, etype), "copy_lhs", x_node, None, "v")


def _edges(g: Any, etype: Any) -> Any:
    return _checks.graph(g).adjacency_of(etype)


def _of_both_ends(op: str, verb: str) -> Callable[..., Tensor]:
    """The function that combines the features at both ends of each edge."""

    def function(g: Any, x_node: Tensor, y_node: Tensor, etype: Any = None) -> Tensor:
        return ops.gsddmm(_edges(g, etype), op, x_node, y_node)

    function.__name__ = function.__qualname__ = f"u_{op}_v"
    function.__doc__ = f"""{verb} at the two ends of each edge.

    Args:
        g: any graph.
        x_node: (num_src, …), broadcast with ``y_node``.
        y_node: (num_dst, …).
        etype: the edge type; not needed when there is one.

    Returns:
        (E, …).

    Raises:
        GraphValueError: not a row for each node, or shapes that do not broadcast.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> gm.u_{op}_v(g, torch.ones(3, 1), torch.ones(3, 1)).shape
        torch.Size([2, 1])
    """
    return function


u_add_v = _of_both_ends("add", "Add features")
u_sub_v = _of_both_ends("sub", "Subtract features")
u_mul_v = _of_both_ends("mul", "Multiply features")
u_div_v = _of_both_ends("div", "Divide features")
u_dot_v = _of_both_ends("dot", "Compute the dot product of features")
