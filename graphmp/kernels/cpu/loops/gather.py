"""The loops that gather edges, group ids and renumber nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit
from ..simd.addresses import PREFETCH_ROWS, prefetch_element
from .spmm_tiled import CACHE_LINE


@jit
def sort(ids: Any, others: Any, shift: int, both: bool, indptr: Any, results: Any) -> None:
    """Sort edges by ``ids >> shift``, by counting, stably.

    Args:
        ids: (E,) from 0 to (rows << shift) - 1.
        others: (E,) numbers that go with them, or (0,).
        shift: how many bits to leave out.
        both: whether to add the edges from ``others`` to ``ids``, (2 E,) in all.
        indptr: (rows + 1,) receives where each row starts.
        results: three arrays that receive the sorted ids, ``others`` and where they were; the first
            and the last may be (0,).
    """
    rows, (out_ids, out_others, out_positions) = len(indptr) - 1, results
    indptr[:] = 0
    for e in range(len(ids)):
        indptr[(ids[e] >> shift) + 1] += 1
        if both:
            indptr[(others[e] >> shift) + 1] += 1
    for r in range(rows):
        indptr[r + 1] += indptr[r]
    following = indptr[:rows].copy()
    for e in range(len(ids)):
        r = ids[e] >> shift
        k = following[r]
        following[r] = k + 1
        if len(out_positions) > 0:
            out_positions[k] = e
        if len(others) > 0:
            out_others[k] = others[e]
        if len(out_ids) > 0:
            out_ids[k] = ids[e]
        if both:
            r = others[e] >> shift
            k = following[r]
            following[r] = k + 1
            out_ids[k], out_others[k] = others[e], ids[e]


@jit
def search(
    indptr: Any, indices: Any, rows: Any, others: Any, bounds: Any, first: int, last: int
) -> None:
    """``bounds[:, i]``: where ``others[i]`` starts in the ascending row ``rows[i]``, and ends."""
    for i in range(first, last):
        low, end = np.int64(indptr[rows[i]]), np.int64(indptr[rows[i] + 1])
        for bound in range(2):
            limit, high = np.int64(others[i]) + bound, end
            while low < high:
                middle = (low + high) // 2
                if indices[middle] < limit:
                    low = middle + 1
                else:
                    high = middle
            bounds[bound, i] = low


@jit
def starts_of(indptr: Any, rows: Any, starts: Any) -> Any:
    """Write where the edges of each row start when rows follow one another; returns their number.

    Args:
        indptr: of the edges.
        rows: (n,) rows.
        starts: (n + 1,) int64 receives the starts, and the number of edges.
    """
    starts[0] = 0
    for i in range(len(rows)):
        starts[i + 1] = starts[i] + np.int64(indptr[rows[i] + 1] - indptr[rows[i]])
    return starts[len(rows)]


@jit
def edges_of(csr: Any, rows: Any, starts: Any, results: Any, first: int, last: int) -> None:
    """Gather all edges of rows, row after row.

    Args:
        csr: the edges.
        rows: (n,) rows.
        starts: (n + 1,) where each row's edges go.
        results: ``(owners, other ends, edge ids)``.
        first: the first row.
        last: one past the last row.
    """
    (indptr, indices, eids), (owners, out_indices, out_eids) = csr, results
    for i in range(first, last):
        ahead = np.int64(indptr[rows[min(i + PREFETCH_ROWS, last - 1)]])
        for position in range(ahead, ahead + 2 * CACHE_LINE, CACHE_LINE):
            prefetch_element(indices, position)
            prefetch_element(eids, position)
        start, low = np.uint64(starts[i]), np.uint64(indptr[rows[i]])
        for k in range(start, np.uint64(starts[i + 1])):  # unsigned, so that it is vectorized
            owners[k] = i
            out_indices[k] = indices[low + (k - start)]
            out_eids[k] = eids[low + (k - start)]


@jit
def relabel(first: Any, ids: Any, table: Any, nodes: Any, positions: Any) -> Any:
    """Number the nodes of ``first`` and then the new ones of ``ids``; returns their count.

    A branch on whether an id is new could not be predicted, so every id is appended to ``nodes``
    and the count only grows for a new one: otherwise the next id overwrites it.

    Args:
        first: (n,) distinct nodes.
        ids: (m,) nodes.
        table: (nodes,) zeros, and zeros again at the end; holds the number of each node plus 1.
        nodes: (n + m,) receives the nodes.
        positions: (m,) receives where each of ``ids`` is in ``nodes``.
    """
    count = np.int64(0)
    for i in range(len(first)):
        nodes[count] = first[i]
        count += 1
        if table[first[i]] == 0:
            table[first[i]] = count
    for j in range(len(ids)):
        nodes[count] = ids[j]
        number = np.int64(table[ids[j]])
        count += 1 if number == 0 else 0
        number = count if number == 0 else number
        table[ids[j]] = number
        positions[j] = number - 1
    for i in range(count):
        table[nodes[i]] = 0
    return count
