"""Attention of destinations: scores, softmax and weighted sum in one pass over the edges of a row.

A program works on a piece of a row and on ``HEADS`` heads of it, by tiles of ``EDGES`` edges. Each
lane, the place of an edge in the tile, keeps a peak, a total and a weighted row of its own; they
meet after the loop. Pieces of a long row meet in the same way, in a second pass.

``high`` and ``low`` halves together are a number of float64, or of 64 bits. What is not given, such
as the weights of edges, is any pointer, of which the terms of 0 heads are read.
"""

from __future__ import annotations

import triton
import triton.language as tl

from .scores import aligned, dropped, number, of_edges, scores, tile

NUMBERS = ["heads", "width", "size", "edge_heads", "weight_heads", "key_low", "key_high", "least"]


@triton.jit
def added(peak, total, mixed, other_peak, other_total, other_mixed):
    """Two softmaxes in the making as one; -inf is the peak of none."""
    most = tl.maximum(peak, other_peak, propagate_nan=tl.PropagateNan.ALL)
    base = tl.where(most == float("-inf"), 0, most)
    own, other = tl.exp(peak - base), tl.exp(other_peak - base)
    mixed = mixed * own[:, :, None] + other_mixed * other[:, :, None]
    return most, total * own + other_total * other, mixed


@triton.jit
def joined(peak, total, mixed):
    """The softmaxes of all lanes as one."""
    most = tl.max(peak, 0)
    is_nan = tl.max((peak != peak).to(tl.int32), 0) > 0  # noqa: PLR0124
    most = tl.where(is_nan, float("nan"), most)
    factor = tl.exp(peak - tl.where(most == float("-inf"), 0, most)[None, :])
    return most, tl.sum(total * factor, 0), tl.sum(mixed * factor[:, :, None], 0)


@triton.jit
def store_row(out, stats, row, peak, total, mixed, heads, size, head, place):
    """Write a peak, a total and a weighted row, for some heads."""
    is_head = head < heads
    tl.store(stats + row * 2 * heads + head, peak, mask=is_head)
    tl.store(stats + row * 2 * heads + heads + head, total, mask=is_head)
    inside = is_head[:, None] & (place < size)[None, :]
    tl.store(out + row * heads * size + head[:, None] * size + place[None, :], mixed, mask=inside)


@triton.jit
def store_finished(out, stats, row, peak, total, mixed, is_empty, heads, size, head, place):
    """Write a row that is whole: 0 without edges, NaN if no edge has a weight."""
    nothing = peak == float("-inf")
    mixed = tl.where(is_empty, 0, mixed / total[:, None])
    total = tl.where(nothing & (is_empty == 0), float("nan"), total)
    store_row(out, stats, row, peak, total, mixed, heads, size, head, place)


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
    slant,
    partial,
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
    least,
    keep_high,
    keep_low,
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
    """Attention of one piece; that of a piece of a long row, not yet divided, goes to its slot.

    ``SHARED`` says that the values are the left operand, and are read once.
    """
    row = tl.load(rows + tl.program_id(0)).to(tl.int64)
    if row >= 0:
        width, size = aligned(width, KIND, ALIGN), size // ALIGN * ALIGN
        DTYPE: tl.constexpr = stats.dtype.element_ty
        keep, slope = number(keep_high, keep_low, DTYPE), number(slope_high, slope_low, DTYPE)
        start, end = tl.load(starts + tl.program_id(0)), tl.load(ends + tl.program_id(0))
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        k, place = tl.arange(0, WIDTH), tl.arange(0, SIZE)
        own = tl.zeros((1,), tl.int64) + row
        y = tile(right, own, own >= 0, head, heads, k, width, DTYPE)
        bow = (
            tile(slant, own * 0, own >= 0, head, heads, k, width, DTYPE) if KIND == "leaky" else own
        )
        peak = tl.full((EDGES, HEADS), float("-inf"), DTYPE)
        total = tl.zeros((EDGES, HEADS), DTYPE)
        mixed = tl.zeros((EDGES, HEADS, SIZE), DTYPE)
        for first in range(start, end, EDGES):
            is_edge = first + lane < end
            u = tl.load(indices + first + lane, mask=is_edge, other=0).to(tl.int64)
            e = tl.load(eids + first + lane, mask=is_edge, other=0).to(tl.int64)
            x = tile(left, u, is_edge, head, heads, k, width, DTYPE)
            z = x if SHARED else tile(value, u, is_edge, head, heads, place, size, DTYPE)
            score = scores(x, y, bow, edge, e, is_edge, head, heads, edge_heads, slope, KIND)
            if KIND == "add":
                score = tl.where(score > 0, score, score * slope)
            score = tl.where(is_edge[:, None], score, float("-inf"))
            share = dropped(e, key_low, key_high, least, keep, EDGES, HEADS)
            share *= of_edges(weight, e, is_edge, head, heads, weight_heads, 1.0).to(DTYPE)
            one_each = is_edge[:, None].to(DTYPE)
            peak, total, mixed = added(peak, total, mixed, score, one_each, z * share[:, :, None])
        peak, total, mixed = joined(peak, total, mixed)
        slot = tl.load(slots + tl.program_id(0)).to(tl.int64)
        if slot < 0:
            store_finished(
                out, stats, row, peak, total, mixed, start == end, heads, size, head, place
            )
        else:
            store_row(partial, partial_stats, slot, peak, total, mixed, heads, size, head, place)


