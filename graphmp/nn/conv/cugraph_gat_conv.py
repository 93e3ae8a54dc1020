"""CuGraphGATConv: graph attention with the parameters of cuGraph's layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...graph import Graph
from ...ops.attention_op import AttentionCall, attend
from .._shared.activations import finish
from .._shared.heads import dots, project
from .._shared.inputs import apply_dropout, read_ends
from .._shared.maps import reset_by_glorot
from .._shared.options import checked_function
from ..dropout import Dropout


class CuGraphGATConv(nn.Module):
    r"""Graph attention with the parameters of cuGraph's layer, on any device.

    The formula is that of :class:`GATConv` without dropout of the attention. Outputs were not
    compared with cuGraph itself.

    Args:
        in_feats: size of a node's input.
        out_feats: size of a node's output for each head.
        num_heads: the number of heads.
        feat_drop: dropout of the input features.
        negative_slope: slope of the leaky ReLU below zero.
        residual: add the destinations' input, through a linear map unless it has the right size.
        activation: applied to the result.
        bias: add a bias.

    Attributes:
        fc: linear map of both ends, without a bias.
        attn_weights: (2 * num_heads * out_feats,), the vectors that score the sources, one head
            after the other, then those that score the destinations.
        res_fc: linear map of the residual, without a bias; or the identity; or None.
        bias: (num_heads * out_feats,), zeros at first; None without a bias.

    Shapes:
        - feat: (num_src, \*, in_feats); or a pair of that and (num_dst, \*, in_feats).
        - output: (num_dst, \*, num_heads, out_feats); 0 and the bias for in-degree 0.

    Example:
        >>> import torch, graphmp as gm
        >>> conv = gm.nn.CuGraphGATConv(5, 2, num_heads=3)
        >>> conv(gm.graph(([0, 1], [1, 2])), torch.ones(3, 5)).shape
        torch.Size([3, 3, 2])
    """

    bias: nn.Parameter | None
    res_fc: nn.Module | None

    def __init__(
        self,
        in_feats: int,
        out_feats: int,
        num_heads: int,
        feat_drop: float = 0.0,
        negative_slope: float = 0.2,
        residual: bool = False,
        activation: Callable[[Tensor], Tensor] | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_feats, self.out_feats, self.num_heads = in_feats, out_feats, num_heads
        width = num_heads * out_feats
        self.feat_drop, self.negative_slope = Dropout(feat_drop), negative_slope
        self.activation = checked_function(activation, "activation")
        self.fc = nn.Linear(in_feats, width, bias=False)
        self.attn_weights = nn.Parameter(torch.empty(2 * width))
        self.register_parameter("bias", nn.Parameter(torch.empty(width)) if bias else None)
        same = nn.Identity() if in_feats == width else nn.Linear(in_feats, width, bias=False)
        self.register_module("res_fc", same if residual else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weights by Glorot's normal rule, the residual's map as torch, biases to 0."""
        vectors = self.attn_weights.detach().view(2, self.num_heads, self.out_feats)
        reset_by_glorot(self.fc, vectors, bias=self.bias)
        if isinstance(self.res_fc, nn.Linear):
            self.res_fc.reset_parameters()

    def forward(self, g: Graph, feat: Any, max_in_degree: int | None = None) -> Any:  # noqa: ARG002
        r"""Attend.

        Args:
            g: a graph or block of one edge type.
            feat: (num_src, \*, in_feats) features; or a pair of that and (num_dst, \*, in_feats).
            max_in_degree: for compatibility with DGL; it has no effect.

        Returns:
            (num_dst, \*, num_heads, out_feats).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        ends = read_ends(g, feat, (self.in_feats, self.in_feats), self.attn_weights)
        ends = apply_dropout(ends, self.feat_drop)
        src, dst = project(ends, (self.fc, self.fc), self.num_heads)
        left, right = self.attn_weights.view(2, 1, self.num_heads, self.out_feats)
        heads = src.shape[1:-1].numel()
        call = AttentionCall(ends.adjacency, "add", heads, float(self.negative_slope), 0.0, False)
        out = attend(call, src, dots(src, left).flatten(1), dots(dst, right).flatten(1))
        return finish(out, ends, self.res_fc, self.bias, self.activation)

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        return f"in={self.in_feats}, out={self.out_feats}, heads={self.num_heads}"
