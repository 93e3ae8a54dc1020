"""The loop that chooses the edges of greatest or least weight of each row, by a heap."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import inline, jit

WRONG = -1  # WRONG - e is an edge e whose weight is NaN


@inline
def _is_before(a: Any, at: int, b: Any, bt: int, ascending: bool) -> Any:
    """Whether weight ``a`` of the edge at position ``at`` comes before another's."""
    return at < bt if a == b else (a < b) == ascending


@jit
def _sift(keys: Any, places: Any, begin: int, size: int, start: int, ascending: bool) -> None:
    """Let an element of a heap, whose root is what comes last, sink to its place."""
    key, place, at = keys[start], places[begin + start], start
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and _is_before(
            keys[child],
            places[begin + child],
            keys[child + 1],
            places[begin + child + 1],
            ascending,
        ):
            child += 1
        if not _is_before(key, place, keys[child], places[begin + child], ascending):
            break
        keys[at], places[begin + at] = keys[child], places[begin + child]
        at = child
    keys[at], places[begin + at] = key, place


@jit
def _find_nan(eids: Any, weights: Any, low: int, high: int) -> Any:
    """The position of the first weight that is NaN, or -1."""
    for p in range(low, high):
        if weights[eids[p]] != weights[eids[p]]:
            return p
    return np.int64(-1)


@jit
def choose_greatest(
    indptr: Any, indices: Any, eids: Any, rows: Any, weights: Any, ascending: bool, limits: Any,
    others: Any, places: Any, first: int, last: int,
) -> None:  # fmt: skip
    """The other end and the position of every edge chosen, in order."""
    keys = np.empty(0, weights.dtype)
    for i in range(first, last):
        begin, size = np.int64(limits[i]), np.int64(limits[i + 1]) - np.int64(limits[i])
        low, high = np.int64(indptr[rows[i]]), np.int64(indptr[rows[i] + 1])
        if size == 0:
            continue
        wrong = _find_nan(eids, weights, low, high)
        if wrong >= 0:
            places[begin : begin + size] = WRONG - eids[wrong]
            continue
        if len(keys) < size:
            keys = np.empty(size, weights.dtype)
        for t in range(size):
            keys[t], places[begin + t] = weights[eids[low + t]], low + t
        for t in range(size // 2 - 1, -1, -1):
            _sift(keys, places, begin, size, t, ascending)
        for p in range(low + size, high):
            key = weights[eids[p]]
            if _is_before(key, p, keys[0], places[begin], ascending):
                keys[0], places[begin] = key, p
                _sift(keys, places, begin, size, 0, ascending)
        for t in range(size - 1, 0, -1):
            keys[0], keys[t] = keys[t], keys[0]
            places[begin], places[begin + t] = places[begin + t], places[begin]
            _sift(keys, places, begin, t, 0, ascending)
        for t in range(begin, begin + size):
            others[t] = indices[np.int64(places[t])]