@triton.jit(do_not_specialize=["heads", "size"])
def attend_long_rows(
    long_rows,
    first_slots,
    counts,
    partial,
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
    """Attention of a long row, of what its pieces left in slots; lanes are pieces."""
    row = tl.load(long_rows + tl.program_id(0)).to(tl.int64)
    if row >= 0:
        size = size // ALIGN * ALIGN
        DTYPE: tl.constexpr = stats.dtype.element_ty
        start = tl.load(first_slots + tl.program_id(0)).to(tl.int64)
        count = tl.load(counts + tl.program_id(0))
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        place, is_head = tl.arange(0, SIZE), (head < heads)[None, :]
        peak = tl.full((EDGES, HEADS), float("-inf"), DTYPE)
        total = tl.zeros((EDGES, HEADS), DTYPE)
        mixed = tl.zeros((EDGES, HEADS, SIZE), DTYPE)
        for first in range(0, count, EDGES):
            is_piece = first + lane < count
            slot = start + first + lane
            at = partial_stats + slot[:, None] * 2 * heads + head[None, :]
            mask = is_piece[:, None] & is_head
            next_peak = tl.load(at, mask=mask, other=float("-inf"))
            next_total = tl.load(at + heads, mask=mask, other=0)
            z = tile(partial, slot, is_piece, head, heads, place, size, DTYPE)
            peak, total, mixed = added(peak, total, mixed, next_peak, next_total, z)
        peak, total, mixed = joined(peak, total, mixed)
        store_finished(out, stats, row, peak, total, mixed, False, heads, size, head, place)


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
    slant,
    stats,
    out,
    heads,
    width,
    edge_heads,
    weight_heads,
    key_low,
    key_high,
    least,
    keep_high,
    keep_low,
    slope_high,
    slope_low,
    KIND: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """The attention of each edge of a piece, of what is known of its row."""
    row = tl.load(rows + tl.program_id(0)).to(tl.int64)
    if row >= 0:
        width = aligned(width, KIND, ALIGN)
        DTYPE: tl.constexpr = stats.dtype.element_ty
        keep, slope = number(keep_high, keep_low, DTYPE), number(slope_high, slope_low, DTYPE)
        start, end = tl.load(starts + tl.program_id(0)), tl.load(ends + tl.program_id(0))
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        k, is_head = tl.arange(0, WIDTH), head < heads
        own = tl.zeros((1,), tl.int64) + row
        y = tile(right, own, own >= 0, head, heads, k, width, DTYPE)
        bow = (
            tile(slant, own * 0, own >= 0, head, heads, k, width, DTYPE) if KIND == "leaky" else own
        )
        peak = tl.load(stats + row * 2 * heads + head, mask=is_head, other=0)[None, :]
        total = tl.load(stats + row * 2 * heads + heads + head, mask=is_head, other=1)[None, :]
        for first in range(start, end, EDGES):
            is_edge = first + lane < end
            u = tl.load(indices + first + lane, mask=is_edge, other=0).to(tl.int64)
            e = tl.load(eids + first + lane, mask=is_edge, other=0).to(tl.int64)
            x = tile(left, u, is_edge, head, heads, k, width, DTYPE)
            score = scores(x, y, bow, edge, e, is_edge, head, heads, edge_heads, slope, KIND)
            if KIND == "add":
                score = tl.where(score > 0, score, score * slope)
            share = dropped(e, key_low, key_high, least, keep, EDGES, HEADS)
            share *= of_edges(weight, e, is_edge, head, heads, weight_heads, 1.0).to(DTYPE)
            alpha = (tl.exp(score - peak) / total * share).to(out.dtype.element_ty)
            at = out + e[:, None] * heads + head[None, :]
            tl.store(at, alpha, mask=is_edge[:, None] & is_head[None, :])
