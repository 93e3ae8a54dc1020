"""The loops over rows and edges for floating point features, on tiles of registers.

Each writes rows ``first`` to ``last - 1`` of its results and nothing else, for the columns of one
tile. It runs on one thread, releases the interpreter's lock, and adds in the order of the edges.
Arguments that belong together are plain tuples, unpacked in the first lines:

- ``csr``: ``(indptr, indices, eids, order)``, edges grouped by row. ``order`` is ``()`` if they lie
  row by row; else ``(rows, starts)``, where row ``rows[p]`` comes at place ``p``, and ``starts[r]``
  is where the edges of row ``r`` would start in ascending order.
- ``x``, ``y``: operands ``(data, end, kind, columns)``. ``end`` says which row an edge reads,
  ``ROW``, ``OTHER`` or ``EDGE``; ``kind`` and ``columns`` how its elements meet those of the
  result, as :func:`..simd.vector.load_operand` takes them.
- ``tile``: ``(column, lanes, shape)``: the first column, how many, and the shape of the tile; see
  :mod:`..simd`.

Some flags are ``()`` or ``(0,)`` instead of False or True: as the length of a tuple is part of its
type, Numba compiles a loop without the code that the flag leaves out. ``op`` is ``()`` where ``x``
is the message, else ``(number,)`` of :mod:`.operators`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...contract import ROW
from ..runtime.jit import inline, jit
from ..simd import addresses, sums, vector
from ..simd.llvm import LANES
from .operators import ADD, MUL, SUB

PREFETCH_DISTANCE = 8  # edges between a prefetch and the use of what it loads
ROWS_AHEAD = 2  # rows between a prefetch of a result and its computation, in another order
CACHE_LINE = 16  # float32 numbers in a line of the cache


@inline
def _distance(shape: Any) -> int:
    """How many edges after a prefetch what it loads is used: more where a tile is one line."""
    return 3 * PREFETCH_DISTANCE if len(shape) * LANES <= CACHE_LINE else PREFETCH_DISTANCE


@inline
def _message(op: int, a: Any, b: Any) -> Any:
    if op == ADD:
        return vector.add(a, b)
    if op == SUB:
        return vector.sub(a, b)
    if op == MUL:
        return vector.mul(a, b)
    return vector.div(a, b)


@jit
def sum_rows(
    csr: Any,
    x: Any,
    y: Any,
    op: Any,
    factors: Any,
    divisor: Any,
    out: Any,
    tile: Any,
    first: int,
    last: int,
) -> None:
    """``out[r] = sum of the messages of row r``, divided by their number or by ``divisor[r]``.

    Args:
        csr: the edges.
        x: the left operand.
        y: the right operand.
        op: the operator, or ``()``.
        factors: if not ``()``, messages are ``x``, one by one, times as many numbers of ``y`` as
            this tuple is long, each for an equal share of the tile's vectors.
        divisor: ``(per_degree, numbers)``; ``numbers`` is (rows,), or empty for none.
        out: (rows, size).
        tile: the columns.
        first: the first row.
        last: one past the last row.
    """
    (indptr, indices, eids, order), (column, lanes, shape) = csr, tile
    (x, x_end, x_kind, x_columns), (y, y_end, y_kind, y_columns) = x, y
    per_degree, numbers = divisor
    end_of_all = np.int64(len(indices)) - 1
    for p in range(first, last):
        r = addresses.row_at(order, p)
        if len(order):
            ahead = addresses.row_at(order, min(p + ROWS_AHEAD, last - 1))
            addresses.prefetch(out, shape, ahead, column)
        begin, end = np.int64(indptr[p]), np.int64(indptr[p + 1])
        total, start = sums.new_total(x, shape), begin
        while True:
            acc, stop = vector.fill(x, shape, 0), min(start + sums.BLOCK, end)
            for j in range(start, stop):
                ahead = min(j + _distance(shape), end_of_all)
                i = addresses.edge_row(x_end, r, ahead, indices, eids)
                if len(op) == 0:
                    addresses.prefetch(x, shape, i, column)
                    i = addresses.edge_row(x_end, r, j, indices, eids)
                    acc = vector.add(acc, vector.load(x, shape, i, column, lanes))
                    continue
                if x_end != ROW:
                    addresses.prefetch_operand(x, shape, i, x_kind, x_columns, column)
                i = addresses.edge_row(x_end, r, j, indices, eids)
                if len(factors):
                    y_column = np.int64(y_columns[column])
                    if y_end != ROW:
                        k = addresses.edge_row(y_end, r, ahead, indices, eids)
                        addresses.prefetch_number(y, k, y_column)
                    k = addresses.edge_row(y_end, r, j, indices, eids)
                    a = vector.load(x, shape, i, column, lanes)
                    b = vector.repeat(y, shape, k, y_column, factors)
                    acc = vector.add(acc, vector.mul(a, b))
                    continue
                if y_end != ROW:
                    k = addresses.edge_row(y_end, r, ahead, indices, eids)
                    addresses.prefetch_operand(y, shape, k, y_kind, y_columns, column)
                k = addresses.edge_row(y_end, r, j, indices, eids)
                a = vector.load_operand(x, shape, i, x_kind, x_columns, column, lanes)
                b = vector.load_operand(y, shape, k, y_kind, y_columns, column, lanes)
                acc = vector.add(acc, _message(op[0], a, b))
            if end - begin <= sums.BLOCK:
                break
            total = sums.add_block(total, acc, start == begin)
            acc = sums.rounded(total, acc)
            if stop == end:
                break
            start = stop
        if per_degree and end > begin + 1:
            acc = vector.div(acc, vector.fill(x, shape, end - begin))
        if len(numbers):
            acc = vector.div(acc, vector.fill(x, shape, numbers[r]))
        vector.store(out, r, column, acc, lanes)


@jit
def extreme_rows(
    csr: Any,
    x: Any,
    y: Any,
    op: Any,
    flags: Any,
    out: Any,
    arg: Any,
    tile: Any,
    first: int,
    last: int,
) -> None:
    """``out[r] = the largest message of row r``, and the position of the edge that gave it.

    The first of equal messages wins.

    Args:
        csr: the edges.
        x: the left operand.
        y: the right operand.
        op: the operator, or ``()``.
        flags: ``(smallest, check_nan, with_arg)``, each ``()`` or ``(0,)``: take the smallest
            message; let the first NaN win (without it, no message may be NaN); write ``arg``.
        out: (rows, size).
        arg: (rows, size) of int32 or int64, or (0, size).
        tile: the columns.
        first: the first row.
        last: one past the last row.
    """
    (indptr, indices, eids, order), (column, lanes, shape) = csr, tile
    (x, x_end, x_kind, x_columns), (y, y_end, y_kind, y_columns) = x, y
    smallest, check_nan, with_arg = flags
    end_of_all = np.int64(len(indices)) - 1
    worst = np.inf if len(smallest) else -np.inf
    for p in range(first, last):
        r = addresses.row_at(order, p)
        if len(order):
            ahead = addresses.row_at(order, min(p + ROWS_AHEAD, last - 1))
            addresses.prefetch(out, shape, ahead, column)
        begin, end = np.int64(indptr[p]), np.int64(indptr[p + 1])
        acc = vector.fill(x, shape, worst)
        # Indices in the row, which fit into 32 bits. If nothing is better than the worst value,
        # the first edge gave it.
        index = vector.indices(shape, 0)
        for j in range(begin, end):
            ahead = min(j + _distance(shape), end_of_all)
            i = addresses.edge_row(x_end, r, ahead, indices, eids)
            if len(op) == 0:
                addresses.prefetch(x, shape, i, column)
                i = addresses.edge_row(x_end, r, j, indices, eids)
                a = vector.load(x, shape, i, column, lanes)
            else:
                if x_end != ROW:
                    addresses.prefetch_operand(x, shape, i, x_kind, x_columns, column)
                i = addresses.edge_row(x_end, r, j, indices, eids)
                if y_end != ROW:
                    k = addresses.edge_row(y_end, r, ahead, indices, eids)
                    addresses.prefetch_operand(y, shape, k, y_kind, y_columns, column)
                k = addresses.edge_row(y_end, r, j, indices, eids)
                a = vector.load_operand(x, shape, i, x_kind, x_columns, column, lanes)
                b = vector.load_operand(y, shape, k, y_kind, y_columns, column, lanes)
                a = _message(op[0], a, b)
            better = vector.is_better(a, acc, smallest, check_nan)
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
def store_messages(
    csr: Any, x: Any, y: Any, op: Any, out: Any, tile: Any, first: int, last: int
) -> None:
    """``out[e] = the message of edge e``, for (E, size) ``out``."""
    (indptr, indices, eids, order), (column, lanes, shape) = csr, tile
    (x, x_end, x_kind, x_columns), (y, y_end, y_kind, y_columns) = x, y
    end_of_all = np.int64(len(indices)) - 1
    for p in range(first, last):
        r = addresses.row_at(order, p)
        for j in range(np.int64(indptr[p]), np.int64(indptr[p + 1])):
            ahead = min(j + PREFETCH_DISTANCE, end_of_all)
            i = addresses.edge_row(x_end, r, ahead, indices, eids)
            k = addresses.edge_row(y_end, r, ahead, indices, eids)
            addresses.prefetch_operand(x, shape, i, x_kind, x_columns, column)
            addresses.prefetch_operand(y, shape, k, y_kind, y_columns, column)
            addresses.prefetch(out, shape, np.int64(eids[ahead]), column)
            i = addresses.edge_row(x_end, r, j, indices, eids)
            k = addresses.edge_row(y_end, r, j, indices, eids)
            a = vector.load_operand(x, shape, i, x_kind, x_columns, column, lanes)
            b = vector.load_operand(y, shape, k, y_kind, y_columns, column, lanes)
            vector.store(out, np.int64(eids[j]), column, _message(op[0], a, b), lanes)


@jit
def dot_products(
    csr: Any, x: Any, y: Any, width: int, out: Any, shape: Any, first: int, last: int
) -> None:
    """``out[e, h] = sum of x * y over block h`` of ``width``, as many blocks at once as vectors.

    Args:
        csr: the edges.
        x: ``(data, end)``, (rows, blocks * width).
        y: likewise.
        width: the elements of a block.
        out: (E, blocks).
        shape: of a tile.
        first: the first row.
        last: one past the last row.
    """
    (indptr, indices, eids, order), (x, x_end), (y, y_end) = csr, x, y
    end_of_all, blocks = np.int64(len(indices)) - 1, np.int64(out.shape[1])
    for p in range(first, last):
        r = addresses.row_at(order, p)
        for j in range(np.int64(indptr[p]), np.int64(indptr[p + 1])):
            ahead = min(j + PREFETCH_DISTANCE, end_of_all)
            i = addresses.edge_row(x_end, r, ahead, indices, eids)
            k = addresses.edge_row(y_end, r, ahead, indices, eids)
            if x_end != ROW:
                for f in range(0, blocks * width, CACHE_LINE):
                    addresses.prefetch(x, (0,), i, f)
            if y_end != ROW:
                for f in range(0, blocks * width, CACHE_LINE):
                    addresses.prefetch(y, (0,), k, f)
            addresses.prefetch(out, (0,), np.int64(eids[ahead]), 0)
            i = addresses.edge_row(x_end, r, j, indices, eids)
            k = addresses.edge_row(y_end, r, j, indices, eids)
            e = np.int64(eids[j])
            for h in range(0, blocks, len(shape)):
                acc = vector.fill(x, shape, 0)
                for f in range(0, width, LANES):
                    lanes = min(width - f, LANES)
                    a = vector.load_blocks(x, shape, i, (h, f), blocks, width, lanes)
                    b = vector.load_blocks(y, shape, k, (h, f), blocks, width, lanes)
                    acc = vector.add(acc, vector.mul(a, b))
                count = min(blocks - h, np.int64(len(shape)))
                vector.store(out, e, h, sums.totals(acc), count)


@jit
def dot_products_of_tile(
    csr: Any, x: Any, y: Any, heads: Any, out: Any, tile: Any, first: int, last: int
) -> None:
    """The same for the columns of a tile, which has whole blocks or a part of one.

    Args:
        csr: the edges.
        x: ``(data, end)``, (rows, blocks * width).
        y: likewise.
        heads: as in :func:`product_gradient_rows`.
        out: (E, blocks).
        tile: the columns.
        first: the first row.
        last: one past the last row.
    """
    (indptr, indices, eids, order), (x, x_end), (y, y_end) = csr, x, y
    (columns, adds, factors), (column, lanes, shape) = heads, tile
    end_of_all, head = np.int64(len(indices)) - 1, np.int64(columns[column])
    for p in range(first, last):
        r = addresses.row_at(order, p)
        for j in range(np.int64(indptr[p]), np.int64(indptr[p + 1])):
            ahead = min(j + PREFETCH_DISTANCE, end_of_all)
            if x_end != ROW:
                i = addresses.edge_row(x_end, r, ahead, indices, eids)
                addresses.prefetch(x, shape, i, column)
            if y_end != ROW:
                k = addresses.edge_row(y_end, r, ahead, indices, eids)
                addresses.prefetch(y, shape, k, column)
            addresses.prefetch_number(out, np.int64(eids[ahead]), head)
            i = addresses.edge_row(x_end, r, j, indices, eids)
            k = addresses.edge_row(y_end, r, j, indices, eids)
            a = vector.load(x, shape, i, column, lanes)
            b = vector.load(y, shape, k, column, lanes)
            parts, e = sums.totals(sums.combined(vector.mul(a, b), factors)), np.int64(eids[j])
            if adds:
                parts = vector.add(parts, vector.load(out, (0,), e, head, len(factors)))
            vector.store(out, e, head, parts, len(factors))


@jit
def product_gradient_rows(
    csr: Any, operands: Any, heads: Any, results: Any, tile: Any, first: int, last: int
) -> None:
    """``out[r] = sum of weight * grad`` and ``out_weight[e, h] = sum of x * grad over block h``.

    Args:
        csr: the edges.
        operands: ``(x, weight, grad)``: (rows, size), (E, heads) and (others, size).
        heads: ``(columns, adds, factors)``: the head of each column; whether an earlier tile had
            the beginning of a block, to whose sum this adds; and a tuple as long as the tile has
            heads, each for an equal share of its vectors.
        results: ``(out, out_weight)``.
        tile: the columns.
        first: the first row.
        last: one past the last row.
    """
    (indptr, indices, eids, order), (column, lanes, shape) = csr, tile
    (x, weight, grad), (columns, adds, factors), (out, out_weight) = operands, heads, results
    end_of_all, head = np.int64(len(indices)) - 1, np.int64(columns[column])
    for p in range(first, last):
        r = addresses.row_at(order, p)
        if len(order):
            ahead = addresses.row_at(order, min(p + ROWS_AHEAD, last - 1))
            addresses.prefetch(x, shape, ahead, column)
            addresses.prefetch(out, shape, ahead, column)
        begin, end = np.int64(indptr[p]), np.int64(indptr[p + 1])
        own = vector.load(x, shape, r, column, lanes)
        total, start = sums.new_total(x, shape), begin
        while True:
            acc, stop = vector.fill(x, shape, 0), min(start + sums.BLOCK, end)
            for j in range(start, stop):
                ahead = min(j + PREFETCH_DISTANCE, end_of_all)
                e = np.int64(eids[ahead])
                addresses.prefetch(grad, shape, np.int64(indices[ahead]), column)
                addresses.prefetch_number(weight, e, head)
                addresses.prefetch_number(out_weight, e, head)
                e = np.int64(eids[j])
                a = vector.load(grad, shape, np.int64(indices[j]), column, lanes)
                acc = vector.add(acc, vector.mul(a, vector.repeat(weight, shape, e, head, factors)))
                parts = sums.totals(sums.combined(vector.mul(own, a), factors))
                if adds:
                    parts = vector.add(parts, vector.load(out_weight, (0,), e, head, len(factors)))
                vector.store(out_weight, e, head, parts, len(factors))
            if end - begin <= sums.BLOCK:
                break
            total = sums.add_block(total, acc, start == begin)
            acc = sums.rounded(total, acc)
            if stop == end:
                break
            start = stop
        vector.store(out, r, column, acc, lanes)
