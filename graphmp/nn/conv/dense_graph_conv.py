"""DenseGraphConv: graph convolution of Kipf and Welling on a dense adjacency matrix."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .._shared.dense import read_dense
from .._shared.maps import add_bias
from .._shared.options import checked_function
from ..functional.edge_weights import exponents


class DenseGraphConv(nn.Module):
    r"""Graph convolution on a dense adjacency matrix.

    From `Semi-Supervised Classification with Graph Convolutional Networks
    <https://arxiv.org/abs/1609.02907>`__ (Kipf and Welling, ICLR 2017).

    .. math:: H' = \sigma\big(b + D_{in}^{-r} A D_{out}^{-l} H W\big)

    Row :math:`v` of :math:`A` has the weights of the edges into :math:`v`. The degrees are sums of
    weights, and at least 1: those of rows in :math:`D_{in}`, those of columns in :math:`D_{out}`.
    ``norm`` chooses the powers: ``"both"`` has :math:`l = r = \frac{1}{2}`, ``"right"`` only
    :math:`r = 1`, ``"left"`` only :math:`l = 1`, ``"none"`` neither. With zeros and ones in
    :math:`A` the layer agrees with :class:`GraphConv`, whose parameters it has.

    Args:
        in_feats: size of a node's input.
        out_feats: size of a node's output.
        norm: ``"both"``, ``"none"``, ``"left"`` or ``"right"``.
        bias: add a bias.
        activation: applied to the result.

    Attributes:
        weight: (in_feats, out_feats), drawn by Glorot's uniform rule.
        bias: (out_feats,), zeros at first; or None.

    Shapes:
        - adj: (num_dst, num_src).
        - feat: (num_src, in_feats).
        - output: (num_dst, out_feats).

    Raises:
        GraphValueError: an unknown ``norm``.

    Example:
        >>> import torch, graphmp as gm
        >>> adj = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
        >>> gm.nn.DenseGraphConv(5, 2)(adj, torch.ones(2, 5)).shape
        torch.Size([2, 2])
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        in_feats: int,
        out_feats: int,
        norm: str = "both",
        bias: bool = True,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        exponents(norm)  # an unknown norm is an error
        self._in_feats, self._out_feats, self._norm = in_feats, out_feats, norm
        self.weight = nn.Parameter(torch.empty(in_feats, out_feats))
        self.register_parameter("bias", nn.Parameter(torch.empty(out_feats)) if bias else None)
        self.reset_parameters()
        self._activation = checked_function(activation, "activation")

    def reset_parameters(self) -> None:
        """Reset the weight by Glorot's uniform rule, and set the bias to zero."""
        nn.init.xavier_uniform_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, adj: Tensor, feat: Tensor) -> Tensor:
        """Convolve.

        Args:
            adj: (num_dst, num_src) weights of edges.
            feat: (num_src, in_feats).

        Returns:
            (num_dst, out_feats).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        adj, h, _ = read_dense(adj, feat, self._in_feats, self.weight)
        left, right = exponents(self._norm)
        if left:
            h = h * adj.sum(0).clamp(min=1).unsqueeze(1) ** -left
        grows = self._in_feats <= self._out_feats
        h = (adj @ h) @ self.weight if grows else adj @ (h @ self.weight)
        if right:
            h = h * adj.sum(1).clamp(min=1).unsqueeze(1) ** -right
        h = add_bias(h, self.bias)
        return h if self._activation is None else self._activation(h)

    def extra_repr(self) -> str:
        """Show the sizes and the norm in ``repr``."""
        return f"in={self._in_feats}, out={self._out_feats}, normalization={self._norm}"
