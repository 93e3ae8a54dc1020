"""The loops over rows and edges, compiled by Numba.

Every function writes rows ``first`` to ``last - 1`` of its outputs and nothing else, runs on one
thread and releases the interpreter's lock. Operands are (rows, elements) arrays. ``width`` is that
of a :class:`~graphmp.kernels.plan.Plan`: in the fast layout an operand is either wide (an
element for each of the result's ``size``) or narrow (one for each block of ``width``); with
``width`` 0 the index maps say which elements meet. The order of additions is that of the edges.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from ..runtime.jit import IS_COMPILED, inline, jit
from ..simd import addresses


def _quotient(a: Any, b: Any) -> Any:
    """``a / b`` without leaving the integers, so that the result of ``_apply`` is exact."""
    return a / b


@overload(_quotient)
def _quotient_typed(a: Any, b: Any) -> Any:  # noqa: ARG001
    def whole(a: Any, b: Any) -> Any:
        return a // b

    def real(a: Any, b: Any) -> Any:
        return a / b

    return whole if isinstance(a, types.Integer) else real


def _nothing(array: Any, row: int, column: int) -> None:
    """Plain Python brings nothing near."""


_prefetch = addresses.prefetch_number if IS_COMPILED else _nothing


@inline
def _apply(op: int, a: Any, b: Any) -> Any:
    if op == 1:
        return a + b
    if op == 2:
        return a - b
    if op == 3:
        return a * b
    if op == 4:
        return _quotient(a, b)
    return a


@inline
def _pick(where: int, row: int, other: int, edge: int) -> int:
    if where == 0:
        return row
    if where == 1:
        return other
    return edge


@inline
def _accumulate(
    out: Any, x: Any, y: Any, op: int, width: int, wide: Any, x_map: Any, y_map: Any, out_map: Any
) -> None:
    """Add one message, made of the rows ``x`` and ``y``, to the row ``out``."""
    x_wide, y_wide, out_wide = wide
    if width == 0:
        for f in range(len(x_map)):
            out[out_map[f]] += _apply(op, x[x_map[f]], y[y_map[f]])
    elif op == 0 and x_wide and out_wide:
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
    indptr: Any,
    indices: Any,
    eids: Any,
    x: Any,
    x_at: int,
    y: Any,
    y_at: int,
    op: int,
    width: int,
    wide: Any,
    maps: Any,
    per_degree: bool,
    divisor: Any,
    out: Any,
    first: int,
    last: int,
) -> None:
    """``out[r] = sum of the messages of row r``, divided by their number or by ``divisor[r]``."""
    for r in range(first, last):
        begin, end = np.int64(indptr[r]), np.int64(indptr[r + 1])
        for f in range(out.shape[1]):
            out[r, f] = 0
        for j in range(begin, end):
            i = _pick(x_at, r, np.int64(indices[j]), np.int64(eids[j]))
            k = _pick(y_at, r, np.int64(indices[j]), np.int64(eids[j]))
            _accumulate(out[r], x[i], y[k], op, width, wide, maps[0], maps[1], maps[2])
        if per_degree and end > begin + 1:
            for f in range(out.shape[1]):
                out[r, f] /= end - begin
        if len(divisor):
            for f in range(out.shape[1]):
                out[r, f] /= divisor[r]


@jit
def spmm_extreme(
    indptr: Any,
    indices: Any,
    eids: Any,
    x: Any,
    x_at: int,
    y: Any,
    y_at: int,
    op: int,
    width: int,
    wide: Any,
    maps: Any,
    largest: bool,
    out: Any,
    arg: Any,
    first: int,
    last: int,
) -> None:
    """``out[r] = the largest or smallest message of row r``, and the edge that gave it.

    The first of equal messages wins, and the first NaN wins over everything.
    """
    size = out.shape[1]
    message = np.empty(size, out.dtype)
    for r in range(first, last):
        for f in range(size):
            out[r, f] = 0
            arg[r, f] = -1
        for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
            edge = np.int64(eids[j])
            i = _pick(x_at, r, np.int64(indices[j]), edge)
            k = _pick(y_at, r, np.int64(indices[j]), edge)
            message[:] = 0
            _accumulate(message, x[i], y[k], op, width, wide, maps[0], maps[1], maps[2])
            for f in range(size):
                new, old = message[f], out[r, f]
                wins = new > old if largest else new < old
                # The only values that differ from themselves are NaN.
                if arg[r, f] < 0 or wins or (new != new and old == old):  # noqa: PLR0124
                    out[r, f] = new
                    arg[r, f] = j


@jit
def sddmm(
    indptr: Any,
    indices: Any,
    eids: Any,
    x: Any,
    x_at: int,
    y: Any,
    y_at: int,
    op: int,
    width: int,
    wide: Any,
    maps: Any,
    out: Any,
    first: int,
    last: int,
) -> None:
    """``out[e] = the message of edge e``."""
    for r in range(first, last):
        for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
            e = np.int64(eids[j])
            i = _pick(x_at, r, np.int64(indices[j]), e)
            k = _pick(y_at, r, np.int64(indices[j]), e)
            for f in range(out.shape[1]):
                out[e, f] = 0
            _accumulate(out[e], x[i], y[k], op, width, wide, maps[0], maps[1], maps[2])


@jit
def softmax(indptr: Any, eids: Any, logits: Any, out: Any, first: int, last: int) -> None:
    """``out[e] = exp(logits[e]) / sum over the edges of the same row``, without overflow."""
    size = out.shape[1]
    shift = np.empty(size, out.dtype)
    total = np.empty(size, out.dtype)
    for r in range(first, last):
        begin, end = np.int64(indptr[r]), np.int64(indptr[r + 1])
        for f in range(size):
            shift[f] = -np.inf
            total[f] = 0
        for j in range(begin, end):
            e = np.int64(eids[j])
            for f in range(size):
                value = logits[e, f]
                if value > shift[f] or value != value:  # noqa: PLR0124
                    shift[f] = value
        for j in range(begin, end):
            e = np.int64(eids[j])
            for f in range(size):
                out[e, f] = np.exp(logits[e, f] - shift[f])
                total[f] += out[e, f]
        for j in range(begin, end):
            e = np.int64(eids[j])
            for f in range(size):
                out[e, f] /= total[f]


@jit
def softmax_gradient(
    indptr: Any, eids: Any, weights: Any, grads: Any, out: Any, first: int, last: int
) -> None:
    """``out[e] = weights[e] * (grads[e] - sum of weights * grads over the edges of the row)``."""
    size = out.shape[1]
    total = np.empty(size, out.dtype)
    for r in range(first, last):
        begin, end = np.int64(indptr[r]), np.int64(indptr[r + 1])
        total[:] = 0
        for j in range(begin, end):
            e = np.int64(eids[j])
            for f in range(size):
                total[f] += weights[e, f] * grads[e, f]
        for j in range(begin, end):
            e = np.int64(eids[j])
            for f in range(size):
                out[e, f] = weights[e, f] * (grads[e, f] - total[f])


@jit
def group(ids: Any, indptr: Any, order: Any) -> None:
    """A stable counting sort: row limits in ``indptr``, positions in ``order``."""
    rows = len(indptr) - 1
    indptr[:] = 0
    for e in range(len(ids)):
        indptr[ids[e] + 1] += 1
    for r in range(rows):
        indptr[r + 1] += indptr[r]
    place = indptr[:rows].copy()
    for e in range(len(ids)):
        r = ids[e]
        order[place[r]] = e
        place[r] += 1


@jit
def scatter(
    values: Any, arg: Any, ids: Any, places: Any, out: Any, width: int, first: int, last: int
) -> None:
    """``out[ids[arg[r, f]], places[f]] += values[r, f]``, for blocks of ``width`` columns."""
    rows = values.shape[0]
    for r in range(rows):
        ahead = min(r + 1, rows - 1)
        for f in range(first * width, min(last * width, values.shape[1])):
            position = np.int64(arg[ahead, f])
            if position >= 0:
                _prefetch(out, np.int64(ids[position]), np.int64(places[f]))
            position = np.int64(arg[r, f])
            if position >= 0:
                out[np.int64(ids[position]), places[f]] += values[r, f]
