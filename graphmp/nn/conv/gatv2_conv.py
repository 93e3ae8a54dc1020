"""GATv2Conv: dynamic graph attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import GraphValueError
from ...graph import Graph
from ...ops.attention_op import AttentionCall, attend
from .._shared.activations import finish
from .._shared.degrees import ChecksInDegrees
from .._shared.heads import project
from .._shared.inputs import (
    Sizes,
    apply_dropout,
    read_ends,
    sizes_at_ends,
)
from .._shared.maps import reset_by_glorot, residual_map
from .._shared.options import checked_function
from ..dropout import Dropout


class GATv2Conv(ChecksInDegrees):
    r"""Graph attention with scores of a small network for each head.

    From `How Attentive are Graph Attention Networks? <https://arxiv.org/abs/2105.14491>`__ (Brody,
    Alon and Yahav, ICLR 2022).

    .. math::
        h_v' &= \sigma\Big(\sum_{u \in N(v)} \alpha_{uv} (W_{src} h_u + b_{src})
            \;[\, + W_{res} h_v + b_{res}]\Big)

        \alpha_{uv} &= \mathrm{softmax}_{u \in N(v)} a^T
            \mathrm{LeakyReLU}\big(W_{src} h_u + b_{src} + W_{dst} h_v + b_{dst}\big)

    for each head separately. Nothing is stored per edge and feature.

    Args:
        in_feats: size of a node's input; or a pair, of the sources and of the destinations.
        out_feats: size of a node's output for each head.
        num_heads: the number of heads.
        feat_drop: dropout of the input features.
        attn_drop: dropout of the attention.
        negative_slope: slope of the leaky ReLU below zero.
        residual: add the destinations' input, through a linear map unless it has the right size.
        activation: applied to the result.
        allow_zero_in_degree: accept nodes of in-degree 0; their output is that of a zero sum.
        bias: add biases to all linear maps.
        share_weights: use one linear map for both ends.

    Attributes:
        fc_src: linear map of the sources.
        fc_dst: linear map of the destinations; ``fc_src`` itself if the weights are shared.
        attn: (1, num_heads, out_feats), the vector of the scores.
        res_fc: linear map of the residual; or the identity; or None.

    Shapes:
        - feat: (num_src, \*, in_feats); or a pair of that and (num_dst, \*, in_feats).
        - output: (num_dst, \*, num_heads, out_feats); attention (E, \*, num_heads, 1).

    Raises:
        GraphValueError: shared weights for ends of different sizes.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> conv = gm.nn.GATv2Conv(5, 2, num_heads=3)
        >>> out, attention = conv(g, torch.ones(3, 5), get_attention=True)
        >>> out.shape, attention.shape
        (torch.Size([3, 3, 2]), torch.Size([5, 3, 1]))
    """

    def __init__(
        self,
        in_feats: Sizes,
        out_feats: int,
        num_heads: int,
        feat_drop: float = 0.0,
        attn_drop: float = 0.0,
        negative_slope: float = 0.2,
        residual: bool = False,
        activation: Callable[[Tensor], Tensor] | None = None,
        allow_zero_in_degree: bool = False,
        bias: bool = True,
        share_weights: bool = False,
    ) -> None:
        super().__init__(allow_zero_in_degree)
        self._num_heads, self._out_feats = num_heads, out_feats
        self._in_src_feats, self._in_dst_feats = sizes = sizes_at_ends(in_feats)
        if share_weights and sizes[0] != sizes[1]:
            raise GraphValueError(
                f"in_feats: expected one size at both ends with share_weights=True, got {sizes}."
            )
        width = num_heads * out_feats
        self.fc_src = nn.Linear(sizes[0], width, bias=bias)
        self.fc_dst = self.fc_src if share_weights else nn.Linear(sizes[1], width, bias=bias)
        self.attn = nn.Parameter(torch.empty(1, num_heads, out_feats))
        self.feat_drop = Dropout(feat_drop)
        self.attn_drop = Dropout(attn_drop)
        self.leaky_relu = nn.LeakyReLU(negative_slope)
        self.res_fc = residual_map(sizes[1], width, bias) if residual else None
        self.activation = checked_function(activation, "activation")
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weights by Glorot's normal rule, and set the biases to zero."""
        maps = dict.fromkeys((self.fc_src, self.fc_dst))
        reset_by_glorot(*maps, self.attn, self.res_fc)

    def forward(self, graph: Graph, feat: Any, get_attention: bool = False) -> Any:
        r"""Attend.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, \*, in_feats) features; or a pair of that and (num_dst, \*, in_feats).
            get_attention: return the attention too.

        Returns:
            (num_dst, \*, num_heads, out_feats). With ``get_attention`` a pair of that and the
            attention (E, \*, num_heads, 1), after dropout.

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        ends = read_ends(graph, feat, (self._in_src_feats, self._in_dst_feats), self.attn)
        ends = apply_dropout(ends, self.feat_drop)
        self.check_in_degrees(ends.adjacency)
        src, dst = project(ends, (self.fc_src, self.fc_dst), self._num_heads)
        shape, dropout = src.shape[1:-1], float(self.attn_drop.p) if self.training else 0.0
        constants = (shape.numel(), float(self.leaky_relu.negative_slope), dropout, get_attention)
        vectors = self.attn.to(src.dtype).flatten(1).repeat(1, shape[:-1].numel())
        call = AttentionCall(ends.adjacency, "leaky", *constants, self.res_fc is not None)
        result = attend(call, src, src.flatten(1), dst.flatten(1), attn_vector=vectors)
        return finish(result, ends, self.res_fc, activation=self.activation)

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        return f"in={self._in_src_feats}, out={self._out_feats}, heads={self._num_heads}"
