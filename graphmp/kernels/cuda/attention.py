"""Attention on the GPU: how the programs of :mod:`.programs.attention` are launched."""

from __future__ import annotations

from ctypes import c_float
from math import gcd, isfinite
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..contract import Attention, Csr, accumulator
from ..philox import halves, threshold
from .launch import launch
from .layout import Pieces, narrow, pieces
from .programs.attention import attend, attend_long_rows, attention_of_edges
from .programs.attention_gradient import attend_gradient, reach
from .programs.pieces import add_pieces

MOST_EDGES = 32  # at once
BLOCK = 128  # elements of a row that are added at once


class Tile(NamedTuple):
    """What a program holds at once: edges, heads, and elements of a head.

    All are powers of two. Rows of many small heads are read whole, wide heads one by one.
    """

    edges: int
    heads: int
    size: int
    warps: int

    def constants(self, **others: int | str) -> dict[str, Any]:
        """What all programs are compiled for, and ``others``."""
        return {"EDGES": self.edges, "HEADS": self.heads, "warps": self.warps, **others}


def attention(csr: Csr, given: Attention, wanted: bool) -> tuple[Tensor, Tensor, Tensor | None]:
    """Attend; see the contract."""
    csr = narrow(csr)
    cut, heads, (k, d) = pieces(csr), given.heads, _sizes(given)
    rows, held = csr.indptr.numel() - 1, accumulator(given.value.dtype)
    fit = _tile(given, max(k, d))
    operands, given_heads = _optional(given)
    out, stats = _empty(given, rows, heads * d, held), _empty(given, rows, heads * 2, held)
    partial = _empty(given, cut.num_slots, heads * d, held)
    partial_stats = _empty(given, cut.num_slots, heads * 2, held)
    is_shared = given.kind == "leaky" and given.left.data_ptr() == given.value.data_ptr() and k == d
    launch(
        attend,
        (len(cut.rows), -(-heads // fit.heads)),
        *(*cut[:4], *csr[1:], *_ends(given), given.value, *operands),
        *(partial, partial_stats, out, stats),
        *(heads, k, d, *given_heads, *_numbers(given)),
        **fit.constants(**_scores(given, fit, k, d), SIZE=fit.size),
        SHARED=is_shared,
    )
    fit = _tile(given, d)
    launch(
        attend_long_rows,
        (len(cut.long_rows), -(-heads // fit.heads)),
        *(*cut[4:7], partial, partial_stats, out, stats),
        *(heads, d),
        **fit.constants(ALIGN=_align(given, k, d), SIZE=fit.size),
    )
    return out, stats, _of_edges(csr, given, stats) if wanted else None


def attention_gradient(
    csr: Csr, given: Attention, stats: Tensor, grad: Tensor, attention_grad: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """The gradient at sources and edges; see the contract."""
    csr = narrow(csr)
    cut, heads, (k, d) = pieces(csr), given.heads, _sizes(given)
    rows, edges, held = csr.indptr.numel() - 1, csr.indices.numel(), stats.dtype
    fit = _tile(given, max(k, d))
    value, left = _empty(given, rows, heads * d), _empty(given, rows, heads * k, held)
    scores = _empty(given, edges, heads, held)
    weight = None if given.weight is None else _empty(given, edges, heads, held)
    partial_value = _empty(given, cut.num_slots, heads * d, held)
    partial_left = _empty(given, cut.num_slots, heads * k, held)
    upstream = grad if attention_grad is None else attention_grad.contiguous()
    operands, given_heads = _optional(given)
    launch(
        attend_gradient,
        (len(cut.rows), -(-heads // fit.heads)),
        *(*cut[:4], *csr[1:], *_ends(given), given.value, *operands),
        *(stats, grad, upstream, partial_value, partial_left),
        *(value, left, scores, scores if weight is None else weight),
        *(heads, k, d, *given_heads, 0 if attention_grad is None else heads, *_numbers(given)),
        **fit.constants(**_scores(given, fit, k, d), SIZE=fit.size),
    )
    add_long_rows(cut, partial_value, value)
    add_long_rows(cut, partial_left, left)
    return value, left, scores, weight


def score_gradient(csr: Csr, given: Attention, scores: Tensor) -> Tensor:
    """The gradient of scores at the destinations; see the contract."""
    csr = narrow(csr)
    cut, heads, (k, _) = pieces(csr), given.heads, _sizes(given)
    fit = _tile(given, k)
    out = _empty(given, csr.indptr.numel() - 1, heads * k, scores.dtype)
    partial = _empty(given, cut.num_slots, heads * k, scores.dtype)
    launch(
        reach,
        (len(cut.rows), -(-heads // fit.heads)),
        *(*cut[:4], *csr[1:], *_ends(given), scores, partial, out),
        *(heads, k, *_halves(given.negative_slope)),
        **fit.constants(**_scores(given, fit, k)),
    )
    add_long_rows(cut, partial, out)
    return out


def _of_edges(csr: Csr, given: Attention, stats: Tensor) -> Tensor:
    """The attention of each edge, (E, heads): only scores are made again."""
    cut, heads, (k, _) = pieces(csr), given.heads, _sizes(given)
    fit = _tile(given, k)
    operands, given_heads = _optional(given)
    made = _empty(given, csr.indices.numel(), heads)
    launch(
        attention_of_edges,
        (len(cut.rows), -(-heads // fit.heads)),
        *(*cut[:3], *csr[1:], *_ends(given), *operands, stats, made),
        *(heads, k, *given_heads, *_numbers(given)),
        **fit.constants(**_scores(given, fit, k)),
    )
    return made


def add_long_rows(cut: Pieces, partial: Tensor, out: Tensor) -> None:
    """Write the rows of which pieces left parts in slots."""
    grid = (len(cut.long_rows), -(-out.shape[1] // BLOCK))
    tensors = (partial, *cut[4:7], cut.counts, partial, out)
    launch(add_pieces, grid, *tensors, out.shape[1], 0, DIVIDED=False, BLOCK=BLOCK)


def _tile(given: Attention, size: int) -> Tile:
    """The tile of some attention, for heads of at most ``size`` elements."""
    return tile_of_heads(given.heads, size, accumulator(given.value.dtype))


def tile_of_heads(heads: int, size: int, held: torch.dtype) -> Tile:
    """About 2048 bytes for each warp; more warps where four edges of a head are more.

    Args:
        heads: how many heads.
        size: the elements of a head.
        held: the dtype of what a program holds.
    """
    warp, size = 2048 // held.itemsize, _power(size)
    heads = min(_power(heads), max(128 // size, 1))
    each = heads * size  # elements of an edge
    edges = min(max(warp // each, min(4, 4096 // each), 1), MOST_EDGES)
    return Tile(edges, heads, size, min(max(edges * each // warp, 1), 8))


def _scores(given: Attention, fit: Tile, k: int, d: int = 0) -> dict[str, int | str]:
    """What programs that make scores are compiled for: one size serves both operands."""
    width = 1 if given.kind == "add" else fit.size
    return {"KIND": given.kind, "ALIGN": _align(given, k, d), "WIDTH": width}


def _sizes(given: Attention) -> tuple[int, int]:
    """The elements of a head in the operands of scores, and in the values."""
    heads = max(given.heads, 1)
    return given.left.shape[1] // heads, given.value.shape[1] // heads


def _align(given: Attention, k: int, d: int = 0) -> int:
    """How many elements of a head can be read at once, of all operands that have several."""
    return gcd(16 // given.value.itemsize, d, 0 if d > 0 and given.kind == "add" else k)


def _power(number: int) -> int:
    """The least power of two that is not less."""
    return 1 << max(number - 1, 0).bit_length()


def _empty(given: Attention, rows: int, size: int, dtype: torch.dtype | None = None) -> Tensor:
    """Memory beside the values."""
    return torch.empty(rows, size, dtype=dtype or given.value.dtype, device=given.value.device)


def _ends(given: Attention) -> tuple[Tensor, Tensor]:
    return given.left, given.right


def _optional(given: Attention) -> tuple[list[Tensor], list[int]]:
    """What may be missing, and for how many heads there are edge terms and weights."""
    optional = (given.edge, given.weight, given.attn_vector)
    operands = [given.left if operand is None else operand for operand in optional]
    return operands, [0 if operand is None else given.heads for operand in optional[:2]]


def _numbers(given: Attention) -> tuple[int | float, ...]:
    """Seed, threshold and factor of dropout, and the slope, in words of 32 bits."""
    least = threshold(given.dropout)
    bound, _ = halves(min(least, 0xFFFFFFFF))
    keep = 2**32 / (2**32 - least) if least < 2**32 else 0.0
    return *halves(given.seed), bound, *_halves(keep), *_halves(given.negative_slope)


def _halves(number: float) -> tuple[float, float]:
    """A number as the sum of two that float32 holds."""
    high = c_float(number).value
    return high, number - high if isfinite(high) else 0.0
