"""The loops that gather edges, group ids and renumber nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit
from ..simd.addresses import PREFETCH_ROWS, prefetch_element
from .spmm_tiled import CACHE_LINE


@jit
def sort(ids: Any, others: Any, shift: int, both: bool, indptr: Any, results: Any) -> None:
    """Sort edges by ``ids >> shift``, by counting, stably; indices are unsigned to be fast.

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
        indptr[np.uint64((ids[e] >> shift) + 1)] += 1
        if both:
            indptr[np.uint64((others[e] >> shift) + 1)] += 1
    for r in range(rows):
        indptr[r + 1] += indptr[r]
    following, last = indptr[:rows].copy(), len(ids) - 1
    for e in range(len(ids)):
        later = np.uint64(ids[min(e + PREFETCH_ROWS, last)] >> shift)
        prefetch_element(out_others, np.int64(following[later]))
        prefetch_element(out_positions, np.int64(following[later]))
        r = np.uint64(ids[e] >> shift)
        k = np.uint64(following[r])
        following[r] += 1
        if len(out_positions) > 0:
            out_positions[k] = e
        if len(others) > 0:
            out_others[k] = others[e]
        if len(out_ids) > 0:
            out_ids[k] = ids[e]
        if both:
            r = np.uint64(others[e] >> shift)
            k = np.uint64(following[r])
            following[r] += 1
            out_ids[k], out_others[k] = others[e], ids[e]


@jit
def copy_ids(ids: Any, out: Any) -> Any:
    """Copy ``ids`` to ``out``; returns the least and the greatest, 0 and -1 if there are none."""
    if len(ids) == 0:
        return np.int64(0), np.int64(-1)
    low, high = ids[0], ids[0]  # of the dtype of ids, of which a register holds more
    for i in range(len(ids)):
        low, high = min(low, ids[i]), max(high, ids[i])
        out[i] = ids[i]
    return np.int64(low), np.int64(high)


@jit
def search(
    indptr: Any, indices: Any, rows: Any, others: Any, bounds: Any, first: int, last: int
) -> None:
    """``bounds[:, i]``: where ``others[i]`` starts in the ascending row ``rows[i]``, and ends.

    Which half comes next cannot be predicted, so the search adds instead of branching.
    """
    for i in range(first, last):
        ahead = rows[min(i + PREFETCH_ROWS, last - 1)]
        prefetch_element(indptr, np.int64(ahead))
        ahead = rows[min(i + PREFETCH_ROWS // 2, last - 1)]
        middle = (np.int64(indptr[ahead]) + np.int64(indptr[ahead + 1])) // 2
        prefetch_element(indices, middle)
        low, end = np.int64(indptr[rows[i]]), np.int64(indptr[rows[i] + 1])
        for bound in range(2):
            limit, size = np.int64(others[i]) + bound, end - low
            if bound == 0 or (low + 1 < end and indices[low + 1] < limit):
                while size > 1:
                    half = size // 2
                    low += half * np.int64(indices[low + half - 1] < limit)
                    size -= half
            if size > 0:
                low += np.int64(indices[low] < limit)
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
def edges_of(
    indptr: Any, rows: Any, edges: Any, starts: Any, results: Any, first: int, last: int
) -> None:
    """Gather all edges of rows, row after row.

    Args:
        indptr: of the edges.
        rows: (n,) rows.
        edges: other ends and edge ids, and (n,) what the result calls each row.
        starts: (n + 1,) where each row's edges go.
        results: ``(names of rows, other ends, edge ids)``.
        first: the first row.
        last: one past the last row.
    """
    (indices, eids, names), (owners, out_indices, out_eids) = edges, results
    for i in range(first, last):
        ahead = np.int64(indptr[rows[min(i + PREFETCH_ROWS, last - 1)]])
        for position in range(ahead, ahead + 2 * CACHE_LINE, CACHE_LINE):
            prefetch_element(indices, position)
            prefetch_element(eids, position)
        start, low, name = np.uint64(starts[i]), np.uint64(indptr[rows[i]]), names[i]
        for k in range(start, np.uint64(starts[i + 1])):  # unsigned, so that it is vectorized
            owners[k] = name
            out_indices[k] = indices[low + (k - start)]
            out_eids[k] = eids[low + (k - start)]


@jit
def entries_of(
    indptr: Any, rows: Any, entries: Any, starts: Any, out: Any, first: int, last: int
) -> None:
    """Gather the entries of rows, row after row; as :func:`edges_of`, with one result."""
    for i in range(first, last):
        ahead = np.int64(indptr[rows[min(i + PREFETCH_ROWS, last - 1)]])
        for position in range(ahead, ahead + 2 * CACHE_LINE, CACHE_LINE):
            prefetch_element(entries, position)
        start, low = np.uint64(starts[i]), np.uint64(indptr[rows[i]])
        for k in range(start, np.uint64(starts[i + 1])):
            out[k] = entries[low + (k - start)]


@jit
def edges_among(csr: Any, rows: Any, nodes: Any, table: Any, results: Any) -> Any:
    """Gather the edges of rows whose other ends are among some nodes; returns their number.

    Every edge is appended, and the count only grows for one that stays, as in :func:`relabel`.

    Args:
        csr: the edges.
        rows: (n,) rows.
        nodes: (m,) distinct nodes.
        table: zeros for each node, and zeros again at the end; holds positions plus 1.
        results: ``(owners, positions, edge ids)``, as long as all rows together.
    """
    (indptr, indices, eids), (owners, positions, out_eids) = csr, results
    for i in range(len(nodes)):
        table[nodes[i]] = i + 1
    count = np.uint64(0)
    for i in range(len(rows)):
        ahead = np.int64(indptr[rows[min(i + PREFETCH_ROWS, len(rows) - 1)]])
        prefetch_element(indices, ahead)
        prefetch_element(eids, ahead)
        for k in range(np.uint64(indptr[rows[i]]), np.uint64(indptr[rows[i] + 1])):
            number = np.int64(table[np.uint64(indices[k])])
            owners[count], positions[count], out_eids[count] = i, number - 1, eids[k]
            count += np.uint64(number > 0)
    for i in range(len(nodes)):
        table[nodes[i]] = 0
    return count


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
