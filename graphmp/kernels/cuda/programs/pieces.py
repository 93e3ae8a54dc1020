"""Pieces of rows, and the second pass over rows that were cut: partial results added in order."""

from __future__ import annotations

import triton
import triton.language as tl

from .messages import divide


@triton.jit
def load_piece(rows, starts, ends):
    """The row of a program's piece, -1 if there is nothing to do, and the range of its edges."""
    i = tl.program_id(0)
    return tl.load(rows + i), tl.load(starts + i), tl.load(ends + i)


@triton.jit
def load_long_row(long_rows, first_slots, counts):
    """A program's long row, -1 if there is nothing to do, and the first and number of its slots."""
    i = tl.program_id(0)
    row = tl.load(long_rows + i).to(tl.int64)
    return row, tl.load(first_slots + i).to(tl.int64), tl.load(counts + i)


@triton.jit(do_not_specialize=["size", "by_count"])
def add_pieces(
    partials,
    long_rows,
    first_slots,
    counts,
    indptr,
    divisor,
    out,
    size,
    by_count,
    DIVIDED: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Store each long row: the sum of its partial rows, divided as the contract says."""
    row, first, count = load_long_row(long_rows, first_slots, counts)
    if row >= 0:
        column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
        inside = column < size
        narrow: tl.constexpr = partials.dtype.element_ty
        wide: tl.constexpr = tl.float64 if narrow == tl.float32 else narrow
        total = tl.zeros((BLOCK,), wide)
        for nth in range(count):
            at = partials + (first + nth) * size + column
            total += tl.load(at, mask=inside, other=0).to(wide)
        total = total.to(narrow)
        if DIVIDED:
            edges = tl.load(indptr + row + 1) - tl.load(indptr + row)
            divisor_of_row = tl.load(divisor + row, mask=by_count == 0, other=1)
            total = divide(total, tl.where(by_count != 0, edges.to(total.dtype), divisor_of_row))
        tl.store(out + row * size + column, total.to(out.dtype.element_ty), mask=inside)
