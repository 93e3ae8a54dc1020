"""ChebConv: spectral convolution with Chebyshev polynomials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import GraphValueError
from ...graph import Graph
from ...ops.results import unsaved
from .._shared.options import checked_function
from ..functional import cheb_conv


class ChebConv(nn.Module):
    r"""Spectral graph convolution with localised filters.

    From `Convolutional Neural Networks on Graphs with Fast Localized Spectral Filtering
    <https://arxiv.org/abs/1606.09375>`__ (Defferrard, Bresson and Vandergheynst, NeurIPS 2016).

    .. math::
        H' &= \sigma\Big(b + \sum_{i=0}^{k-1} Z^i W_i\Big)

        Z^0 &= H, \qquad Z^1 = \hat L H, \qquad Z^i = 2 \hat L Z^{i-1} - Z^{i-2}

        \hat L &= \tfrac{2}{\lambda_{max}} (I - D^{-1/2} A D^{-1/2}) - I

    With :math:`D` the in-degrees.

    Args:
        in_feats: size of a node's input.
        out_feats: size of a node's output.
        k: the number of polynomials.
        activation: applied to the result.
        bias: add a bias.

    Attributes:
        linear: the weights :math:`W_0, …` side by side, (out_feats, k * in_feats).

    Shapes:
        - feat: (N, \*, in_feats).
        - lambda_max: a number, or one for each graph of a batch.
        - output: (N, \*, out_feats).

    Raises:
        GraphValueError: no polynomial.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]))
        >>> gm.nn.ChebConv(5, 2, k=3)(g, torch.ones(2, 5), lambda_max=[2.0]).shape
        torch.Size([2, 2])
    """

    def __init__(
        self,
        in_feats: int,
        out_feats: int,
        k: int,
        activation: Callable[[Tensor], Tensor] | None = torch.relu,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if k < 1:
            raise GraphValueError(f"k: expected at least 1, got {k}.")
        self._k, self._in_feats, self._out_feats = k, in_feats, out_feats
        self.activation = checked_function(activation, "activation")
        self.linear = nn.Linear(k * in_feats, out_feats, bias=bias)

    def forward(self, graph: Graph, feat: Tensor, lambda_max: Any = None) -> Tensor:
        r"""Convolve.

        Args:
            graph: a graph whose destinations are its sources.
            feat: (N, \*, in_feats).
            lambda_max: the largest eigenvalue of the normalised Laplacian; a number, or a list or
                tensor of one for each graph of a batch. Without it 2, the largest there can be.

        Returns:
            (N, \*, out_feats).

        Raises:
            GraphValueError: another number of eigenvalues than of graphs.
        """
        out = cheb_conv(graph, feat, self.linear.weight, self._k, self.linear.bias, lambda_max)
        return out if self.activation is None else unsaved(self.activation(out))

    def extra_repr(self) -> str:
        """Show the number of polynomials in ``repr``."""
        return f"k={self._k}"
