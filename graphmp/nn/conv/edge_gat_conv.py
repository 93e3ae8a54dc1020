"""EdgeGATConv: graph attention with edge features in the scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...graph import Graph
from ...ops.attention_op import AttentionCall, attend
from .._shared.activations import finish
from .._shared.heads import (
    by_head,
    check_edge_dimensions,
    dots,
    edge_sums,
    expand_over_heads,
    project_and_score,
)
from .._shared.inputs import (
    Sizes,
    apply_dropout,
    read_edges,
    read_ends,
)
from .._shared.maps import LinearHeads, reset_by_glorot
from .._shared.options import checked_function
from ..dropout import Dropout


class EdgeGATConv(LinearHeads):
    r"""Graph attention with several heads and features of the edges.

    From `SCENE <https://arxiv.org/abs/2301.03512>`__ (Monninger et al., IEEE Robotics and
    Automation Letters 2023).

    .. math::
        h_v' &= \sigma\Big(b + \sum_{u \in N(v)} \alpha_{uv} (W h_u + W_e f_{uv})
            \;[\, + W_{res} h_v]\Big)

        \alpha_{uv} &= \mathrm{softmax}_{u \in N(v)}
            \mathrm{LeakyReLU}\big(a_l^T W h_u + a_r^T W h_v + a_e^T W_e f_{uv}\big)

    for each head separately. The edges' part of the scores is a product of :math:`f_{uv}` with
    :math:`W_e^T a_e`, and :math:`W_e` is applied to :math:`\sum \alpha_{uv} f_{uv}`: nothing is
    stored for an edge, a head and a feature.

    Args:
        in_feats: size of a node's input; or a pair, of the sources and of the destinations, which
            then have weights of their own.
        edge_feats: size of an edge's input.
        out_feats: size of a node's output for each head.
        num_heads: the number of heads.
        feat_drop: dropout of the nodes' input.
        attn_drop: dropout of the attention.
        negative_slope: slope of the leaky ReLU below zero.
        residual: add the destinations' input through a linear map.
        activation: applied to the result.
        allow_zero_in_degree: accept nodes of in-degree 0; their output is that of a zero sum.
        bias: add a bias.

    Attributes:
        fc: linear map of both ends, without a bias; or ``fc_src`` and ``fc_dst`` for a pair.
        fc_edge: linear map of the edges' input, without a bias.
        attn_l: (1, num_heads, out_feats), scores the sources.
        attn_r: (1, num_heads, out_feats), scores the destinations.
        attn_edge: (1, num_heads, out_feats), scores the edges.
        res_fc: linear map of the residual, without a bias; or None.
        bias: (num_heads * out_feats,), zeros at first; or None.

    Shapes:
        - feat: (num_src, \*, in_feats); or a pair of that and (num_dst, \*, in_feats).
        - edge_feat: (E, edge_feats) or (E, \*, edge_feats).
        - output: (num_dst, \*, num_heads, out_feats); attention (E, \*, num_heads, 1).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> conv = gm.nn.EdgeGATConv(5, 4, 2, num_heads=3)
        >>> conv(g, torch.ones(3, 5), torch.ones(5, 4)).shape
        torch.Size([3, 3, 2])
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        in_feats: Sizes,
        edge_feats: int,
        out_feats: int,
        num_heads: int,
        feat_drop: float = 0.0,
        attn_drop: float = 0.0,
        negative_slope: float = 0.2,
        residual: bool = True,
        activation: Callable[[Tensor], Tensor] | None = None,
        allow_zero_in_degree: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__(in_feats, out_feats, num_heads, allow_zero_in_degree)
        self._edge_feats = edge_feats
        width = num_heads * out_feats
        self.attn_l = nn.Parameter(torch.empty(1, num_heads, out_feats))
        self.attn_r = nn.Parameter(torch.empty(1, num_heads, out_feats))
        self.feat_drop = Dropout(feat_drop)
        self.attn_drop = Dropout(attn_drop)
        self.leaky_relu = nn.LeakyReLU(negative_slope)
        self.res_fc = nn.Linear(self._in_dst_feats, width, bias=False) if residual else None
        self.register_parameter("bias", nn.Parameter(torch.empty(width)) if bias else None)
        self.attn_edge = nn.Parameter(torch.empty(1, num_heads, out_feats))
        self.fc_edge = nn.Linear(edge_feats, width, bias=False)
        self.activation = checked_function(activation, "activation")
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weights by Glorot's normal rule, and set the bias to zero."""
        maps, edges = dict.fromkeys(self.linear_maps()), (self.fc_edge, self.attn_edge)
        reset_by_glorot(*maps, self.attn_l, self.attn_r, *edges, self.res_fc, bias=self.bias)

    def forward(
        self, graph: Graph, feat: Any, edge_feat: Tensor, get_attention: bool = False
    ) -> Any:
        r"""Attend.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, \*, in_feats) features; or a pair of that and (num_dst, \*, in_feats).
            edge_feat: (E, edge_feats) or (E, \*, edge_feats) features.
            get_attention: return the attention too.

        Returns:
            (num_dst, \*, num_heads, out_feats). With ``get_attention`` a pair of that and the
            attention (E, \*, num_heads, 1), after dropout.

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        like, sizes = self.attn_l, (self._in_src_feats, self._in_dst_feats)
        ends = read_ends(graph, feat, sizes, like)
        edge_feat = read_edges(ends.adjacency, edge_feat, "edge_feat", self._edge_feats, like)
        ends = apply_dropout(ends, self.feat_drop)
        self.check_in_degrees(ends.adjacency)
        vectors = (like, self.attn_r)
        src, left, right = project_and_score(ends, self.linear_maps(), self._num_heads, vectors)
        shape, dropout = src.shape[1:-1], float(self.attn_drop.p) if self.training else 0.0
        check_edge_dimensions(edge_feat, shape[:-1])
        constants = (shape.numel(), float(self.leaky_relu.negative_slope), dropout, True, True)
        edge = expand_over_heads(edge_feat @ self._edge_vectors(), shape)
        call = AttentionCall(ends.adjacency, "add", *constants)
        out, attention = attend(call, src, left, right, edge)
        matrices = self.fc_edge.weight.view(self._num_heads, self._out_feats, -1)
        out = out + edge_sums(ends.adjacency, attention, edge_feat, matrices)
        result = (out, attention) if get_attention else out
        return finish(result, ends, self.res_fc, self.bias, self.activation)

    def _edge_vectors(self) -> Tensor:
        """(edge_feats, heads): the factors of an edge's input in its scores."""
        return dots(by_head(self.fc_edge.weight.T, self._num_heads), self.attn_edge)

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        sizes = f"in={self._in_src_feats}, edge={self._edge_feats}"
        return f"{sizes}, out={self._out_feats}, heads={self._num_heads}"
