"""EdgeConv: convolution of feature differences, for point clouds."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn.functional import linear

from ... import ops
from ...graph import Graph
from ...ops.broadcast import unsqueeze_like
from .._shared.degrees import ChecksInDegrees
from .._shared.inputs import read_ends, split_ends


class EdgeConv(ChecksInDegrees):
    r"""Edge convolution.

    From `Dynamic Graph CNN for Learning on Point Clouds <https://arxiv.org/abs/1801.07829>`__ (Wang
    et al., ACM Transactions on Graphics 2019).

    .. math:: h_v' = \max_{u \in N(v)} \Theta (h_v - h_u) + \Phi h_v

    by elements. Without batch normalisation that is :math:`\Theta h_v + \Phi h_v` less the minimum
    of :math:`W_\Theta h_u`, so nothing is stored for an edge and a feature.

    Args:
        in_feat: size of a node's input.
        out_feat: size of a node's output.
        batch_norm: normalise the messages, as in the paper.
        allow_zero_in_degree: accept nodes of in-degree 0; their output is zero.

    Attributes:
        theta: linear map of the differences.
        phi: linear map of the destinations.
        bn: batch normalisation of the messages; only with ``batch_norm``.

    Shapes:
        - feat: (num_src, in_feat); or a pair of
          that and (num_dst, in_feat).
        - output: (num_dst, out_feat).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> gm.nn.EdgeConv(5, 2)(g, torch.ones(3, 5)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        in_feat: int,
        out_feat: int,
        batch_norm: bool = False,
        allow_zero_in_degree: bool = False,
    ) -> None:
        super().__init__(allow_zero_in_degree)
        self.batch_norm = batch_norm
        self.theta = nn.Linear(in_feat, out_feat)
        self.phi = nn.Linear(in_feat, out_feat)
        if batch_norm:
            self.bn = nn.BatchNorm1d(out_feat)

    def forward(self, g: Graph, feat: Any) -> Tensor:
        """Convolve.

        Args:
            g: a graph or block of one edge type.
            feat: (num_src, in_feat) features; or a pair of that and (num_dst, in_feat).

        Returns:
            (num_dst, out_feat).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        size = self.theta.in_features
        ends = read_ends(g, feat, (size, size), self.theta.weight)
        self.check_in_degrees(ends.adjacency)
        (src, dst), adjacency = split_ends(ends, ends.feat), ends.adjacency
        left, right = linear(src, self.theta.weight), self.theta(dst) + self.phi(dst)
        if self.batch_norm:
            messages = self.bn(ops.gsddmm(adjacency, "sub", right, left, "v", "u"))
            return ops.gspmm(adjacency, "copy_rhs", "max", None, messages)
        is_isolated = unsqueeze_like(adjacency.in_degrees == 0, right)
        out: Tensor = right - ops.gspmm(adjacency, "copy_lhs", "min", left, None)
        return out.masked_fill(is_isolated, 0)
