"""GATConv: graph attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...graph import Graph
from ...ops.attention_op import AttentionCall, attend
from .._shared.activations import finish
from .._shared.heads import factors_by_head, project_and_score
from .._shared.inputs import Sizes, apply_dropout, read_ends
from .._shared.maps import LinearHeads, reset_by_glorot, residual_map
from .._shared.options import checked_function
from ..dropout import Dropout


class GATConv(LinearHeads):
    r"""Graph attention with several heads.

    From `Graph Attention Networks <https://arxiv.org/abs/1710.10903>`__ (Veličković et al., ICLR
    2018).

    .. math::
        h_v' &= \sigma\Big(b + \sum_{u \in N(v)} w_{uv} \alpha_{uv} W h_u \;[\, + W_{res} h_v]\Big)

        \alpha_{uv} &= \mathrm{softmax}_{u \in N(v)}
            \mathrm{LeakyReLU}\big(a_l^T W h_u + a_r^T W h_v\big)

    for each head separately. The edge weight :math:`w_{uv}` is 1 by default; it comes after the
    softmax.

    Args:
        in_feats: size of a node's input; or a pair, of the sources and of the destinations, which
            then have weights of their own.
        out_feats: size of a node's output for each head.
        num_heads: the number of heads.
        feat_drop: dropout of the input features.
        attn_drop: dropout of the attention.
        negative_slope: slope of the leaky ReLU below zero.
        residual: add the destinations' input, through a linear map unless it has the right size.
        activation: applied to the result.
        allow_zero_in_degree: accept nodes of in-degree 0; their output is that of a zero sum.
        bias: add a bias.

    Attributes:
        fc: linear map of both ends, without a bias; or ``fc_src`` and ``fc_dst`` for a pair.
        attn_l: (1, num_heads, out_feats), scores the sources.
        attn_r: (1, num_heads, out_feats), scores the destinations.
        res_fc: linear map of the residual, with the bias; or the identity; or None.
        bias: (num_heads * out_feats,), zeros at first; None without a bias, or if ``res_fc`` has
            it.

    Shapes:
        - feat: (num_src, \*, in_feats); or a pair of that and (num_dst, \*, in_feats).
        - edge_weight: (E,), or (E, num_heads).
        - output: (num_dst, \*, num_heads, out_feats); attention (E, \*, num_heads, 1).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> conv = gm.nn.GATConv(5, 2, num_heads=3)
        >>> out, attention = conv(g, torch.ones(3, 5), get_attention=True)
        >>> out.shape, attention.shape
        (torch.Size([3, 3, 2]), torch.Size([5, 3, 1]))
        >>> gm.ops.copy_e_sum(g, attention).detach()[:, 0, 0]
        tensor([1., 1., 1.])
    """

    bias: nn.Parameter | None

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
    ) -> None:
        super().__init__(in_feats, out_feats, num_heads, allow_zero_in_degree)
        width = num_heads * out_feats
        self.attn_l = nn.Parameter(torch.empty(1, num_heads, out_feats))
        self.attn_r = nn.Parameter(torch.empty(1, num_heads, out_feats))
        self.feat_drop = Dropout(feat_drop)
        self.attn_drop = Dropout(attn_drop)
        self.leaky_relu = nn.LeakyReLU(negative_slope)
        self.res_fc = residual_map(self._in_dst_feats, width, bias) if residual else None
        is_explicit = bias and not isinstance(self.res_fc, nn.Linear)
        self.register_parameter("bias", nn.Parameter(torch.empty(width)) if is_explicit else None)
        self.reset_parameters()
        self.activation = checked_function(activation, "activation")

    def reset_parameters(self) -> None:
        """Reset the weights by Glorot's normal rule, and set the biases to zero."""
        maps = dict.fromkeys(self.linear_maps())
        reset_by_glorot(*maps, self.attn_l, self.attn_r, self.res_fc, bias=self.bias)

    def forward(
        self,
        graph: Graph,
        feat: Any,
        edge_weight: Tensor | None = None,
        get_attention: bool = False,
    ) -> Any:
        r"""Attend.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, \*, in_feats) features; or a pair of that and (num_dst, \*, in_feats).
            edge_weight: (E,), or (E, num_heads): a factor of the attention.
            get_attention: return the attention too.

        Returns:
            (num_dst, \*, num_heads, out_feats). With ``get_attention`` a pair of that and the
            attention (E, \*, num_heads, 1), after dropout and times the weights.

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        like, sizes = self.attn_l, (self._in_src_feats, self._in_dst_feats)
        ends = apply_dropout(read_ends(graph, feat, sizes, like), self.feat_drop)
        self.check_in_degrees(ends.adjacency)
        vectors = (like, self.attn_r)
        src, left, right = project_and_score(ends, self.linear_maps(), self._num_heads, vectors)
        weight, shape = edge_weight, src.shape[1:-1]
        if weight is not None:
            weight = factors_by_head(ends.adjacency, weight, tuple(shape))
        dropout = float(self.attn_drop.p) if self.training else 0.0
        constants = (shape.numel(), float(self.leaky_relu.negative_slope), dropout, get_attention)
        residual, bias = self.res_fc, self.bias
        is_added_to = residual is not None or bias is not None
        is_read_only = is_added_to and torch.is_grad_enabled()
        call = AttentionCall(ends.adjacency, "add", *constants, is_read_only)
        result = attend(call, src, left, right, weight=weight)
        return finish(result, ends, residual, bias, self.activation, not is_read_only)
