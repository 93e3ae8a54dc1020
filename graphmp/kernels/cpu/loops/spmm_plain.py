"""The loops over rows and edges on single numbers, for every dtype.

Each writes rows ``first`` to ``last - 1`` of its results and nothing else, runs on one thread,
releases the interpreter's lock, and adds in the order of the edges. Arguments that belong together
are plain tuples, unpacked in the first line:

- ``csr``: ``(indptr, indices, eids)``.
- ``x``, ``y``: operands ``(data, end)``: (rows, elements), and which row an edge reads, ``ROW``,
  ``OTHER`` or ``EDGE``.
- ``layout``: ``(width, wide, maps)`` of a :class:`~graphmp.kernels.plan.Plan`. In the fast
  layout an operand is either wide, with an element for each of the result's, or narrow, with one
  for each block of ``width``. With ``width`` 0, the index ``maps`` say which elements meet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from ...contract import OTHER, ROW
from ..runtime.jit import inline, jit
from ..simd import sums
from .operators import ADD, COPY, DIV, MUL, SUB


def _quotient(a: Any, b: Any) -> Any:
    """``a / b``; whole for integers, so that the result of ``_apply`` stays exact."""
    return a / b


@overload(_quotient)
def _quotient_typed(a: Any, b: Any) -> Any:  # noqa: ARG001
    def whole(a: Any, b: Any) -> Any:
        return a // b

    def real(a: Any, b: Any) -> Any:
        return a / b

    return whole if isinstance(a, types.Integer) else real


def _new_totals(out: Any) -> Any:
    """A row of zeros for the sums of blocks of edges: float64 for float32, else like ``out``."""
    return np.zeros(out.shape[1], np.float64 if out.dtype == np.float32 else out.dtype)


@overload(_new_totals)
def _new_totals_typed(out: Any) -> Any:
    def wide(out: Any) -> Any:
        return np.zeros(out.shape[1], np.float64)

    def alike(out: Any) -> Any:
        return np.zeros(out.shape[1], out.dtype)

    return wide if out.dtype == types.float32 else alike


@inline
def _apply(op: int, a: Any, b: Any) -> Any:
    if op == ADD:
        return a + b
    if op == SUB:
        return a - b
    if op == MUL:
        return a * b
    if op == DIV:
        return _quotient(a, b)
    return a


@inline
def _edge_row(end: int, row: int, other: int, edge: int) -> int:
    if end == ROW:
        return row
    if end == OTHER:
        return other
    return edge


@inline
def _accumulate(out: Any, x: Any, y: Any, op: int, width: int, wide: Any, maps: Any) -> None:
    """Add one message, of the rows ``x`` and ``y``, to the row ``out``."""
    (x_wide, y_wide, out_wide), (x_map, y_map, out_map) = wide, maps
    if width == 0:
        for f in range(len(x_map)):
            out[out_map[f]] += _apply(op, x[x_map[f]], y[y_map[f]])
    elif op == COPY and x_wide and out_wide:
        for f in range(len(out)):
            out[f] += x[f]
    elif x_wide and out_wide:
        for h in range(len(out) // width):
            for t in range(h * width, (h + 1) * width):
                out[t] += _apply(op, x[t], y[t] if y_wide else y[h])
    elif out_wide:
        for h in range(len(out) // width):
            for t in range(h * width, (h + 1) * width):
                out[t] += _apply(op, x[h], y[t] if y_wide else y[h])
    else:
        for h in range(len(out)):
            total = out[h]
            for t in range(h * width, (h + 1) * width):
                total += _apply(op, x[t] if x_wide else x[h], y[t] if y_wide else y[h])
            out[h] = total


@jit
def spmm_sum(
    csr: Any, x: Any, y: Any, op: int, layout: Any, divisor: Any, out: Any, first: int, last: int
) -> None:
    """``out[r] = sum of the messages of row r``, divided by their number or by ``divisor[r]``.

    Args:
        csr: the edges.
        x: the left operand.
        y: the right operand.
        op: the operator.
        layout: how elements meet.
        divisor: ``(per_degree, numbers)``; ``numbers`` is (rows,), or empty for none.
        out: (rows, size).
        first: the first row.
        last: one past the last row.
    """
    (indptr, indices, eids), (width, wide, maps) = csr, layout
    (x, x_end), (y, y_end), (per_degree, numbers) = x, y, divisor
    totals = _new_totals(out)
    for r in range(first, last):
        begin, end = np.int64(indptr[r]), np.int64(indptr[r + 1])
        for f in range(out.shape[1]):
            out[r, f] = totals[f] = 0
        for j in range(begin, end):
            i = _edge_row(x_end, r, np.int64(indices[j]), np.int64(eids[j]))
            k = _edge_row(y_end, r, np.int64(indices[j]), np.int64(eids[j]))
            _accumulate(out[r], x[i], y[k], op, width, wide, maps)
            if (j + 1 - begin) % sums.BLOCK == 0:
                for f in range(out.shape[1]):
                    totals[f] += out[r, f]
                    out[r, f] = 0
        for f in range(out.shape[1]):
            out[r, f] += totals[f]
        if per_degree and end > begin + 1:
            for f in range(out.shape[1]):
                out[r, f] /= end - begin
        if len(numbers):
            for f in range(out.shape[1]):
                out[r, f] /= numbers[r]


@jit
def spmm_extreme(
    csr: Any,
    x: Any,
    y: Any,
    op: int,
    layout: Any,
    largest: bool,
    out: Any,
    arg: Any,
    first: int,
    last: int,
) -> None:
    """``out[r] = the largest or smallest message of row r``, and the position of its edge.

    The first of equal messages wins, and the first NaN wins over everything.

    Args:
        csr: the edges.
        x: the left operand.
        y: the right operand.
        op: the operator.
        layout: how elements meet.
        largest: take the largest message, else the smallest.
        out: (rows, size).
        arg: (rows, size) of int32 or int64.
        first: the first row.
        last: one past the last row.
    """
    (indptr, indices, eids), (width, wide, maps) = csr, layout
    (x, x_end), (y, y_end) = x, y
    size = out.shape[1]
    message = np.empty(size, out.dtype)
    for r in range(first, last):
        for f in range(size):
            out[r, f] = 0
            arg[r, f] = -1
        for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
            edge = np.int64(eids[j])
            i = _edge_row(x_end, r, np.int64(indices[j]), edge)
            k = _edge_row(y_end, r, np.int64(indices[j]), edge)
            message[:] = 0
            _accumulate(message, x[i], y[k], op, width, wide, maps)
            for f in range(size):
                new, old = message[f], out[r, f]
                is_better = new > old if largest else new < old
                # The only values that differ from themselves are NaN.
                if arg[r, f] < 0 or is_better or (new != new and old == old):  # noqa: PLR0124
                    out[r, f] = new
                    arg[r, f] = j


@jit
def sddmm(csr: Any, x: Any, y: Any, op: int, layout: Any, out: Any, first: int, last: int) -> None:
    """``out[e] = the message of edge e``, for (E, size) ``out``."""
    (indptr, indices, eids), (width, wide, maps) = csr, layout
    (x, x_end), (y, y_end) = x, y
    for r in range(first, last):
        for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
            e = np.int64(eids[j])
            i = _edge_row(x_end, r, np.int64(indices[j]), e)
            k = _edge_row(y_end, r, np.int64(indices[j]), e)
            for f in range(out.shape[1]):
                out[e, f] = 0
            _accumulate(out[e], x[i], y[k], op, width, wide, maps)
