"""HGTConv: heterogeneous graph transformer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...graph import Graph
from ...ops import Adjacency
from ...ops.broadcast import autocast
from ...ops.gather import gather_rows
from ...ops.grouped_op import segment_products
from .._shared.heads import attend_by_dots, by_head
from .._shared.inputs import checked_types, read_edges, read_ends, split_ends
from .._shared.typed_sources import typed_sources
from ..dropout import Dropout
from ..typed_linear import TypedLinear


class HGTConv(nn.Module):
    r"""Heterogeneous graph transformer.

    From `Heterogeneous Graph Transformer <https://arxiv.org/abs/2003.01332>`__ (Hu et al., WWW
    2020), on a graph whose nodes and edges have types as features.

    .. math::
        \alpha_{uv} &= \mathrm{softmax}_{u \in N(v)}
            \frac{\mu_r}{\sqrt{d}}\, (K_u W^{att}_r) \cdot Q_v

        h_v' &= \beta\, A_{t(v)}\Big(\sum_{u \in N(v)} \alpha_{uv} V_u W^{msg}_r\Big)
            + (1 - \beta)\, W_{res} h_v, \qquad \beta = \sigma(s_{t(v)})

    for each head separately, where :math:`K_u = K_{t(u)} h_u`, :math:`Q_v = Q_{t(v)} h_v`,
    :math:`V_u = V_{t(u)} h_u`, :math:`t` is the type of a node and :math:`r` that of the edge.
    :math:`W^{att}_r` and :math:`W^{msg}_r` are applied once for each source and type of the edges
    that leave it.

    Args:
        in_size: size of a node's input.
        head_size: size of a node's output for each head.
        num_heads: the number of heads.
        num_ntypes: the number of types of nodes.
        num_etypes: the number of types of edges.
        dropout: dropout of the output of :math:`A`.
        use_norm: normalise the result by a layer norm.

    Attributes:
        linear_k, linear_q, linear_v, linear_a: a :class:`TypedLinear` each, by type of node.
        relation_pri: (num_etypes,) for each head, ones at first.
        relation_att, relation_msg: a :class:`TypedLinear` for each head, by type of edge.
        skip: (num_ntypes,), ones at first.
        residual_w: (in_size, num_heads * head_size), only if these differ.
        norm: only with ``use_norm``.

    Shapes:
        - x: (num_src, in_size); or a pair of
          that and (num_dst, in_size).
        - ntype: (num_src,) integers; for a pair of features a pair of that and (num_dst,).
        - etype: (E,) integers.
        - output: (num_dst, num_heads * head_size).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 2]))
        >>> conv = gm.nn.HGTConv(5, 2, num_heads=3, num_ntypes=2, num_etypes=4)
        >>> conv(g, torch.ones(3, 5), torch.tensor([0, 1, 1]), torch.tensor([3, 0, 1])).shape
        torch.Size([3, 6])
    """

    def __init__(
        self,
        in_size: int,
        head_size: int,
        num_heads: int,
        num_ntypes: int,
        num_etypes: int,
        dropout: float = 0.2,
        use_norm: bool = False,
    ) -> None:
        super().__init__()
        self.in_size, self.head_size, self.num_heads = in_size, head_size, num_heads
        self.num_ntypes, self.num_etypes = num_ntypes, num_etypes
        width = num_heads * head_size
        self.linear_k = TypedLinear(in_size, width, num_ntypes)
        self.linear_q = TypedLinear(in_size, width, num_ntypes)
        self.linear_v = TypedLinear(in_size, width, num_ntypes)
        self.linear_a = TypedLinear(width, width, num_ntypes)
        self.relation_pri = nn.ParameterList(
            [nn.Parameter(torch.ones(num_etypes)) for _ in range(num_heads)]
        )
        self.relation_att = self._by_relation()
        self.relation_msg = self._by_relation()
        self.skip = nn.Parameter(torch.ones(num_ntypes))
        self.drop = Dropout(dropout)
        self.use_norm = use_norm
        if use_norm:
            self.norm = nn.LayerNorm(width)
        if in_size != width:
            self.residual_w = nn.Parameter(torch.empty(in_size, width))
            nn.init.xavier_uniform_(self.residual_w)

    def _by_relation(self) -> nn.ModuleList:
        size = self.head_size
        maps = [TypedLinear(size, size, self.num_etypes) for _ in range(self.num_heads)]
        return nn.ModuleList(maps)

    def extra_repr(self) -> str:
        """Show the number of heads in ``repr``."""
        return f"heads={self.num_heads}"

    def forward(
        self, g: Graph, x: Any, ntype: Any, etype: Any, *, presorted: bool = False
    ) -> Tensor:
        """Attend.

        Args:
            g: a graph or block of one edge type.
            x: (num_src, in_size) features; or a pair of that and (num_dst, in_size).
            ntype: (num_src,) integers, the type of each node; or a pair.
            etype: (E,) integers, the type of each edge.
            presorted: the nodes are in the order of their types, so that none is moved.

        Returns:
            (num_dst, num_heads * head_size).

        Raises:
            GraphTypeError: features that are not tensors, or types that are not integers.
            GraphIndexError: an unknown type.
        """
        ends = read_ends(g, x, (self.in_size, self.in_size), self.skip, "x")
        src, dst = split_ends(ends, ends.feat)
        src_types, dst_types = (
            checked_types(each, self.num_ntypes, "ntype") for each in split_ends(ends, ntype)
        )
        types = checked_types(etype, self.num_etypes, "etype")
        read_edges(ends.adjacency, types, "etype")
        key = by_head(self.linear_k(src, src_types, presorted), self.num_heads)
        value = by_head(self.linear_v(src, src_types, presorted), self.num_heads)
        query = by_head(self.linear_q(dst, dst_types, presorted), self.num_heads)
        h = self._attend(ends.adjacency, types, key, query, value)
        h = self.drop(self.linear_a(h, dst_types, presorted))
        h = self._add_residual(h, dst, dst_types)
        return self.norm(h) if self.use_norm else h

    def _attend(
        self, adjacency: Adjacency, types: Tensor, key: Tensor, query: Tensor, value: Tensor
    ) -> Tensor:
        """(num_dst, heads * size): the attention's sums of values, mapped by edge type."""
        nodes, lengths, edges = typed_sources(adjacency, types, self.num_etypes)
        factors = torch.stack(list(self.relation_pri), 1) / self.head_size**0.5
        into = _stack(self.relation_att) * factors.view(-1, self.num_heads, 1, 1)
        key, value = (
            _by_type(gather_rows(h, nodes), lengths, weights)
            for h, weights in ((key, into), (value, _stack(self.relation_msg)))
        )
        out: Tensor = attend_by_dots(edges, query, key, value)
        return out.flatten(1)

    def _add_residual(self, h: Tensor, dst: Tensor, types: Tensor) -> Tensor:
        gate = autocast(gather_rows(self.skip, types).sigmoid().unsqueeze(-1))
        dst = dst @ self.residual_w if hasattr(self, "residual_w") else dst
        return h * gate + dst * (1 - gate)


def _stack(maps: nn.ModuleList) -> Tensor:
    """(types, heads, size, size): the matrices of all heads, by type."""
    return torch.stack([one.W for one in maps], 1)  # type: ignore[misc]


def _by_type(h: Tensor, lengths: Tensor, weights: Tensor) -> Tensor:
    """(P, heads, size): rows in the order of types, multiplied by the matrices of their types."""
    return segment_products(h.flatten(1), lengths, weights).view_as(h)
