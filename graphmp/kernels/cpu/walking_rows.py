"""The loops of random walks; numbers are drawn as :mod:`..contract` says.

``weights`` are by edge id, without elements when every edge counts the same. ``pairs`` are the keys
``source * nodes + destination`` of all edges, ascending, for walks of second order; else there are
none. Keys lie row after row, as long as the rows of the layout.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import random
from .jit import inline, jit
from .sampling_rows import tamed

STEP, TRY = 3, 4  # what random numbers are drawn for
TRIES = 64
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
    for t in range(min(degree, TRIES)):
        a, b, c, d = random.words(seed, walk, step, TRY + t)
        place = low + np.int64(random.fraction(a, b) * degree)
        factor = _factor(indptr, pairs, np.int64(indices[place]), before, back, far)
        if random.fraction(c, d) * most < factor:
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
def walk(
    indptr: Any, indices: Any, eids: Any, nodes: Any, pairs: Any, weights: Any, stops: Any,
    start: int, seed: int, back: float, far: float, traces: Any, chosen: Any, first: int, last: int,
) -> None:  # fmt: skip
    """The node and the edge of every step."""
    sums = np.empty(0, np.float64)
    for i in range(first, last):
        at, before = np.int64(nodes[i]), np.int64(-1)
        for s in range(len(stops)):
            place = np.int64(ENDED)
            chosen[i, s] = traces[i, s] = ENDED
            low = np.int64(indptr[at]) if at >= 0 else np.int64(0)
            degree = np.int64(indptr[at + 1]) - low if at >= 0 else np.int64(0)
            if degree > 0:
                a, b, c, d = random.words(seed, i, start + s, STEP)
                draw, is_second = random.fraction(a, b), before >= 0 and len(pairs) > 0
                goes_on = random.fraction(c, d) >= stops[s]
                if goes_on and len(weights) == 0 and not is_second:
                    place = low + np.int64(draw * degree)
                elif goes_on:
                    if len(weights) == 0:
                        place = _try(
                            indptr, indices, pairs, i, start + s, seed, at, before, back, far
                        )  # fmt: skip
                    if place < 0:
                        if len(sums) < degree:
                            sums = np.empty(degree, np.float64)
                        chosen[i, s] = _add_up(
                            indptr, indices, eids, pairs, weights, at, before, back, far,
                            sums[:degree],
                        )  # fmt: skip
                        rank = _found(sums[:degree], draw) if chosen[i, s] == ENDED else ENDED
                        place = low + rank if rank >= 0 else np.int64(ENDED)
            before, at = at, np.int64(ENDED)
            if place >= 0:
                at = np.int64(indices[place])
                traces[i, s], chosen[i, s] = at, eids[place]
