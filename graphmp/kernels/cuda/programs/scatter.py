"""The gradient of a maximum: values are added where the edges that gave it lead.

A source visits the rows of all its edges, but reads only the columns in which the edge gave the
maximum. A first pass over the rows marks these columns in bits, so that for most numbers one bit
is read and nothing else. ``columns`` lists, for each column of the result in order, the columns of
the values that lead to it.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _pieces(rows, starts, ends, num_pieces, ROWS: tl.constexpr):
    """The pieces of a program: their indices, rows, starts and ends."""
    piece = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    is_piece = piece < num_pieces
    row = tl.load(rows + piece, mask=is_piece, other=-1).to(tl.int64)
    start = tl.load(starts + piece, mask=is_piece, other=0)
    return piece, row, start, tl.load(ends + piece, mask=is_piece, other=0)


@triton.jit(do_not_specialize=["num_pieces", "size", "words"])
def mark(
    arg,
    rows,
    starts,
    ends,
    marks,
    num_pieces,
    size,
    words,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
):
    """Mark the columns in which each position gave the maximum: (E, words), 32 columns a word."""
    _, row, start, end = _pieces(rows, starts, ends, num_pieces, ROWS)
    bit = tl.arange(0, 32)
    column = tl.program_id(1) * 32 + bit
    inside = (row >= 0)[:, None] & (column < size)[None, :]
    winner = tl.load(arg + row[:, None] * size + column[None, :], mask=inside, other=-1)
    for nth in range(0, tl.max(end - start, 0), EDGES):
        position = start[:, None] + nth + tl.arange(0, EDGES)[None, :]
        is_winner = winner[:, None, :] == position[:, :, None]
        word = tl.sum(tl.where(is_winner, (1 << bit)[None, None, :], 0), 2)
        at = position.to(tl.int64) * words + tl.program_id(1)
        tl.store(marks + at, word, mask=position < end[:, None])


@triton.jit
def _columns(columns, out_column, nth, width, repeats, IS_REPEATED: tl.constexpr):
    """The ``nth`` column of the values that leads to each column of the result."""
    inside = out_column < width
    return tl.load(columns + out_column * repeats + nth, inside, 0) if IS_REPEATED else out_column


@triton.jit(do_not_specialize=["num_pieces", "size", "width", "words", "repeats"])
def to_sources(
    values,
    marks,
    positions,
    readers,
    columns,
    rows,
    starts,
    ends,
    slots,
    partials,
    out,
    num_pieces,
    size,
    width,
    words,
    repeats,
    IS_REPEATED: tl.constexpr,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Add the values of the marked columns of the rows that each source's edges lead to."""
    dtype: tl.constexpr = partials.dtype.element_ty
    piece, row, start, end = _pieces(rows, starts, ends, num_pieces, ROWS)
    slot = tl.load(slots + piece, mask=piece < num_pieces, other=-1).to(tl.int64)
    out_column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    total = tl.zeros((ROWS, EDGES, BLOCK), dtype)
    for nth in range(0, tl.max(end - start, 0), EDGES):
        at = start[:, None] + nth + tl.arange(0, EDGES)[None, :]
        is_edge = at < end[:, None]
        position = tl.load(positions + at, mask=is_edge, other=0).to(tl.int64)
        reader = tl.load(readers + at, mask=is_edge, other=0).to(tl.int64)
        inside = is_edge[:, :, None] & (out_column < width)[None, None, :]
        for repeat in range(repeats):
            column = _columns(columns, out_column, repeat, width, repeats, IS_REPEATED)[
                None, None, :
            ]
            word = tl.load(marks + position[:, :, None] * words + column // 32, inside, 0)
            is_marked = ((word >> (column % 32)) & 1) == 1
            value = tl.load(values + reader[:, :, None] * size + column, inside & is_marked, 0)
            total += value.to(dtype)
    result = tl.sum(total, 1)
    inside = (out_column < width)[None, :]
    is_row, is_piece = ((row >= 0) & (slot < 0))[:, None], (slot >= 0)[:, None]
    at = row[:, None] * width + out_column[None, :]
    tl.store(out + at, result.to(out.dtype.element_ty), mask=is_row & inside)
    tl.store(partials + slot[:, None] * width + out_column[None, :], result, mask=is_piece & inside)


@triton.jit(do_not_specialize=["num_pieces", "size", "width", "repeats"])
def to_edges(
    values,
    arg,
    eids,
    columns,
    rows,
    starts,
    ends,
    out,
    num_pieces,
    size,
    width,
    repeats,
    IS_REPEATED: tl.constexpr,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Store the values that each edge gave to its row, and 0 elsewhere."""
    is_double: tl.constexpr = values.dtype.element_ty == tl.float64
    dtype: tl.constexpr = tl.float64 if is_double else tl.float32
    _, row, start, end = _pieces(rows, starts, ends, num_pieces, ROWS)
    out_column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    of_row = (row >= 0)[:, None] & (out_column < width)[None, :]
    for nth in range(0, tl.max(end - start, 0), EDGES):
        position = start[:, None] + nth + tl.arange(0, EDGES)[None, :]
        is_edge = position < end[:, None]
        edge = tl.load(eids + position, mask=is_edge, other=0).to(tl.int64)
        total = tl.zeros((ROWS, EDGES, BLOCK), dtype)
        for repeat in range(repeats):
            column = _columns(columns, out_column, repeat, width, repeats, IS_REPEATED)
            at = row[:, None] * size + column[None, :]
            winner = tl.load(arg + at, mask=of_row, other=-1)[:, None, :]
            value = tl.load(values + at, mask=of_row, other=0).to(dtype)[:, None, :]
            total += tl.where(winner == position[:, :, None], value, 0)
        inside = is_edge[:, :, None] & (out_column < width)[None, None, :]
        at = edge[:, :, None] * width + out_column[None, None, :]
        tl.store(out + at, total.to(out.dtype.element_ty), mask=inside)
