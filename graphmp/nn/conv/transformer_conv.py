"""TransformerConv: graph transformer with edge features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ... import _checks, ops
from ...errors import GraphValueError
from ...graph import Graph
from ...ops import Adjacency
from ...ops.results import reshaped, unsaved
from .._shared.heads import (
    attend_by_dots,
    by_head,
    check_edge_dimensions,
    check_ends_by_head,
    edge_sums,
    products,
)
from .._shared.inputs import (
    Sizes,
    apply_dropout,
    read_edges,
    read_ends,
    sizes_at_ends,
    split_ends,
)
from .._shared.options import checked_function
from ..dropout import Dropout


class TransformerConv(nn.Module):
    r"""Attention with queries, keys and values of their own, and features of the edges.

    From `Masked Label Prediction: Unified Message Passing Model for Semi-Supervised Classification
    <https://arxiv.org/abs/2009.03509>`__ (Shi et al., IJCAI 2021). Without features of edges and
    without a residual it is the attention of `A Generalization of Transformer Networks to Graphs
    <https://arxiv.org/abs/2012.09699>`__ (Dwivedi and Bresson, 2020).

    .. math::
        m_v &= \sum_{u \in N(v)} \alpha_{uv} (W_v h_u + b_v + W_e f_{uv})

        \alpha_{uv} &= \mathrm{softmax}_{u \in N(v)}
            \frac{(W_q h_v + b_q)^T (W_k h_u + b_k + W_e f_{uv})}{\sqrt{out\_feats}}

        h_v' &= \sigma(m_v \;[\, + r_v]), \quad r_v = W_r h_v + b_r

    for each head separately; :math:`m_v` is 0 for in-degree 0. With ``beta`` a gate chooses
    between the two, :math:`h_v' = \sigma(\beta_v r_v + (1 - \beta_v) m_v)`, where :math:`\beta_v =
    \mathrm{sigmoid}(w^T [m_v \,\|\, r_v \,\|\, m_v - r_v])` over the concatenated heads.

    The edges' part of a score is a product of :math:`f_{uv}` with :math:`W_e^T q_v`, and
    :math:`W_e` is applied to :math:`\sum \alpha_{uv} f_{uv}`: nothing is stored for an edge, a head
    and a feature.

    Args:
        in_feats: size of a node's input; or a pair, of the sources and of the destinations.
        out_feats: size of a node's output for each head.
        num_heads: the number of heads.
        edge_feats: size of an edge's input; None if edges carry nothing.
        feat_drop: dropout of the nodes' input.
        attn_drop: dropout of the attention.
        residual: add the destinations' input through a linear map.
        beta: let a gate choose between the sum and the residual.
        activation: applied to the result.
        bias: add biases to the linear maps of nodes.

    Attributes:
        lin_key: linear map of the sources.
        lin_query: linear map of the destinations.
        lin_value: linear map of the sources.
        lin_edge: linear map of the edges, without a bias; or None.
        lin_skip: linear map of the residual; or None.
        lin_beta: linear map of the gate, without a bias; or None.

    Shapes:
        - feat: (num_src, \*, in_feats); or a pair of that and (num_dst, \*, in_feats).
        - edge_feat: (E, edge_feats) or (E, \*, edge_feats).
        - output: (num_dst, \*, num_heads, out_feats); attention (E, \*, num_heads, 1).

    Raises:
        GraphValueError: ``beta`` without a residual.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> conv = gm.nn.TransformerConv(5, 2, num_heads=3, edge_feats=4, beta=True)
        >>> conv(g, torch.ones(3, 5), torch.ones(2, 4)).shape
        torch.Size([3, 3, 2])
    """

    def __init__(
        self,
        in_feats: Sizes,
        out_feats: int,
        num_heads: int,
        edge_feats: int | None = None,
        feat_drop: float = 0.0,
        attn_drop: float = 0.0,
        residual: bool = True,
        beta: bool = False,
        activation: Callable[[Tensor], Tensor] | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if beta and not residual:
            raise GraphValueError(
                "residual: expected True with beta=True, the gate between the sum and the "
                "residual, got False; omit one of them."
            )
        self._num_heads, self._out_feats, self._edge_feats = num_heads, out_feats, edge_feats
        self._sizes = sizes_at_ends(in_feats)
        (src_size, dst_size), width = self._sizes, num_heads * out_feats
        self.lin_key = nn.Linear(src_size, width, bias=bias)
        self.lin_query = nn.Linear(dst_size, width, bias=bias)
        self.lin_value = nn.Linear(src_size, width, bias=bias)
        self.lin_edge = None if edge_feats is None else nn.Linear(edge_feats, width, bias=False)
        self.lin_skip = nn.Linear(dst_size, width, bias=bias) if residual else None
        self.lin_beta = nn.Linear(3 * width, 1, bias=False) if beta else None
        self.feat_drop = Dropout(feat_drop)
        self.attn_drop = Dropout(attn_drop)
        self.activation = checked_function(activation, "activation")

    def reset_parameters(self) -> None:
        """Reset all weights and biases, as ``torch.nn.Linear`` does."""
        for linear in self.children():
            if isinstance(linear, nn.Linear):
                linear.reset_parameters()

    def forward(
        self,
        graph: Graph,
        feat: Any,
        edge_feat: Tensor | None = None,
        get_attention: bool = False,
    ) -> Any:
        r"""Attend.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, \*, in_feats) features; or a pair of that and (num_dst, \*, in_feats).
            edge_feat: (E, edge_feats) or (E, \*, edge_feats) features, if the layer has a size of
                them; else None.
            get_attention: return the attention too.

        Returns:
            (num_dst, \*, num_heads, out_feats). With ``get_attention`` a pair of that and the
            attention (E, \*, num_heads, 1), after dropout.

        Raises:
            GraphValueError: features of edges for a layer without.
        """
        ends = read_ends(graph, feat, self._sizes, self.lin_key.weight)
        ends = apply_dropout(ends, self.feat_drop)
        edge_feat = self._read_edges(ends.adjacency, edge_feat)
        src, dst = split_ends(ends, ends.feat)
        result = self._attend(ends.adjacency, src, dst, edge_feat, get_attention)
        if not get_attention:
            return self._finish(result, dst)
        out, attention = result
        return self._finish(out, dst), unsaved(attention.unsqueeze(-1))

    def _read_edges(self, adjacency: Adjacency, edge_feat: Any) -> Tensor | None:
        size, like = self._edge_feats, self.lin_key.weight
        if size is not None:
            if edge_feat is None:
                raise GraphValueError(
                    f"edge_feat: expected features, as the layer has edge_feats={size}, got None; "
                    f"pass features of shape (E, {size})."
                )
            return read_edges(adjacency, edge_feat, "edge_feat", size, like)
        if edge_feat is not None:
            raise GraphValueError(
                "edge_feat: expected None, since the layer has edge_feats=None, got "
                f"{_checks.kind(edge_feat)}; pass the size of an edge's features as edge_feats."
            )
        return None

    def _attend(
        self,
        adjacency: Adjacency,
        src: Tensor,
        dst: Tensor,
        edge_feat: Tensor | None,
        get_attention: bool,
    ) -> Any:
        """(num_dst, …, heads, out_feats), perhaps with (E, …, heads)."""
        key, value, query = (
            by_head(linear(h), self._num_heads)
            for linear, h in (
                (self.lin_key, src),
                (self.lin_value, src),
                (self.lin_query, dst),
            )
        )
        check_ends_by_head(key, query)
        query = query * self._out_feats**-0.5
        dropout = self.attn_drop.p if self.training else 0.0
        if edge_feat is None or self.lin_edge is None:
            return attend_by_dots(
                adjacency, query, key, value, dropout=dropout, with_attention=get_attention
            )
        check_edge_dimensions(edge_feat, value.shape[1:-2])
        matrices = self.lin_edge.weight.view(self._num_heads, self._out_feats, -1)
        edge_queries = products(query, matrices)
        scores = ops.gsddmm(adjacency, "dot", edge_queries, edge_feat.unsqueeze(-2), "v", "e")
        out, attention = attend_by_dots(
            adjacency,
            query,
            key,
            value,
            edge=scores.flatten(1),
            dropout=dropout,
            with_attention=True,
        )
        out = out + edge_sums(adjacency, attention, edge_feat, matrices)
        return (out, attention) if get_attention else out

    def _finish(self, out: Tensor, dst: Tensor) -> Tensor:
        """Add the residual, perhaps through the gate, and apply the activation."""
        if self.lin_skip is not None:
            residual = self.lin_skip(dst)
            if self.lin_beta is None:
                out = out + by_head(residual, self._num_heads)
            else:
                flat = out.flatten(-2)
                gate = self.lin_beta(torch.cat([flat, residual, flat - residual], -1)).sigmoid()
                shape, flat = out.shape, gate * residual + (1 - gate) * flat
                out = reshaped(flat, *shape)
        return out if self.activation is None else self.activation(out)

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        sizes = f"in={self._sizes[0]}, out={self._out_feats}, heads={self._num_heads}"
        return sizes if self._edge_feats is None else f"{sizes}, edge={self._edge_feats}"
