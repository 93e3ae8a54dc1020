"""Messages summed into rows."""

from __future__ import annotations

import triton
import triton.language as tl

from .messages import NUMBERS, divide, load_ends, tile_of_messages, tile_of_program
from .pieces import load_piece


@triton.jit
def store_sum(result, row, start, end, slot, place, divisors, partials, out, DIVIDED: tl.constexpr):
    """Store the sum of a piece in its row, divided as the contract says, or in its slot."""
    column, is_column, size = place
    divisor, by_count = divisors
    if slot >= 0:
        tl.store(partials + slot.to(tl.int64) * size + column, result, mask=is_column)
    else:
        if DIVIDED:
            divisor_of_row = tl.load(divisor + row, mask=by_count == 0, other=1)
            denominator = tl.where(by_count != 0, (end - start).to(result.dtype), divisor_of_row)
            result = tl.where(end > start, divide(result, denominator), 0)
        rounded = result.to(out.dtype.element_ty)
        tl.store(out + row.to(tl.int64) * size + column, rounded, mask=is_column)


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
    left_end,
    right_end,
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
    """Sum the messages of a piece into its row, or into its slot."""
    dtype: tl.constexpr = partials.dtype.element_ty
    row, start, end = load_piece(rows, starts, ends)
    if row >= 0:
        slot = tl.load(slots + tl.program_id(0))
        tile, column, is_column, size = tile_of_program(heads, width, SUMMED, ALIGN, HEADS, WIDTH)
        x, y = (left, left_table, left_end, left_size), (right, right_table, right_end, right_size)
        lane = tl.arange(0, EDGES)[:, None, None]
        other, edge = load_ends(indices, eids, start + lane, end, x, y, OP)
        total = tl.zeros((EDGES, HEADS, WIDTH), dtype)
        for position in range(start, end, EDGES):
            # Load the next ids while the rows of this tile are loaded.
            nexts = position + EDGES + lane
            following = load_ends(indices, eids, nexts, end, x, y, OP)
            total += tile_of_messages(
                x,
                y,
                (row, other, edge),
                position + lane < end,
                tile,
                sign,
                dtype,
                OP,
                LEFT,
                RIGHT,
                SUMMED,
                ALIGN,
            )
            other, edge = following
        result = tl.sum(total, 0, keep_dims=True)
        if SUMMED:
            result = tl.sum(result, 2, keep_dims=True)
        place = column, is_column, size
        divisors = divisor, by_count
        store_sum(result.to(dtype), row, start, end, slot, place, divisors, partials, out, DIVIDED)
