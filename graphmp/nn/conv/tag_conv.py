"""TAGConv: topology adaptive graph convolution."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from ...graph import Graph
from .._shared.options import checked_function
from ..functional import tag_conv


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
        self._activation = checked_function(activation, "activation")
        self.lin = nn.Linear(in_feats * (k + 1), out_feats, bias=bias)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weights by Glorot's normal rule, with the gain of ReLU.

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
            GraphValueError: weights that are not above zero.
        """
        out = tag_conv(graph, feat, self.lin.weight, self._k, self.lin.bias, edge_weight)
        return out if self._activation is None else self._activation(out)

    def extra_repr(self) -> str:
        """Show the number of steps in ``repr``."""
        return f"k={self._k}"
