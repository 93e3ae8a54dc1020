"""GraphConv: graph convolution of Kipf and Welling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ... import _checks
from ...errors import GraphValueError
from ...graph import Graph
from .._shared.activations import activate
from .._shared.degrees import ChecksInDegrees
from .._shared.inputs import read_source
from .._shared.options import check_parameter, checked_function
from ..functional.convolutions import convolve
from ..functional.edge_weights import exponents


class GraphConv(ChecksInDegrees):
    r"""Graph convolution.

    From `Semi-Supervised Classification with Graph Convolutional Networks
    <https://arxiv.org/abs/1609.02907>`__ (Kipf and Welling, ICLR 2017).

    .. math:: h_v' = \sigma\Big(b + \sum_{u \in N(v)} \frac{w_{uv}}{c_{uv}} h_u W\Big)

    The edge weight :math:`w_{uv}` is 1 by default. With :math:`d^-` in-degrees and :math:`d^+`
    out-degrees, which count edges whatever their weights, ``norm`` chooses :math:`c_{uv}`:

    - ``"both"``: :math:`\sqrt{d^+_u d^-_v}`, as in the paper;
    - ``"right"``: :math:`d^-_v`, so that messages are averaged;
    - ``"left"``: :math:`d^+_u`, so that a node's messages add up to its feature;
    - ``"none"``: 1.

    Args:
        in_feats: size of a node's input.
        out_feats: size of a node's output.
        norm: ``"both"``, ``"none"``, ``"left"`` or ``"right"``.
        weight: multiply by a weight of the layer's own; without it the sum itself is the result,
            or one can be passed to each call.
        bias: add a bias.
        activation: applied to the result.
        allow_zero_in_degree: accept nodes of in-degree 0; their output is that of a zero sum.
        cached: where the layer multiplies by a weight, keep the sum of constant features, such as
            the input of a model, with the graph, and compute it again when they change. It has no
            effect on features that require a gradient, in a compiled program, and with edge
            weights.

    Attributes:
        weight: (in_feats, out_feats), drawn by Glorot's uniform rule; or None.
        bias: (out_feats,), zeros at first; or None.

    Shapes:
        - feat: (num_src, \*, in_feats), or a pair with that first.
        - weight: (in_feats, out_feats).
        - edge_weight: (E,) or (E, 1); or (E, d) with a factor for each feature that is summed.
          These are the d = ``min(in_feats, out_feats)`` mapped features where ``out_feats`` is
          smaller than ``in_feats``, else the d = ``in_feats`` inputs.
        - output: (num_dst, \*, out_feats).

    Raises:
        GraphValueError: an unknown ``norm``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> conv = gm.nn.GraphConv(5, 2)
        >>> conv(g, torch.ones(3, 5)).shape
        torch.Size([3, 2])
        >>> mean = gm.nn.GraphConv(1, 1, norm="right", weight=False)
        >>> mean(g, torch.tensor([[1.0], [2.0], [3.0]])).detach().view(-1)
        tensor([1.0000, 1.5000, 2.5000])
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None

    def __init__(
        self,
        in_feats: int,
        out_feats: int,
        norm: str = "both",
        weight: bool = True,
        bias: bool = True,
        activation: Callable[[Tensor], Tensor] | None = None,
        allow_zero_in_degree: bool = False,
        cached: bool = False,
    ) -> None:
        super().__init__(allow_zero_in_degree)
        exponents(norm)  # an unknown norm is an error
        self._in_feats, self._out_feats = in_feats, out_feats
        self._norm, self._cached = norm, cached
        matrix = nn.Parameter(torch.empty(in_feats, out_feats)) if weight else None
        self.register_parameter("weight", matrix)
        self.register_parameter("bias", nn.Parameter(torch.empty(out_feats)) if bias else None)
        self.reset_parameters()
        self._activation = checked_function(activation, "activation")

    def reset_parameters(self) -> None:
        """Reset the weight by Glorot's uniform rule, and set the bias to zero."""
        if self.weight is not None:
            nn.init.xavier_uniform_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(
        self,
        graph: Graph,
        feat: Any,
        weight: Tensor | None = None,
        edge_weight: Tensor | None = None,
    ) -> Tensor:
        r"""Convolve.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, \*, in_feats) features; or a pair with that first.
            weight: (in_feats, out_feats), for a layer without a weight of its own.
            edge_weight: (E,) or (E, 1), a factor for each edge; or (E, d), see above.

        Returns:
            (num_dst, \*, out_feats).

        Raises:
            GraphValueError: a weight where the layer has its own.
        """
        weight = self._weight_of_call(weight)
        size = None if weight is None else weight.shape[0]
        adjacency, src = read_source(graph, feat, size, weight)
        self.check_in_degrees(adjacency)
        powers = exponents(self._norm)
        h = convolve(adjacency, src, weight, self.bias, powers, edge_weight, self._cached)
        return h if self._activation is None else activate(self._activation, h)

    def _weight_of_call(self, weight: Tensor | None) -> Tensor | None:
        """The weight passed to the call, or the layer's own."""
        if weight is None:
            return self.weight
        if self.weight is not None:
            raise GraphValueError(
                "weight: expected None, since the layer has its own, got "
                f"{_checks.kind(weight)}; for edge weights write edge_weight=, and to pass a "
                "weight to the call construct the layer with weight=False."
            )
        check_parameter(weight, (None, None if self.bias is None else len(self.bias)), "weight")
        return weight

    def extra_repr(self) -> str:
        """Show the sizes and the norm in ``repr``."""
        shown = f"in={self._in_feats}, out={self._out_feats}, normalization={self._norm}"
        is_child = isinstance(self._activation, nn.Module)  # which torch shows
        return shown if is_child else f"{shown}, activation={self._activation}"
