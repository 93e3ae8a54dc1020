"""Attention between the members of sets, which are the nodes of each graph in a batch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.compiler import is_compiling
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.weak import WeakTensorKeyDictionary

from .._shared.cached_by_tensor import cached_by_tensor
from .._shared.heads import by_head
from ..dropout import Dropout

_SETS = WeakTensorKeyDictionary()


class Sets(NamedTuple):
    """Where the members of sets lie in a padded batch.

    Attributes:
        lengths: (B,) the size of each set.
        longest: the greatest of them.
        positions: (N,) the row of each member among the B * longest rows of the batch.
    """

    lengths: Tensor
    longest: int
    positions: Tensor

    def pad(self, x: Tensor) -> Tensor:
        """(B, longest, …): the rows (N, …) of all members, zeros after the end of a set."""
        rows = x.new_zeros(self.lengths.shape[0] * self.longest, *x.shape[1:])
        rows = rows.index_copy(0, self.positions, x)
        return rows.view(self.lengths.shape[0], self.longest, *x.shape[1:])

    def unpad(self, padded: Tensor) -> Tensor:
        """(N, …): the rows of all members."""
        return padded.flatten(0, 1).index_select(0, self.positions)


def sets_of(sizes: Tensor, num_members: int) -> Sets:
    """Place the members of sets; once per tensor of sizes.

    Args:
        sizes: (B,) integers.
        num_members: their sum.

    Example:
        >>> sets_of(torch.tensor([2, 0, 3]), 5).positions
        tensor([0, 1, 6, 7, 8])
    """
    return cached_by_tensor(_SETS, sizes, lambda: _place(sizes, num_members))


def equal_sets(count: int, size: int, device: torch.device) -> Sets:
    """Place the members of ``count`` sets of one size."""
    lengths = torch.full((count,), size, device=device)
    return Sets(lengths, size, torch.arange(count * size, device=device))


def _place(sizes: Tensor, num_members: int) -> Sets:
    lengths = sizes.to(torch.int64, copy=True)
    longest = _longest(lengths, num_members)
    starts = lengths.cumsum(0) - lengths
    shifts = torch.arange(lengths.shape[0], device=sizes.device) * longest - starts
    shifts = shifts.repeat_interleave(lengths, output_size=num_members)
    return Sets(lengths, longest, torch.arange(num_members, device=sizes.device) + shifts)


def _longest(lengths: Tensor, num_members: int) -> int:
    """The greatest length; in a compiled program at least 2, from which on torch traces sizes."""
    if is_compiling():
        longest: int = lengths.max().clamp(min=2).item()  # type: ignore[assignment]
        torch._check(longest >= 2)  # type: ignore[no-untyped-call]
        return longest
    if lengths.shape[0] == 1:
        return num_members
    return int(lengths.max()) if lengths.shape[0] else 0


class MultiHeadAttention(nn.Module):
    r"""Multi-head attention of the members of sets to those of other sets.

    .. math::
        \bar X &= \mathrm{norm}\Big(X + W_o\, \|_h\, \mathrm{softmax}\Big(\frac{X W_q^h
            (M W_k^h)^T}{\sqrt{d}}\Big) M W_v^h\Big)

        X' &= \mathrm{norm}\big(\bar X + W_2\, \mathrm{ReLU}(W_1 \bar X + b_1) + b_2\big)

    Args:
        d_model: size of the input and output.
        num_heads: the number of heads.
        d_head: size of a head.
        d_ff: size of the hidden layer of the last maps.
        dropouth: dropout of the hidden layer.
        dropouta: dropout of the attention.

    Example:
        >>> attend, sets = MultiHeadAttention(4, 2, 3, 8), sets_of(torch.tensor([2, 3]), 5)
        >>> attend(torch.ones(5, 4), torch.ones(5, 4), sets, sets).shape
        torch.Size([5, 4])
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        d_head: int,
        d_ff: int,
        dropouth: float = 0.0,
        dropouta: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads, self.d_head, self.dropouta = num_heads, d_head, dropouta
        self.proj_q = nn.Linear(d_model, num_heads * d_head, bias=False)
        self.proj_k = nn.Linear(d_model, num_heads * d_head, bias=False)
        self.proj_v = nn.Linear(d_model, num_heads * d_head, bias=False)
        self.proj_o = nn.Linear(num_heads * d_head, d_model, bias=False)
        self.ffn = feed_forward(d_model, d_ff, dropouth)
        self.norm_in = nn.LayerNorm(d_model)
        self.norm_inter = nn.LayerNorm(d_model)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weights by Glorot's uniform rule."""
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)

    def forward(self, x: Tensor, mem: Tensor, sets: Sets, mem_sets: Sets) -> Tensor:
        """Attend.

        Args:
            x: (N, d_model) members that attend.
            mem: (M, d_model) members that they attend to, in the set of the same number. A member
                attends to an empty set with zeros.
            sets: the sets of ``x``.
            mem_sets: the sets of ``mem``.

        Returns:
            (N, d_model).
        """
        q, k, v = (
            by_head(of.pad(linear(h)), self.num_heads).transpose(1, 2)
            for linear, h, of in (
                (self.proj_q, x, sets),
                (self.proj_k, mem, mem_sets),
                (self.proj_v, mem, mem_sets),
            )
        )
        dropout = self.dropouta if self.training else 0.0
        heads = scaled_dot_product_attention(q, k, v, _mask(mem_sets), dropout)
        x = self.norm_in(x + self.proj_o(sets.unpad(heads.transpose(1, 2).flatten(2))))
        return self.norm_inter(x + self.ffn(x))  # type: ignore[no-any-return]


