"""RelGraphConv: relational graph convolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ... import ops
from ...graph import Graph
from ...ops import Adjacency
from ...ops.gather import gather_rows
from ...ops.grouped_op import segment_products
from .._shared.aggregation import aggregate
from .._shared.inputs import (
    checked_types,
    read_edges,
    read_ends,
    split_ends,
)
from .._shared.maps import add_bias
from .._shared.options import checked_function
from .._shared.typed_sources import typed_sources
from ..dropout import Dropout
from ..typed_linear import TypedLinear


class RelGraphConv(nn.Module):
    r"""Relational graph convolution.

    From `Modeling Relational Data with Graph Convolutional Networks
    <https://arxiv.org/abs/1703.06103>`__ (Schlichtkrull et al., ESWC 2018).

    .. math::
        h_v' = \sigma\Big(b + \sum_{u \in N(v)} c_{uv} h_u W_{r(uv)} \;[\, + h_v W_{loop}]\Big)

    where :math:`r(uv)` is the type of an edge and :math:`c_{uv}` its norm, 1 by default; the
    paper's is one over the number of edges of the type that enter the node. The matrices are those
    of :class:`TypedLinear`. Layer normalisation, if any, comes before the bias, dropout last.

    Matrices are applied once for each source and type of the edges that leave it. Those of few
    bases are applied after the sum: then there is one sum of :math:`h_u` for each base.

    Args:
        in_feat: size of a node's input.
        out_feat: size of a node's output.
        num_rels: the number of types of edges.
        regularizer: None, ``"basis"`` or ``"bdd"``.
        num_bases: the number of bases; ``num_rels`` by default.
        bias: add a bias.
        activation: applied to the result.
        self_loop: add the destinations' input through a matrix of its own.
        dropout: dropout of the result.
        layer_norm: normalise the sum.

    Attributes:
        linear_r: the :class:`TypedLinear`.
        h_bias: (out_feat,), zeros at first; only with ``bias``.
        loop_weight: (in_feat, out_feat); only with ``self_loop``.
        layer_norm_weight: only with ``layer_norm``.

    Shapes:
        - feat: (num_src, in_feat); or
          a pair of that and (num_dst, in_feat).
        - etypes: (E,) integers.
        - norm: (E,) or (E, 1).
        - output: (num_dst, out_feat).

    Raises:
        GraphValueError: see :class:`TypedLinear`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 2]))
        >>> conv = gm.nn.RelGraphConv(5, 2, num_rels=3, regularizer="basis", num_bases=2)
        >>> conv(g, torch.ones(3, 5), torch.tensor([0, 2, 1])).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        in_feat: int,
        out_feat: int,
        num_rels: int,
        regularizer: str | None = None,
        num_bases: int | None = None,
        bias: bool = True,
        activation: Callable[[Tensor], Tensor] | None = None,
        self_loop: bool = True,
        dropout: float = 0.0,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        bases = num_rels if num_bases is None else num_bases
        self.linear_r = TypedLinear(in_feat, out_feat, num_rels, regularizer, bases)
        self.bias, self.self_loop, self.layer_norm = bias, self_loop, layer_norm
        self.activation = checked_function(activation, "activation")
        if layer_norm:
            self.layer_norm_weight = nn.LayerNorm(out_feat)
        if bias:
            self.h_bias = nn.Parameter(torch.zeros(out_feat))
        if self_loop:
            self.loop_weight = nn.Parameter(torch.empty(in_feat, out_feat))
            nn.init.xavier_uniform_(self.loop_weight, gain=nn.init.calculate_gain("relu"))
        self.dropout = Dropout(dropout)

    def forward(
        self,
        g: Graph,
        feat: Any,
        etypes: Any,
        norm: Tensor | None = None,
        *,
        presorted: bool = False,  # noqa: ARG002
    ) -> Tensor:
        """Convolve.

        Args:
            g: a graph or block of one edge type.
            feat: (num_src, in_feat) features; or a pair of that and (num_dst, in_feat), which only
                ``self_loop`` reads.
            etypes: (E,) integers, the type of each edge.
            norm: (E,) or (E, 1), a factor for each edge.
            presorted: for compatibility with DGL; it has no effect, edges are never moved.

        Returns:
            (num_dst, out_feat).

        Raises:
            GraphTypeError: features that are not tensors, or types that are not integers.
            GraphIndexError: an unknown type.
        """
        size = self.linear_r.in_size
        ends = read_ends(g, feat, (size, size), self.linear_r.W, reads_dst=self.self_loop)
        adjacency, (src, dst) = ends.adjacency, split_ends(ends, ends.feat)
        types = checked_types(etypes, self.linear_r.num_types, "etypes")
        read_edges(adjacency, types, "etypes")
        if norm is not None:
            norm = read_edges(adjacency, norm, "norm").view(-1, 1)
        out = self._sum(adjacency, src, types, norm)
        out = self.layer_norm_weight(out) if self.layer_norm else out
        out = add_bias(out, self.h_bias if self.bias else None)
        out = out + dst @ self.loop_weight if self.self_loop else out
        out = out if self.activation is None else self.activation(out)
        return self.dropout(out)  # type: ignore[no-any-return]

    def _sum(self, adjacency: Adjacency, src: Tensor, types: Tensor, norm: Tensor | None) -> Tensor:
        """(num_dst, out_feat): the sum of the messages."""
        if self._sums_by_base(adjacency):
            return self._sum_by_base(adjacency, src, types, norm)
        return sum_by_type(adjacency, src, types, self.linear_r.get_weight(), norm)

    def _sums_by_base(self, adjacency: Adjacency) -> bool:
        """Whether one sum per base at the nodes is smaller than one message per edge."""
        linear = self.linear_r
        at_nodes = adjacency.num_dst * linear.num_bases * linear.in_size
        at_edges = adjacency.num_edges * (linear.in_size + linear.out_size)
        return linear.regularizer == "basis" and at_nodes <= at_edges

    def _sum_by_base(
        self, adjacency: Adjacency, src: Tensor, types: Tensor, norm: Tensor | None
    ) -> Tensor:
        """The sum over bases of V_b times a weighted sum of the sources' features."""
        linear = self.linear_r
        factors = gather_rows(linear.coeff, types)
        factors = factors if norm is None else factors * norm
        sums = ops.gspmm(adjacency, "mul", "sum", src.unsqueeze(1), factors.unsqueeze(-1))
        return sums.flatten(1) @ linear.W.flatten(0, 1)


def sum_by_type(
    adjacency: Adjacency, src: Tensor, types: Tensor, matrices: Tensor, norm: Tensor | None
) -> Tensor:
    """Sum the features of each node's in-neighbours, mapped by the types of the edges.

    Args:
        adjacency: the edges.
        src: (num_src, in_feat).
        types: (E,) integers, already checked.
        matrices: (num_types, in_feat, out_feat), or the blocks on their diagonals.
        norm: (E, 1), a factor for each edge; or None.

    Returns:
        (num_dst, out_feat).
    """
    nodes, lengths, edges = typed_sources(adjacency, types, len(matrices))
    messages = segment_products(gather_rows(src, nodes), lengths, matrices)
    return aggregate(edges, messages, norm)
