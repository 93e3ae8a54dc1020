"""The loops of random walks and of searches; see :class:`~graphmp.kernels.sampling_spec.WalkSpec`.

Arguments that all loops share:

- ``csr``: ``(indptr, indices, eids)`` of the graph; rows are the nodes that edges leave.
- ``pairs``: ``source * nodes + destination`` of all edges, ascending, for walks of second order;
  else empty. Pairs of one source are as many as its row has edges.
- ``weights``: (E,) by edge id, or empty for equal weights.
- ``factors``: ``(back, far)``.
- ``at``, ``previous``: the node of a walk and the one before, or -1.
- ``sums``: scratch for cumulative sums of a row's weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...sampling_spec import MAX_TRIES
from ..runtime.jit import inline, inner, jit
from ..simd.addresses import PREFETCH_ROWS, prefetch_element
from . import philox
from .sampling import clamped
from .spmm_tiled import CACHE_LINE

STEP, TRY = 3, 4  # the last word of a counter: what it is drawn for
ENDED, WRONG = -1, -2  # no edge; WRONG - e stands for an edge e whose weight is no probability


@inner
def _factor(indptr: Any, pairs: Any, other: int, previous: int, factors: Any) -> Any:
    """What multiplies the weight of an edge to ``other`` after ``previous``."""
    back, far = factors
    if other == previous:
        return back
    pair = other * np.int64(len(indptr) - 1) + previous
    low, end = np.int64(indptr[other]), np.int64(indptr[other + 1])
    high = end
    while low < high:
        middle = (low + high) // 2
        if pairs[middle] < pair:
            low = middle + 1
        else:
            high = middle
    return 1.0 if low < end and pairs[low] == pair else far


@inner
def _by_rejection(
    csr: Any, pairs: Any, counter: Any, seed: int, at: int, previous: int, factors: Any
) -> Any:
    """The position of an edge by rejection sampling, or -1 if every try is rejected."""
    (indptr, indices, _), (walk, step) = csr, counter
    low, bound = np.int64(indptr[at]), max(factors[0], 1.0, factors[1])
    degree = np.int64(indptr[at + 1]) - low
    for t in range(min(degree, MAX_TRIES)):
        a, b, c, d = philox.words(seed, walk, step, TRY + t)
        position = low + np.int64(philox.fraction(a, b) * degree)
        factor = _factor(indptr, pairs, np.int64(indices[position]), previous, factors)
        if philox.fraction(c, d) * bound < factor:
            return position
    return np.int64(ENDED)


@inner
def _cumulative_sums(
    csr: Any, pairs: Any, weights: Any, at: int, previous: int, factors: Any, sums: Any
) -> Any:
    """Fill ``sums`` for the edges of a node; returns -1, or ``WRONG - e``."""
    indptr, indices, eids = csr
    low, total = np.int64(indptr[at]), 0.0
    for k in range(len(sums)):
        weight = np.float64(weights[eids[low + k]]) if len(weights) > 0 else 1.0
        if not (weight >= 0 and weight < np.inf):
            return WRONG - np.int64(eids[low + k])
        if weight > 0:
            weight = clamped(weight)
            if previous >= 0 and len(pairs) > 0:
                other = np.int64(indices[low + k])
                weight = clamped(weight * _factor(indptr, pairs, other, previous, factors))
            total += weight
        sums[k] = total
    return np.int64(ENDED)


@inline
def _inverse(sums: Any, uniform: float) -> Any:
    """The index whose cumulative sum passes a fraction of the last, or -1 if that is 0."""
    total = sums[len(sums) - 1]
    return np.int64(np.searchsorted(sums, uniform * total, side="right")) if total > 0 else ENDED


@inner
def _step(
    csr: Any,
    pairs: Any,
    weights: Any,
    counter: Any,
    stop: float,
    seed: int,
    ends: Any,
    factors: Any,
    sums: Any,
) -> Any:
    """The position of the edge that a walk takes, ``ENDED``, or ``WRONG - e``.

    Args:
        csr: the edges.
        pairs: for second order.
        weights: of the edges.
        counter: ``(walk, step)``, from which random numbers are drawn.
        stop: the probability to end before the step.
        seed: the key.
        ends: ``(at, previous)``.
        factors: for second order.
        sums: scratch.
    """
    indptr, (walk, step), (at, previous) = csr[0], counter, ends
    low = np.int64(indptr[at])
    degree = np.int64(indptr[at + 1]) - low
    a, b, c, d = philox.words(seed, walk, step, STEP)
    uniform = philox.fraction(a, b)
    if degree == 0 or philox.fraction(c, d) < stop:
        return np.int64(ENDED)
    if len(weights) == 0:
        if previous < 0 or len(pairs) == 0:
            return low + np.int64(uniform * degree)
        position = _by_rejection(csr, pairs, counter, seed, at, previous, factors)
        if position >= 0:
            return position
    sums = sums[:degree]
    wrong = _cumulative_sums(csr, pairs, weights, at, previous, factors, sums)
    rank = wrong if wrong < ENDED else _inverse(sums, uniform)
    return low + rank if rank >= 0 else rank


@jit
def walk(
    csr: Any,
    nodes: Any,
    pairs: Any,
    weights: Any,
    spec: Any,
    factors: Any,
    results: Any,
    first: int,
    last: int,
) -> None:
    """The node and the edge of every step.

    Args:
        csr: the edges.
        nodes: (walks,) start nodes; -1 for a walk that has ended.
        pairs: for second order.
        weights: of the edges.
        spec: ``(stops, start, seed)`` of the ``WalkSpec``.
        factors: for second order.
        results: ``(traces, edges)``, (walks, steps).
        first: the first walk.
        last: one past the last walk.
    """
    (indptr, indices, eids), (stops, start, seed), (traces, edges) = csr, spec, results
    sums, is_uniform = np.empty(0, np.float64), len(weights) == 0 and len(pairs) == 0
    for i in range(first, last):
        at, previous = np.int64(nodes[i]), np.int64(ENDED)
        for s in range(len(stops)):
            edges[i, s] = traces[i, s] = ENDED
            if at < 0:
                continue
            degree = np.int64(indptr[at + 1]) - np.int64(indptr[at])
            if len(sums) < degree and not is_uniform:
                sums = np.empty(degree, np.float64)
            position = _step(
                csr, pairs, weights, (i, start + s), stops[s], seed, (at, previous), factors, sums
            )  # fmt: skip
            previous, at = at, np.int64(ENDED)
            if position >= 0:
                at = np.int64(indices[position])
                traces[i, s], edges[i, s] = at, eids[position]
            else:
                edges[i, s] = position


@jit
def levels(csr: Any, needed: Any, results: Any, first: int, last: int) -> None:
    """Find the nodes that edges reach in searches, level by level.

    Rows come in the order in which they are reached, so they are prefetched. The nodes and the
    positions of edges are unsigned, or Numba would ask whether they count from the end.

    Args:
        csr: the edges between N nodes.
        needed: (searches, N) how many edges each node needs.
        results: (searches, N) levels.
        first: the first search.
        last: one past the last search.
    """
    indptr, indices, _ = csr
    queue = np.empty(needed.shape[1] + 1, indices.dtype)
    for s in range(first, last):
        rest, level, end = needed[s].copy(), results[s], np.int64(0)
        level[:] = ENDED
        is_reached = np.zeros(len(rest) // 64 + 1, np.uint64)
        for v in range(len(rest)):
            if rest[v] == 0:
                is_reached[v >> 6] |= np.uint64(1) << np.uint64(v & 63)
            queue[end] = v
            end += 1 if rest[v] == 0 else 0
        at, number = np.int64(0), 0
        while at < end:
            level_end = end
            for i in range(at, level_end):
                far, near = min(i + 2 * PREFETCH_ROWS, end - 1), min(i + PREFETCH_ROWS, end - 1)
                prefetch_element(indptr, np.int64(queue[far]))
                for line in range(2):
                    prefetch_element(indices, np.int64(indptr[queue[near]]) + line * CACHE_LINE)
                u = queue[i]
                level[u] = number
                for k in range(np.uint64(indptr[u]), np.uint64(indptr[u + 1])):
                    v = np.uint64(indices[k])
                    if is_reached[v >> np.uint64(6)] >> (v & np.uint64(63)) & np.uint64(1):
                        continue
                    rest[v] -= 1
                    if rest[v] == 0:
                        is_reached[v >> np.uint64(6)] |= np.uint64(1) << (v & np.uint64(63))
                        queue[end] = v
                        end += 1
            at, number = level_end, number + 1


@jit
def first_edges(csr: Any, levels: Any, results: Any, first: int, last: int) -> None:
    """Find the edges through which searches reach nodes.

    Args:
        csr: the edges between N nodes.
        levels: (searches, N) levels.
        results: (searches, N) edge ids.
        first: the first search.
        last: one past the last search.
    """
    indptr, indices, eids = csr
    for s in range(first, last):
        level = levels[s]
        for v in range(len(level)):
            results[s, v] = ENDED
            end = indptr[v + 1] if level[v] > 0 else indptr[v]
            for k in range(np.uint64(indptr[v]), np.uint64(end)):
                if 0 <= level[np.uint64(indices[k])] < level[v]:
                    results[s, v] = eids[k]
                    break


@jit
def communities(csr: Any, max_size: int, rounds: int, labels: Any) -> None:
    """Propagate labels.

    Args:
        csr: ``(indptr, indices)`` of the edges between N nodes.
        max_size: how many nodes have one label at most.
        rounds: how many rounds there are at most.
        labels: (N,) the ids of the nodes; afterwards their labels.
    """
    indptr, indices = csr
    sizes, counts = np.ones(len(labels), np.int64), np.zeros(len(labels), np.int32)
    for _ in range(rounds):
        is_changed = False
        for v in range(len(labels)):
            begin, end = np.uint64(indptr[v]), np.uint64(indptr[v + 1])
            best, most = np.uint64(labels[v]), np.int32(0)
            own = best
            sizes[own] -= 1
            for k in range(begin, end):
                label = np.uint64(labels[np.uint64(indices[k])])
                counts[label] += 1
                if counts[label] > most and sizes[label] < max_size:
                    best, most = label, counts[label]
            for k in range(begin, end):
                counts[np.uint64(labels[np.uint64(indices[k])])] = 0
            sizes[best] += 1
            labels[v] = best
            is_changed |= best != own
        if not is_changed:
            break
