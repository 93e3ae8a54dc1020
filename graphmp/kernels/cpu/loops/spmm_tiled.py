"""The loops over rows and edges for floating point features, on tiles of registers.

Every function writes rows ``first`` to ``last - 1`` of its outputs and nothing else, for the
columns of one tile, which starts at ``column``; see :mod:`..simd.vector` for ``shape`` and
``lanes``. It runs on one thread and releases the interpreter's lock. The order of additions is that
of the edges.

An operand is given by its array, by where its row is found (``ROW``, ``OTHER``, ``EDGE``), and by
how its elements meet those of the result: ``kind`` 0, one by one; 1, one for each eight of the
result, at ``places``; 2, at ``places`` one by one. ``op`` is ``()`` where ``x`` is the message, one
by one, so that such a loop is compiled in less time; else a tuple of the operator's number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import inline, jit
from ..simd import addresses, sums, vector
from ..simd.llvm import LANES

AHEAD = 8  # edges between a prefetch and the use of what it brings
LINE = 16  # float32 numbers in a line of cache


@inline
def _message(op: int, a: Any, b: Any) -> Any:
    if op == 1:
        return vector.add(a, b)
    if op == 2:
        return vector.sub(a, b)
    if op == 3:
        return vector.mul(a, b)
    return vector.div(a, b)


@jit
def sum_rows(
    indptr: Any,
    indices: Any,
    eids: Any,
    x: Any,
    x_at: int,
    x_kind: int,
    x_places: Any,
    y: Any,
    y_at: int,
    y_kind: int,
    y_places: Any,
    op: Any,
    factors: Any,
    per_degree: bool,
    divisor: Any,
    out: Any,
    column: int,
    lanes: int,
    shape: Any,
    first: int,
    last: int,
) -> None:
    """``out[r] = sum of the messages of row r``, divided by their number or by ``divisor[r]``.

    If ``factors`` is not ``()`` the messages are ``x``, one by one, times that many numbers of
    ``y``, each for as many vectors as the others.
    """
    end_of_all = np.int64(len(indices)) - 1
    for r in range(first, last):
        begin, end = np.int64(indptr[r]), np.int64(indptr[r + 1])
        acc = vector.fill(x, shape, 0)
        for j in range(begin, end):
            ahead = min(j + AHEAD, end_of_all)
            i = addresses.edge_row(x_at, r, ahead, indices, eids)
            if len(op) == 0:
                addresses.prefetch(x, shape, i, column)
                i = addresses.edge_row(x_at, r, j, indices, eids)
                acc = vector.add(acc, vector.load(x, shape, i, column, lanes))
                continue
            if x_at != 0:
                addresses.prefetch_operand(x, shape, i, x_kind, x_places, column)
            i = addresses.edge_row(x_at, r, j, indices, eids)
            if len(factors):
                y_column = np.int64(y_places[column])
                if y_at != 0:
                    k = addresses.edge_row(y_at, r, ahead, indices, eids)
                    addresses.prefetch_number(y, k, y_column)
                k = addresses.edge_row(y_at, r, j, indices, eids)
                a = vector.load(x, shape, i, column, lanes)
                b = vector.repeat(y, shape, k, y_column, factors)
                acc = vector.add(acc, vector.mul(a, b))
                continue
            if y_at != 0:
                k = addresses.edge_row(y_at, r, ahead, indices, eids)
                addresses.prefetch_operand(y, shape, k, y_kind, y_places, column)
            k = addresses.edge_row(y_at, r, j, indices, eids)
            a = vector.load_operand(x, shape, i, x_kind, x_places, column, lanes)
            b = vector.load_operand(y, shape, k, y_kind, y_places, column, lanes)
            acc = vector.add(acc, _message(op[0], a, b))
        if per_degree and end > begin + 1:
            acc = vector.div(acc, vector.fill(x, shape, end - begin))
        if len(divisor):
            acc = vector.div(acc, vector.fill(x, shape, divisor[r]))
        vector.store(out, r, column, acc, lanes)


@jit
def extreme_rows(
    indptr: Any,
    indices: Any,
    eids: Any,
    x: Any,
    x_at: int,
    x_kind: int,
    x_places: Any,
    y: Any,
    y_at: int,
    y_kind: int,
    y_places: Any,
    op: Any,
    smallest: Any,
    careful: Any,
    tracked: Any,
    out: Any,
    arg: Any,
    column: int,
    lanes: int,
    shape: Any,
    first: int,
    last: int,
) -> None:
    """``out[r] = the largest message of row r``, smallest if ``(0,)``.

    If ``tracked`` is ``(0,)``, ``arg`` gets the position of the edge that gave it.
    The first of equal messages wins; and, if ``careful`` is ``(0,)``, the first NaN over all.
    Otherwise there must not be a NaN among the messages.
    """
    end_of_all = np.int64(len(indices)) - 1
    worst = np.inf if len(smallest) else -np.inf
    for r in range(first, last):
        begin, end = np.int64(indptr[r]), np.int64(indptr[r + 1])
        acc = vector.fill(x, shape, worst)
        won = vector.places(shape, 0)  # if nothing beats the worst value, the first edge gave it
        for j in range(begin, end):
            ahead = min(j + AHEAD, end_of_all)
            i = addresses.edge_row(x_at, r, ahead, indices, eids)
            if len(op) == 0:
                addresses.prefetch(x, shape, i, column)
                i = addresses.edge_row(x_at, r, j, indices, eids)
                a = vector.load(x, shape, i, column, lanes)
            else:
                if x_at != 0:
                    addresses.prefetch_operand(x, shape, i, x_kind, x_places, column)
                i = addresses.edge_row(x_at, r, j, indices, eids)
                if y_at != 0:
                    k = addresses.edge_row(y_at, r, ahead, indices, eids)
                    addresses.prefetch_operand(y, shape, k, y_kind, y_places, column)
                k = addresses.edge_row(y_at, r, j, indices, eids)
                a = vector.load_operand(x, shape, i, x_kind, x_places, column, lanes)
                b = vector.load_operand(y, shape, k, y_kind, y_places, column, lanes)
                a = _message(op[0], a, b)
            better = vector.beats(a, acc, smallest, careful)
            acc = vector.choose(better, a, acc)
            if len(tracked):
                won = vector.choose(better, vector.places(shape, j - begin), won)
        if begin == end:
            acc = vector.fill(x, shape, 0)
        vector.store(out, r, column, acc, lanes)
        if len(tracked):
            won = won if begin < end else vector.places(shape, -1)
            vector.store_places(arg, r, column, won, begin if begin < end else 0, lanes)


@jit
def make_messages(
    indptr: Any,
    indices: Any,
    eids: Any,
    x: Any,
    x_at: int,
    x_kind: int,
    x_places: Any,
    y: Any,
    y_at: int,
    y_kind: int,
    y_places: Any,
    op: Any,
    out: Any,
    column: int,
    lanes: int,
    shape: Any,
    first: int,
    last: int,
) -> None:
    """``out[e] = the message of edge e``."""
    end_of_all = np.int64(len(indices)) - 1
    for r in range(first, last):
        for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
            ahead = min(j + AHEAD, end_of_all)
            i = addresses.edge_row(x_at, r, ahead, indices, eids)
            k = addresses.edge_row(y_at, r, ahead, indices, eids)
            addresses.prefetch_operand(x, shape, i, x_kind, x_places, column)
            addresses.prefetch_operand(y, shape, k, y_kind, y_places, column)
            addresses.prefetch(out, shape, np.int64(eids[ahead]), column)
            i = addresses.edge_row(x_at, r, j, indices, eids)
            k = addresses.edge_row(y_at, r, j, indices, eids)
            a = vector.load_operand(x, shape, i, x_kind, x_places, column, lanes)
            b = vector.load_operand(y, shape, k, y_kind, y_places, column, lanes)
            vector.store(out, np.int64(eids[j]), column, _message(op[0], a, b), lanes)


@jit
def make_dots(
    indptr: Any,
    indices: Any,
    eids: Any,
    x: Any,
    x_at: int,
    y: Any,
    y_at: int,
    width: int,
    out: Any,
    shape: Any,
    first: int,
    last: int,
) -> None:
    """``out[e, h] = sum of x * y over block h`` of ``width``, as many blocks at once as vectors."""
    end_of_all, blocks = np.int64(len(indices)) - 1, np.int64(out.shape[1])
    for r in range(first, last):
        for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
            ahead = min(j + AHEAD, end_of_all)
            i = addresses.edge_row(x_at, r, ahead, indices, eids)
            k = addresses.edge_row(y_at, r, ahead, indices, eids)
            if x_at != 0:
                for f in range(0, blocks * width, LINE):
                    addresses.prefetch(x, (0,), i, f)
            if y_at != 0:
                for f in range(0, blocks * width, LINE):
                    addresses.prefetch(y, (0,), k, f)
            addresses.prefetch(out, (0,), np.int64(eids[ahead]), 0)
            i = addresses.edge_row(x_at, r, j, indices, eids)
            k = addresses.edge_row(y_at, r, j, indices, eids)
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
def product_gradient_rows(
    indptr: Any,
    indices: Any,
    eids: Any,
    x: Any,
    weight: Any,
    grad: Any,
    places: Any,
    out: Any,
    out_weight: Any,
    adds: bool,
    factors: Any,
    column: int,
    lanes: int,
    shape: Any,
    first: int,
    last: int,
) -> None:
    """``out[r] = sum of weight * grad`` and ``out_weight[e, h] = sum of x * grad over block h``.

    ``factors`` has as many numbers as a tile has blocks, each for as many vectors as the others.
    Where an earlier tile had the beginning of a block, its sum ``adds`` to what is there.
    """
    end_of_all, block = np.int64(len(indices)) - 1, np.int64(places[column])
    for r in range(first, last):
        own, acc = vector.load(x, shape, r, column, lanes), vector.fill(x, shape, 0)
        for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
            ahead = min(j + AHEAD, end_of_all)
            e = np.int64(eids[ahead])
            addresses.prefetch(grad, shape, np.int64(indices[ahead]), column)
            addresses.prefetch_number(weight, e, block)
            addresses.prefetch_number(out_weight, e, block)
            e = np.int64(eids[j])
            a = vector.load(grad, shape, np.int64(indices[j]), column, lanes)
            acc = vector.add(acc, vector.mul(a, vector.repeat(weight, shape, e, block, factors)))
            made = sums.totals(sums.joined(vector.mul(own, a), factors))
            if adds:
                made = vector.add(made, vector.load(out_weight, (0,), e, block, len(factors)))
            vector.store(out_weight, e, block, made, len(factors))
        vector.store(out, r, column, acc, lanes)
