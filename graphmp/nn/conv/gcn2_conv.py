"""GCN2Conv: deep graph convolution with initial residual and identity mapping."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ... import _checks
from ...errors import GraphValueError
from ...graph import Graph
from .._shared.degrees import ChecksInDegrees
from .._shared.options import checked_function
from ..functional import gcn2_conv


class GCN2Conv(ChecksInDegrees):
    r"""Graph convolution with initial residual and identity mapping, GCNII.

    From `Simple and Deep Graph Convolutional Networks <https://arxiv.org/abs/2007.02133>`__ (Chen
    et al., ICML 2020).

    .. math::
        H' = \sigma\Big(b + \big((1 - \alpha) D^{-1/2} A D^{-1/2} H + \alpha H^0\big)
            \big((1 - \beta) I + \beta W_1\big)\Big), \qquad \beta = \log(\lambda / layer + 1)

    With :math:`D` the in-degrees. Without ``project_initial_features``, :math:`H^0` has a weight
    :math:`W_2` of its own in the place of :math:`W_1`, which the paper calls GCNII*. Edge weights
    take the places of ones in :math:`A`; then both ends are normalised by sums of weights.

    Args:
        in_feats: size of a node's input and output.
        layer: the number of this layer, from 1.
        alpha: the part of the first features.
        lambda_: how far the weights are from the identity.
        project_initial_features: use one weight for both parts.
        allow_zero_in_degree: accept nodes of in-degree 0.
        bias: add a bias.
        activation: applied to the result.

    Attributes:
        weight1: (in_feats, in_feats).
        weight2: (in_feats, in_feats), only without ``project_initial_features``.
        bias: (in_feats,), zeros at first; or None.

    Shapes:
        - feat: (N, \*, in_feats).
        - feat_0: of the same shape.
        - edge_weight: (E,) or (E, 1), above zero.
        - output: (N, \*, in_feats).

    Raises:
        GraphValueError: a layer below 1.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> h = x = torch.ones(3, 5)
        >>> for i in range(3):
        ...     h = gm.nn.GCN2Conv(5, layer=i + 1)(g, h, x)
        >>> h.shape
        torch.Size([3, 5])
    """

    weight2: nn.Parameter | None
    bias: nn.Parameter | None

    def __init__(
        self,
        in_feats: int,
        layer: int,
        alpha: float = 0.1,
        lambda_: float = 1,
        project_initial_features: bool = True,
        allow_zero_in_degree: bool = False,
        bias: bool = True,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__(allow_zero_in_degree)
        if layer < 1:
            raise GraphValueError(f"layer: expected at least 1, got {layer}.")
        self._in_feats, self.alpha = in_feats, alpha
        self.beta = math.log(lambda_ / layer + 1)
        self.weight1 = nn.Parameter(torch.empty(in_feats, in_feats))
        second = None if project_initial_features else torch.empty(in_feats, in_feats)
        self.register_parameter("weight2", None if second is None else nn.Parameter(second))
        self.register_parameter("bias", nn.Parameter(torch.empty(in_feats)) if bias else None)
        self._activation = checked_function(activation, "activation")
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weights from the standard normal distribution, and set the bias to zero."""
        for name, parameter in self.named_parameters():
            if name == "bias":
                nn.init.zeros_(parameter)
            else:
                nn.init.normal_(parameter)

    def forward(
        self, graph: Graph, feat: Tensor, feat_0: Tensor, edge_weight: Tensor | None = None
    ) -> Tensor:
        r"""Convolve.

        Args:
            graph: a graph whose destinations are its sources.
            feat: (N, \*, in_feats).
            feat_0: (N, \*, in_feats), the features before the first layer.
            edge_weight: (E,) or (E, 1), above zero.

        Returns:
            (N, \*, in_feats).

        Raises:
            GraphValueError: weights that are not above zero.
        """
        self.check_in_degrees(_checks.adjacency_of(graph))
        out = gcn2_conv(
            *(graph, feat, feat_0, self.weight1, self.weight2, self.bias),
            alpha=self.alpha,
            beta=self.beta,
            edge_weight=edge_weight,
        )
        return out if self._activation is None else self._activation(out)

    def extra_repr(self) -> str:
        """Show the size and both factors in ``repr``."""
        return f"in={self._in_feats}, alpha={self.alpha}, beta={self.beta:.4g}"
