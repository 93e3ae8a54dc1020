"""DenseChebConv: spectral convolution with Chebyshev polynomials on a dense adjacency matrix."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...errors import GraphValueError
from .._shared.dense import check_square, read_dense
from .._shared.maps import add_bias


class DenseChebConv(nn.Module):
    r"""Spectral graph convolution with localised filters, on a dense adjacency matrix.

    From `Convolutional Neural Networks on Graphs with Fast Localized Spectral Filtering
    <https://arxiv.org/abs/1606.09375>`__ (Defferrard, Bresson and Vandergheynst, NeurIPS 2016).

    .. math::
        H' &= b + \sum_{i=0}^{k-1} Z^i W_i

        Z^0 &= H, \qquad Z^1 = \hat L H, \qquad Z^i = 2 \hat L Z^{i-1} - Z^{i-2}

        \hat L &= \tfrac{2}{\lambda_{max}} (I - D^{-1/2} A D^{-1/2}) - I

    With :math:`D` the sums of the rows of :math:`A`, at least 1.

    Args:
        in_feats: size of a node's input.
        out_feats: size of a node's output.
        k: the number of polynomials.
        bias: add a bias.

    Attributes:
        W: the weights :math:`W_0, …`, (k, in_feats, out_feats), drawn by Glorot's normal rule.
        bias: (out_feats,), zeros at first; or None.

    Shapes:
        - adj: (N, N).
        - feat: (N, in_feats).
        - output: (N, out_feats).

    Raises:
        GraphValueError: no polynomial.

    Example:
        >>> import torch, graphmp as gm
        >>> adj = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
        >>> gm.nn.DenseChebConv(5, 2, k=3)(adj, torch.ones(2, 5), lambda_max=2.0).shape
        torch.Size([2, 2])
    """

    bias: nn.Parameter | None

    def __init__(self, in_feats: int, out_feats: int, k: int, bias: bool = True) -> None:
        super().__init__()
        if k < 1:
            raise GraphValueError(f"k: expected at least 1, got {k}.")
        self._k, self._in_feats, self._out_feats = k, in_feats, out_feats
        self.W = nn.Parameter(torch.empty(k, in_feats, out_feats))
        self.register_parameter("bias", nn.Parameter(torch.empty(out_feats)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weights by Glorot's normal rule, and set the bias to zero."""
        for weight in self.W:
            nn.init.xavier_normal_(weight, nn.init.calculate_gain("relu"))
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, adj: Tensor, feat: Tensor, lambda_max: float | None = None) -> Tensor:
        """Convolve.

        Args:
            adj: (N, N) weights of edges.
            feat: (N, in_feats).
            lambda_max: the largest eigenvalue of the normalised Laplacian; without it, it is
                computed.

        Returns:
            (N, out_feats).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        adj, h, _ = read_dense(adj, feat, self._in_feats, self.W)
        check_square(adj)
        scaled = _scaled_laplacian(adj, lambda_max)
        terms = [h]
        for i in range(1, self._k):
            terms.append(scaled @ h if i == 1 else 2 * scaled @ terms[-1] - terms[-2])
        out = torch.cat(terms, 1) @ self.W.flatten(0, 1)
        return add_bias(out, self.bias)

    def extra_repr(self) -> str:
        """Show the sizes and the number of polynomials in ``repr``."""
        return f"in={self._in_feats}, out={self._out_feats}, k={self._k}"


def _scaled_laplacian(adj: Tensor, lambda_max: float | None) -> Tensor:
    """(N, N): the normalised Laplacian, its eigenvalues moved from [0, lambda_max] to [-1, 1]."""
    identity = torch.eye(adj.shape[0], dtype=adj.dtype, device=adj.device)
    root = adj.sum(1).clamp(min=1).rsqrt()
    laplacian = identity - root.unsqueeze(1) * adj * root
    if lambda_max is None and adj.shape[0]:
        return 2 * laplacian / _largest_eigenvalue(laplacian) - identity
    return 2 * laplacian / (lambda_max or 2.0) - identity


def _largest_eigenvalue(matrix: Tensor) -> Tensor:
    """The largest real part of an eigenvalue; no gradient follows it."""
    wide = matrix.detach().to(torch.promote_types(matrix.dtype, torch.float32))
    largest: Tensor = torch.linalg.eigvals(wide).real.max().to(matrix.dtype)
    return largest.clamp(min=torch.finfo(matrix.dtype).tiny)  # a matrix of zeros has no other
