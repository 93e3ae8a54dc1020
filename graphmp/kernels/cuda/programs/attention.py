"""Attention of destinations: scores, softmax and weighted sum in one pass over the edges of a row.

A program works on a piece of a row and on ``HEADS`` heads of it, in tiles of ``EDGES`` edges. This
is the online softmax: each lane, which is one edge of a tile, accumulates the largest score
(``peak``), the sum of ``exp(score - peak)`` (``total``) and the sum of the values with these
weights (``weighted``). After the loop the lanes are merged; a second pass merges the pieces of a
long row in the same way.

Arguments ``..._high`` and ``..._low`` are two halves of one number of 64 bits. A missing operand,
such as the weights of edges, has 0 heads; its pointer is valid and is not read.
"""

from __future__ import annotations

import triton
import triton.language as tl

from .pieces import load_long_row, load_piece
from .scores import (
    aligned_width,
    dropout_mask,
    from_halves,
    leaky_relu,
    load_edge_terms,
    load_edges,
    load_heads,
    load_row,
    scores,
    store_row,
)

NUMBERS = [
    *("heads", "width", "size", "edge_heads", "weight_heads"),
    *("key_low", "key_high", "threshold"),
]


@triton.jit
def merged(peak, total, weighted, other_peak, other_total, other_weighted):
    """Merge two partial softmaxes; the peak of an empty one is -inf."""
    highest = tl.maximum(peak, other_peak, propagate_nan=tl.PropagateNan.ALL)
    base = tl.where(highest == float("-inf"), 0, highest)
    own_factor, other_factor = tl.exp(peak - base), tl.exp(other_peak - base)
    weighted = weighted * own_factor[:, :, None] + other_weighted * other_factor[:, :, None]
    return highest, total * own_factor + other_total * other_factor, weighted


@triton.jit
def merged_lanes(peak, total, weighted):
    """Merge the partial softmaxes of all lanes."""
    highest = tl.max(peak, 0)
    is_nan = tl.max((peak != peak).to(tl.int32), 0) > 0  # noqa: PLR0124
    highest = tl.where(is_nan, float("nan"), highest)
    factor = tl.exp(peak - tl.where(highest == float("-inf"), 0, highest)[None, :])
    return highest, tl.sum(total * factor, 0), tl.sum(weighted * factor[:, :, None], 0)


@triton.jit
def store_softmax(out, stats, row, peak, total, weighted, heads, size, head, element):
    """Store a peak, a total and a weighted sum of some heads."""
    row, is_head = row.to(tl.int64), head < heads
    tl.store(stats + row * 2 * heads + head, peak, mask=is_head)
    tl.store(stats + row * 2 * heads + heads + head, total, mask=is_head)
    store_row(out, row, weighted, heads, size, head, element)


@triton.jit
def store_finished(out, stats, row, peak, total, weighted, heads, size, head, element):
    """Store a finished row: 0 without edges, or if every score is -inf."""
    peak = tl.where(peak == float("-inf"), 0, peak)
    total = tl.where(total == 0, 1, total)
    store_softmax(
        out, stats, row, peak, total, weighted / total[:, None], heads, size, head, element
    )


@triton.jit(do_not_specialize=NUMBERS)
def attend(
    rows,
    starts,
    ends,
    slots,
    indices,
    eids,
    left,
    right,
    value,
    edge,
    weight,
    attn_vector,
    partials,
    partial_stats,
    out,
    stats,
    heads,
    width,
    size,
    edge_heads,
    weight_heads,
    key_low,
    key_high,
    threshold,
    scale_high,
    scale_low,
    slope_high,
    slope_low,
    KIND: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
    SIZE: tl.constexpr,
    SHARED: tl.constexpr,
):
    """Attention of one piece; a piece of a long row stores its partial softmax in its slot.

    With ``SHARED`` the values are the left operand, and are read once.
    """
    row, start, end = load_piece(rows, starts, ends)
    if row >= 0:
        width, size = aligned_width(width, KIND, ALIGN), size // ALIGN * ALIGN
        DTYPE: tl.constexpr = stats.dtype.element_ty
        scale = from_halves(scale_high, scale_low, DTYPE)
        slope = from_halves(slope_high, slope_low, DTYPE)
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        k, element = tl.arange(0, WIDTH), tl.arange(0, SIZE)
        y = load_row(right, row, head, heads, k, width, DTYPE)
        attn = load_row(attn_vector, 0, head, heads, k, width, DTYPE) if KIND == "leaky" else None
        peak = tl.full((EDGES, HEADS), float("-inf"), DTYPE)
        total = tl.zeros((EDGES, HEADS), DTYPE)
        weighted = tl.zeros((EDGES, HEADS, SIZE), DTYPE)
        for first in range(start, end, EDGES):
            is_edge, u, e = load_edges(indices, eids, first + lane, end)
            x = load_heads(left, u, is_edge, head, heads, k, width, DTYPE)
            z = x if SHARED else load_heads(value, u, is_edge, head, heads, element, size, DTYPE)
            score = scores(x, y, attn, edge, e, is_edge, head, heads, edge_heads, slope, KIND)
            if KIND == "add":
                score = leaky_relu(score, slope)
            score = tl.where(is_edge[:, None], score, float("-inf"))
            factor = dropout_mask(e, key_low, key_high, threshold, scale, EDGES, HEADS)
            factor *= load_edge_terms(weight, e, is_edge, head, heads, weight_heads, 1.0).to(DTYPE)
            one_each = is_edge[:, None].to(DTYPE)
            peak, total, weighted = merged(
                peak, total, weighted, score, one_each, z * factor[:, :, None]
            )
        peak, total, weighted = merged_lanes(peak, total, weighted)
        slot = tl.load(slots + tl.program_id(0))
        if slot < 0:
            store_finished(out, stats, row, peak, total, weighted, heads, size, head, element)
        else:
            store_softmax(
                partials, partial_stats, slot, peak, total, weighted, heads, size, head, element
            )


