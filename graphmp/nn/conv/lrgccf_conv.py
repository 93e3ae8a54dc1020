"""LRGCCFConv: linear graph convolution of LR-GCCF, for recommendation."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...graph import Graph
from ..functional import lrgccf_conv


class LRGCCFConv(nn.Module):
    r"""Linear residual graph convolution for collaborative filtering.

    From `Revisiting Graph Based Collaborative Filtering <https://arxiv.org/abs/2001.10167>`__ (Chen
    et al., AAAI 2020).

    .. math::
        h_v' = b + W \Big(\frac{h_v}{d^-_v + 1} +
            \sum_{u \in N(v)} \frac{h_u}{\sqrt{(d^+_u + 1)(d^-_v + 1)}}\Big)

    With :math:`d^-` in-degrees and :math:`d^+` out-degrees: a step of the normalised adjacency with
    self-loops, which need not be in the graph, and a linear map without an activation. The paper's
    representation is the concatenation of the embeddings and the outputs of several such layers.

    Args:
        in_feats: size of a node's input.
        out_feats: size of a node's output.

    Attributes:
        lin: the linear map.

    Shapes:
        - feat: (num_src, \*, in_feats); or a pair of that and (num_dst, \*, in_feats).
        - output: (num_dst, \*, out_feats).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]))
        >>> gm.nn.LRGCCFConv(5, 2)(g, torch.ones(2, 5)).shape
        torch.Size([2, 2])
    """

    def __init__(self, in_feats: int, out_feats: int) -> None:
        super().__init__()
        self.lin = nn.Linear(in_feats, out_feats)

    def forward(self, graph: Graph, feat: Any) -> Tensor:
        r"""Convolve.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, \*, in_feats) features; or a pair of that and (num_dst, \*, in_feats).

        Returns:
            (num_dst, \*, out_feats).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        return lrgccf_conv(graph, feat, self.lin.weight, self.lin.bias)
