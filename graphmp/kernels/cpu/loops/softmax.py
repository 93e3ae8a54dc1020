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
    """The larger of each two numbers; ``b`` where ``a`` is NaN."""
    return vector.choose(vector.is_better(a, b, (), ()), a, b)


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
    heads: Any, rows: Any, scores: Any, alpha: Any, stats: Any, row_block: Any, skipped: int
) -> None:
    """Write the exponentials of scores, less the largest of their row, and their sums.

    Args:
        heads: see :mod:`.scratch`.
        rows: ``(indptr, order)``; see :mod:`.spmm_tiled`.
        scores: scratch.
        alpha: another scratch array, receives the exponentials.
        stats: (rows, 2 heads), receives the largest score and the sum of the exponentials; both are
            for a head without scores above -inf 0 and 1.
        row_block: ``(base, first, last)``: the first position, and the range of rows. In ascending
            order the row ``first`` is ``stats[skipped]``.
        skipped: see there.
    """
    number = scratch.number_of(heads)
    (base, first, last), (indptr, order) = row_block, rows
    offset = skipped - first
    stride = scratch.stride_of(heads)
    step = max(stride, LANES)
    for p in range(first, last):
        r = addresses.row_at(order, p) + offset
        begin, end = np.int64(indptr[p]) - base, np.int64(indptr[p + 1]) - base
        count = (end - begin) * stride
        for h in range(0, stride, LANES):
            lowest, zero = vector.fill(scores, (0,), -np.inf), vector.fill(scores, (0,), 0)
            # NaN is left out: the sum of the exponentials is NaN then.
            peak, k = lowest, h
            while k <= count - LANES:
                peak = _larger(vector.load(scores, (0,), begin, k, LANES), peak)
                k += step
            if k < count:
                a = vector.load(scores, (0,), begin, k, LANES)
                peak = _larger(vector.first_of(a, lowest, count - k), peak)
            if stride <= 4:
                peak = _larger(vector.rotated(peak, (0, 0, 0, 0)), peak)
            if stride <= 2:
                peak = _larger(vector.rotated(peak, (0, 0)), peak)
            if stride == 1:
                peak = _larger(vector.rotated(peak, (0,)), peak)
            # Of a row whose scores are all -inf each gets 0: exp(-inf - 0) / 1.
            peak = vector.choose(vector.is_better(peak, lowest, (), ()), peak, zero)
            wide, start = sums.new_total(scores, (0,)), h
            while True:
                total, stop, k = zero, min(start + sums.BLOCK * step, count), start
                while k <= stop - LANES:
                    a = vector.exp(vector.sub(vector.load(scores, (0,), begin, k, LANES), peak))
                    total = vector.add(total, a)
                    vector.store(alpha, begin, k, a, LANES)
                    k += step
                if k < stop:
                    a = vector.exp(vector.sub(vector.load(scores, (0,), begin, k, LANES), peak))
                    total = vector.add(total, vector.first_of(a, zero, stop - k))
                    vector.store(alpha, begin, k, a, LANES)
                if count <= sums.BLOCK * step:
                    break
                wide = sums.add_block(wide, total, start == h)
                total = sums.rounded(wide, total)
                if stop == count:
                    break
                start = stop
            total = _across(total, stride)
            one, lanes = vector.fill(scores, (0,), 1), min(number - h, LANES)
            total = vector.choose(vector.is_better(total, zero, (), (0,)), total, one)
            vector.store(stats, r, h, peak, lanes)
            vector.store(stats, r, number + h, total, lanes)