@triton.jit(do_not_specialize=["heads", "size"])
def attend_long_rows(
    long_rows,
    first_slots,
    counts,
    partials,
    partial_stats,
    out,
    stats,
    heads,
    size,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    SIZE: tl.constexpr,
):
    """Attention of a long row from the partial softmaxes of its pieces; a lane is a piece."""
    row, start, count = load_long_row(long_rows, first_slots, counts)
    if row >= 0:
        size = size // ALIGN * ALIGN
        DTYPE: tl.constexpr = stats.dtype.element_ty
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        element, is_head = tl.arange(0, SIZE), (head < heads)[None, :]
        peak = tl.full((EDGES, HEADS), float("-inf"), DTYPE)
        total = tl.zeros((EDGES, HEADS), DTYPE)
        weighted = tl.zeros((EDGES, HEADS, SIZE), DTYPE)
        for first in range(0, count, EDGES):
            is_piece = first + lane < count
            slot = start + first + lane
            at = partial_stats + slot[:, None] * 2 * heads + head[None, :]
            mask = is_piece[:, None] & is_head
            next_peak = tl.load(at, mask=mask, other=float("-inf"))
            next_total = tl.load(at + heads, mask=mask, other=0)
            z = load_heads(partials, slot, is_piece, head, heads, element, size, DTYPE)
            peak, total, weighted = merged(peak, total, weighted, next_peak, next_total, z)
        peak, total, weighted = merged_lanes(peak, total, weighted)
        store_finished(out, stats, row, peak, total, weighted, heads, size, head, element)


@triton.jit(do_not_specialize=NUMBERS)
def attention_of_edges(
    rows,
    starts,
    ends,
    indices,
    eids,
    left,
    right,
    edge,
    weight,
    attn_vector,
    stats,
    out,
    heads,
    width,
    edge_heads,
    weight_heads,
    key_low,
    key_high,
    threshold,
    scale_high,
    scale_low,
    slope_high,
    slope_low,
    KIND: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """The attention of each edge of a piece, from the peak and total of its row."""
    row, start, end = load_piece(rows, starts, ends)
    if row >= 0:
        width = aligned_width(width, KIND, ALIGN)
        DTYPE: tl.constexpr = stats.dtype.element_ty
        scale = from_halves(scale_high, scale_low, DTYPE)
        slope = from_halves(slope_high, slope_low, DTYPE)
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        k, is_head = tl.arange(0, WIDTH), head < heads
        y = load_row(right, row, head, heads, k, width, DTYPE)
        attn = load_row(attn_vector, 0, head, heads, k, width, DTYPE) if KIND == "leaky" else None
        of_row = stats + row.to(tl.int64) * 2 * heads + head
        peak = tl.load(of_row, mask=is_head, other=0)[None, :]
        total = tl.load(of_row + heads, mask=is_head, other=1)[None, :]
        for first in range(start, end, EDGES):
            is_edge, u, e = load_edges(indices, eids, first + lane, end)
            x = load_heads(left, u, is_edge, head, heads, k, width, DTYPE)
            score = scores(x, y, attn, edge, e, is_edge, head, heads, edge_heads, slope, KIND)
            if KIND == "add":
                score = leaky_relu(score, slope)
            factor = dropout_mask(e, key_low, key_high, threshold, scale, EDGES, HEADS)
            factor *= load_edge_terms(weight, e, is_edge, head, heads, weight_heads, 1.0).to(DTYPE)
            alpha = (tl.exp(score - peak) / total * factor).to(out.dtype.element_ty)
            at = out + e[:, None] * heads + head[None, :]
            tl.store(at, alpha, mask=is_edge[:, None] & is_head[None, :])
