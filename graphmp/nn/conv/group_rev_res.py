"""GroupRevRes: grouped reversible residual connections."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor, nn

from ... import _checks
from ...errors import GraphTypeError, GraphValueError
from ...graph import Graph
from .._shared.inputs import read_steps
from .._shared.reversible import apply_reversibly


class GroupRevRes(nn.Module):
    r"""Grouped reversible residual connections around a layer.

    From `Training Graph Neural Networks with 1000 Layers <https://arxiv.org/abs/2106.07476>`__
    (Li et al., ICML 2021). The features are split into :math:`C` groups, each with a copy
    :math:`f_i` of the layer:

    .. math::
        H_0' = \sum_{i=2}^{C} H_i, \qquad H_i' = H_i + f_i(H_{i-1}'), \qquad
        H' = H_1' \,\|\, … \,\|\, H_C'

    The input can be computed from the output, so nothing is stored for the backward pass but the
    output of the last of several such layers; the layers run once more in the backward pass, with
    the same random numbers. There are no second derivatives.

    Args:
        gnn_module: called as ``gnn_module(graph, feat, *args)``; its output has the shape of
            ``feat``. It is the first of the copies.
        groups: the number of groups.

    Attributes:
        gnn_modules: the copies of the layer.

    Shapes:
        - x: (N, D), where ``groups`` divides D; the layer gets (N, D / groups).
        - args: tensors, split along their last dimension too.
        - output: (N, D).

    Raises:
        GraphTypeError: ``groups`` is not an int, or ``gnn_module`` not a module.
        GraphValueError: fewer than two groups.

    Example:
        >>> import torch, graphmp as gm
        >>> layer = gm.nn.GroupRevRes(gm.nn.GraphConv(3, 3), groups=2)
        >>> layer(gm.graph(([0, 1], [1, 0])), torch.ones(2, 6)).shape
        torch.Size([2, 6])
    """

    def __init__(self, gnn_module: nn.Module, groups: int = 2) -> None:
        super().__init__()
        if not isinstance(gnn_module, nn.Module):
            raise GraphTypeError(f"gnn_module: expected a module, got {_checks.kind(gnn_module)}.")
        if _checks.count(groups, "groups") < 2:
            raise GraphValueError(f"groups: expected at least 2, got {groups}.")
        copies = [copy.deepcopy(gnn_module) for _ in range(groups - 1)]
        self.gnn_modules = nn.ModuleList([gnn_module, *copies])
        self.groups = groups

    def forward(self, g: Graph, x: Tensor, *args: Tensor) -> Tensor:
        """Convolve.

        Args:
            g: a graph whose destinations are its sources, passed on to the layer.
            x: (N, D).
            args: more arguments of the layer.

        Returns:
            (N, D).

        Raises:
            GraphTypeError: ``args`` that are not tensors.
            GraphValueError: a last dimension that ``groups`` does not divide, or an output of the
                layer that has not the shape of its input.
        """
        _, x = read_steps(g, x, None)
        for name, value in (("x", x), *((f"args[{i}]", arg) for i, arg in enumerate(args))):
            self._check(value, name)
        return apply_reversibly(self.gnn_modules, g, x, args)

    def _check(self, value: Any, name: str) -> None:
        if not isinstance(value, Tensor):
            raise GraphTypeError(f"{name}: expected a tensor, got {_checks.kind(value)}.")
        if value.ndim < 2 or value.shape[-1] % self.groups:
            raise GraphValueError(
                f"{name}: expected a last dimension that {self.groups} groups divide, got a "
                f"shape of {tuple(value.shape)}."
            )

    def extra_repr(self) -> str:
        """Show the number of groups in ``repr``."""
        return f"groups={self.groups}"
