"""The loop that chooses the edges of greatest or least weight of each row, by a heap."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import inline, inner, jit

NAN_FOUND = -1  # NAN_FOUND - e as a position stands for an edge e whose weight is NaN


@inline
def _is_before(
    weight: Any, position: int, other_weight: Any, other_position: int, ascending: bool
) -> Any:
    """Whether an edge comes before another; equal weights are ordered by position."""
    if weight == other_weight:
        return position < other_position
    return (weight < other_weight) == ascending


@inner
def _sift(weights: Any, positions: Any, begin: int, size: int, start: int, ascending: bool) -> None:
    """Move an element of a heap down until no child comes after it.

    The root of the heap is the edge that comes last.

    Args:
        weights: of the heap's elements.
        positions: of the heap's elements, from ``begin`` on.
        begin: where the heap starts in ``positions``.
        size: of the heap.
        start: the index of the element in the heap.
        ascending: whether small weights come first.
    """
    weight, position, at = weights[start], positions[begin + start], start
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and _is_before(
            weights[child],
            positions[begin + child],
            weights[child + 1],
            positions[begin + child + 1],
            ascending,
        ):
            child += 1
        if not _is_before(weight, position, weights[child], positions[begin + child], ascending):
            break
        weights[at], positions[begin + at] = weights[child], positions[begin + child]
        at = child
    weights[at], positions[begin + at] = weight, position


@inner
def _find_nan(eids: Any, weights: Any, low: int, high: int) -> Any:
    """The position of the first weight that is NaN, or -1."""
    for p in range(low, high):
        if weights[eids[p]] != weights[eids[p]]:
            return p
    return np.int64(-1)


@jit
def choose_greatest(
    csr: Any, rows: Any, weights: Any, ascending: bool, chosen: Any, first: int, last: int
) -> None:
    """The other end and the position of every edge chosen, in order.

    Args:
        csr: ``(indptr, indices, eids)``.
        rows: (n,) rows of ``csr``.
        weights: (E,) by edge id.
        ascending: choose the least weights.
        chosen: ``(indptr, indices, positions)``: where each row's edges go, and the results.
        first: the first index in ``rows``.
        last: one past the last.
    """
    (indptr, indices, eids), (out_indptr, out_indices, positions) = csr, chosen
    heap = np.empty(0, weights.dtype)
    for i in range(first, last):
        begin, size = np.int64(out_indptr[i]), np.int64(out_indptr[i + 1]) - np.int64(out_indptr[i])
        low, high = np.int64(indptr[rows[i]]), np.int64(indptr[rows[i] + 1])
        if size == 0:
            continue
        nan = _find_nan(eids, weights, low, high)
        if nan >= 0:
            positions[begin : begin + size] = NAN_FOUND - eids[nan]
            continue
        if len(heap) < size:
            heap = np.empty(size, weights.dtype)
        for t in range(size):
            heap[t], positions[begin + t] = weights[eids[low + t]], low + t
        for t in range(size // 2 - 1, -1, -1):
            _sift(heap, positions, begin, size, t, ascending)
        for p in range(low + size, high):
            weight = weights[eids[p]]
            if _is_before(weight, p, heap[0], positions[begin], ascending):
                heap[0], positions[begin] = weight, p
                _sift(heap, positions, begin, size, 0, ascending)
        for t in range(size - 1, 0, -1):
            heap[0], heap[t] = heap[t], heap[0]
            positions[begin], positions[begin + t] = positions[begin + t], positions[begin]
            _sift(heap, positions, begin, t, 0, ascending)
        for t in range(begin, begin + size):
            out_indices[t] = indices[np.int64(positions[t])]
