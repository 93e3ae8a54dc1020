"""The greatest or least message of each row, and the position of the edge that gave it.

NaN wins; among equals the first wins. No number is worse than ``worst``.
"""

from __future__ import annotations

import triton
import triton.language as tl

from .messages import NUMBERS, load_ends, tile_of_messages, tile_of_program
from .pieces import load_long_row, load_piece


@triton.jit
def is_nan(x):
    """Whether elements are NaN."""
    return x != x  # noqa: PLR0124


@triton.jit
def is_better(value, best, IS_MAX: tl.constexpr):
    """Whether a later value replaces an earlier one."""
    is_beyond = value > best if IS_MAX else value < best
    return is_beyond | (is_nan(value) & ~is_nan(best))


@triton.jit
def extreme_of(best, position, inside, end, worst, DTYPE: tl.constexpr, IS_MAX: tl.constexpr):
    """The extreme over the first axis of ``best`` where ``inside``, and its least position."""
    nan = inside & is_nan(best)
    numbers = tl.where(inside & ~nan, best, worst)
    if IS_MAX:
        extreme = tl.max(numbers, 0, keep_dims=True).to(DTYPE)
    else:
        extreme = tl.min(numbers, 0, keep_dims=True).to(DTYPE)
    has_nan = tl.max(nan.to(tl.int32), 0, keep_dims=True) > 0
    is_extreme = inside & tl.where(has_nan, nan, best == extreme)
    position = tl.min(tl.where(is_extreme, position, end), 0, keep_dims=True)
    if DTYPE.is_floating():
        extreme = tl.where(has_nan, float("nan"), extreme)
    return extreme, position


@triton.jit
def store_extreme(result, position, row, start, end, slot, place, outs, WANTS_ARG: tl.constexpr):
    """Store the extreme of a piece and its position in its row, or in its slot."""
    column, is_column, size = place
    partials, partial_arg, out, arg = outs
    if slot >= 0:
        result_at = slot.to(tl.int64) * size + column
        tl.store(partials + result_at, result, mask=is_column)
        if WANTS_ARG:
            tl.store(partial_arg + result_at, position, mask=is_column)
    else:
        result_at = row.to(tl.int64) * size + column
        rounded = tl.where(end > start, result, 0).to(out.dtype.element_ty)
        tl.store(out + result_at, rounded, mask=is_column)
        if WANTS_ARG:
            tl.store(arg + result_at, tl.where(end > start, position, -1), mask=is_column)


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
    partial_arg,
    out,
    arg,
    heads,
    width,
    left_size,
    right_size,
    left_end,
    right_end,
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
    """Store the extreme of a piece in its row, or in its slot."""
    dtype: tl.constexpr = partials.dtype.element_ty
    row, start, end = load_piece(rows, starts, ends)
    if row >= 0:
        slot = tl.load(slots + tl.program_id(0))
        tile, column, is_column, size = tile_of_program(heads, width, SUMMED, ALIGN, HEADS, WIDTH)
        x, y = (left, left_table, left_end, left_size), (right, right_table, right_end, right_size)
        lane = tl.arange(0, EDGES)[:, None, None]
        other, edge = load_ends(indices, eids, start + lane, end, x, y, OP)
        zeros = tl.zeros((EDGES, HEADS, 1 if SUMMED else WIDTH), dtype)
        initial = (tl.zeros((1, 1, 1), dtype) + worst).to(dtype)
        best, best_position = zeros + initial, zeros.to(start.dtype) + start + lane
        for position in range(start, end, EDGES):
            inside = position + lane < end
            # Load the next ids while the rows of this tile are loaded.
            nexts = position + EDGES + lane
            following = load_ends(indices, eids, nexts, end, x, y, OP)
            value = tile_of_messages(
                x, y, (row, other, edge), inside, tile, sign, dtype, OP, LEFT, RIGHT, SUMMED, ALIGN
            )
            if SUMMED:
                value = tl.sum(value, 2, keep_dims=True).to(dtype)
            replaces = inside & is_better(value, best, IS_MAX)
            best = tl.where(replaces, value, best)
            best_position = tl.where(replaces, position + lane, best_position)
            other, edge = following
        result, best_position = extreme_of(
            best, best_position, start + lane < end, end, initial, dtype, IS_MAX
        )
        place = column, is_column, size
        outs = partials, partial_arg, out, arg
        store_extreme(result, best_position, row, start, end, slot, place, outs, WANTS_ARG)


@triton.jit(do_not_specialize=["size"])
def compare_pieces(
    partials,
    partial_arg,
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
    """Store the extreme of each long row from those of its pieces."""
    row, first_slot, count = load_long_row(long_rows, first_slots, counts)
    if row >= 0:
        column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
        inside = column < size
        slot = first_slot * size + column
        best = tl.load(partials + slot, mask=inside, other=0)
        best_position = tl.zeros((BLOCK,), partial_arg.dtype.element_ty)
        if WANTS_ARG:
            best_position = tl.load(partial_arg + slot, mask=inside, other=0)
        for _ in range(1, count):
            slot += size
            value = tl.load(partials + slot, mask=inside, other=0)
            replaces = is_better(value, best, IS_MAX)
            best = tl.where(replaces, value, best)
            if WANTS_ARG:
                best_position = tl.where(
                    replaces, tl.load(partial_arg + slot, mask=inside, other=0), best_position
                )
        tl.store(out + row * size + column, best.to(out.dtype.element_ty), mask=inside)
        if WANTS_ARG:
            tl.store(arg + row * size + column, best_position, mask=inside)
