"""The scores of attention, of a block of rows at a time, and the numbers that edges look up.

``own`` is the operand at the rows and ``other`` the one at the other ends; both ends enter a score
in the same way. Other arguments are those of :mod:`.attention`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import inner
from ..simd import addresses, sums, vector
from ..simd.llvm import LANES
from . import scratch
from .spmm_tiled import CACHE_LINE, PREFETCH_DISTANCE, ROWS_AHEAD


@inner
def compute_scores(
    kind: Any,
    heads: Any,
    csr: Any,
    operands: Any,
    edge: Any,
    activation: Any,
    layout: Any,
    out: Any,
    row_block: Any,
) -> None:
    """Write the scores of a block of rows to scratch.

    Args:
        kind: of the scores; see :mod:`.attention`.
        heads: see :mod:`.scratch`.
        csr: the edges.
        operands: ``(own, other)``.
        edge: (E, heads), added to the scores; or (0, 1).
        activation: ``(attn_vector, negative_slope)``; of additive scores, the slope of a leaky
            ReLU after the sum, 1 for none.
        layout: the head layout of the operands.
        out: scratch.
        row_block: the rows.
    """
    if len(kind) == 0:
        _add_ends(heads, csr, operands, edge, activation[1], out, row_block)
    else:
        _dots(kind, heads, layout[3], csr, operands, activation, layout, out, row_block)
    if len(kind) > 0 and len(edge) > 0:
        add_by_edge(heads, csr[2], edge, out, row_block[0], np.int64(csr[0][row_block[2]]))


@inner
def _add_ends(
    heads: Any,
    csr: Any,
    operands: Any,
    edge: Any,
    negative_slope: float,
    out: Any,
    row_block: Any,
) -> None:
    """``out = leaky_relu(own + other + edge)``."""
    number = scratch.number_of(heads)
    (indptr, indices, eids, order), (own, other), (base, first, last) = csr, operands, row_block
    end_of_all = np.int64(len(indices)) - 1
    for p in range(first, last):
        r = addresses.row_at(order, p)
        if len(order) > 0:
            ahead = addresses.row_at(order, min(p + 2 * ROWS_AHEAD, last - 1))
            addresses.prefetch(own, (0,), ahead, 0)
        for h in range(0, number, LANES):
            lanes = min(number - h, LANES)
            b = vector.load(own, (0,), r, h, lanes)
            for j in range(np.int64(indptr[p]), np.int64(indptr[p + 1])):
                ahead = min(j + 2 * PREFETCH_DISTANCE, end_of_all)
                addresses.prefetch(other, (0,), np.int64(indices[ahead]), h)
                score = vector.add(vector.load(other, (0,), np.int64(indices[j]), h, lanes), b)
                if len(edge) > 0:
                    e = vector.load(edge, (0,), np.int64(eids[j]), h, lanes)
                    score = vector.add(score, e)
                vector.store(out, j - base, h, vector.leaky_relu(score, negative_slope), lanes)


@inner
def _dots(
    kind: Any,
    heads: Any,
    factors: Any,
    csr: Any,
    operands: Any,
    activation: Any,
    layout: Any,
    out: Any,
    row_block: Any,
) -> None:
    """``out = own · other``, or ``attn_vector · leaky_relu(own + other)``."""
    number = scratch.number_of(heads)
    if len(factors) > 0:
        shape, size = layout[2], np.int64(operands[0].shape[1])
        width, wide = size // number, len(shape) * LANES
        whole = size - size % wide if len(shape) > 1 else 0
        for column in range(0, whole, wide):
            tile = (column, LANES, shape)
            _dots_of_tile(kind, width, factors, csr, operands, activation, tile, out, row_block)
        for column in range(whole, size, LANES):
            tile = (column, min(size - column, LANES), (0,))
            _dots_of_tile(kind, width, (0,), csr, operands, activation, tile, out, row_block)
    else:
        _dots_of_blocks(kind, heads, csr, operands, activation, layout[4], out, row_block)


@inner
def _dots_of_tile(
    kind: Any,
    width: int,
    factors: Any,
    csr: Any,
    operands: Any,
    activation: Any,
    tile: Any,
    out: Any,
    row_block: Any,
) -> None:
    """The columns of one tile, which has as many heads as ``factors`` is long, or a part of one."""
    (indptr, indices, _, order), (own, other), (base, first, last) = csr, operands, row_block
    (attn_vector, negative_slope), (column, lanes, shape) = activation, tile
    head, adds = column // width, column % width > 0
    end_of_all = np.int64(len(indices)) - 1
    for p in range(first, last):
        r = addresses.row_at(order, p)
        if len(order) > 0:
            ahead = addresses.row_at(order, min(p + ROWS_AHEAD, last - 1))
            addresses.prefetch(own, shape, ahead, column)
        b = vector.load(own, shape, r, column, lanes)
        for j in range(np.int64(indptr[p]), np.int64(indptr[p + 1])):
            ahead = min(j + PREFETCH_DISTANCE, end_of_all)
            addresses.prefetch(other, shape, np.int64(indices[ahead]), column)
            a = vector.load(other, shape, np.int64(indices[j]), column, lanes)
            if len(kind) == 2:
                c = vector.load(attn_vector, shape, 0, column, lanes)
                products = vector.mul(vector.leaky_relu(vector.add(a, b), negative_slope), c)
            else:
                products = vector.mul(a, b)
            score = sums.totals(sums.combined(products, factors))
            if adds:
                score = vector.add(score, vector.load(out, (0,), j - base, head, len(factors)))
            vector.store(out, j - base, head, score, len(factors))


@inner
def _dots_of_blocks(
    kind: Any,
    heads: Any,
    csr: Any,
    operands: Any,
    activation: Any,
    blocks: Any,
    out: Any,
    row_block: Any,
) -> None:
    """Scores of heads that do not share tiles evenly: a vector of each of several at once."""
    number = scratch.number_of(heads)
    (indptr, indices, _, order), (own, other), (base, first, last) = csr, operands, row_block
    attn_vector, negative_slope = activation
    end_of_all, width = np.int64(len(indices)) - 1, np.int64(own.shape[1]) // number
    for p in range(first, last):
        r = addresses.row_at(order, p)
        for j in range(np.int64(indptr[p]), np.int64(indptr[p + 1])):
            i, ahead = (
                np.int64(indices[j]),
                np.int64(indices[min(j + PREFETCH_DISTANCE, end_of_all)]),
            )
            for f in range(0, number * width, CACHE_LINE):
                addresses.prefetch(other, (0,), ahead, f)
            for h in range(0, number, len(blocks)):
                acc = vector.fill(out, blocks, 0)
                for f in range(0, width, LANES):
                    lanes = min(width - f, LANES)
                    a = vector.load_blocks(other, blocks, i, (h, f), number, width, lanes)
                    b = vector.load_blocks(own, blocks, r, (h, f), number, width, lanes)
                    if len(kind) == 2:
                        a = vector.leaky_relu(vector.add(a, b), negative_slope)
                        b = vector.load_blocks(attn_vector, blocks, 0, (h, f), number, width, lanes)
                    acc = vector.add(acc, vector.mul(a, b))
                lanes = min(number - h, np.int64(len(blocks)))
                vector.store(out, j - base, h, sums.totals(acc), lanes)


@inner
def add_by_edge(heads: Any, eids: Any, edge: Any, out: Any, base: int, end: int) -> None:
    """Add (E, heads) numbers of edges to those in scratch."""
    number = scratch.number_of(heads)
    for j in range(base, end):
        e = np.int64(eids[j])
        for h in range(0, number, LANES):
            lanes = min(number - h, LANES)
            score = vector.load(out, (0,), j - base, h, lanes)
            vector.store(
                out, j - base, h, vector.add(score, vector.load(edge, (0,), e, h, lanes)), lanes
            )
