"""The loops of neighbour sampling: which edges each row samples.

Random numbers are drawn as :class:`~graphmp.kernels.sampling_spec.SampleSpec` says. Arguments that
all loops share:

- ``csr``: ``(indptr, indices, eids)`` of the graph.
- ``rows``: (n,) rows of ``csr``.
- ``weights``: (E,) by edge id, or empty for equal weights.
- ``excluded``: ascending positions of edges that must not be sampled.
- ``dependent``: ``(is_dependent, key, fraction)`` of a ``BatchDependency``.
- ``sampled``: ``(indptr, indices, positions)`` of the result. ``indptr``, (n + 1,), says where each
  row's edges go; the loops write the other two.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...sampling_spec import MAX_WEIGHT, MIN_WEIGHT
from ..runtime.jit import inline, inner, jit
from ..simd.addresses import PREFETCH_ROWS, prefetch_element
from . import philox
from .spmm_tiled import CACHE_LINE

UNIFORM, BY_WEIGHT, BY_NODE = 0, 1, 2  # the last word of a counter: what it is drawn for
BLOCK = np.uint64(32)  # rows
MAX_COUNT, MAX_DEGREE = 32, 64  # the most edges and degree of rows that are picked from together
ROWS, LOWS, DEGREES, SEEN, PICKS = (column * BLOCK for column in np.arange(5, dtype=np.uint64))


@inner
def _range_between(excluded: Any, low: int, high: int) -> Any:
    """The range of ``excluded`` whose positions lie from ``low`` to ``high - 1``."""
    if len(excluded) == 0:
        return 0, 0
    return np.searchsorted(excluded, low), np.searchsorted(excluded, high)


@jit
def count(
    csr: Any,
    rows: Any,
    fanout: int,
    replace: bool,
    weights: Any,
    excluded: Any,
    out_indptr: Any,
    largest: int,
) -> Any:
    """Write where each row's sampled edges start and end.

    Args:
        csr: the edges.
        rows: (n,).
        fanout: the number of edges per row; -1 for all.
        replace: sample with replacement.
        weights: (E,) or empty.
        excluded: positions.
        out_indptr: (n + 1,), clamped to ``largest``.
        largest: the largest number that the ids can hold.

    Returns:
        The number of edges; and the id of an edge whose weight is no probability, or -1.
    """
    (indptr, _, eids), last_row = csr, len(rows) - 1
    out_indptr[0], total = 0, np.int64(0)
    for i in range(len(rows)):
        prefetch_element(indptr, np.int64(rows[min(i + PREFETCH_ROWS, last_row)]))
        low, high = np.int64(indptr[rows[i]]), np.int64(indptr[rows[i] + 1])
        first, last = _range_between(excluded, low, high)
        degree = high - low - (last - first)
        if len(weights) > 0:
            degree = 0
            for p in range(low, high):
                if first < last and excluded[first] == p:
                    first += 1
                    continue
                weight = np.float64(weights[eids[p]])
                if not (weight >= 0 and weight < np.inf):
                    return total, np.int64(eids[p])
                degree += 1 if weight > 0 else 0
        num_sampled = degree if fanout < 0 or (degree < fanout and not replace) else fanout
        total += num_sampled if degree > 0 else 0
        out_indptr[i + 1] = min(total, largest)
    return total, np.int64(-1)


@inline
def clamped(weight: float) -> Any:
    """A weight other than 0, clamped so that neither sums nor quotients overflow."""
    return min(max(weight, MIN_WEIGHT), MAX_WEIGHT)


@inner
def _uniform(seed: int, index: int, group: int, kind: int) -> Any:
    """A number between 0 and 1, exclusive."""
    a, b, _, _ = philox.words(seed, index, group, kind)
    return philox.fraction(a, b)


@inner
def number_of(seed: int, key: int, fraction: float, node: int) -> Any:
    """The number of a node; see :class:`~graphmp.kernels.sampling_spec.BatchDependency`."""
    point = _uniform(seed, node, 0, BY_NODE)
    if fraction > 0:
        way = _uniform(key, node, 0, BY_NODE) - point
        point += fraction * (way - math.floor(way + 0.5))
        point -= math.floor(point)
    return abs(2 * point - 1)


@inner
def _pick_few(seed: int, count: int, rows: int, few: Any) -> None:
    """Positions of several rows without replacement, by Floyd's algorithm, a pick of all at a time.

    Whether a rank is repeated could not be predicted, so no step branches on it. The loops over
    rows are vectorized, for which indices are unsigned, and what they read and write lies in one
    array at distances that are multiples of ``BLOCK``.

    Args:
        seed: the key.
        count: the number of edges of each row.
        rows: how many rows there are.
        few: columns of ``BLOCK`` numbers: ``ROWS``, ``LOWS``, ``DEGREES`` and ``SEEN``, the indices
            of rows, their first positions and degrees, at most ``MAX_DEGREE``, and zeros, which
            become sets of ranks; then ``count`` columns, rounded up to a multiple of 4, which
            receive the positions.
    """
    one, width = np.uint64(1), np.uint64(rows)
    for t in range(np.uint64(0), np.uint64(count), np.uint64(4)):
        first = PICKS + t * BLOCK
        for q in range(width):
            a, b, c, d = philox.words(seed, few[ROWS + q], t >> np.uint64(2), UNIFORM)
            few[first + q], few[first + BLOCK + q] = a, b
            few[first + BLOCK + BLOCK + q], few[first + BLOCK + BLOCK + BLOCK + q] = c, d
    for t in range(np.uint64(count)):
        first = PICKS + t * BLOCK
        for q in range(width):
            largest, seen = few[DEGREES + q] - np.uint64(count) + t, few[SEEN + q]
            rank = (few[first + q] * (largest + one)) >> np.uint64(32)
            rank = largest if (seen >> rank) & one != 0 else rank
            few[SEEN + q] = seen | (one << rank)
            few[first + q] = few[LOWS + q] + rank


@inner
def _pick_many(
    seed: int,
    row: int,
    low: int,
    degree: int,
    replace: bool,
    begin: int,
    end: int,
    positions: Any,
    seen: Any,
) -> Any:
    """Positions from ``low`` to ``low + degree - 1``, many or with replacement.

    Args:
        seed: the key.
        row: the index of the row.
        low: the row's first position.
        degree: of the row.
        replace: sample with replacement.
        begin: the first index in ``positions``.
        end: one past the last.
        positions: receives the positions.
        seen: scratch, False everywhere before and after.

    Returns:
        ``seen``, or a longer array for later rows.
    """
    if len(seen) < degree and not replace:
        seen = np.zeros(degree, np.bool_)
    count = end - begin
    for group in range(0, count, 4):
        a, b, c, d = philox.words(seed, row, group // 4, UNIFORM)
        for t in range(group, min(group + 4, count)):
            largest = degree - 1 if replace else degree - count + t
            rank = np.int64((a * np.uint64(largest + 1)) >> np.uint64(32))
            a, b, c = b, c, d
            if not replace:
                rank = largest if seen[rank] else rank
                seen[rank] = True
            positions[begin + t] = low + rank
    if not replace:
        for t in range(begin, end):
            seen[np.int64(positions[t]) - low] = False
    return seen


@inner
def _skip_excluded(excluded: Any, low: int, high: int, begin: int, count: int, picks: Any) -> None:
    """Turn positions among the edges of a row that are not excluded into positions among all."""
    start, stop = _range_between(excluded, low, high)
    for t in range(begin, begin + count):
        p = np.int64(picks[t])
        for g in range(start, stop):
            p += 1 if excluded[g] <= p else 0
        picks[t] = p


@inner
def _all_positions(
    excluded: Any, start: int, stop: int, low: int, high: int, begin: int, picks: Any
) -> None:
    """Write all positions of a row but the excluded ones."""
    for p in range(low, high):
        if start < stop and excluded[start] == p:
            start += 1
        else:
            picks[begin] = p
            begin += 1


@jit
def sample_uniformly(
    csr: Any,
    rows: Any,
    replace: bool,
    seed: int,
    excluded: Any,
    sampled: Any,
    first: int,
    last: int,
) -> None:
    """Sample edges of equal weights.

    A block of rows picks positions, whose edges are prefetched, before the first of them is read.
    """
    (indptr, indices, _), (out_indptr, out_indices, positions) = csr, sampled
    seen, last_row, count = np.zeros(0, np.bool_), len(rows) - 1, np.int64(0)
    few = np.full(PICKS + np.uint64(MAX_COUNT) * BLOCK, MAX_DEGREE, np.uint64)
    for block in range(first, last, BLOCK):
        stop, num_few = min(block + np.int64(BLOCK), last), np.uint64(0)
        for i in range(block, stop):
            prefetch_element(indptr, np.int64(rows[min(i + PREFETCH_ROWS, last_row)]))
            begin, end = np.int64(out_indptr[i]), np.int64(out_indptr[i + 1])
            low, high = np.int64(indptr[rows[i]]), np.int64(indptr[rows[i] + 1])
            start, past = _range_between(excluded, low, high)
            degree = high - low - (past - start)
            if end - begin == degree and not replace:
                _all_positions(excluded, start, past, low, high, begin, positions)
                for p in range(low, high, CACHE_LINE):
                    prefetch_element(indices, p)
            elif end - begin <= MAX_COUNT and degree <= MAX_DEGREE and not replace:
                few[ROWS + num_few], few[LOWS + num_few] = i, low
                few[DEGREES + num_few], few[SEEN + num_few] = degree, 0
                num_few, count = num_few + np.uint64(1), end - begin
            else:
                seen = _pick_many(seed, i, low, degree, replace, begin, end, positions, seen)
                if start < past:
                    _skip_excluded(excluded, low, high, begin, end - begin, positions)
                for t in range(begin, end):
                    prefetch_element(indices, np.int64(positions[t]))
        _pick_few(seed, count, (num_few + np.uint64(7)) & ~np.uint64(7), few)  # in whole vectors
        for q in range(num_few):
            i = few[ROWS + q]
            begin = np.uint64(out_indptr[i])
            for t in range(np.uint64(count)):
                p = few[PICKS + t * BLOCK + q]
                positions[begin + t] = p
                prefetch_element(indices, np.int64(p))
            if len(excluded) > 0:
                low, high = np.int64(indptr[rows[i]]), np.int64(indptr[rows[i] + 1])
                _skip_excluded(excluded, low, high, np.int64(begin), count, positions)
        for t in range(np.uint64(out_indptr[block]), np.uint64(out_indptr[stop])):
            out_indices[t] = indices[np.uint64(positions[t])]


@inner
def _pick_by_weight(
    seed: int,
    row: int,
    eids: Any,
    weights: Any,
    low: int,
    high: int,
    excluded: Any,
    sums: Any,
    picks: Any,
) -> None:
    """Positions in proportion to their weights, with replacement."""
    total, first = 0.0, np.searchsorted(excluded, low)
    for p in range(low, high):
        if first < len(excluded) and excluded[first] == p:
            first += 1
        elif np.float64(weights[eids[p]]) > 0:
            total += clamped(np.float64(weights[eids[p]]))
        sums[p - low] = total
    for t in range(len(picks)):
        point = _uniform(seed, row, t, BY_WEIGHT) * total
        pick = np.searchsorted(sums[: high - low], point, side="right")
        picks[t] = low + pick


@inner
def _pick_earliest(
    seed: int,
    row: int,
    csr: Any,
    weights: Any,
    dependent: Any,
    low: int,
    high: int,
    excluded: Any,
    times: Any,
    picks: Any,
) -> None:
    """Positions whose exponential clocks, with their weights as rates, ring first."""
    (_, indices, eids), (is_dependent, key, fraction) = csr, dependent
    filled, first, group = 0, np.searchsorted(excluded, low), low // 2
    a, b, c, d = philox.words(seed, group, row, BY_WEIGHT)
    for p in range(low, high):
        if first < len(excluded) and excluded[first] == p:
            first += 1
            continue
        weight = np.float64(weights[eids[p]]) if len(weights) > 0 else 1.0
        if weight <= 0:
            continue
        if is_dependent:
            uniform = number_of(seed, key, fraction, np.int64(indices[p]))
        else:
            if p // 2 != group:
                group = p // 2
                a, b, c, d = philox.words(seed, group, row, BY_WEIGHT)
            uniform = philox.fraction(a, b) if p % 2 == 0 else philox.fraction(c, d)
        weight = clamped(weight)
        # Saves the logarithm where the time is too late for certain: -log(x) > 1 - x.
        if filled == len(picks) and 1 - uniform > times[filled - 1] * weight:
            continue
        time = -math.log(uniform) / weight
        if filled == len(picks) and time >= times[filled - 1]:
            continue
        t = filled if filled < len(picks) else filled - 1
        filled = max(filled, t + 1)
        while t > 0 and times[t - 1] > time:
            times[t], picks[t] = times[t - 1], picks[t - 1]
            t -= 1
        times[t], picks[t] = time, p
    picks.sort()


@inner
def _pick_all(eids: Any, weights: Any, low: int, high: int, excluded: Any, picks: Any) -> None:
    """All positions that may be sampled."""
    t, first = 0, np.searchsorted(excluded, low)
    for p in range(low, high):
        if first < len(excluded) and excluded[first] == p:
            first += 1
        elif len(weights) == 0 or np.float64(weights[eids[p]]) > 0:
            picks[t] = p
            t += 1


@jit
def sample_by_weight(
    csr: Any,
    rows: Any,
    spec: Any,
    weights: Any,
    excluded: Any,
    dependent: Any,
    sampled: Any,
    first: int,
    last: int,
) -> None:
    """Sample edges by weight, or by the numbers of their other ends.

    ``spec`` is ``(fanout, replace, seed)``.
    """
    (indptr, indices, eids), (out_indptr, out_indices, positions) = csr, sampled
    fanout, replace, seed = spec
    scratch = np.empty(0, np.float64)
    for i in range(first, last):
        begin, end = np.int64(out_indptr[i]), np.int64(out_indptr[i + 1])
        low, high = np.int64(indptr[rows[i]]), np.int64(indptr[rows[i] + 1])
        if begin == end:
            continue
        if len(scratch) < high - low:
            scratch = np.empty(high - low, np.float64)
        picks = positions[begin:end]
        if not replace and (fanout < 0 or end - begin < fanout):
            _pick_all(eids, weights, low, high, excluded, picks)
        elif replace:
            _pick_by_weight(seed, i, eids, weights, low, high, excluded, scratch, picks)
        else:
            _pick_earliest(
                seed, i, csr, weights, dependent, low, high, excluded, scratch, picks
            )  # fmt: skip
        for t in range(begin, end):
            out_indices[t] = indices[np.int64(positions[t])]
