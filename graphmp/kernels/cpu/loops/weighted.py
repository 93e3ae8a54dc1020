"""Sums of rows weighted by attention, of a block of rows at a time; see :mod:`.attention`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...contract import EDGE, ROW
from ..runtime.jit import inner
from ..simd import addresses, sums, vector
from ..simd.llvm import LANES
from .scores import compute_scores
from .scratch import number_of
from .spmm_tiled import PREFETCH_DISTANCE, ROWS_AHEAD


@inner
def _weighted_sum_tile(
    factors: Any,
    csr: Any,
    x: Any,
    own: Any,
    alpha: Any,
    totals: Any,
    heads: Any,
    tile: Any,
    out: Any,
    row_block: Any,
) -> None:
    """The columns of one tile of :func:`weighted_sum`."""
    (indptr, indices, eids, order), (base, first, last) = csr, row_block
    (own, negative_slope), (alpha, alpha_end) = own, alpha
    (kind, columns), (column, lanes, shape), (out, rounded) = heads, tile, out
    end_of_all, head = np.int64(len(indices)) - 1, np.int64(columns[column])
    for p in range(first, last):
        r = addresses.row_at(order, p)
        if len(order) > 0:
            ahead = addresses.row_at(order, min(p + ROWS_AHEAD, last - 1))
            addresses.prefetch(out, shape, ahead, column)
            if len(rounded) > 0:
                addresses.prefetch(rounded, shape, ahead, column)
        begin, end = np.int64(indptr[p]), np.int64(indptr[p + 1])
        total, start = sums.new_total(x, shape), begin
        while True:
            acc, stop = vector.fill(x, shape, 0), min(start + sums.BLOCK, end)
            for j in range(start, stop):
                ahead = min(j + PREFETCH_DISTANCE, end_of_all)
                addresses.prefetch(x, shape, np.int64(indices[ahead]), column)
                if alpha_end == EDGE:
                    addresses.prefetch(alpha, (0,), np.int64(eids[ahead]), 0)
                k = addresses.edge_row(alpha_end, j - base, j, indices, eids)
                a = vector.load(x, shape, np.int64(indices[j]), column, lanes)
                if len(own) > 0:
                    a = vector.add(a, vector.load(own, shape, r, column, lanes))
                    a = vector.leaky_relu_grad(a, negative_slope)
                if len(factors) > 0:
                    b = vector.repeat(alpha, shape, k, head, factors)
                else:
                    b = vector.load_operand(alpha, shape, k, kind, columns, column, lanes)
                acc = vector.add(acc, vector.mul(a, b))
            if end - begin <= sums.BLOCK:
                break
            total = sums.add_block(total, acc, start == begin)
            acc = sums.rounded(total, acc)
            if stop == end:
                break
            start = stop
        if len(totals) > 0:
            k = 2 * r + 1
            acc = vector.div(
                acc, vector.load_operand(totals, shape, k, kind, columns, column, lanes)
            )
        vector.store(out, r, column, acc, lanes)
        if len(rounded) > 0:
            vector.store(rounded, r, column, acc, lanes)


@inner
def weighted_sum(
    csr: Any, x: Any, own: Any, alpha: Any, totals: Any, layout: Any, out: Any, row_block: Any
) -> None:
    """``out[r] = sum over the row of alpha * x[other end]``, with an alpha for each head.

    Args:
        csr: the edges.
        x: (others, heads * k).
        own: ``(data, negative_slope)``. If ``data``, (rows, heads * k), has rows, the sum is that
            of ``alpha * leaky_relu_grad(x[other end] + data[r])``.
        alpha: ``(data, end)``: (edges, heads), in scratch if ``end`` is ``ROW``, else by edge id.
        totals: (2 rows, heads), of which every second row divides a sum; or (0, 1).
        layout: the head layout of ``x``.
        out: two arrays (rows, heads * k), which both receive the sums; the second may be without
            rows.
        row_block: the rows.
    """
    kind, columns, shape, factors, _ = layout
    size, wide = np.int64(x.shape[1]), len(shape) * LANES
    # Only a tile of one vector can be masked.
    whole = size - size % wide if len(shape) > 1 else 0
    heads = (kind, columns)
    for column in range(0, whole, wide):
        tile = (column, LANES, shape)
        _weighted_sum_tile(factors, csr, x, own, alpha, totals, heads, tile, out, row_block)
    for column in range(whole, size, LANES):
        tile = (column, min(size - column, LANES), (0,))
        _weighted_sum_tile(factors[:1], csr, x, own, alpha, totals, heads, tile, out, row_block)


@inner
def _sum_and_dots_of_tile(
    factors: Any,
    csr: Any,
    operands: Any,
    scratch: Any,
    width: int,
    tile: Any,
    out: Any,
    row_block: Any,
) -> None:
    """The columns of one tile of :func:`weighted_sum_and_dots`."""
    (indptr, indices, _, order), (base, first, last) = csr, row_block
    (own, x), (alpha, dots), (column, lanes, shape) = operands, scratch, tile
    head, adds = column // width, column % width > 0
    end_of_all = np.int64(len(indices)) - 1
    for p in range(first, last):
        r = addresses.row_at(order, p)
        if len(order) > 0:
            ahead = addresses.row_at(order, min(p + ROWS_AHEAD, last - 1))
            addresses.prefetch(own, shape, ahead, column)
            addresses.prefetch(out, shape, ahead, column)
        begin, end = np.int64(indptr[p]), np.int64(indptr[p + 1])
        b = vector.load(own, shape, r, column, lanes)
        total, start = sums.new_total(x, shape), begin
        while True:
            acc, stop = vector.fill(x, shape, 0), min(start + sums.BLOCK, end)
            for j in range(start, stop):
                ahead = min(j + PREFETCH_DISTANCE, end_of_all)
                addresses.prefetch(x, shape, np.int64(indices[ahead]), column)
                a = vector.load(x, shape, np.int64(indices[j]), column, lanes)
                factor = vector.repeat(alpha, shape, j - base, head, factors)
                acc = vector.add(acc, vector.mul(a, factor))
                dot = sums.totals(sums.combined(vector.mul(a, b), factors))
                if adds:
                    dot = vector.add(dot, vector.load(dots, (0,), j - base, head, len(factors)))
                vector.store(dots, j - base, head, dot, len(factors))
            if end - begin <= sums.BLOCK:
                break
            total = sums.add_block(total, acc, start == begin)
            acc = sums.rounded(total, acc)
            if stop == end:
                break
            start = stop
        vector.store(out, r, column, acc, lanes)


@inner
def weighted_sum_and_dots(
    heads: Any, csr: Any, operands: Any, scratch: Any, layout: Any, out: Any, row_block: Any
) -> None:
    """``out[r] = sum of alpha * x[other end]`` and ``dots = own[r] · x[other end]`` for each head.

    Args:
        heads: see :mod:`.scratch`.
        csr: the edges.
        operands: ``(own, x)``: (rows, heads * k) and (others, heads * k).
        scratch: ``(alpha, dots)``; ``dots`` is written.
        layout: the head layout of both.
        out: (rows, heads * k).
        row_block: the rows.
    """
    _weighted_sum_and_dots(layout[3], heads, csr, operands, scratch, layout, out, row_block)


@inner
def _weighted_sum_and_dots(
    factors: Any,
    heads: Any,
    csr: Any,
    operands: Any,
    scratch: Any,
    layout: Any,
    out: Any,
    row_block: Any,
) -> None:
    """:func:`weighted_sum_and_dots`, compiled for the factors of a tile."""
    number = number_of(heads)
    x = operands[1]
    if len(factors) > 0:
        shape, size = layout[2], np.int64(x.shape[1])
        width, wide = size // number, len(shape) * LANES
        whole = size - size % wide if len(shape) > 1 else 0
        for column in range(0, whole, wide):
            tile = (column, LANES, shape)
            _sum_and_dots_of_tile(factors, csr, operands, scratch, width, tile, out, row_block)
        for column in range(whole, size, LANES):
            tile = (column, min(size - column, LANES), (0,))
            _sum_and_dots_of_tile((0,), csr, operands, scratch, width, tile, out, row_block)
    else:
        none = (x[:0], 1.0)
        compute_scores((0,), heads, csr, operands, x[:0], none, layout, scratch[1], row_block)
        alpha, outs = (scratch[0], ROW), (out, out[:0])
        weighted_sum(csr, x, none, alpha, scratch[0][:0], layout, outs, row_block)
