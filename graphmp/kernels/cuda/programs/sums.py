"""Messages summed into rows."""

from __future__ import annotations

import triton
import triton.language as tl

from .messages import NUMBERS, made, others_and_edges, place_of, quotient


@triton.jit(do_not_specialize=[*NUMBERS, "by_count"])
def sum_rows(
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
    divisor,
    partials,
    out,
    heads,
    width,
    left_size,
    right_size,
    left_at,
    right_at,
    sign,
    by_count,
    OP: tl.constexpr,
    LEFT: tl.constexpr,
    RIGHT: tl.constexpr,
    SUMMED: tl.constexpr,
    DIVIDED: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """Sum the messages of a piece into its row, or keep the sum in its slot."""
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
        total = tl.zeros((EDGES, HEADS, WIDTH), dtype)
        for position in range(start, end, EDGES):
            # The next ids are on their way while rows are.
            nexts = position + EDGES + lane
            following = others_and_edges(indices, eids, nexts, end, x, y, OP)
            total += made(
                x,
                y,
                (row, other, edge),
                position + lane < end,
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
            other, edge = following
        result = tl.sum(total, 0, keep_dims=True)
        if SUMMED:
            result = tl.sum(result, 2, keep_dims=True)
        result = result.to(dtype)
        if slot >= 0:
            tl.store(partials + slot.to(tl.int64) * size + place, result, mask=is_one)
        else:
            if DIVIDED:
                given = tl.load(divisor + row, mask=by_count == 0, other=1)
                by = tl.where(by_count != 0, (end - start).to(dtype), given)
                result = tl.where(end > start, quotient(result, by), 0)
            rounded = result.to(out.dtype.element_ty)
            tl.store(out + row.to(tl.int64) * size + place, rounded, mask=is_one)
