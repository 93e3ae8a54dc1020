"""Graph convolution with a weight for every number of steps."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ..graph import Graph
from .inputs import checked_steps
from .steps import normalized_step


class TAGConv(nn.Module):
    r"""Topology adaptive graph convolution.

    From `Topology Adaptive Graph Convolutional Networks <https://arxiv.org/abs/1710.10370>`__ (Du
    et al., 2017).

    .. math:: H' = \sigma\Big(b + \sum_{i=0}^{k} (D^{-1/2} A D^{-1/2})^i H W_i\Big)

    With :math:`D` the in-degrees. Edge weights take the places of ones in :math:`A`; then both ends
    are normalised by sums of weights. Where the output is smaller than the input, the sum is
    nested, so that the smaller features travel and nothing of size k is stored.

    Args:
        in_feats: size of a node's input.
        out_feats: size of a node's output.
        k: the largest number of steps.
        bias: add a bias.
        activation: applied to the result.

    Attributes:
        lin: the weights :math:`W_0, …, W_k` side by side, (out_feats, (k + 1) * in_feats).

    Shapes:
        - feat: (N, \*, in_feats).
        - edge_weight: (E,) or (E, 1), above zero.
        - output: (N, \*, out_feats).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> gm.nn.TAGConv(5, 2, k=3)(g, torch.ones(3, 5)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        in_feats: int,
        out_feats: int,
        k: int = 2,
        bias: bool = True,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self._in_feats, self._out_feats, self._k = in_feats, out_feats, k
        self._activation = activation
        self.lin = nn.Linear(in_feats * (k + 1), out_feats, bias=bias)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew by Glorot's normal rule, with the gain of ReLU.

        The bias stays as it is.
        """
        nn.init.xavier_normal_(self.lin.weight, gain=nn.init.calculate_gain("relu"))

    def forward(self, graph: Graph, feat: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        r"""Convolve.

        Args:
            graph: a graph whose destinations are its sources.
            feat: (N, \*, in_feats).
            edge_weight: (E,) or (E, 1), above zero.

        Returns:
            (N, \*, out_feats).

        Raises:
            GraphTypeError: features or weights that are not tensors.
            GraphValueError: features or weights of a wrong shape or on another device; weights
                that are not above zero; destinations that are not the sources.
        """
        feat = checked_steps(graph, feat, self._in_feats)
        nested = self._out_feats < self._in_feats
        out = (self._nested if nested else self._listed)(graph, feat, edge_weight)
        return out if self._activation is None else self._activation(out)

    def _listed(self, graph: Graph, feat: Tensor, edge_weight: Tensor | None) -> Tensor:
        """The features after every number of steps, side by side, through the weights."""
        step, found = normalized_step(graph, feat, edge_weight), [feat]
        for _ in range(self._k):
            found.append(step(found[-1]))
        return self.lin(torch.cat(found, -1))  # type: ignore[no-any-return]

    def _nested(self, graph: Graph, feat: Tensor, edge_weight: Tensor | None) -> Tensor:
        """H W_0 + A (H W_1 + A (H W_2 + …))."""
        step = normalized_step(graph, feat, edge_weight)
        *rest, last = torch.split(self.lin.weight, self._in_feats, 1)
        h = linear(feat, last)
        for weight in reversed(rest):
            h = step(h) + linear(feat, weight)
        bias: Tensor | None = self.lin.bias
        return h if bias is None else h + bias

    def extra_repr(self) -> str:
        """Show the number of steps in ``repr``."""
        return f"k={self._k}"
