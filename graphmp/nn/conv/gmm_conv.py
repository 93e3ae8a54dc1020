"""GMMConv: mixture model convolution."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ... import ops
from ...graph import Graph
from .._shared.degrees import ChecksInDegrees
from .._shared.heads import by_head
from .._shared.inputs import (
    Sizes,
    read_edges,
    read_ends,
    sizes_at_ends,
    split_ends,
)
from .._shared.maps import add_bias, reset_by_glorot, residual_map
from .._shared.options import check_option

AGGREGATORS = ("sum", "mean", "max")


class GMMConv(ChecksInDegrees):
    r"""Gaussian mixture model convolution, MoNet.

    From `Geometric Deep Learning on Graphs and Manifolds Using Mixture Model CNNs
    <https://arxiv.org/abs/1611.08402>`__ (Monti et al., CVPR 2017).

    .. math::
        h_v' &= b + \sum_{k=1}^{K} \mathrm{aggregate}_{u \in N(v)}\; w_k(e_{uv})\, W_k h_u
            \;[\, + W_{res} h_v]

        w_k(e) &= \exp\Big(-\tfrac{1}{2} \sum_i \sigma_{ki}^{-2} (e_i - \mu_{ki})^2\Big)

    Nothing is stored for an edge and an output.

    Args:
        in_feats: size of a node's input; or a pair, of the sources and of the destinations.
        out_feats: size of a node's output.
        dim: the number of an edge's coordinates.
        n_kernels: the number of Gaussians.
        aggregator_type: ``"sum"``, ``"mean"`` or ``"max"``.
        residual: add the destinations' input, through a linear map unless it has the right size.
        bias: add a bias.
        allow_zero_in_degree: accept nodes of in-degree 0; their output is that of a zero sum.

    Attributes:
        mu: (n_kernels, dim), the centres.
        inv_sigma: (n_kernels, dim), the inverses of the widths, ones at first.
        fc: linear map of the sources for each Gaussian, without a bias.
        res_fc: linear map of the residual, without a bias; or the identity; or None.
        bias: (out_feats,), zeros at first; or None.

    Shapes:
        - feat: (num_src, in_feats); or
          a pair of that and (num_dst, in_feats).
        - pseudo: (E, dim).
        - output: (num_dst, out_feats).

    Raises:
        GraphOptionError: an unknown aggregator.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> conv = gm.nn.GMMConv(5, 2, dim=3, n_kernels=4)
        >>> conv(g, torch.ones(3, 5), torch.ones(5, 3)).shape
        torch.Size([3, 2])
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        in_feats: Sizes,
        out_feats: int,
        dim: int,
        n_kernels: int,
        aggregator_type: str = "sum",
        residual: bool = False,
        bias: bool = True,
        allow_zero_in_degree: bool = False,
    ) -> None:
        super().__init__(allow_zero_in_degree)
        check_option(aggregator_type, AGGREGATORS, "aggregator_type")
        self._in_src_feats, self._in_dst_feats = sizes_at_ends(in_feats)
        self._out_feats, self._dim, self._n_kernels = out_feats, dim, n_kernels
        self._aggregator_type = aggregator_type
        self.mu = nn.Parameter(torch.empty(n_kernels, dim))
        self.inv_sigma = nn.Parameter(torch.empty(n_kernels, dim))
        self.fc = nn.Linear(self._in_src_feats, n_kernels * out_feats, bias=False)
        self.res_fc = residual_map(self._in_dst_feats, out_feats, False) if residual else None
        self.register_parameter("bias", nn.Parameter(torch.empty(out_feats)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weights by Glorot's normal rule, and the centres near zero."""
        reset_by_glorot(self.fc, self.res_fc, bias=self.bias)
        nn.init.normal_(self.mu, 0, 0.1)
        nn.init.ones_(self.inv_sigma)

    def forward(self, graph: Graph, feat: Any, pseudo: Tensor) -> Tensor:
        """Convolve.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, in_feats) features; or a pair of that and (num_dst, in_feats), which
                only ``residual`` reads.
            pseudo: (E, dim), the coordinates of the edges.

        Returns:
            (num_dst, out_feats).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        sizes = (self._in_src_feats, self._in_dst_feats)
        ends = read_ends(graph, feat, sizes, self.mu, reads_dst=self.res_fc is not None)
        pseudo = read_edges(ends.adjacency, pseudo, "pseudo", self._dim, self.mu)
        self.check_in_degrees(ends.adjacency)
        src, dst = split_ends(ends, ends.feat)
        h = by_head(self.fc(src), self._n_kernels)
        weights = self._weights(pseudo).to(h.dtype).unsqueeze(-1)
        out: Tensor = ops.gspmm(ends.adjacency, "mul", self._aggregator_type, h, weights).sum(1)
        if self.res_fc is not None:
            out = out + self.res_fc(dst)
        return add_bias(out, self.bias)

    def _weights(self, pseudo: Tensor) -> Tensor:
        """(E, n_kernels): the value of each Gaussian at each edge."""
        distance = (pseudo.unsqueeze(1) - self.mu) * self.inv_sigma
        return (-0.5 * distance.square().sum(-1)).exp()

    def extra_repr(self) -> str:
        """Show the sizes and the aggregator in ``repr``."""
        sizes = f"in={self._in_src_feats}, out={self._out_feats}, kernels={self._n_kernels}"
        return f"{sizes}, aggregator={self._aggregator_type}"
