"""SGConv: simplified graph convolution."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import linear

from ...graph import Graph
from ...ops import Adjacency
from .._shared.degrees import ChecksInDegrees
from .._shared.inputs import read_steps
from .._shared.maps import add_bias
from .._shared.steps import normalized_step


class SGConv(ChecksInDegrees):
    r"""Simplified graph convolution.

    From `Simplifying Graph Convolutional Networks <https://arxiv.org/abs/1902.07153>`__ (Wu et
    al., ICML 2019).

    .. math:: H' = \mathrm{norm}\big((D^{-1/2} A D^{-1/2})^k H\big)\, W^T + b

    With :math:`D` the in-degrees. Edge weights take the places of ones in :math:`A`; then both ends
    are normalised by sums of weights. The linear map is applied first if it makes the features
    narrower.

    Args:
        in_feats: size of a node's input.
        out_feats: size of a node's output.
        k: the number of steps.
        cached: keep the features after the steps of the first call, for all later ones; for one
            graph with one set of features.
        bias: add a bias.
        norm: applied to the features after the steps.
        allow_zero_in_degree: accept nodes of in-degree 0; their output is the bias.

    Attributes:
        fc: the linear map.

    Shapes:
        - feat: (N, \*, in_feats).
        - edge_weight: (E,) or (E, 1), above zero.
        - output: (N, \*, out_feats).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> gm.nn.SGConv(5, 2, k=3)(g, torch.ones(3, 5)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        in_feats: int,
        out_feats: int,
        k: int = 1,
        cached: bool = False,
        bias: bool = True,
        norm: Callable[[Tensor], Tensor] | None = None,
        allow_zero_in_degree: bool = False,
    ) -> None:
        super().__init__(allow_zero_in_degree)
        self.fc = nn.Linear(in_feats, out_feats, bias=bias)
        self._k, self._cached = k, cached
        self._cached_h: Tensor | None = None
        self.norm = norm
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weight by Glorot's uniform rule, and set the bias to zero."""
        nn.init.xavier_uniform_(self.fc.weight)
        if self.fc.bias is not None:
            nn.init.zeros_(self.fc.bias)

    def forward(self, graph: Graph, feat: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        r"""Convolve.

        Args:
            graph: a graph whose destinations are its sources.
            feat: (N, \*, in_feats).
            edge_weight: (E,) or (E, 1), above zero.

        Returns:
            (N, \*, out_feats).

        Raises:
            GraphValueError: weights that are not above zero.
        """
        adjacency, feat = read_steps(graph, feat, self.fc.in_features, self.fc.weight)
        self.check_in_degrees(adjacency)
        if self._cached_h is not None:
            return self.fc(self._cached_h)  # type: ignore[no-any-return]
        plain = self.norm is None and not self._cached
        if plain and self.fc.in_features > self.fc.out_features:
            h = self._propagate(adjacency, linear(feat, self.fc.weight), edge_weight)
            return add_bias(h, self.fc.bias)
        h = self._propagate(adjacency, feat, edge_weight)
        h = h if self.norm is None else self.norm(h)
        if self._cached:
            self._cached_h = h
        return self.fc(h)  # type: ignore[no-any-return]

    def _propagate(self, adjacency: Adjacency, h: Tensor, edge_weight: Tensor | None) -> Tensor:
        step = normalized_step(adjacency, h, edge_weight)
        for _ in range(self._k):
            h = step(h)
        return h

    def extra_repr(self) -> str:
        """Show the number of steps in ``repr``."""
        return f"k={self._k}"
