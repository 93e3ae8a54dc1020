"""Softmax over the edges of rows, and its gradient, in three passes.

A program of the first pass reduces several short rows side by side, so that their loads overlap;
the first edges of each stay in registers until the result is computed. Of a long row, each piece
stores its peak and total in its slot; a second pass merges the slots of a row, in order; a third
stores the result. The gradient reduces products to a total and has peak 0, so that the same
passes merge it; its weights are as the edges are grouped, all else is in edge id order.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _edges(eids, start, end, nth, column, size, EDGES: tl.constexpr):
    """Where the numbers of the edges from the ``nth`` on are, (rows, edges, block), and a mask.

    The first place is in edge id order, the second as the edges are grouped.
    """
    position = start[:, None] + nth + tl.arange(0, EDGES)[None, :]
    is_edge = position < end[:, None]
    edge = tl.load(eids + position, mask=is_edge, other=0).to(tl.int64)
    at = edge[:, :, None] * size + column[None, None, :]
    grouped_at = position.to(tl.int64)[:, :, None] * size + column[None, None, :]
    return at, grouped_at, is_edge[:, :, None] & (column < size)[None, None, :]


@triton.jit
def _read(values, grads, at, grouped_at, inside, dtype: tl.constexpr, IS_GRADIENT: tl.constexpr):
    """Logits; or grouped weights, and the gradient at them."""
    if IS_GRADIENT:
        value = tl.load(values + grouped_at, mask=inside, other=0).to(dtype)
        grad = tl.load(grads + at, mask=inside, other=0).to(dtype)
    else:
        value = tl.load(values + at, mask=inside, other=float("-inf")).to(dtype)
        grad = value
    return value, grad


@triton.jit
def _finite(peak):
    """The number to subtract from logits: the peak, or 0 for -inf, since -inf - -inf is NaN."""
    return tl.where(peak == float("-inf"), 0, peak)


@triton.jit
def _merged(peak, total, other, more):
    """Merge two peaks and the totals that belong to them."""
    higher = tl.maximum(peak, other)
    shift = _finite(higher)
    return higher, total * tl.exp(peak - shift) + more * tl.exp(other - shift)


@triton.jit
def _result(value, grad, peak, total, IS_GRADIENT: tl.constexpr):
    """The softmax, or its gradient."""
    if IS_GRADIENT:
        result = value * (grad - total)
    else:  # of a row whose logits are all -inf each gets 0
        result = tl.exp(value - _finite(peak)) / tl.where(total == 0, 1, total)
    return result


@triton.jit(do_not_specialize=["num_pieces", "size"])
def softmax_rows(
    values,
    grads,
    eids,
    starts,
    ends,
    slots,
    partials,
    out,
    num_pieces,
    size,
    IS_GRADIENT: tl.constexpr,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
    ALIGN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Store whole rows; of a piece store the peak and the total in (slots, 2, size)."""
    size = size // ALIGN * ALIGN
    dtype: tl.constexpr = partials.dtype.element_ty
    column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    piece = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    is_edge = piece < num_pieces
    start = tl.load(starts + piece, mask=is_edge, other=0)
    end = tl.load(ends + piece, mask=is_edge, other=0)
    slot = tl.load(slots + piece, mask=is_edge, other=-1).to(tl.int64)

    first_at, grouped_at, first_inside = _edges(eids, start, end, 0, column, size, EDGES)
    first, first_grad = _read(values, grads, first_at, grouped_at, first_inside, dtype, IS_GRADIENT)
    peak, total = first, tl.exp(first - _finite(first))
    if IS_GRADIENT:
        peak, total = tl.zeros_like(first), first * first_grad
    for nth in range(EDGES, tl.max(end - start, 0), EDGES):
        at, grouped_at, inside = _edges(eids, start, end, nth, column, size, EDGES)
        value, grad = _read(values, grads, at, grouped_at, inside, dtype, IS_GRADIENT)
        if IS_GRADIENT:
            total += value * grad
        else:
            peak, total = _merged(peak, total, value, 1.0)
    high = tl.max(peak, 1)
    below = total if IS_GRADIENT else total * tl.exp(peak - _finite(high)[:, None, :])
    whole = tl.sum(below, 1)

    is_piece = (slot >= 0)[:, None] & (column < size)[None, :]
    partial_at = partials + slot[:, None] * (2 * size) + column[None, :]
    tl.store(partial_at, high, mask=is_piece)
    tl.store(partial_at + size, whole, mask=is_piece)

    high, whole, is_row = high[:, None, :], whole[:, None, :], (slot < 0)[:, None, None]
    result = _result(first, first_grad, high, whole, IS_GRADIENT).to(out.dtype.element_ty)
    tl.store(out + first_at, result, mask=first_inside & is_row)
    end = tl.where(slot < 0, end, start)
    for nth in range(EDGES, tl.max(end - start, 0), EDGES):
        at, grouped_at, inside = _edges(eids, start, end, nth, column, size, EDGES)
        value, grad = _read(values, grads, at, grouped_at, inside, dtype, IS_GRADIENT)
        result = _result(value, grad, high, whole, IS_GRADIENT).to(out.dtype.element_ty)
        tl.store(out + at, result, mask=inside)


