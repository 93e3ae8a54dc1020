"""The greatest or least message of each row, and the position of the edge that gave it.

NaN wins, and of equals the first. ``worst`` is what every number beats or equals.
"""

from __future__ import annotations

import triton
import triton.language as tl

from .messages import NUMBERS, made, others_and_edges, place_of


@triton.jit
def is_nan(x):
    """Whether elements are NaN."""
    return x != x  # noqa: PLR0124


@triton.jit
def beats(value, best, IS_MAX: tl.constexpr):
    """Whether a later value takes the place of an earlier one."""
    beyond = value > best if IS_MAX else value < best
    return beyond | (is_nan(value) & ~is_nan(best))


@triton.jit
def extreme_of(best, at, inside, end, worst, DTYPE: tl.constexpr, IS_MAX: tl.constexpr):
    """The extreme over the first axis of ``best`` where ``inside``, and its least position."""
    strange = inside & is_nan(best)
    numbers = tl.where(inside & ~strange, best, worst)
    if IS_MAX:
        extreme = tl.max(numbers, 0, keep_dims=True).to(DTYPE)
    else:
        extreme = tl.min(numbers, 0, keep_dims=True).to(DTYPE)
    has_nan = tl.max(strange.to(tl.int32), 0, keep_dims=True) > 0
    is_it = inside & tl.where(has_nan, strange, best == extreme)
    at = tl.min(tl.where(is_it, at, end), 0, keep_dims=True)
    if DTYPE.is_floating():
        extreme = tl.where(has_nan, float("nan"), extreme)
    return extreme, at


@triton.jit(do_not_specialize=[*NUMBERS, "worst"])
def compare_rows(
    indices,
    eids,
    rows,
    starts,
    ends,
    slots,
    left,
    right,
    left_table,
    right_table,
    partials,
    places,
    out,
    arg,
    heads,
    width,
    left_size,
    right_size,
    left_at,
    right_at,
    sign,
    worst,
    OP: tl.constexpr,
    LEFT: tl.constexpr,
    RIGHT: tl.constexpr,
    SUMMED: tl.constexpr,
    IS_MAX: tl.constexpr,
    WANTS_ARG: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """Write the extreme of a piece to its row, or keep it in its slot."""
    dtype: tl.constexpr = partials.dtype.element_ty
    row = tl.load(rows + tl.program_id(0))
    if row >= 0:
        start, end = tl.load(starts + tl.program_id(0)), tl.load(ends + tl.program_id(0))
        slot = tl.load(slots + tl.program_id(0))
        shape = (heads, width // ALIGN * ALIGN)
        head, first, place, is_one, size = place_of(shape, SUMMED, HEADS, WIDTH)
        x, y = (left, left_table, left_at, left_size), (right, right_table, right_at, right_size)
        lane = tl.arange(0, EDGES)[:, None, None]
        other, edge = others_and_edges(indices, eids, start + lane, end, x, y, OP)
        none = tl.zeros((EDGES, HEADS, 1 if SUMMED else WIDTH), dtype)
        least = (tl.zeros((1, 1, 1), dtype) + worst).to(dtype)
        best, at = none + least, none.to(start.dtype) + start + lane
        for position in range(start, end, EDGES):
            inside = position + lane < end
            # The next ids are on their way while rows are.
            nexts = position + EDGES + lane
            following = others_and_edges(indices, eids, nexts, end, x, y, OP)
            value = made(
                x,
                y,
                (row, other, edge),
                inside,
                head,
                first,
                shape,
                sign,
                dtype,
                OP,
                LEFT,
                RIGHT,
                SUMMED,
                ALIGN,
                EDGES,
                HEADS,
                WIDTH,
            )
            if SUMMED:
                value = tl.sum(value, 2, keep_dims=True).to(dtype)
            is_better = inside & beats(value, best, IS_MAX)
            best = tl.where(is_better, value, best)
            at = tl.where(is_better, position + lane, at)
            other, edge = following
        result, at = extreme_of(best, at, start + lane < end, end, least, dtype, IS_MAX)
        if slot >= 0:
            kept = slot.to(tl.int64) * size + place
            tl.store(partials + kept, result, mask=is_one)
            if WANTS_ARG:
                tl.store(places + kept, at, mask=is_one)
        else:
            kept = row.to(tl.int64) * size + place
            result = tl.where(end > start, result, 0).to(dtype)
            tl.store(out + kept, result.to(out.dtype.element_ty), mask=is_one)
            if WANTS_ARG:
                tl.store(arg + kept, tl.where(end > start, at, -1), mask=is_one)


@triton.jit(do_not_specialize=["size"])
def compare_pieces(
    partials,
    places,
    long_rows,
    first_slots,
    counts,
    out,
    arg,
    size,
    IS_MAX: tl.constexpr,
    WANTS_ARG: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Write the extreme of each long row from those of its pieces."""
    row = tl.load(long_rows + tl.program_id(0)).to(tl.int64)
    if row >= 0:
        place = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
        inside = place < size
        slot = tl.load(first_slots + tl.program_id(0)).to(tl.int64) * size + place
        best = tl.load(partials + slot, mask=inside, other=0)
        at = tl.zeros((BLOCK,), places.dtype.element_ty)
        if WANTS_ARG:
            at = tl.load(places + slot, mask=inside, other=0)
        for _ in range(1, tl.load(counts + tl.program_id(0))):
            slot += size
            value = tl.load(partials + slot, mask=inside, other=0)
            is_better = beats(value, best, IS_MAX)
            best = tl.where(is_better, value, best)
            if WANTS_ARG:
                at = tl.where(is_better, tl.load(places + slot, mask=inside, other=0), at)
        tl.store(out + row * size + place, best.to(out.dtype.element_ty), mask=inside)
        if WANTS_ARG:
            tl.store(arg + row * size + place, at, mask=inside)
