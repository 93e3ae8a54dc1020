"""The loops of the softmax over the edges of each row, and of its gradient.

Floating point runs on tiles, a block of rows at a time; see :mod:`.scratch`. The loops named
``plain`` work on single numbers, for all other cases.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import inline, inner, jit
from ..simd import addresses, sums, vector
from ..simd.llvm import LANES
from . import scratch
from .spmm_tiled import PREFETCH_DISTANCE


@inline
def _larger(a: Any, b: Any) -> Any:
    """The larger of each two numbers; NaN wins."""
    return vector.choose(vector.is_better(a, b, (), (0,)), a, b)


@inline
def _across(total: Any, stride: int) -> Any:
    """The sums of the numbers of each head, of which a vector has several if ``stride`` < 8."""
    if stride <= 4:
        total = vector.add(vector.rotated(total, (0, 0, 0, 0)), total)
    if stride <= 2:
        total = vector.add(vector.rotated(total, (0, 0)), total)
    if stride == 1:
        total = vector.add(vector.rotated(total, (0,)), total)
    return total


@inner
def exponentials(
    heads: int, indptr: Any, scores: Any, alpha: Any, stats: Any, row_block: Any, skipped: int
) -> None:
    """Write the exponentials of scores, less the largest of their row, and their sums.

    Args:
        heads: the number of heads.
        indptr: (rows + 1,).
        scores: scratch.
        alpha: another scratch array, receives the exponentials.
        stats: (rows, 2 heads), receives the largest score and the sum of the exponentials; both are
            for a head without scores above -inf 0 and 1.
        row_block: ``(base, first, last)``: the first position, and the range of rows. The row
            ``first`` is ``stats[skipped]``.
        skipped: see there.
    """
    (base, first, last), offset = row_block, skipped - row_block[1]
    stride = np.int64(scores.shape[1])
    step = max(stride, LANES)
    for r in range(first, last):
        begin, end = np.int64(indptr[r]) - base, np.int64(indptr[r + 1]) - base
        count = (end - begin) * stride
        for h in range(0, stride, LANES):
            lowest, zero = vector.fill(scores, (0,), -np.inf), vector.fill(scores, (0,), 0)
            peak = lowest
            for k in range(h, count, step):
                a = vector.load(scores, (0,), begin, k, LANES)
                peak = _larger(vector.first_of(a, lowest, count - k), peak)
            if stride <= 4:
                peak = _larger(vector.rotated(peak, (0, 0, 0, 0)), peak)
            if stride <= 2:
                peak = _larger(vector.rotated(peak, (0, 0)), peak)
            if stride == 1:
                peak = _larger(vector.rotated(peak, (0,)), peak)
            # Of a row whose scores are all -inf each gets 0: exp(-inf - 0) / 1.
            peak = vector.choose(vector.is_better(peak, lowest, (), (0,)), peak, zero)
            wide, start = sums.new_total(scores, (0,)), h
            while True:
                total, stop = zero, min(start + sums.BLOCK * step, count)
                for k in range(start, stop, step):
                    a = vector.exp(vector.sub(vector.load(scores, (0,), begin, k, LANES), peak))
                    total = vector.add(total, vector.first_of(a, zero, count - k))
                    vector.store(alpha, begin, k, a, LANES)
                if count <= sums.BLOCK * step:
                    break
                wide = sums.add_block(wide, total, start == h)
                total = sums.rounded(wide, total)
                if stop == count:
                    break
                start = stop
            total = _across(total, stride)
            one, lanes = vector.fill(scores, (0,), 1), min(heads - h, LANES)
            total = vector.choose(vector.is_better(total, zero, (), (0,)), total, one)
            vector.store(stats, r + offset, h, peak, lanes)
            vector.store(stats, r + offset, heads + h, total, lanes)


@inner
def load_edges(
    heads: int, eids: Any, ahead_of: Any, values: Any, out: Any, base: int, end: int
) -> None:
    """Copy the (E, heads) numbers of a block's edges to scratch; prefetch rows of ``ahead_of``."""
    end_of_all = np.int64(len(eids)) - 1
    for j in range(base, end):
        e = np.int64(eids[j])
        ahead = np.int64(eids[min(j + 2 * PREFETCH_DISTANCE, end_of_all)])
        for h in range(0, heads, LANES):
            addresses.prefetch(values, (0,), ahead, h)
            addresses.prefetch(ahead_of, (0,), ahead, h)
            lanes = min(heads - h, LANES)
            vector.store(out, j - base, h, vector.load(values, (0,), e, h, lanes), lanes)


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
    heads = np.int64(logits.shape[1])
    scores, alpha = scratch.new(0, heads, stats), scratch.new(0, heads, stats)
    stats = np.empty((scratch.MAX_EDGES, 2 * heads), stats.dtype)
    row = np.int64(first)
    while row < last:
        stop = scratch.end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        scores = scratch.large_enough(scores, end - base, heads)
        alpha = scratch.large_enough(alpha, end - base, heads)
        load_edges(heads, eids, out, logits, scores, base, end)
        exponentials(heads, indptr, scores, alpha, stats, (base, row, stop), 0)
        for r in range(row, stop):
            for h in range(0, heads, LANES):
                lanes = min(heads - h, LANES)
                total = vector.load(stats, (0,), r - row, heads + h, lanes)
                for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
                    a = vector.load(alpha, (0,), j - base, h, LANES)
                    vector.store(out, np.int64(eids[j]), h, vector.div(a, total), lanes)
        row = stop


@inner
def _store_gradients(
    heads: int, indptr: Any, eids: Any, alpha: Any, alpha_grad: Any, out: Any, row_block: Any
) -> None:
    """Write the gradients at a block of rows, whose softmax and its gradient are in scratch."""
    base, first, last = row_block
    stride = np.int64(alpha.shape[1])
    step = max(stride, LANES)
    for r in range(first, last):
        begin, end = np.int64(indptr[r]) - base, np.int64(indptr[r + 1]) - base
        count = (end - begin) * stride
        for h in range(0, stride, LANES):
            zero, lanes = vector.fill(alpha, (0,), 0), min(heads - h, LANES)
            wide, start = sums.new_total(alpha, (0,)), h
            while True:
                total, stop = zero, min(start + sums.BLOCK * step, count)
                for k in range(start, stop, step):
                    a = vector.load(alpha, (0,), begin, k, LANES)
                    b = vector.load(alpha_grad, (0,), begin, k, LANES)
                    total = vector.add(total, vector.first_of(vector.mul(a, b), zero, count - k))
                if count <= sums.BLOCK * step:
                    break
                wide = sums.add_block(wide, total, start == h)
                total = sums.rounded(wide, total)
                if stop == count:
                    break
                start = stop
            total = _across(total, stride)
            for j in range(begin, end):
                a = vector.load(alpha, (0,), j, h, LANES)
                b = vector.sub(vector.load(alpha_grad, (0,), j, h, LANES), total)
                vector.store(out, np.int64(eids[j + base]), h, vector.mul(a, b), lanes)


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
    heads = np.int64(weights.shape[1])
    alpha, alpha_grad = scratch.new(0, heads, stats), scratch.new(0, heads, stats)
    row = np.int64(first)
    while row < last:
        stop = scratch.end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        alpha = scratch.large_enough(alpha, end - base, heads)
        alpha_grad = scratch.large_enough(alpha_grad, end - base, heads)
        load_edges(heads, eids, out, weights, alpha, base, end)
        load_edges(heads, eids, out, grads, alpha_grad, base, end)
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
