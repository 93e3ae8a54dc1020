"""EGATConv: graph attention that also updates edge features."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ... import ops
from ...graph import Graph
from ...ops import Adjacency
from ...ops.results import unsaved
from .._shared.degrees import ChecksInDegrees
from .._shared.heads import by_head, dots, factors_by_head
from .._shared.inputs import Sizes, read_edges, read_ends, sizes_at_ends, split_ends
from .._shared.maps import add_bias, reset_by_glorot


class EGATConv(ChecksInDegrees):
    r"""Graph attention that reads and makes features of the edges.

    From `Rossmann-Toolbox <https://academic.oup.com/bib/article/23/1/bbab371/6375059>`__
    (Kamiński et al., Briefings in Bioinformatics 2022).

    .. math::
        f_{uv}' &= \mathrm{LeakyReLU}\big(W_{ni} h_u + W_{nj} h_v + W_{fij} f_{uv} + b\big)

        \alpha_{uv} &= \mathrm{softmax}_{u \in N(v)}\; a^T f_{uv}'

        h_v' &= \sum_{u \in N(v)} w_{uv} \alpha_{uv} W_{node} h_u

    for each head separately; the leaky ReLU has slope 0.01. The edge weight :math:`w_{uv}` is 1
    by default. The new features of the edges are a result, so they are stored.

    Args:
        in_node_feats: size of a node's input; or a pair, of the sources and of the destinations.
        in_edge_feats: size of an edge's input.
        out_node_feats: size of a node's output for each head.
        out_edge_feats: size of an edge's output for each head.
        num_heads: the number of heads.
        bias: add a bias to the edges' output.
        allow_zero_in_degree: accept nodes of in-degree 0; their output is zero.

    Attributes:
        fc_node_src: linear map of the sources that is summed, without a bias.
        fc_ni: linear map of the sources into the edges' output, without a bias.
        fc_nj: linear map of the destinations into the edges' output, without a bias.
        fc_fij: linear map of the edges' input, without a bias.
        attn: (1, num_heads, out_edge_feats), scores the edges.
        bias: (num_heads * out_edge_feats,), zeros at first; or None.

    Shapes:
        - nfeats: (num_src, in_node_feats); or a pair of that and (num_dst, in_node_feats).
        - efeats: (E, in_edge_feats).
        - edge_weight: (E,) or (E, num_heads).
        - output: (num_dst, num_heads, out_node_feats) and (E, num_heads, out_edge_feats);
          attention (E, num_heads, 1).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]))
        >>> conv = gm.nn.EGATConv(5, 4, 2, 7, num_heads=3)
        >>> nodes, edges = conv(g, torch.ones(2, 5), torch.ones(2, 4))
        >>> nodes.shape, edges.shape
        (torch.Size([2, 3, 2]), torch.Size([2, 3, 7]))
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        in_node_feats: Sizes,
        in_edge_feats: int,
        out_node_feats: int,
        out_edge_feats: int,
        num_heads: int,
        bias: bool = True,
        allow_zero_in_degree: bool = False,
    ) -> None:
        super().__init__(allow_zero_in_degree)
        self._num_heads, self._in_edge_feats = num_heads, in_edge_feats
        self._sizes = source, target = sizes_at_ends(in_node_feats)
        width = num_heads * out_edge_feats
        self.fc_node_src = nn.Linear(source, num_heads * out_node_feats, bias=False)
        self.fc_ni = nn.Linear(source, width, bias=False)
        self.fc_nj = nn.Linear(target, width, bias=False)
        self.fc_fij = nn.Linear(in_edge_feats, width, bias=False)
        self.attn = nn.Parameter(torch.empty(1, num_heads, out_edge_feats))
        self.register_parameter("bias", nn.Parameter(torch.empty(width)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weights by Glorot's normal rule, and set the bias to zero."""
        maps = (self.fc_node_src, self.fc_ni, self.fc_fij, self.fc_nj)
        reset_by_glorot(*maps, self.attn, bias=self.bias)

    def extra_repr(self) -> str:
        """Show the number of heads in ``repr``."""
        return f"heads={self._num_heads}"

    def forward(
        self,
        graph: Graph,
        nfeats: Any,
        efeats: Tensor,
        edge_weight: Tensor | None = None,
        get_attention: bool = False,
    ) -> tuple[Tensor, ...]:
        """Attend.

        Args:
            graph: a graph or block of one edge type.
            nfeats: (num_src, in_node_feats) features; or a pair of that and
                (num_dst, in_node_feats).
            efeats: (E, in_edge_feats) features.
            edge_weight: (E,) or (E, num_heads), a factor of the attention.
            get_attention: return the attention too.

        Returns:
            (num_dst, num_heads, out_node_feats) and (E, num_heads, out_edge_feats). With
            ``get_attention`` also the attention (E, num_heads, 1), times the weights.

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        ends = read_ends(graph, nfeats, self._sizes, self.attn, "nfeats")
        adjacency, (src, dst) = ends.adjacency, split_ends(ends, ends.feat)
        efeats = read_edges(adjacency, efeats, "efeats", self._in_edge_feats, self.attn)
        self.check_in_degrees(adjacency)
        edges = by_head(self._at_edges(adjacency, src, dst, efeats), self._num_heads)
        attention = ops.edge_softmax(adjacency, dots(edges, self.attn)).unsqueeze(-1)
        if edge_weight is not None:
            factors = factors_by_head(adjacency, edge_weight, (self._num_heads,))
            attention = attention * factors.unsqueeze(-1)
        h = by_head(self.fc_node_src(src), self._num_heads)
        out = ops.gspmm(adjacency, "mul", "sum", h, attention)
        edges = unsaved(edges)
        return (out, edges, unsaved(attention)) if get_attention else (out, edges)

    def _at_edges(self, adjacency: Adjacency, src: Tensor, dst: Tensor, efeats: Tensor) -> Tensor:
        """(E, heads * out_edge_feats): the new features of the edges."""
        left, right = self.fc_ni(src), add_bias(self.fc_nj(dst), self.bias)
        sums = ops.gsddmm(adjacency, "add", left, right)
        return leaky_relu(sums + self.fc_fij(efeats))