@triton.jit(do_not_specialize=["size"])
def softmax_merge(
    partials,
    first_slots,
    counts,
    size,
    SLOTS: tl.constexpr,
    ALIGN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Store the peak and the total of a row in each of its slots."""
    size = size // ALIGN * ALIGN
    column = (tl.program_id(1) * BLOCK + tl.arange(0, BLOCK))[None, :]
    base = tl.load(first_slots + tl.program_id(0)).to(tl.int64) * (2 * size) + column
    count = tl.load(counts + tl.program_id(0))
    slot = tl.arange(0, SLOTS)[:, None]
    peak = tl.full((SLOTS, BLOCK), float("-inf"), partials.dtype.element_ty)
    total = tl.zeros((SLOTS, BLOCK), partials.dtype.element_ty)
    for nth in range(0, count, SLOTS):
        at = base + (nth + slot).to(tl.int64) * (2 * size)
        inside = (nth + slot < count) & (column < size)
        other = tl.load(partials + at, mask=inside, other=float("-inf"))
        more = tl.load(partials + at + size, mask=inside, other=0)
        peak, total = _merged(peak, total, other, more)
    high = tl.max(peak, 0)[None, :]
    whole = tl.sum(total * tl.exp(peak - _finite(high)), 0)[None, :]
    high = tl.broadcast_to(high, (SLOTS, BLOCK))
    whole = tl.broadcast_to(whole, (SLOTS, BLOCK))
    for nth in range(0, count, SLOTS):
        at = base + (nth + slot).to(tl.int64) * (2 * size)
        inside = (nth + slot < count) & (column < size)
        tl.store(partials + at, high, mask=inside)
        tl.store(partials + at + size, whole, mask=inside)


@triton.jit(do_not_specialize=["size"])
def softmax_pieces(
    values,
    grads,
    eids,
    starts,
    ends,
    pieces,
    partials,
    out,
    size,
    IS_GRADIENT: tl.constexpr,
    EDGES: tl.constexpr,
    ALIGN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Store the results of the piece of each slot."""
    piece = tl.load(pieces + tl.program_id(0))
    if piece >= 0:
        size = size // ALIGN * ALIGN
        dtype: tl.constexpr = partials.dtype.element_ty
        column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
        start = tl.load(starts + piece + tl.arange(0, 1))
        end = tl.load(ends + piece + tl.arange(0, 1))
        partial_at = partials + tl.program_id(0).to(tl.int64) * (2 * size) + column
        high = tl.load(partial_at, mask=column < size, other=0)[None, None, :]
        whole = tl.load(partial_at + size, mask=column < size, other=1)[None, None, :]
        for nth in range(0, tl.max(end - start, 0), EDGES):
            at, grouped_at, inside = _edges(eids, start, end, nth, column, size, EDGES)
            value, grad = _read(values, grads, at, grouped_at, inside, dtype, IS_GRADIENT)
            result = _result(value, grad, high, whole, IS_GRADIENT).to(out.dtype.element_ty)
            tl.store(out + at, result, mask=inside)
