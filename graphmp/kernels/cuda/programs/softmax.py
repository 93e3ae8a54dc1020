"""Softmax over the edges of rows, and its gradient.

A program has several short rows, so that they wait together. The first edges of each stay in
registers between the reduction and the result. Of a row that was cut each piece leaves in its slot
what it reduced to; a second pass merges the slots of a row, in order; a third writes the result.
The gradient reduces products to a total, whose peak is 0 so that both are merged alike.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _edges(eids, start, end, nth, place, size, EDGES: tl.constexpr):
    """Where numbers of the edges from the ``nth`` on lie, (rows, edges, block), and which do."""
    position = start[:, None] + nth + tl.arange(0, EDGES)[None, :]
    is_one = position < end[:, None]
    edge = tl.load(eids + position, mask=is_one, other=0).to(tl.int64)
    at = edge[:, :, None] * size + place[None, None, :]
    return at, is_one[:, :, None] & (place < size)[None, None, :]


@triton.jit
def _read(values, grads, at, inside, dtype: tl.constexpr, IS_GRADIENT: tl.constexpr):
    """Logits; or weights, and what reaches them."""
    low = 0.0 if IS_GRADIENT else float("-inf")
    value = tl.load(values + at, mask=inside, other=low).to(dtype)
    grad = tl.load(grads + at, mask=inside, other=0).to(dtype) if IS_GRADIENT else value
    return value, grad


@triton.jit
def _finite(peak):
    """What is taken from logits: 0 if all are minus infinity, whose difference is no number."""
    return tl.where(peak == float("-inf"), 0, peak)


@triton.jit
def _merged(peak, total, other, more):
    """Two peaks and the sums of what is below each, as one."""
    higher = tl.maximum(peak, other)
    shift = _finite(higher)
    return higher, total * tl.exp(peak - shift) + more * tl.exp(other - shift)


@triton.jit
def _result(value, grad, peak, total, IS_GRADIENT: tl.constexpr):
    """The softmax, or its gradient."""
    return value * (grad - total) if IS_GRADIENT else tl.exp(value - _finite(peak)) / total


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
    """Write whole rows; of a piece leave the peak and the total in (slots, 2, size)."""
    size = size // ALIGN * ALIGN
    dtype: tl.constexpr = partials.dtype.element_ty
    place = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    piece = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    is_one = piece < num_pieces
    start = tl.load(starts + piece, mask=is_one, other=0)
    end = tl.load(ends + piece, mask=is_one, other=0)
    slot = tl.load(slots + piece, mask=is_one, other=-1).to(tl.int64)

    first_at, first_inside = _edges(eids, start, end, 0, place, size, EDGES)
    first, first_grad = _read(values, grads, first_at, first_inside, dtype, IS_GRADIENT)
    peak, total = first, tl.exp(first - _finite(first))
    if IS_GRADIENT:
        peak, total = tl.zeros_like(first), first * first_grad
    for nth in range(EDGES, tl.max(end - start, 0), EDGES):
        at, inside = _edges(eids, start, end, nth, place, size, EDGES)
        value, grad = _read(values, grads, at, inside, dtype, IS_GRADIENT)
        if IS_GRADIENT:
            total += value * grad
        else:
            peak, total = _merged(peak, total, value, 1.0)
    high = tl.max(peak, 1)
    below = total if IS_GRADIENT else total * tl.exp(peak - _finite(high)[:, None, :])
    whole = tl.sum(below, 1)

    is_piece = (slot >= 0)[:, None] & (place < size)[None, :]
    kept = partials + slot[:, None] * (2 * size) + place[None, :]
    tl.store(kept, high, mask=is_piece)
    tl.store(kept + size, whole, mask=is_piece)

    high, whole, is_row = high[:, None, :], whole[:, None, :], (slot < 0)[:, None, None]
    made = _result(first, first_grad, high, whole, IS_GRADIENT).to(out.dtype.element_ty)
    tl.store(out + first_at, made, mask=first_inside & is_row)
    end = tl.where(slot < 0, end, start)
    for nth in range(EDGES, tl.max(end - start, 0), EDGES):
        at, inside = _edges(eids, start, end, nth, place, size, EDGES)
        value, grad = _read(values, grads, at, inside, dtype, IS_GRADIENT)
        made = _result(value, grad, high, whole, IS_GRADIENT).to(out.dtype.element_ty)
        tl.store(out + at, made, mask=inside)


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
    """Leave the peak and the total of a row in each of its slots."""
    size = size // ALIGN * ALIGN
    place = (tl.program_id(1) * BLOCK + tl.arange(0, BLOCK))[None, :]
    base = tl.load(first_slots + tl.program_id(0)).to(tl.int64) * (2 * size) + place
    count = tl.load(counts + tl.program_id(0))
    slot = tl.arange(0, SLOTS)[:, None]
    peak = tl.full((SLOTS, BLOCK), float("-inf"), partials.dtype.element_ty)
    total = tl.zeros((SLOTS, BLOCK), partials.dtype.element_ty)
    for nth in range(0, count, SLOTS):
        at = base + (nth + slot).to(tl.int64) * (2 * size)
        inside = (nth + slot < count) & (place < size)
        other = tl.load(partials + at, mask=inside, other=float("-inf"))
        more = tl.load(partials + at + size, mask=inside, other=0)
        peak, total = _merged(peak, total, other, more)
    high = tl.max(peak, 0)[None, :]
    whole = tl.sum(total * tl.exp(peak - _finite(high)), 0)[None, :]
    high = tl.broadcast_to(high, (SLOTS, BLOCK))
    whole = tl.broadcast_to(whole, (SLOTS, BLOCK))
    for nth in range(0, count, SLOTS):
        at = base + (nth + slot).to(tl.int64) * (2 * size)
        inside = (nth + slot < count) & (place < size)
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
    """Write the piece of each slot."""
    piece = tl.load(pieces + tl.program_id(0))
    if piece >= 0:
        size = size // ALIGN * ALIGN
        dtype: tl.constexpr = partials.dtype.element_ty
        place = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
        start = tl.load(starts + piece + tl.arange(0, 1))
        end = tl.load(ends + piece + tl.arange(0, 1))
        kept = partials + tl.program_id(0).to(tl.int64) * (2 * size) + place
        high = tl.load(kept, mask=place < size, other=0)[None, None, :]
        whole = tl.load(kept + size, mask=place < size, other=1)[None, None, :]
        for nth in range(0, tl.max(end - start, 0), EDGES):
            at, inside = _edges(eids, start, end, nth, place, size, EDGES)
            value, grad = _read(values, grads, at, inside, dtype, IS_GRADIENT)
            made = _result(value, grad, high, whole, IS_GRADIENT).to(out.dtype.element_ty)
            tl.store(out + at, made, mask=inside)
