"""The loops over rows and edges for messages that are expressions, on tiles of registers.

They are the loops of :mod:`.spmm_tiled` with a :class:`~..simd.formula.Formula` in place of two
operands: the expression is part of its type, so Numba compiles a loop once for each expression.

- ``formula``: the expression, and the ends of its operands.
- ``operands``: ``(data, columns)`` of each; see :func:`..simd.formula.evaluate`.
- ``constants``: the expression's, float64.

A tile of several results has the vectors of the first, then those of the second, and so on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit
from ..simd import addresses, formula, sums, vector
from ..simd.llvm import LANES
from .spmm_tiled import ROWS_AHEAD, _distance


@jit
def sum_rows(
    csr: Any,
    expression: Any,
    operands: Any,
    constants: Any,
    divisor: Any,
    outs: Any,
    tile: Any,
    first: int,
    last: int,
) -> None:
    """``summed[i][r] = sum of the messages of row r``, and ``stored[i][e] = that of edge e``.

    ``outs`` is ``(summed, stored)``, an array for each result; ``divisor`` of the sums is that of
    :func:`.spmm_tiled.sum_rows`.
    """
    (indptr, indices, eids, order), (column, lanes, shape) = csr, tile
    (per_degree, numbers), (summed, stored), x = divisor, outs, operands[0][0]
    stacked = formula.shape_of_sums(expression, shape)
    end_of_all, place = np.int64(len(indices)) - 1, (np.int64(column), np.int64(lanes))
    for p in range(first, last):
        r = addresses.row_at(order, p)
        if len(order):
            ahead = addresses.row_at(order, min(p + ROWS_AHEAD, last - 1))
            addresses.prefetch_each(summed, shape, ahead, column)
        begin, end = np.int64(indptr[p]), np.int64(indptr[p + 1])
        total, start = sums.new_total(x, stacked), begin
        while True:
            acc, stop = vector.fill(x, stacked, 0), min(start + sums.BLOCK, end)
            for j in range(start, stop):
                ahead = min(j + _distance(shape), end_of_all)
                rows = formula.rows_of(expression, r, ahead, indices, eids)
                formula.prefetch(expression, operands, shape, rows, column)
                addresses.prefetch_each(stored, shape, np.int64(eids[ahead]), column)
                rows = formula.rows_of(expression, r, j, indices, eids)
                a = formula.evaluate(expression, operands, constants, shape, rows, place)
                terms, others = vector.split(a, acc)
                acc = vector.add(acc, terms)
                vector.store_each(stored, np.int64(eids[j]), column, others, lanes)
            if end - begin <= sums.BLOCK:
                break
            total = sums.add_block(total, acc, start == begin)
            acc = sums.rounded(total, acc)
            if stop == end:
                break
            start = stop
        if per_degree and end > begin + 1:
            acc = vector.div(acc, vector.fill(x, stacked, end - begin))
        if len(numbers):
            acc = vector.div(acc, vector.fill(x, stacked, numbers[r]))
        vector.store_each(summed, r, column, acc, lanes)


@jit
def extreme_rows(
    csr: Any,
    expression: Any,
    operands: Any,
    constants: Any,
    flags: Any,
    outs: Any,
    tile: Any,
    first: int,
    last: int,
) -> None:
    """``out[r] = the largest message of row r``, and its edge; see :mod:`.spmm_tiled`.

    ``flags`` is ``(smallest, with_arg)``; NaN wins. ``outs`` is ``(out, arg)``.
    """
    (indptr, indices, eids, order), (column, lanes, shape) = csr, tile
    (smallest, with_arg), (out, arg), x = flags, outs, operands[0][0]
    end_of_all, place = np.int64(len(indices)) - 1, (np.int64(column), np.int64(lanes))
    worst = np.inf if len(smallest) else -np.inf
    for p in range(first, last):
        r = addresses.row_at(order, p)
        begin, end = np.int64(indptr[p]), np.int64(indptr[p + 1])
        acc = vector.fill(x, shape, worst)
        index = vector.indices(shape, 0)
        for j in range(begin, end):
            ahead = min(j + _distance(shape), end_of_all)
            rows = formula.rows_of(expression, r, ahead, indices, eids)
            formula.prefetch(expression, operands, shape, rows, column)
            rows = formula.rows_of(expression, r, j, indices, eids)
            a = formula.evaluate(expression, operands, constants, shape, rows, place)
            better = vector.is_better(a, acc, smallest, (0,))
            acc = vector.choose(better, a, acc)
            if len(with_arg):
                index = vector.choose(better, vector.indices(shape, j - begin), index)
        if begin == end:
            acc = vector.fill(x, shape, 0)
        vector.store(out, r, column, acc, lanes)
        if len(with_arg):
            index = index if begin < end else vector.indices(shape, -1)
            start = addresses.start_of(order, r, begin)
            vector.store_indices(arg, r, column, index, start if begin < end else 0, lanes)


@jit
def rows_at_argmax(
    csr: Any,
    expression: Any,
    operands: Any,
    constants: Any,
    arg: Any,
    outs: Any,
    first: int,
    last: int,
) -> None:
    """``outs[i][r, f] = the message of the edge at arg[r, f]``; 0 where that is -1."""
    (indices, eids), size = csr, arg.shape[1]
    for r in range(first, last):
        for f in range(0, size, LANES):
            lanes = np.int64(min(size - f, LANES))
            place = (np.int64(r), np.int64(f), lanes)
            a = formula.evaluate_at(expression, operands, constants, (indices, eids), arg, place)
            vector.store_each(outs, np.int64(r), np.int64(f), a, lanes)


@jit
def store_messages(
    csr: Any,
    expression: Any,
    operands: Any,
    constants: Any,
    out: Any,
    tile: Any,
    first: int,
    last: int,
) -> None:
    """``out[e] = the message of edge e``, for (E, size) ``out``."""
    (indptr, indices, eids, order), (column, lanes, shape) = csr, tile
    end_of_all, place = np.int64(len(indices)) - 1, (np.int64(column), np.int64(lanes))
    for p in range(first, last):
        r = addresses.row_at(order, p)
        for j in range(np.int64(indptr[p]), np.int64(indptr[p + 1])):
            ahead = min(j + _distance(shape), end_of_all)
            rows = formula.rows_of(expression, r, ahead, indices, eids)
            formula.prefetch(expression, operands, shape, rows, column)
            addresses.prefetch(out, shape, np.int64(eids[ahead]), column)
            rows = formula.rows_of(expression, r, j, indices, eids)
            a = formula.evaluate(expression, operands, constants, shape, rows, place)
            vector.store(out, np.int64(eids[j]), column, a, lanes)


@jit
def store_sums(
    csr: Any,
    expression: Any,
    operands: Any,
    constants: Any,
    blocks: Any,
    out: Any,
    shape: Any,
    first: int,
    last: int,
) -> None:
    """``out[e, b] = sum of the message of edge e over block b``, for (E, blocks) ``out``.

    Args:
        csr: the edges.
        expression: of the messages.
        operands: its operands.
        constants: its constants.
        blocks: ``(number, width)``: how many there are, and the elements of each.
        out: (E, number).
        shape: of a tile of one vector.
        first: the first row.
        last: one past the last row.
    """
    (indptr, indices, eids, order), (number, width) = csr, blocks
    end_of_all = np.int64(len(indices)) - 1
    for p in range(first, last):
        r = addresses.row_at(order, p)
        for j in range(np.int64(indptr[p]), np.int64(indptr[p + 1])):
            ahead = min(j + _distance(shape), end_of_all)
            ahead_rows = formula.rows_of(expression, r, ahead, indices, eids)
            rows = formula.rows_of(expression, r, j, indices, eids)
            for b in range(number):
                zero = vector.fill(operands[0][0], shape, 0)
                acc = zero
                for f in range(b * width, (b + 1) * width, LANES):
                    formula.prefetch(expression, operands, shape, ahead_rows, f)
                    place = (np.int64(f), np.int64((b + 1) * width - f))
                    a = formula.evaluate(expression, operands, constants, shape, rows, place)
                    acc = vector.add(acc, vector.first_of(a, zero, place[1]))
                vector.store(out, np.int64(eids[j]), b, sums.totals(acc), np.int64(1))
