"""CuGraphRelGraphConv: relational graph convolution with the parameters of cuGraph's layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...errors import GraphValueError
from ...graph import Graph
from ...ops import Adjacency
from .._shared.inputs import checked_types, read_edges, read_ends, split_ends
from .._shared.maps import add_bias
from ..dropout import Dropout
from .rel_graph_conv import sum_by_type


class CuGraphRelGraphConv(nn.Module):
    r"""Relational graph convolution with the parameters of cuGraph's layer, on any device.

    .. math::
        h_v' = b + \sum_{u \in N(v)} c_{uv} h_u W_{r(uv)} \;[\, + h_v W_{loop}]

    where :math:`r(uv)` is the type of an edge and :math:`c_{uv}` is 1, or one over the number of
    edges of the type that enter the node. With ``"basis"``, :math:`W_r` is a weighted sum of
    ``num_bases`` matrices. Outputs were not compared with cuGraph itself;
    :class:`RelGraphConv` has more options.

    Args:
        in_feat: size of a node's input.
        out_feat: size of a node's output.
        num_rels: the number of types of edges.
        regularizer: None or ``"basis"``.
        num_bases: the number of bases; needed with ``"basis"``.
        bias: add a bias.
        self_loop: add the destinations' input through a matrix of its own.
        dropout: dropout of the result.
        apply_norm: divide by the number of edges of the type that enter the node.

    Attributes:
        W: (num_rels or num_bases, in_feat, out_feat), the matrices; with ``self_loop`` one more
            row, the last, for the destinations.
        coeff: (num_rels, num_bases); None without bases.
        bias: (out_feat,), zeros at first; None without a bias.

    Shapes:
        - feat: (num_src, in_feat); or a pair of that and (num_dst, in_feat).
        - etypes: (E,) integers.
        - output: (num_dst, out_feat).

    Raises:
        GraphValueError: an unknown regulariser, or no number of bases.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 2]))
        >>> conv = gm.nn.CuGraphRelGraphConv(5, 2, 3, regularizer="basis", num_bases=2)
        >>> conv(g, torch.ones(3, 5), torch.tensor([0, 2, 1])).shape
        torch.Size([3, 2])
    """

    bias: nn.Parameter | None
    coeff: nn.Parameter | None

    def __init__(
        self,
        in_feat: int,
        out_feat: int,
        num_rels: int,
        regularizer: str | None = None,
        num_bases: int | None = None,
        bias: bool = True,
        self_loop: bool = True,
        dropout: float = 0.0,
        apply_norm: bool = False,
    ) -> None:
        super().__init__()
        self.in_feat, self.out_feat, self.num_rels = in_feat, out_feat, num_rels
        self.regularizer, self.self_loop, self.apply_norm = regularizer, self_loop, apply_norm
        self.num_bases = _checked_bases(regularizer, num_bases)
        rows = num_rels if self.num_bases is None else self.num_bases
        self.W = nn.Parameter(torch.empty(rows + bool(self_loop), in_feat, out_feat))
        coeff = None if regularizer is None else nn.Parameter(torch.empty(num_rels, rows))
        self.register_parameter("coeff", coeff)
        self.register_parameter("bias", nn.Parameter(torch.empty(out_feat)) if bias else None)
        self.dropout = Dropout(dropout)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the matrices from uniform numbers up to the root of 1 / in_feat, biases to 0.

        The matrix of the destinations and the coefficients are drawn by Glorot's uniform rule.
        """
        limit, gain = max(self.in_feat, 1) ** -0.5, nn.init.calculate_gain("relu")
        nn.init.uniform_(self.W, -limit, limit)
        if self.self_loop:
            nn.init.xavier_uniform_(self.W.detach()[-1], gain)
        if self.coeff is not None:
            nn.init.xavier_uniform_(self.coeff, gain)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(
        self,
        g: Graph,
        feat: Any,
        etypes: Any,
        max_in_degree: int | None = None,  # noqa: ARG002
    ) -> Tensor:
        """Convolve.

        Args:
            g: a graph or block of one edge type.
            feat: (num_src, in_feat) features; or a pair of that and (num_dst, in_feat).
            etypes: (E,) integers, the type of each edge.
            max_in_degree: for compatibility with DGL; it has no effect.

        Returns:
            (num_dst, out_feat).

        Raises:
            GraphTypeError: features that are not tensors, or types that are not integers.
            GraphIndexError: an unknown type.
        """
        ends = read_ends(g, feat, (self.in_feat, self.in_feat), self.W)
        adjacency, (src, dst) = ends.adjacency, split_ends(ends, ends.feat)
        types = checked_types(etypes, self.num_rels, "etypes")
        read_edges(adjacency, types, "etypes")
        norm = self._norm(adjacency, types, src.dtype) if self.apply_norm else None
        out = sum_by_type(adjacency, src, types, self._matrices(), norm)
        out = out + dst @ self.W[-1] if self.self_loop else out
        return self.dropout(add_bias(out, self.bias))  # type: ignore[no-any-return]

    def _matrices(self) -> Tensor:
        """(num_rels, in_feat, out_feat)."""
        weight = self.W[:-1] if self.self_loop else self.W
        if self.coeff is None:
            return weight
        return (self.coeff @ weight.flatten(1)).view(-1, self.in_feat, self.out_feat)

    def _norm(self, adjacency: Adjacency, types: Tensor, dtype: torch.dtype) -> Tensor:
        """(E, 1): one over the number of edges of the type that enter the node."""
        pairs = adjacency.dst.long() * self.num_rels + types
        counts = pairs.new_zeros(adjacency.num_dst * self.num_rels)
        counts.index_add_(0, pairs, torch.ones_like(pairs))
        return counts[pairs].to(dtype).reciprocal().view(-1, 1)

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        return f"in={self.in_feat}, out={self.out_feat}, num_rels={self.num_rels}"


def _checked_bases(regularizer: str | None, num_bases: int | None) -> int | None:
    """The number of bases; None without a regulariser."""
    if regularizer not in (None, "basis"):
        raise GraphValueError(f"regularizer: expected None or 'basis', got {regularizer!r}.")
    if regularizer is not None and (num_bases is None or num_bases < 1):
        raise GraphValueError(
            f"num_bases: expected at least 1 for regularizer={regularizer!r}, got {num_bases}."
        )
    return num_bases if regularizer else None
