"""The second pass over rows that were cut: their partial results are added in order."""

from __future__ import annotations

import triton
import triton.language as tl

from .messages import divide


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
    row = tl.load(long_rows + tl.program_id(0)).to(tl.int64)
    if row >= 0:
        column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
        inside = column < size
        first = tl.load(first_slots + tl.program_id(0)).to(tl.int64)
        count = tl.load(counts + tl.program_id(0))
        total = tl.zeros((BLOCK,), partials.dtype.element_ty)
        for nth in range(count):
            total += tl.load(partials + (first + nth) * size + column, mask=inside, other=0)
        if DIVIDED:
            edges = tl.load(indptr + row + 1) - tl.load(indptr + row)
            divisor_of_row = tl.load(divisor + row, mask=by_count == 0, other=1)
            total = divide(total, tl.where(by_count != 0, edges.to(total.dtype), divisor_of_row))
        tl.store(out + row * size + column, total.to(out.dtype.element_ty), mask=inside)
