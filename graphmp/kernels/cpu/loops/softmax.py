"""The loops of the softmax over the edges of each row, and of its gradient.

Floating point runs on tiles, a block of rows at a time; see :mod:`.scratch`. The loops named
``plain`` work on single numbers, for all other cases.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import inner, jit
from ..simd import addresses, sums, vector
from ..simd.llvm import LANES
from . import scratch
from .spmm_tiled import PREFETCH_DISTANCE


@inner
def normalise(
    heads: int, indptr: Any, negative_slope: float, alpha: Any, stats: Any, row_block: Any
) -> None:
    """Turn scores in scratch into their softmax over each row.

    Args:
        heads: the number of heads.
        indptr: (rows + 1,).
        negative_slope: of a leaky ReLU that the scores pass first; 1 for none.
        alpha: scratch: scores, which become their softmax.
        stats: (rows, 2 heads), receives the largest score and the sum of exponentials; or (0, 1).
        row_block: ``(base, first, last)``: the first position, and the range of rows.
    """
    base, first, last = row_block
    for r in range(first, last):
        begin, end = np.int64(indptr[r]) - base, np.int64(indptr[r + 1]) - base
        for h in range(0, heads, LANES):
            lowest = vector.fill(alpha, (0,), -np.inf)
            peak, zero = lowest, vector.fill(alpha, (0,), 0)
            for j in range(begin, end):
                a = vector.leaky_relu(vector.load(alpha, (0,), j, h, LANES), negative_slope)
                peak = vector.choose(vector.is_better(a, peak, (), (0,)), a, peak)
            # Of a row whose scores are all -inf each gets 0: exp(-inf - 0) / 1.
            peak = vector.choose(vector.is_better(peak, lowest, (), (0,)), peak, zero)
            wide, start = sums.new_total(alpha, (0,)), begin
            while True:
                total, stop = vector.fill(alpha, (0,), 0), min(start + sums.BLOCK, end)
                for j in range(start, stop):
                    a = vector.leaky_relu(vector.load(alpha, (0,), j, h, LANES), negative_slope)
                    a = vector.exp(vector.sub(a, peak))
                    total = vector.add(total, a)
                    vector.store(alpha, j, h, a, LANES)
                if end - begin <= sums.BLOCK:
                    break
                wide = sums.add_block(wide, total, start == begin)
                total = sums.rounded(wide, total)
                if stop == end:
                    break
                start = stop
            one = vector.fill(alpha, (0,), 1)
            total = vector.choose(vector.is_better(total, zero, (), (0,)), total, one)
            for j in range(begin, end):
                a = vector.div(vector.load(alpha, (0,), j, h, LANES), total)
                vector.store(alpha, j, h, a, LANES)
            if len(stats) > 0:
                lanes = min(heads - h, LANES)
                vector.store(stats, r, h, peak, lanes)
                vector.store(stats, r, heads + h, total, lanes)


@jit
def softmax_rows(
    indptr: Any, eids: Any, logits: Any, out: Any, stats: Any, first: int, last: int
) -> None:
    """``out[e] = exp(logits[e]) / sum over the edges of the same row``, without overflow.

    Args:
        indptr: (rows + 1,).
        eids: (E,).
        logits: (E, heads).
        out: (E, heads).
        stats: (0, 1), of the accumulator's dtype.
        first: the first row.
        last: one past the last row.
    """
    end_of_all, heads = np.int64(len(eids)) - 1, np.int64(logits.shape[1])
    alpha = scratch.new(0, heads, stats)
    row = np.int64(first)
    while row < last:
        stop = scratch.end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        alpha = scratch.large_enough(alpha, end - base, heads)
        for j in range(base, end):
            e, ahead = np.int64(eids[j]), np.int64(eids[min(j + PREFETCH_DISTANCE, end_of_all)])
            for h in range(0, heads, LANES):
                addresses.prefetch(logits, (0,), ahead, h)
                addresses.prefetch(out, (0,), ahead, h)
                a = vector.load(logits, (0,), e, h, min(heads - h, LANES))
                vector.store(alpha, j - base, h, a, LANES)
        normalise(heads, indptr, 1.0, alpha, stats, (base, row, stop))
        for j in range(base, end):
            for h in range(0, heads, LANES):
                a = vector.load(alpha, (0,), j - base, h, LANES)
                vector.store(out, np.int64(eids[j]), h, a, min(heads - h, LANES))
        row = stop


@inner
def _store_gradients(
    heads: int, indptr: Any, eids: Any, alpha: Any, alpha_grad: Any, out: Any, row_block: Any
) -> None:
    """Write the gradients at a block of rows, whose softmax and its gradient are in scratch."""
    base, first, last = row_block
    for r in range(first, last):
        begin, end = np.int64(indptr[r]) - base, np.int64(indptr[r + 1]) - base
        for h in range(0, heads, LANES):
            wide, start = sums.new_total(alpha, (0,)), begin
            while True:
                total, stop = vector.fill(alpha, (0,), 0), min(start + sums.BLOCK, end)
                for j in range(start, stop):
                    a = vector.load(alpha, (0,), j, h, LANES)
                    b = vector.load(alpha_grad, (0,), j, h, LANES)
                    total = vector.add(total, vector.mul(a, b))
                if end - begin <= sums.BLOCK:
                    break
                wide = sums.add_block(wide, total, start == begin)
                total = sums.rounded(wide, total)
                if stop == end:
                    break
                start = stop
            for j in range(begin, end):
                a = vector.load(alpha, (0,), j, h, LANES)
                b = vector.sub(vector.load(alpha_grad, (0,), j, h, LANES), total)
                e = np.int64(eids[j + base])
                vector.store(out, e, h, vector.mul(a, b), min(heads - h, LANES))


@jit
def softmax_gradient_rows(
    indptr: Any, eids: Any, weights: Any, grads: Any, out: Any, stats: Any, first: int, last: int
) -> None:
    """``out[e] = weights[e] * (grads[e] - sum of weights * grads over the edges of the row)``.

    Args:
        indptr: (rows + 1,).
        eids: (E,).
        weights: (E, heads), the softmax.
        grads: (E, heads), its gradient.
        out: (E, heads).
        stats: (0, 1), of the accumulator's dtype.
        first: the first row.
        last: one past the last row.
    """
    end_of_all, heads = np.int64(len(eids)) - 1, np.int64(weights.shape[1])
    alpha, alpha_grad = scratch.new(0, heads, stats), scratch.new(0, heads, stats)
    row = np.int64(first)
    while row < last:
        stop = scratch.end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        alpha = scratch.large_enough(alpha, end - base, heads)
        alpha_grad = scratch.large_enough(alpha_grad, end - base, heads)
        for j in range(base, end):
            e, ahead = np.int64(eids[j]), np.int64(eids[min(j + PREFETCH_DISTANCE, end_of_all)])
            for h in range(0, heads, LANES):
                addresses.prefetch(weights, (0,), ahead, h)
                addresses.prefetch(grads, (0,), ahead, h)
                addresses.prefetch(out, (0,), ahead, h)
                lanes = min(heads - h, LANES)
                a = vector.load(weights, (0,), e, h, lanes)
                vector.store(alpha, j - base, h, a, LANES)
                b = vector.load(grads, (0,), e, h, lanes)
                vector.store(alpha_grad, j - base, h, b, LANES)
        _store_gradients(heads, indptr, eids, alpha, alpha_grad, out, (base, row, stop))
        row = stop


@jit
def softmax_plain(indptr: Any, eids: Any, logits: Any, out: Any, first: int, last: int) -> None:
    """``out[e] = exp(logits[e]) / sum over the edges of the same row``, without overflow."""
    size = out.shape[1]
    peak = np.empty(size, out.dtype)
    total = np.empty(size, np.float64)
    for r in range(first, last):
        begin, end = np.int64(indptr[r]), np.int64(indptr[r + 1])
        for f in range(size):
            peak[f] = -np.inf
            total[f] = 0
        for j in range(begin, end):
            e = np.int64(eids[j])
            for f in range(size):
                value = logits[e, f]
                if value > peak[f] or value != value:  # noqa: PLR0124  NaN differs from itself
                    peak[f] = value
        for f in range(size):
            if peak[f] == -np.inf:  # all are: each gets exp(-inf - 0) / 1, which is 0
                peak[f], total[f] = 0, 1
        for j in range(begin, end):
            e = np.int64(eids[j])
            for f in range(size):
                out[e, f] = np.exp(logits[e, f] - peak[f])
                total[f] += out[e, f]
        for j in range(begin, end):
            e = np.int64(eids[j])
            for f in range(size):
                out[e, f] /= total[f]


@jit
def softmax_gradient_plain(
    indptr: Any, eids: Any, weights: Any, grads: Any, out: Any, first: int, last: int
) -> None:
    """``out[e] = weights[e] * (grads[e] - sum of weights * grads over the edges of the row)``."""
    size = out.shape[1]
    total = np.empty(size, np.float64)
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
