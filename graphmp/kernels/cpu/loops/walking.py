"""The loops of random walks; numbers are drawn as :mod:`...contract` says.

``weights`` are by edge id, without elements when every edge counts the same. ``pairs`` are the keys
``source * nodes + destination`` of all edges, ascending, for walks of second order; else there are
none. Keys lie row after row, as long as the rows of the layout.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import inline, jit
from . import philox
from .sampling import tamed

STEP, TRY = 3, 4  # what random numbers are drawn for
MAX_TRIES = 64
ENDED, WRONG = -1, -2  # no edge; WRONG - e is an edge e whose weight is no probability


@jit
def _factor(indptr: Any, pairs: Any, other: int, before: int, back: float, far: float) -> float:
    """How much an edge to ``other`` counts after ``before``."""
    if other == before:
        return back
    wanted = other * np.int64(len(indptr) - 1) + before
    low, end = np.int64(indptr[other]), np.int64(indptr[other + 1])
    high = end
    while low < high:
        middle = (low + high) // 2
        if pairs[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return 1.0 if low < end and pairs[low] == wanted else far


@jit
def _try(
    indptr: Any, indices: Any, pairs: Any, walk: int, step: int, seed: int, at: int, before: int,
    back: float, far: float,
) -> Any:  # fmt: skip
    """An edge by rejection: its position, or -1 after as many tries as there are edges."""
    low, most = np.int64(indptr[at]), max(back, 1.0, far)
    degree = np.int64(indptr[at + 1]) - low
    for t in range(min(degree, MAX_TRIES)):
        a, b, c, d = philox.words(seed, walk, step, TRY + t)
        place = low + np.int64(philox.fraction(a, b) * degree)
        factor = _factor(indptr, pairs, np.int64(indices[place]), before, back, far)
        if philox.fraction(c, d) * most < factor:
            return place
    return np.int64(ENDED)


@jit
def _add_up(
    indptr: Any, indices: Any, eids: Any, pairs: Any, weights: Any, at: int, before: int,
    back: float, far: float, sums: Any,
) -> Any:  # fmt: skip
    """Running sums of what the edges of a node count: -1, or what says which weight is wrong."""
    low, total = np.int64(indptr[at]), 0.0
    for k in range(len(sums)):
        weight = np.float64(weights[eids[low + k]]) if len(weights) > 0 else 1.0
        if not (weight >= 0 and weight < np.inf):
            return WRONG - np.int64(eids[low + k])
        if weight > 0:
            weight = tamed(weight)
            if before >= 0 and len(pairs) > 0:
                other = np.int64(indices[low + k])
                weight = tamed(weight * _factor(indptr, pairs, other, before, back, far))
            total += weight
        sums[k] = total
    return np.int64(ENDED)


@inline
def _found(sums: Any, draw: float) -> Any:
    """Where the point at a fraction of the last sum falls, or -1 if that sum is 0."""
    total = sums[len(sums) - 1]
    return np.int64(np.searchsorted(sums, draw * total, side="right")) if total > 0 else ENDED


@jit
def _step(
    indptr: Any, indices: Any, eids: Any, pairs: Any, weights: Any, walk: int, step: int,
    stop: float, seed: int, at: int, before: int, back: float, far: float, sums: Any,
) -> Any:  # fmt: skip
    """The position of the edge that a walk takes, ``ENDED``, or what says which weight is wrong."""
    low = np.int64(indptr[at])
    degree = np.int64(indptr[at + 1]) - low
    a, b, c, d = philox.words(seed, walk, step, STEP)
    draw = philox.fraction(a, b)
    if degree == 0 or philox.fraction(c, d) < stop:
        return np.int64(ENDED)
    if len(weights) == 0:
        if before < 0 or len(pairs) == 0:
            return low + np.int64(draw * degree)
        place = _try(indptr, indices, pairs, walk, step, seed, at, before, back, far)
        if place >= 0:
            return place
    sums = sums[:degree]
    wrong = _add_up(indptr, indices, eids, pairs, weights, at, before, back, far, sums)
    rank = wrong if wrong < ENDED else _found(sums, draw)
    return low + rank if rank >= 0 else rank


@jit
def walk(
    indptr: Any, indices: Any, eids: Any, nodes: Any, pairs: Any, weights: Any, stops: Any,
    start: int, seed: int, back: float, far: float, traces: Any, chosen: Any, first: int, last: int,
) -> None:  # fmt: skip
    """The node and the edge of every step."""
    sums, is_even = np.empty(0, np.float64), len(weights) == 0 and len(pairs) == 0
    for i in range(first, last):
        at, before = np.int64(nodes[i]), np.int64(ENDED)
        for s in range(len(stops)):
            chosen[i, s] = traces[i, s] = ENDED
            if at < 0:
                continue
            degree = np.int64(indptr[at + 1]) - np.int64(indptr[at])
            if len(sums) < degree and not is_even:
                sums = np.empty(degree, np.float64)
            place = _step(
                indptr, indices, eids, pairs, weights, i, start + s, stops[s], seed, at, before,
                back, far, sums,
            )  # fmt: skip
            before, at = at, np.int64(ENDED)
            if place >= 0:
                at = np.int64(indices[place])
                traces[i, s], chosen[i, s] = at, eids[place]
            else:
                chosen[i, s] = place
