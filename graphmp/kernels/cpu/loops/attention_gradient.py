"""The loops of attention's gradient, a block of rows at a time; see :mod:`.attention`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...contract import EDGE, OTHER, ROW
from ..runtime.jit import inner, jit
from ..simd import addresses, sums, vector
from ..simd.llvm import LANES
from . import scratch
from .attention import ADDITIVE, DOT, LEAKY, compute_scores, dropout_mask, weighted_sum


@inner
def _score_gradients(
    heads: int,
    csr: Any,
    negative_slope: float,
    operands: Any,
    alpha: Any,
    alpha_grad: Any,
    results: Any,
    base: int,
    end: int,
) -> None:
    """Turn scores in scratch into attention, and its gradient into that of the scores.

    Args:
        heads: the number of heads.
        csr: the edges.
        negative_slope: of the leaky ReLU of the scores; 1 for none.
        operands: ``(stats, weight, mask, attention_grad)``; ``mask`` is scratch.
        alpha: scratch: scores, which become attention after dropout and weights.
        alpha_grad: scratch: the gradient of attention, which becomes that of the scores.
        results: ``(out_scores, out_weight)``, (E, heads).
        base: the first position of the block.
        end: one past its last position.
    """
    _, indices, eids = csr
    (stats, weight, mask, attention_grad), (out_scores, out_weight) = operands, results
    for j in range(base, end):
        e, v = np.int64(eids[j]), np.int64(indices[j])
        for h in range(0, heads, LANES):
            lanes = min(heads - h, LANES)
            score = vector.load(alpha, (0,), j - base, h, LANES)
            peak = vector.load(stats, (0,), v, h, lanes)
            total = vector.load(stats, (0,), v, heads + h, lanes)
            delta = vector.load(stats, (0,), v, 2 * heads + h, lanes)
            shifted = vector.sub(vector.leaky_relu(score, negative_slope), peak)
            softmax = vector.div(vector.exp(shifted), total)
            grad = vector.load(alpha_grad, (0,), j - base, h, LANES)
            if len(attention_grad) > 0:
                grad = vector.add(grad, vector.load(attention_grad, (0,), e, h, lanes))
            weighted = softmax
            if len(mask) > 0:
                weighted = vector.mul(weighted, vector.load(mask, (0,), j - base, h, LANES))
            if len(weight) > 0:
                vector.store(out_weight, e, h, vector.mul(weighted, grad), lanes)
                weighted = vector.mul(weighted, vector.load(weight, (0,), e, h, lanes))
            vector.store(alpha, j - base, h, weighted, LANES)
            grad = vector.sub(vector.mul(weighted, grad), vector.mul(softmax, delta))
            grad = vector.mul(grad, vector.leaky_relu_grad(score, negative_slope))
            vector.store(alpha_grad, j - base, h, grad, LANES)
            vector.store(out_scores, e, h, grad, lanes)


@inner
def _operand_gradient(
    kind: int,
    heads: int,
    csr: Any,
    operands: Any,
    score_grad: Any,
    head_layout: Any,
    out: Any,
    row_block: Any,
) -> None:
    """The gradient of scores at the operand that lies at the rows.

    Args:
        kind: of the scores.
        heads: the number of heads.
        csr: the edges.
        operands: ``(own, other, negative_slope)``: those at the rows and at the other ends.
        score_grad: ``(data, end)``: (edges, heads), in scratch if ``end`` is ``ROW``.
        head_layout: of the operands.
        out: like ``own``.
        row_block: the rows.
    """
    own, other, negative_slope = operands
    if kind == ADDITIVE:
        (indptr, indices, eids), (base, first, last) = csr, row_block
        grads, grads_end = score_grad
        for r in range(first, last):
            for h in range(0, heads, LANES):
                lanes = min(heads - h, LANES)
                begin, end = np.int64(indptr[r]), np.int64(indptr[r + 1])
                total, start = sums.new_total(grads, (0,)), begin
                while True:
                    acc, stop = vector.fill(grads, (0,), 0), min(start + sums.BLOCK, end)
                    for j in range(start, stop):
                        k = addresses.edge_row(grads_end, j - base, j, indices, eids)
                        acc = vector.add(acc, vector.load(grads, (0,), k, h, lanes))
                    if end - begin <= sums.BLOCK:
                        break
                    total = sums.add_block(total, acc, start == begin)
                    acc = sums.rounded(total, acc)
                    if stop == end:
                        break
                    start = stop
                vector.store(out, r, h, acc, lanes)
    else:
        beside = (own if kind == LEAKY else own[:0], negative_slope)
        weighted_sum(csr, other, beside, score_grad, head_layout, out, row_block)


@jit
def attention_gradient_rows(
    kind: int,
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
        layouts: ``(blocks, head_layout, score_layout)`` of the heads, ``value`` and ``left``.
        grads: ``(stats, grad, attention_grad)``.
        results: ``(value, left, scores, weight)``: arrays that receive the gradients.
        first: the first row.
        last: one past the last row.
    """
    (indptr, _, eids), (left, right, value, edge, weight) = csr, operands
    (blocks, head_layout, score_layout), (stats, grad, attention_grad) = layouts, grads
    out_value, out_left, out_scores, out_weight = results
    heads = np.int64(stats.shape[1]) // 3
    negative_slope = activation[1] if kind == ADDITIVE else 1.0
    has_dropout = dropout[1] > 0
    alpha, alpha_grad = scratch.new(0, heads, stats), scratch.new(0, heads, stats)
    mask = scratch.new(0, heads, stats)
    x, y = (left, ROW), (right, OTHER)
    row = np.int64(first)
    while row < last:
        stop = scratch.end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        row_block = (base, row, stop)
        alpha = scratch.large_enough(alpha, end - base, heads)
        alpha_grad = scratch.large_enough(alpha_grad, end - base, heads)
        compute_scores(kind, heads, csr, x, y, edge, activation, blocks, alpha, row_block)
        # The gradient of attention is a dot product too: value[u] · grad[v].
        compute_scores(
            DOT, heads, csr, (value, ROW), (grad, OTHER), edge[:0], activation, blocks, alpha_grad,
            row_block,
        )  # fmt: skip
        if has_dropout:
            mask = dropout_mask(heads, eids, dropout, base, end, mask)
        _score_gradients(
            heads, csr, negative_slope, (stats, weight, mask, attention_grad), alpha, alpha_grad,
            (out_scores, out_weight), base, end,
        )  # fmt: skip
        weighted_sum(csr, grad, (grad[:0], 1.0), (alpha, ROW), head_layout, out_value, row_block)
        own = (left, right, activation[1])
        _operand_gradient(
            kind, heads, csr, own, (alpha_grad, ROW), score_layout, out_left, row_block
        )
        row = stop


@jit
def score_gradient_rows(
    kind: int,
    csr: Any,
    operands: Any,
    score_grad: Any,
    head_layout: Any,
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
        head_layout: of the operands.
        out: like ``own``.
        first: the first row.
        last: one past the last row.
    """
    row_block = (np.int64(0), np.int64(first), np.int64(last))
    heads = np.int64(score_grad.shape[1])
    grads = (score_grad, EDGE)
    _operand_gradient(kind, heads, csr, operands, grads, head_layout, out, row_block)
