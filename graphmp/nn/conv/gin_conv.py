"""GINConv: graph isomorphism network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...graph import Graph
from .._shared.options import checked_function
from ..functional import gin_conv
from ..functional.convolutions import check_aggregator


class GINConv(nn.Module):
    r"""Graph isomorphism network.

    From `How Powerful are Graph Neural Networks? <https://arxiv.org/abs/1810.00826>`__ (Xu, Hu,
    Leskovec and Jegelka, ICLR 2019).

    .. math::
        h_v' = \sigma\Big(f\big((1 + \epsilon) h_v +
            \mathrm{aggregate}_{u \in N(v)}\; w_{uv} h_u\big)\Big)

    The edge weight :math:`w_{uv}` is 1 by default; the aggregate is 0 for in-degree 0.

    Args:
        apply_func: the function :math:`f`, such as an MLP; the identity by default.
        aggregator_type: ``"sum"``, as in the paper, ``"max"`` or ``"mean"``.
        init_eps: :math:`\epsilon` at first.
        learn_eps: learn :math:`\epsilon`.
        activation: applied to the result.

    Attributes:
        apply_func: the function.
        eps: (1,), a parameter if it is learnt, else a buffer.

    Shapes:
        - feat: (num_src, \*); or a pair of
          that and (num_dst, \*).
        - edge_weight: (E,), or (E, …) that broadcasts with the features.
        - output: (num_dst, \*) as ``apply_func`` makes it.

    Raises:
        GraphOptionError: an unknown aggregator.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 1]))
        >>> gm.nn.GINConv(init_eps=0.5)(g, torch.tensor([[1.0], [2.0]]))
        tensor([[1.5000],
                [6.0000]])
        >>> gm.nn.GINConv(torch.nn.Linear(5, 2), "max")(g, torch.ones(2, 5)).shape
        torch.Size([2, 2])
    """

    eps: Tensor

    def __init__(
        self,
        apply_func: Callable[[Tensor], Tensor] | None = None,
        aggregator_type: str = "sum",
        init_eps: float = 0,
        learn_eps: bool = False,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        check_aggregator(aggregator_type)
        self.apply_func = checked_function(apply_func, "apply_func")
        self._aggregator_type = aggregator_type
        self.activation = checked_function(activation, "activation")
        keep_epsilon(self, init_eps, learn_eps)

    def forward(self, graph: Graph, feat: Any, edge_weight: Tensor | None = None) -> Tensor:
        r"""Convolve.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, \*) features; or a pair of that and (num_dst, \*).
            edge_weight: (E,), or (E, …) that broadcasts with the features: a factor for each edge.

        Returns:
            (num_dst, \*) as ``apply_func`` makes it.

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        out = gin_conv(graph, feat, self.eps, self._aggregator_type, edge_weight)
        out = out if self.apply_func is None else self.apply_func(out)
        return out if self.activation is None else self.activation(out)

    def extra_repr(self) -> str:
        """Show the aggregator in ``repr``."""
        return f"aggregator={self._aggregator_type}"


def keep_epsilon(layer: nn.Module, value: float, learnt: bool) -> None:
    """Give a layer ``eps``, (1,): a parameter if it is learnt, else a buffer.

    Args:
        layer: the layer.
        value: the number.
        learnt: whether it is learnt.
    """
    eps = torch.tensor([float(value)])
    if learnt:
        layer.register_parameter("eps", nn.Parameter(eps))
    else:
        layer.register_buffer("eps", eps)
