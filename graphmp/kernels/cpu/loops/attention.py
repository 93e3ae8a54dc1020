"""The loops of attention: scores, softmax and weighted sum of a block of rows at a time.

Values of an edge and a head lie in scratch arrays; see :mod:`.scratch`. Nothing is stored for an
edge and a feature. Arguments that belong together are plain tuples:

- ``csr``: ``(indptr, indices, eids)``.
- ``x``, ``y``: ``(data, end)``: an operand (rows, heads * k), and which row an edge reads, ``ROW``,
  ``OTHER`` or ``EDGE``.
- ``activation``: ``(attn_vector, negative_slope)`` of :class:`~graphmp.kernels.contract.Attention`.
- ``dropout``: ``(seed, threshold)`` of :mod:`graphmp.kernels.philox`.
- ``row_block``: ``(base, first, last)``: the position of the first edge in scratch, and the rows.
- ``head_layout``: ``(kind, columns, shape)``: how features meet heads, as the kind and the columns
  of :func:`..simd.vector.load_operand`, and the shape of the widest tile.
- ``blocks``: the shape of as many vectors as heads are summed at once.

An optional operand without rows is left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...contract import EDGE, OTHER, ROW, SCORES
from ..runtime.jit import inner, jit
from ..simd import addresses, sums, vector
from ..simd.llvm import LANES
from . import philox, scratch
from .softmax import normalise
from .spmm_tiled import CACHE_LINE, PREFETCH_DISTANCE

ADDITIVE, DOT, LEAKY = map(SCORES.index, ("add", "dot", "leaky"))


@inner
def dropout_mask(heads: int, eids: Any, dropout: Any, base: int, end: int, mask: Any) -> Any:
    """Write the factors of dropout, 0 or 1 / (1 - p), to ``mask`` or a larger scratch array."""
    seed, threshold = dropout
    mask = scratch.large_enough(mask, end - base, heads)
    whole = np.float64(1 << 32)
    num_passed = whole - threshold  # of the 2**32 words
    for j in range(base, end):
        for h in range(0, heads, 4):
            words = philox.words(seed, np.int64(eids[j]), h // 4, 0)
            for k in range(h, min(h + 4, heads)):
                is_passed = words[k - h] >= np.uint64(threshold)
                mask[j - base, k] = whole / num_passed if is_passed else 0
    return mask


@inner
def compute_scores(
    kind: int,
    heads: int,
    csr: Any,
    x: Any,
    y: Any,
    edge: Any,
    activation: Any,
    blocks: Any,
    out: Any,
    row_block: Any,
) -> None:
    """Write scores to scratch; ``ADDITIVE`` ones are written before their leaky ReLU."""
    (indptr, indices, eids), (x, x_end), (y, y_end) = csr, x, y
    (attn_vector, negative_slope), (base, first, last) = activation, row_block
    end_of_all, width = np.int64(len(indices)) - 1, np.int64(x.shape[1]) // heads
    for r in range(first, last):
        for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
            ahead = min(j + PREFETCH_DISTANCE, end_of_all)
            i = addresses.edge_row(x_end, r, ahead, indices, eids)
            k = addresses.edge_row(y_end, r, ahead, indices, eids)
            for f in range(0, heads * width, CACHE_LINE):
                addresses.prefetch(x, (0,), i, f)
                addresses.prefetch(y, (0,), k, f)
            i = addresses.edge_row(x_end, r, j, indices, eids)
            k = addresses.edge_row(y_end, r, j, indices, eids)
            if kind == ADDITIVE:
                for h in range(0, heads, LANES):
                    lanes = min(heads - h, LANES)
                    score = vector.load(x, (0,), i, h, lanes)
                    score = vector.add(score, vector.load(y, (0,), k, h, lanes))
                    vector.store(out, j - base, h, score, LANES)
            else:
                for h in range(0, heads, len(blocks)):
                    acc = vector.fill(out, blocks, 0)
                    for f in range(0, width, LANES):
                        lanes = min(width - f, LANES)
                        a = vector.load_blocks(x, blocks, i, (h, f), heads, width, lanes)
                        b = vector.load_blocks(y, blocks, k, (h, f), heads, width, lanes)
                        if kind == LEAKY:
                            a = vector.leaky_relu(vector.add(a, b), negative_slope)
                            b = vector.load_blocks(
                                attn_vector, blocks, 0, (h, f), heads, width, lanes
                            )
                        acc = vector.add(acc, vector.mul(a, b))
                    vector.store(out, j - base, h, sums.totals(acc), LANES)
            if len(edge) > 0:
                e = np.int64(eids[j])
                for h in range(0, heads, LANES):
                    lanes = min(heads - h, LANES)
                    score = vector.load(out, (0,), j - base, h, LANES)
                    score = vector.add(score, vector.load(edge, (0,), e, h, lanes))
                    vector.store(out, j - base, h, score, LANES)


@inner
def _apply_dropout_and_weight(
    heads: int,
    eids: Any,
    weight: Any,
    mask: Any,
    attention: Any,
    alpha: Any,
    base: int,
    end: int,
) -> None:
    """Multiply the softmax by dropout and the weights of edges; store it unless it has no rows."""
    for j in range(base, end):
        e = np.int64(eids[j])
        for h in range(0, heads, LANES):
            lanes = min(heads - h, LANES)
            a = vector.load(alpha, (0,), j - base, h, LANES)
            if len(mask) > 0:
                a = vector.mul(a, vector.load(mask, (0,), j - base, h, LANES))
            if len(weight) > 0:
                a = vector.mul(a, vector.load(weight, (0,), e, h, lanes))
            vector.store(alpha, j - base, h, a, LANES)
            if len(attention) > 0:
                vector.store(attention, e, h, a, lanes)


@inner
def _weighted_sum_tile(
    csr: Any, x: Any, own: Any, alpha: Any, heads: Any, tile: Any, out: Any, row_block: Any
) -> None:
    """The columns of one tile of :func:`weighted_sum`."""
    (indptr, indices, eids), (base, first, last) = csr, row_block
    (own, negative_slope), (alpha, alpha_end) = own, alpha
    (kind, columns), (column, lanes, shape) = heads, tile
    end_of_all = np.int64(len(indices)) - 1
    for r in range(first, last):
        begin, end = np.int64(indptr[r]), np.int64(indptr[r + 1])
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
                b = vector.load_operand(alpha, shape, k, kind, columns, column, lanes)
                acc = vector.add(acc, vector.mul(a, b))
            if end - begin <= sums.BLOCK:
                break
            total = sums.add_block(total, acc, start == begin)
            acc = sums.rounded(total, acc)
            if stop == end:
                break
            start = stop
        vector.store(out, r, column, acc, lanes)


@inner
def weighted_sum(
    csr: Any, x: Any, own: Any, alpha: Any, head_layout: Any, out: Any, row_block: Any
) -> None:
    """``out[r] = sum over the row of alpha * x[other end]``, with an alpha for each head.

    Args:
        csr: the edges.
        x: (others, heads * k).
        own: ``(data, negative_slope)``. If ``data``, (rows, heads * k), has rows, the sum is that
            of ``alpha * leaky_relu_grad(x[other end] + data[r])``.
        alpha: ``(data, end)``: (edges, heads), in scratch if ``end`` is ``ROW``, else by edge id.
        head_layout: that of ``x``.
        out: (rows, heads * k).
        row_block: the rows.
    """
    kind, columns, shape = head_layout
    size, wide = np.int64(x.shape[1]), len(shape) * LANES
    # Only a tile of one vector can be masked.
    whole = size - size % wide if len(shape) > 1 else 0
    heads = (kind, columns)
    for column in range(0, whole, wide):
        _weighted_sum_tile(csr, x, own, alpha, heads, (column, LANES, shape), out, row_block)
    for column in range(whole, size, LANES):
        lanes = min(size - column, LANES)
        _weighted_sum_tile(csr, x, own, alpha, heads, (column, lanes, (0,)), out, row_block)


@jit
def attention_rows(
    kind: int,
    csr: Any,
    operands: Any,
    activation: Any,
    dropout: Any,
    layouts: Any,
    results: Any,
    first: int,
    last: int,
) -> None:
    """Attention of destinations, the rows; see the contract.

    Args:
        kind: ``ADDITIVE``, ``DOT`` or ``LEAKY``.
        csr: the edges.
        operands: ``(left, right, value, edge, weight)``.
        activation: see the module.
        dropout: see the module.
        layouts: ``(blocks, head_layout)`` of the heads and of ``value``.
        results: ``(out, stats, attention)``: arrays that receive the results.
        first: the first row.
        last: one past the last row.
    """
    (indptr, _, eids), (left, right, value, edge, weight) = csr, operands
    (blocks, head_layout), (out, stats, attention) = layouts, results
    heads = np.int64(stats.shape[1]) // 2
    negative_slope = activation[1] if kind == ADDITIVE else 1.0
    has_dropout = dropout[1] > 0
    alpha, mask = scratch.new(0, heads, stats), scratch.new(0, heads, stats)
    x, y = (left, OTHER), (right, ROW)
    row = np.int64(first)
    while row < last:
        stop = scratch.end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        row_block = (base, row, stop)
        alpha = scratch.large_enough(alpha, end - base, heads)
        compute_scores(kind, heads, csr, x, y, edge, activation, blocks, alpha, row_block)
        normalise(heads, indptr, negative_slope, alpha, stats, row_block)
        if has_dropout:
            mask = dropout_mask(heads, eids, dropout, base, end, mask)
        if has_dropout or len(weight) > 0 or len(attention) > 0:
            _apply_dropout_and_weight(heads, eids, weight, mask, attention, alpha, base, end)
        weighted_sum(csr, value, (value[:0], 1.0), (alpha, ROW), head_layout, out, row_block)
        row = stop
