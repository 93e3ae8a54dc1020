"""The gradient of a maximum: values added where the edges lead that gave it.

A source reads the rows of all its edges, but of each only what the edge gave: which that is a first
pass over the rows notes in bits, so that for most numbers one bit is read and nothing else.
``columns`` lists for each column of the result, one after the other, those that lead to it.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _pieces(rows, starts, ends, num_pieces, ROWS: tl.constexpr):
    """The pieces of a program: the row of each, its limits, and its place among all."""
    piece = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    is_one = piece < num_pieces
    row = tl.load(rows + piece, mask=is_one, other=-1).to(tl.int64)
    start = tl.load(starts + piece, mask=is_one, other=0)
    return piece, row, start, tl.load(ends + piece, mask=is_one, other=0)


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
    """Note what each position gave, (E, words): 32 columns in a word."""
    _, row, start, end = _pieces(rows, starts, ends, num_pieces, ROWS)
    bit = tl.arange(0, 32)
    place = tl.program_id(1) * 32 + bit
    inside = (row >= 0)[:, None] & (place < size)[None, :]
    giver = tl.load(arg + row[:, None] * size + place[None, :], mask=inside, other=-1)
    for nth in range(0, tl.max(end - start, 0), EDGES):
        position = start[:, None] + nth + tl.arange(0, EDGES)[None, :]
        is_giver = giver[:, None, :] == position[:, :, None]
        word = tl.sum(tl.where(is_giver, (1 << bit)[None, None, :], 0), 2)
        at = position.to(tl.int64) * words + tl.program_id(1)
        tl.store(marks + at, word, mask=position < end[:, None])


@triton.jit
def _columns(columns, place, nth, width, repeats, IS_REPEATED: tl.constexpr):
    """The ``nth`` column that leads to each of the result's."""
    inside = place < width
    return tl.load(columns + place * repeats + nth, inside, 0) if IS_REPEATED else place


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
    """Add the values that each source gave, of those that its edges lead to."""
    dtype: tl.constexpr = partials.dtype.element_ty
    piece, row, start, end = _pieces(rows, starts, ends, num_pieces, ROWS)
    slot = tl.load(slots + piece, mask=piece < num_pieces, other=-1).to(tl.int64)
    place = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    total = tl.zeros((ROWS, EDGES, BLOCK), dtype)
    for nth in range(0, tl.max(end - start, 0), EDGES):
        at = start[:, None] + nth + tl.arange(0, EDGES)[None, :]
        is_one = at < end[:, None]
        position = tl.load(positions + at, mask=is_one, other=0).to(tl.int64)
        reader = tl.load(readers + at, mask=is_one, other=0).to(tl.int64)
        inside = is_one[:, :, None] & (place < width)[None, None, :]
        for again in range(repeats):
            column = _columns(columns, place, again, width, repeats, IS_REPEATED)[None, None, :]
            word = tl.load(marks + position[:, :, None] * words + column // 32, inside, 0)
            is_given = ((word >> (column % 32)) & 1) == 1
            value = tl.load(values + reader[:, :, None] * size + column, inside & is_given, 0)
            total += value.to(dtype)
    made = tl.sum(total, 1)
    inside = (place < width)[None, :]
    is_row, is_piece = ((row >= 0) & (slot < 0))[:, None], (slot >= 0)[:, None]
    at = row[:, None] * width + place[None, :]
    tl.store(out + at, made.to(out.dtype.element_ty), mask=is_row & inside)
    tl.store(partials + slot[:, None] * width + place[None, :], made, mask=is_piece & inside)


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
    """Write what each edge gave of the row that it leads to, and 0 elsewhere."""
    is_double: tl.constexpr = values.dtype.element_ty == tl.float64
    dtype: tl.constexpr = tl.float64 if is_double else tl.float32
    _, row, start, end = _pieces(rows, starts, ends, num_pieces, ROWS)
    place = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    of_row = (row >= 0)[:, None] & (place < width)[None, :]
    for nth in range(0, tl.max(end - start, 0), EDGES):
        position = start[:, None] + nth + tl.arange(0, EDGES)[None, :]
        is_one = position < end[:, None]
        edge = tl.load(eids + position, mask=is_one, other=0).to(tl.int64)
        total = tl.zeros((ROWS, EDGES, BLOCK), dtype)
        for again in range(repeats):
            column = _columns(columns, place, again, width, repeats, IS_REPEATED)
            at = row[:, None] * size + column[None, :]
            giver = tl.load(arg + at, mask=of_row, other=-1)[:, None, :]
            value = tl.load(values + at, mask=of_row, other=0).to(dtype)[:, None, :]
            total += tl.where(giver == position[:, :, None], value, 0)
        inside = is_one[:, :, None] & (place < width)[None, None, :]
        at = edge[:, :, None] * width + place[None, None, :]
        tl.store(out + at, total.to(out.dtype.element_ty), mask=inside)
