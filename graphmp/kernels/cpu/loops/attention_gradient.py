"""The loops of attention's gradient, a block of rows at a time; see :mod:`.attention`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...contract import EDGE, ROW
from ..runtime.jit import inner, jit
from ..simd import addresses, sums, vector
from ..simd.llvm import LANES
from . import scratch
from .attention import dropout_mask
from .scores import add_by_edge, compute_scores
from .spmm_tiled import PREFETCH_DISTANCE
from .weighted import weighted_sum, weighted_sum_and_dots


@inner
def _new_arrays(edges: int, heads: Any, like: Any) -> Any:
    """Six scratch arrays."""
    return (
        scratch.new(edges, heads, like),
        scratch.new(edges, heads, like),
        scratch.new(edges, heads, like),
        scratch.new(edges, heads, like),
        scratch.new(edges, heads, like),
        scratch.new(edges, heads, like),
    )


@inner
def _load_stats(
    heads: Any, csr: Any, negative_slope: float, stats: Any, arrays: Any, base: int, end: int
) -> None:
    """Turn scores in scratch into logarithms, and copy the numbers of the other ends to scratch.

    Args:
        heads: see :mod:`.scratch`.
        csr: the edges.
        negative_slope: of the leaky ReLU of the scores; 1 for none.
        stats: (others, 3 heads).
        arrays: ``(scores, alpha, totals, deltas)``; the last three receive the score less the
            largest, the sum of exponentials and ``delta``.
        base: the first position of the block.
        end: one past its last position.
    """
    number = scratch.number_of(heads)
    (_, indices, _, _), (scores, alpha, totals, deltas) = csr, arrays
    end_of_all = np.int64(len(indices)) - 1
    for j in range(base, end):
        v = np.int64(indices[j])
        ahead = np.int64(indices[min(j + 2 * PREFETCH_DISTANCE, end_of_all)])
        for h in range(0, number, LANES):
            lanes = min(number - h, LANES)
            addresses.prefetch(stats, (0,), ahead, h)
            addresses.prefetch(stats, (0,), ahead, 2 * number + h)
            score = vector.load(scores, (0,), j - base, h, lanes)
            score = vector.leaky_relu(score, negative_slope)
            peak = vector.load(stats, (0,), v, h, lanes)
            vector.store(alpha, j - base, h, vector.sub(score, peak), lanes)
            total = vector.load(stats, (0,), v, number + h, lanes)
            vector.store(totals, j - base, h, total, lanes)
            delta = vector.load(stats, (0,), v, 2 * number + h, lanes)
            vector.store(deltas, j - base, h, delta, lanes)


@inner
def _exponentials(numbers: int, alpha: Any, totals: Any, mask: Any, weighted: Any) -> None:
    """Turn logarithms in scratch into the softmax ``alpha``, and ``weighted``, after dropout."""
    for k in range(0, numbers, LANES):
        a = vector.exp(vector.load(alpha, (0,), 0, k, LANES))
        a = vector.div(a, vector.load(totals, (0,), 0, k, LANES))
        vector.store(alpha, 0, k, a, LANES)
        if len(mask) > 0:
            a = vector.mul(a, vector.load(mask, (0,), 0, k, LANES))
        vector.store(weighted, 0, k, a, LANES)


@inner
def _apply_weight(heads: Any, eids: Any, weight: Any, weighted: Any, base: int, end: int) -> None:
    """Multiply numbers in scratch by the weights of edges."""
    number = scratch.number_of(heads)
    for j in range(base, end):
        for h in range(0, number, LANES):
            lanes = min(number - h, LANES)
            a = vector.load(weighted, (0,), j - base, h, lanes)
            a = vector.mul(a, vector.load(weight, (0,), np.int64(eids[j]), h, lanes))
            vector.store(weighted, j - base, h, a, lanes)


@inner
def _weight_gradient(
    heads: Any, eids: Any, alpha: Any, mask: Any, grads: Any, out: Any, base: int, end: int
) -> None:
    """``out = alpha * mask * grads``, by edge id."""
    number = scratch.number_of(heads)
    for j in range(base, end):
        for h in range(0, number, LANES):
            lanes = min(number - h, LANES)
            a = vector.load(alpha, (0,), j - base, h, lanes)
            if len(mask) > 0:
                a = vector.mul(a, vector.load(mask, (0,), j - base, h, lanes))
            a = vector.mul(a, vector.load(grads, (0,), j - base, h, lanes))
            vector.store(out, np.int64(eids[j]), h, a, lanes)


@inner
def _score_gradients(numbers: int, negative_slope: float, arrays: Any, grads: Any) -> None:
    """Turn gradients of the attention in scratch into those of the scores.

    Args:
        numbers: of edges and heads.
        negative_slope: of the leaky ReLU of the scores; 1 for none.
        arrays: ``(scores, alpha, weighted, deltas)``: scratch; ``alpha`` is the softmax.
        grads: scratch: the gradients.
    """
    scores, alpha, weighted, deltas = arrays
    for k in range(0, numbers, LANES):
        grad = vector.load(grads, (0,), 0, k, LANES)
        grad = vector.mul(grad, vector.load(weighted, (0,), 0, k, LANES))
        a = vector.load(alpha, (0,), 0, k, LANES)
        grad = vector.sub(grad, vector.mul(a, vector.load(deltas, (0,), 0, k, LANES)))
        score = vector.load(scores, (0,), 0, k, LANES)
        grad = vector.mul(grad, vector.leaky_relu_grad(score, negative_slope))
        vector.store(grads, 0, k, grad, LANES)


@inner
def _store_edges(heads: Any, eids: Any, values: Any, out: Any, base: int, end: int) -> None:
    """Copy scratch to (E, heads) ``out``."""
    number = scratch.number_of(heads)
    end_of_all = np.int64(len(eids)) - 1
    for j in range(base, end):
        ahead = np.int64(eids[min(j + 2 * PREFETCH_DISTANCE, end_of_all)])
        for h in range(0, number, LANES):
            addresses.prefetch(out, (0,), ahead, h)
            a = vector.load(values, (0,), j - base, h, LANES)
            vector.store(out, np.int64(eids[j]), h, a, min(number - h, LANES))


@inner
def _sum_edges(heads: Any, csr: Any, values: Any, out: Any, row_block: Any) -> None:
    """``out[r] = sum of the values of the row``, given as ``(data, end)``."""
    number = scratch.number_of(heads)
    (indptr, indices, eids, order), (base, first, last) = csr, row_block
    values, values_end = values
    end_of_all = np.int64(len(indices)) - 1
    for p in range(first, last):
        r = addresses.row_at(order, p)
        for h in range(0, number, LANES):
            lanes = min(number - h, LANES)
            begin, end = np.int64(indptr[p]), np.int64(indptr[p + 1])
            total, start = sums.new_total(values, (0,)), begin
            while True:
                acc, stop = vector.fill(values, (0,), 0), min(start + sums.BLOCK, end)
                for j in range(start, stop):
                    if values_end == EDGE:
                        ahead = np.int64(eids[min(j + 2 * PREFETCH_DISTANCE, end_of_all)])
                        addresses.prefetch(values, (0,), ahead, h)
                    k = addresses.edge_row(values_end, j - base, j, indices, eids)
                    acc = vector.add(acc, vector.load(values, (0,), k, h, lanes))
                if end - begin <= sums.BLOCK:
                    break
                total = sums.add_block(total, acc, start == begin)
                acc = sums.rounded(total, acc)
                if stop == end:
                    break
                start = stop
            vector.store(out, r, h, acc, lanes)


@inner
def _operand_gradient(
    kind: Any,
    heads: Any,
    csr: Any,
    operands: Any,
    score_grad: Any,
    layout: Any,
    out: Any,
    row_block: Any,
) -> None:
    """The gradient of scores at the operand that lies at the rows.

    Args:
        kind: of the scores.
        heads: see :mod:`.scratch`.
        csr: the edges.
        operands: ``(own, other, negative_slope)``: those at the rows and at the other ends.
        score_grad: ``(data, end)``: (edges, heads), in scratch if ``end`` is ``ROW``.
        layout: of the operands.
        out: like ``own``.
        row_block: the rows.
    """
    own, other, negative_slope = operands
    if len(kind) == 0:
        _sum_edges(heads, csr, score_grad, out, row_block)
    else:
        beside = (own if len(kind) == 2 else own[:0], negative_slope)
        none = score_grad[0][:0]
        weighted_sum(csr, other, beside, score_grad, none, layout, (out, out[:0]), row_block)


@jit
def attention_gradient_rows(
    kind: Any,
    csr: Any,
    operands: Any,
    activation: Any,
    dropout: Any,
    layouts: Any,
    grads: Any,
    results: Any,
    first: int,
    last: int,
) -> None:
    """The gradients of attention at the sources, the rows, and at the edges; see the contract.

    Args:
        kind: of the scores.
        csr: the edges.
        operands: ``(left, right, value, edge, weight)``.
        activation: see :mod:`.attention`.
        dropout: see :mod:`.attention`.
        layouts: those of ``left`` and of ``value``, and the heads; see :mod:`.scratch`.
        grads: ``(stats, grad, attention_grad)``.
        results: ``(value, left, scores, weight)``: arrays that receive the gradients.
        first: the first row.
        last: one past the last row.
    """
    (indptr, _, eids, _), (left, right, value, edge, weight) = csr, operands
    (score_layout, layout, heads), (stats, grad, attention_grad) = layouts, grads
    out_value, out_left, out_scores, out_weight = results
    # Of additive scores, the sign before their leaky ReLU is needed.
    slope = activation[1] if len(kind) == 0 else 1.0
    inner_activation = (activation[0], 1.0 if len(kind) == 0 else activation[1])
    has_dropout, has_weight = dropout[1] > 0, len(weight) > 0
    arrays = _new_arrays(scratch.MAX_EDGES, heads, stats)
    mask = arrays[0][:0]
    row = np.int64(first)
    while row < last:
        stop = scratch.end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        row_block, numbers = (base, row, stop), (end - base) * np.int64(mask.shape[1])
        if end - base + LANES > len(arrays[0]):
            arrays = _new_arrays(end - base, heads, stats)
        scores, alpha, alpha_grad, totals, deltas, factors = arrays
        compute_scores(
            kind, heads, csr, (left, right), edge, inner_activation, score_layout, scores, row_block
        )
        _load_stats(heads, csr, slope, stats, (scores, alpha, totals, deltas), base, end)
        if has_dropout:
            mask = dropout_mask(heads, eids, dropout, base, end, mask)
        weighted = factors if has_dropout or has_weight else alpha
        _exponentials(numbers, alpha, totals, mask, weighted)
        if has_weight:
            _apply_weight(heads, eids, weight, weighted, base, end)
        weighted_sum_and_dots(
            heads, csr, (value, grad), (weighted, alpha_grad), layout, out_value, row_block
        )
        if len(attention_grad) > 0:
            add_by_edge(heads, eids, attention_grad, alpha_grad, base, end)
        if has_weight:
            _weight_gradient(heads, eids, alpha, mask, alpha_grad, out_weight, base, end)
        _score_gradients(numbers, slope, (scores, alpha, weighted, deltas), alpha_grad)
        _store_edges(heads, eids, alpha_grad, out_scores, base, end)
        _operand_gradient(
            kind, heads, csr, (left, right, activation[1]), (alpha_grad, ROW), score_layout,
            out_left, row_block,
        )  # fmt: skip
        row = stop


@jit
def row_dots(x: Any, y: Any, width: int, out: Any, shape: Any, first: int, last: int) -> None:
    """``out[r, h] = x[r] · y[r]`` over block ``h``, as many blocks at once as vectors.

    Args:
        x: (rows, blocks * width).
        y: likewise.
        width: the elements of a block.
        out: (rows, blocks).
        shape: of a tile.
        first: the first row.
        last: one past the last row.
    """
    blocks = np.int64(out.shape[1])
    for r in range(first, last):
        for h in range(0, blocks, len(shape)):
            acc = vector.fill(x, shape, 0)
            for f in range(0, width, LANES):
                lanes = min(width - f, LANES)
                a = vector.load_blocks(x, shape, r, (h, f), blocks, width, lanes)
                b = vector.load_blocks(y, shape, r, (h, f), blocks, width, lanes)
                acc = vector.add(acc, vector.mul(a, b))
            vector.store(out, r, h, sums.totals(acc), min(blocks - h, np.int64(len(shape))))


@jit
def score_gradient_rows(
    kind: Any,
    csr: Any,
    operands: Any,
    score_grad: Any,
    layouts: Any,
    out: Any,
    first: int,
    last: int,
) -> None:
    """The gradient of scores at the destinations, the rows; see the contract.

    Args:
        kind: of the scores.
        csr: the edges.
        operands: ``(own, other, negative_slope)``, as :func:`_operand_gradient` takes them.
        score_grad: (E, heads), in edge id order.
        layouts: the layout of the operands, and the heads; see :mod:`.scratch`.
        out: like ``own``.
        first: the first row.
        last: one past the last row.
    """
    (layout, heads), row_block = layouts, (np.int64(0), np.int64(first), np.int64(last))
    _operand_gradient(kind, heads, csr, operands, (score_grad, EDGE), layout, out, row_block)