@jit
def softmax_rows(
    indptr: Any, eids: Any, logits: Any, results: Any, stats: Any, first: int, last: int
) -> None:
    """``out[e] = exp(logits[e]) / sum over the edges of the same row``, without overflow.

    Args:
        indptr: (rows + 1,).
        eids: (E,).
        logits: (E, heads).
        results: ``(out, grouped)``, (E, heads) each: by edge id, and as the edges are grouped;
            without rows if that is not wanted.
        stats: (0, 1), of the accumulator's dtype.
        first: the first row.
        last: one past the last row.
    """
    (out, grouped), number = results, np.int64(logits.shape[1])
    heads = (number, ())
    scores, alpha = scratch.new(0, heads, stats), scratch.new(0, heads, stats)
    stats = np.empty((scratch.MAX_EDGES, 2 * number), stats.dtype)
    end_of_all = np.int64(len(eids)) - 1
    row = np.int64(first)
    while row < last:
        stop = scratch.end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        scores = scratch.large_enough(scores, end - base, heads)
        alpha = scratch.large_enough(alpha, end - base, heads)
        for h in range(0, number, LANES):
            lanes = min(number - h, LANES)
            for j in range(base, end):
                ahead = np.int64(eids[min(j + 2 * PREFETCH_DISTANCE, end_of_all)])
                addresses.prefetch(logits, (0,), ahead, h)
                addresses.prefetch(out, (0,), ahead, h)
                a = vector.load(logits, (0,), np.int64(eids[j]), h, lanes)
                vector.store(scores, j - base, h, a, lanes)
        exponentials(heads, (indptr, ()), scores, alpha, stats, (base, row, stop), 0)
        for r in range(row, stop):
            for h in range(0, number, LANES):
                lanes = min(number - h, LANES)
                total = vector.load(stats, (0,), r - row, number + h, lanes)
                for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
                    a = vector.div(vector.load(alpha, (0,), j - base, h, LANES), total)
                    vector.store(out, np.int64(eids[j]), h, a, lanes)
                    if len(grouped) > 0:
                        vector.store(grouped, j, h, a, lanes)
        row = stop


@jit
def softmax_gradient_rows(
    indptr: Any, eids: Any, grouped: Any, grads: Any, out: Any, first: int, last: int
) -> None:
    """``out[e] = weight * (grads[e] - sum of weight * grads over the edges of the row)``.

    Args:
        indptr: (rows + 1,).
        eids: (E,).
        grouped: (E, heads), the softmax, as the edges are grouped.
        grads: (E, heads), its gradient, by edge id.
        out: (E, heads), by edge id.
        first: the first row.
        last: one past the last row.
    """
    end_of_all, heads = np.int64(len(eids)) - 1, np.int64(out.shape[1])
    for r in range(first, last):
        begin, end = np.int64(indptr[r]), np.int64(indptr[r + 1])
        for h in range(0, heads, LANES):
            lanes = min(heads - h, LANES)
            wide, start = sums.new_total(grads, (0,)), begin
            while True:
                total, stop = vector.fill(grads, (0,), 0), min(start + sums.BLOCK, end)
                for j in range(start, stop):
                    ahead = np.int64(eids[min(j + 2 * PREFETCH_DISTANCE, end_of_all)])
                    addresses.prefetch(grads, (0,), ahead, h)
                    addresses.prefetch(out, (0,), ahead, h)
                    a = vector.load(grads, (0,), np.int64(eids[j]), h, lanes)
                    b = vector.load(grouped, (0,), j, h, lanes)
                    total = vector.add(total, vector.mul(a, b))
                if end - begin <= sums.BLOCK:
                    break
                wide = sums.add_block(wide, total, start == begin)
                total = sums.rounded(wide, total)
                if stop == end:
                    break
                start = stop
            for j in range(begin, end):
                e = np.int64(eids[j])
                a = vector.sub(vector.load(grads, (0,), e, h, lanes), total)
                b = vector.load(grouped, (0,), j, h, lanes)
                vector.store(out, e, h, vector.mul(a, b), lanes)


@jit
def softmax_plain(indptr: Any, eids: Any, logits: Any, results: Any, first: int, last: int) -> None:
    """See :func:`softmax_rows`."""
    (out, grouped), size = results, logits.shape[1]
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
            if len(grouped) > 0:
                for f in range(size):
                    grouped[j, f] = out[e, f]


@jit
def softmax_gradient_plain(
    indptr: Any, eids: Any, grouped: Any, grads: Any, out: Any, first: int, last: int
) -> None:
    """See :func:`softmax_gradient_rows`."""
    size = out.shape[1]
    total = np.empty(size, np.float64)
    for r in range(first, last):
        begin, end = np.int64(indptr[r]), np.int64(indptr[r + 1])
        total[:] = 0
        for j in range(begin, end):
            e = np.int64(eids[j])
            for f in range(size):
                total[f] += grouped[j, f] * grads[e, f]
        for j in range(begin, end):
            e = np.int64(eids[j])
            for f in range(size):
                out[e, f] = grouped[j, f] * (grads[e, f] - total[f])