class SetAttentionBlock(nn.Module):
    """Attention of the members of each set to each other.

    Args:
        d_model: as in :class:`MultiHeadAttention`.
        num_heads: likewise.
        d_head: likewise.
        d_ff: likewise.
        dropouth: likewise.
        dropouta: likewise.
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        d_head: int,
        d_ff: int,
        dropouth: float = 0.0,
        dropouta: float = 0.0,
    ) -> None:
        super().__init__()
        self.mha = MultiHeadAttention(d_model, num_heads, d_head, d_ff, dropouth, dropouta)

    def forward(self, feat: Tensor, sets: Sets) -> Tensor:
        """Attend: (N, d_model) from (N, d_model)."""
        return self.mha(feat, feat, sets, sets)  # type: ignore[no-any-return]


class InducedSetAttentionBlock(nn.Module):
    """Attention of learnt points to the members of each set, and of these to the results.

    Args:
        m: the number of points.
        d_model: as in :class:`MultiHeadAttention`.
        num_heads: likewise.
        d_head: likewise.
        d_ff: likewise.
        dropouth: likewise.
        dropouta: likewise.
    """

    def __init__(
        self,
        m: int,
        d_model: int,
        num_heads: int,
        d_head: int,
        d_ff: int,
        dropouth: float = 0.0,
        dropouta: float = 0.0,
    ) -> None:
        super().__init__()
        sizes = (d_model, num_heads, d_head, d_ff, dropouth, dropouta)
        self.m = m
        self.inducing_points = nn.Parameter(torch.empty(m, d_model))
        self.mha = nn.ModuleList([MultiHeadAttention(*sizes) for _ in range(2)])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the points by Glorot's uniform rule."""
        nn.init.xavier_uniform_(self.inducing_points)

    def forward(self, feat: Tensor, sets: Sets) -> Tensor:
        """Attend: (N, d_model) from (N, d_model)."""
        points = equal_sets(sets.lengths.shape[0], self.m, feat.device)
        query = self.inducing_points.repeat(sets.lengths.shape[0], 1)
        memory = self.mha[0](query, feat, points, sets)
        return self.mha[1](feat, memory, sets, points)  # type: ignore[no-any-return]


class PMALayer(nn.Module):
    """Attention of learnt seeds to the members of each set.

    Args:
        k: the number of seeds.
        d_model: as in :class:`MultiHeadAttention`.
        num_heads: likewise.
        d_head: likewise.
        d_ff: likewise.
        dropouth: likewise.
        dropouta: likewise.
    """

    def __init__(
        self,
        k: int,
        d_model: int,
        num_heads: int,
        d_head: int,
        d_ff: int,
        dropouth: float = 0.0,
        dropouta: float = 0.0,
    ) -> None:
        super().__init__()
        self.k = k
        self.seed_vectors = nn.Parameter(torch.empty(k, d_model))
        self.mha = MultiHeadAttention(d_model, num_heads, d_head, d_ff, dropouth, dropouta)
        self.ffn = feed_forward(d_model, d_ff, dropouth)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the seeds by Glorot's uniform rule."""
        nn.init.xavier_uniform_(self.seed_vectors)

    def forward(self, feat: Tensor, sets: Sets) -> Tensor:
        """Attend: (B * k, d_model) from (N, d_model)."""
        seeds = equal_sets(sets.lengths.shape[0], self.k, feat.device)
        query = self.seed_vectors.repeat(sets.lengths.shape[0], 1)
        return self.mha(query, self.ffn(feat), seeds, sets)  # type: ignore[no-any-return]


def feed_forward(d_model: int, d_ff: int, dropout: float) -> nn.Sequential:
    """Two linear maps with ReLU and dropout between."""
    return nn.Sequential(
        nn.Linear(d_model, d_ff), nn.ReLU(), Dropout(dropout), nn.Linear(d_ff, d_model)
    )


def _mask(sets: Sets) -> Tensor:
    """(B, 1, 1, longest): True at members, and everywhere in an empty set, whose rows are zeros."""
    places = torch.arange(sets.longest, device=sets.lengths.device)
    lengths = sets.lengths.unsqueeze(1)
    return ((places < lengths) | (lengths == 0))[:, None, None, :]
