"""Attention and its gradients on the GPU; :mod:`.programs.attention` has the programs."""

from __future__ import annotations

from ctypes import c_float
from math import gcd, isfinite

import torch
from torch import Tensor

from ..contract import Attention, Csr, accumulator
from ..philox import halves, threshold
from .features import HeadTile, head_tile
from .launch import launch
from .layout import add_long_rows, cut_rows, narrow
from .programs.attention import attend, attend_long_rows, attention_of_edges
from .programs.attention_gradient import attend_gradient, gradient_of_scores


def attention(
    csr: Csr, spec: Attention, with_attention: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Attend; see the contract."""
    csr = narrow(csr)
    pieces, heads, (k, d) = cut_rows(csr), spec.heads, _sizes(spec)
    rows, dtype = csr.indptr.numel() - 1, accumulator(spec.value.dtype)
    tile = _tile(spec, max(k, d))
    operands, numbers = _optional(spec)
    out, stats = _empty(spec, rows, heads * d, dtype), _empty(spec, rows, heads * 2, dtype)
    partials = _empty(spec, pieces.num_slots, heads * d, dtype)
    partial_stats = _empty(spec, pieces.num_slots, heads * 2, dtype)
    is_shared = spec.kind == "leaky" and spec.left.data_ptr() == spec.value.data_ptr() and k == d
    launch(
        attend,
        (len(pieces.rows), -(-heads // tile.heads)),
        *(*pieces[:4], *csr[1:], spec.left, spec.right, spec.value, *operands),
        *(partials, partial_stats, out, stats),
        *(heads, k, d, *numbers, *_dropout(spec), *_float64(spec.negative_slope)),
        **tile.constants(**_score_constants(spec, tile, k, d), SIZE=tile.size),
        SHARED=is_shared,
    )
    tile = _tile(spec, d)
    launch(
        attend_long_rows,
        (len(pieces.long_rows), -(-heads // tile.heads)),
        *(*pieces[4:7], partials, partial_stats, out, stats),
        *(heads, d),
        **tile.constants(ALIGN=_align(spec, k, d), SIZE=tile.size),
    )
    attention = _attention_of_edges(csr, spec, stats) if with_attention else None
    return out, out.to(spec.value.dtype), stats, attention


def attention_gradient(
    csr: Csr, spec: Attention, stats: Tensor, grad: Tensor, attention_grad: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """The gradient at sources and edges; see the contract."""
    csr = narrow(csr)
    pieces, heads, (k, d) = cut_rows(csr), spec.heads, _sizes(spec)
    rows, edges, dtype = csr.indptr.numel() - 1, csr.indices.numel(), stats.dtype
    tile = _tile(spec, max(k, d))
    value, left = _empty(spec, rows, heads * d), _empty(spec, rows, heads * k, dtype)
    scores = _empty(spec, edges, heads, dtype)
    weight = None if spec.weight is None else _empty(spec, edges, heads, dtype)
    partial_value = _empty(spec, pieces.num_slots, heads * d, dtype)
    partial_left = _empty(spec, pieces.num_slots, heads * k, dtype)
    upstream = grad if attention_grad is None else attention_grad.contiguous()
    upstream_heads = 0 if attention_grad is None else heads
    operands, numbers = _optional(spec)
    launch(
        attend_gradient,
        (len(pieces.rows), -(-heads // tile.heads)),
        *(*pieces[:4], *csr[1:], spec.left, spec.right, spec.value, *operands),
        *(stats, grad, upstream, partial_value, partial_left),
        *(value, left, scores, scores if weight is None else weight),
        *(heads, k, d, *numbers, upstream_heads, *_dropout(spec), *_float64(spec.negative_slope)),
        **tile.constants(**_score_constants(spec, tile, k, d), SIZE=tile.size),
    )
    add_long_rows(pieces, partial_value, value)
    add_long_rows(pieces, partial_left, left)
    return value, left, scores, weight


def score_gradient(csr: Csr, spec: Attention, scores: Tensor) -> Tensor:
    """The gradient of scores at the destinations; see the contract."""
    csr = narrow(csr)
    pieces, heads, (k, _) = cut_rows(csr), spec.heads, _sizes(spec)
    tile = _tile(spec, k)
    out = _empty(spec, csr.indptr.numel() - 1, heads * k, scores.dtype)
    partials = _empty(spec, pieces.num_slots, heads * k, scores.dtype)
    launch(
        gradient_of_scores,
        (len(pieces.rows), -(-heads // tile.heads)),
        *(*pieces[:4], *csr[1:], spec.left, spec.right, scores, partials, out),
        *(heads, k, *_float64(spec.negative_slope)),
        **tile.constants(**_score_constants(spec, tile, k)),
    )
    add_long_rows(pieces, partials, out)
    return out


def _attention_of_edges(csr: Csr, spec: Attention, stats: Tensor) -> Tensor:
    """The attention of each edge, (E, heads); only scores are computed a second time."""
    pieces, heads, (k, _) = cut_rows(csr), spec.heads, _sizes(spec)
    tile = _tile(spec, k)
    operands, numbers = _optional(spec)
    alpha = _empty(spec, csr.indices.numel(), heads)
    launch(
        attention_of_edges,
        (len(pieces.rows), -(-heads // tile.heads)),
        *(*pieces[:3], *csr[1:], spec.left, spec.right, *operands, stats, alpha),
        *(heads, k, *numbers, *_dropout(spec), *_float64(spec.negative_slope)),
        **tile.constants(**_score_constants(spec, tile, k)),
    )
    return alpha


def _tile(spec: Attention, size: int) -> HeadTile:
    """The tile for heads of at most ``size`` elements."""
    return head_tile(spec.heads, size, accumulator(spec.value.dtype))


def _score_constants(spec: Attention, tile: HeadTile, k: int, d: int = 0) -> dict[str, int | str]:
    """The constants of programs that compute scores: one size serves both operands."""
    width = 1 if spec.kind == "add" else tile.size
    return {"KIND": spec.kind, "ALIGN": _align(spec, k, d), "WIDTH": width}


def _sizes(spec: Attention) -> tuple[int, int]:
    """The elements of a head in the operands of scores, and in the values."""
    heads = max(spec.heads, 1)
    return spec.left.shape[1] // heads, spec.value.shape[1] // heads


def _align(spec: Attention, k: int, d: int = 0) -> int:
    """The elements of a head that one load reads, in all operands whose heads have several."""
    return gcd(16 // spec.value.itemsize, d, 0 if d > 0 and spec.kind == "add" else k)


def _empty(spec: Attention, rows: int, size: int, dtype: torch.dtype | None = None) -> Tensor:
    """Memory on the device of the values."""
    return torch.empty(rows, size, dtype=dtype or spec.value.dtype, device=spec.value.device)


def _optional(spec: Attention) -> tuple[list[Tensor], list[int]]:
    """The optional operands, and the number of heads of edge terms and weights, 0 without them.

    A program still takes a tensor for a missing operand, and reads nothing from it.
    """
    optional = (spec.edge, spec.weight, spec.attn_vector)
    operands = [spec.left if operand is None else operand for operand in optional]
    return operands, [0 if operand is None else spec.heads for operand in optional[:2]]


def _dropout(spec: Attention) -> tuple[int | float, ...]:
    """The seed, threshold and factor of dropout, in numbers of 32 bits."""
    least = threshold(spec.dropout)
    least_low, _ = halves(min(least, 0xFFFFFFFF))
    factor = 2**32 / (2**32 - least) if least < 2**32 else 0.0
    return *halves(spec.seed), least_low, *_float64(factor)


def _float64(number: float) -> tuple[float, float]:
    """A number as the sum of two of float32, since kernels take no number of float64."""
    high = c_float(number).value
    return high, number - high if isfinite(high) else 0.0
