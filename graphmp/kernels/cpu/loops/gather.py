"""The loops that gather edges, group ids and renumber nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit
from ..simd.addresses import PREFETCH_ROWS, prefetch_element
from .spmm_tiled import CACHE_LINE

BLOCK = 1 << 16  # ids


@jit
def sort(edges: Any, counts: Any, indptr: Any, results: Any) -> None:
    """Sort edges by ``ids >> shift``, by counting, stably, on this thread.

    Args:
        edges: ``(ids, others, shift, both)``: (E,) from 0 to (rows << shift) - 1; (E,) numbers that
            go with them, or (0,); how many bits to leave out; whether to add the edges from
            ``others`` to ``ids``, (2 E,) in all.
        counts: (pieces, rows) for counters.
        indptr: (rows + 1,) receives where each row starts.
        results: three arrays that receive the sorted ids, ``others`` and where they were; the first
            and the last may be (0,).
    """
    count(edges, counts, 0, len(counts))
    starts_of_pieces(counts, indptr)
    place(edges, counts, results, 0, len(counts))


@jit
def count(edges: Any, counts: Any, first: int, last: int) -> None:
    """``counts[p, r]``: how many edges of piece ``p`` row ``r`` has; arguments as for :func:`sort`.

    Pieces are equal parts of the edges. Indices are unsigned to be fast.
    """
    ids, others, shift, both = edges
    for p in range(first, last):
        piece = slice(len(ids) * p // len(counts), len(ids) * (p + 1) // len(counts))
        my_ids, my_others, counters = ids[piece], others[piece], counts[p]
        counters[:] = 0
        for e in range(len(my_ids)):
            counters[np.uint64(my_ids[e] >> shift)] += 1
            if both:
                counters[np.uint64(my_others[e] >> shift)] += 1


@jit
def starts_of_pieces(counts: Any, indptr: Any) -> None:
    """Replace the counts of each piece by where its part of each row starts; write ``indptr``."""
    total = np.int64(0)
    for r in range(counts.shape[1]):
        indptr[r] = total
        for p in range(len(counts)):
            start, total = total, total + np.int64(counts[p, r])
            counts[p, r] = start
    indptr[counts.shape[1]] = total


@jit
def place(edges: Any, starts: Any, results: Any, first: int, last: int) -> None:
    """Write the edges of pieces from ``starts[p, r]`` on; arguments as for :func:`sort`."""
    (ids, others, shift, both), (out_ids, out_others, out_positions) = edges, results
    for p in range(first, last):
        begin, end = len(ids) * p // len(starts), len(ids) * (p + 1) // len(starts)
        my_ids, my_others, following = ids[begin:end], others[begin:end], starts[p]
        for e in range(len(my_ids)):
            later = np.uint64(my_ids[min(e + PREFETCH_ROWS, len(my_ids) - 1)] >> shift)
            prefetch_element(out_others, np.int64(following[later]))
            prefetch_element(out_positions, np.int64(following[later]))
            r = np.uint64(my_ids[e] >> shift)
            k = np.uint64(following[r])
            following[r] += 1
            if len(out_positions) > 0:
                out_positions[k] = begin + e
            if len(others) > 0:
                out_others[k] = my_others[e]
            if len(out_ids) > 0:
                out_ids[k] = my_ids[e]
            if both:
                r = np.uint64(my_others[e] >> shift)
                k = np.uint64(following[r])
                following[r] += 1
                out_ids[k], out_others[k] = my_others[e], my_ids[e]


@jit
def copy_ids(ids: Any, out: Any, bounds: Any, first: int, last: int) -> None:
    """Copy blocks of ``BLOCK`` ids to ``out``, and find their range and order.

    Args:
        ids: (n,) ids.
        out: (n,) receives them.
        bounds: (3, blocks) int64 receives the least and the greatest of each block, and whether an
            id is less than the one before it, which may be in the block before.
        first: the first block.
        last: one past the last block.
    """
    for b in range(first, last):
        begin, end = np.int64(b) * BLOCK, min((np.int64(b) + 1) * BLOCK, len(ids))
        low, high = ids[begin], ids[begin]  # of the dtype of ids, of which a register holds more
        out[begin], descends = ids[begin], ids[max(begin - 1, 0)] > ids[begin]
        for i in range(np.uint64(begin + 1), np.uint64(end)):  # unsigned, so that it is vectorized
            low, high = min(low, ids[i]), max(high, ids[i])
            descends |= ids[i - np.uint64(1)] > ids[i]
            out[i] = ids[i]
        bounds[0, b], bounds[1, b], bounds[2, b] = low, high, descends


@jit
def check_edge_ids(indptr: Any, ids: Any, bits: Any) -> tuple[Any, Any]:
    """Whether edge ids are all numbers below E, each once, and ascend in each row.

    Args:
        indptr: where rows start.
        ids: (E,) edge ids, which may be any numbers.
        bits: (E // 64 + 1,) uint64 zeros; a bit becomes 1 for each id.
    """
    count, one, last, descents = np.uint64(len(ids)), np.uint64(1), np.uint64(0), np.int64(0)
    for k in range(len(ids)):
        e = np.uint64(ids[k])  # a negative one is large
        if e >= count:
            return False, False
        bits[e >> np.uint64(6)] |= one << (e & np.uint64(63))
        descents += e < last
        last = e
    for i in range(len(bits) - 1):
        if ~bits[i] != 0:
            return False, False
    for r in range(1, len(indptr) - 1):
        start = np.int64(indptr[r])
        if np.int64(indptr[r - 1]) < start < len(ids):
            descents -= ids[start] < ids[start - 1]
    are_all = bits[len(bits) - 1] == (one << (count & np.uint64(63))) - one
    return are_all, are_all and descents == 0


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
        far, near = min(i + 2 * PREFETCH_ROWS, last - 1), min(i + PREFETCH_ROWS, last - 1)
        prefetch_element(indptr, np.int64(rows[far]))
        ahead = np.int64(indptr[rows[near]])
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
        far, near = min(i + 2 * PREFETCH_ROWS, last - 1), min(i + PREFETCH_ROWS, last - 1)
        prefetch_element(indptr, np.int64(rows[far]))
        ahead = np.int64(indptr[rows[near]])
        for position in range(ahead, ahead + 2 * CACHE_LINE, CACHE_LINE):
            prefetch_element(entries, position)
        start, low = np.uint64(starts[i]), np.uint64(indptr[rows[i]])
        for k in range(start, np.uint64(starts[i + 1])):
            out[k] = entries[low + (k - start)]


@jit
def edges_among(csr: Any, rows: Any, nodes: Any, table: Any, results: Any) -> Any:
    """Gather the edges of rows whose other ends are among some nodes; returns their number.

    Every edge is appended, and the count only grows for one that stays, as in :func:`relabel`. The
    ids of those alone are read, at the end.

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
    count, last = np.uint64(0), len(rows) - 1
    for i in range(len(rows)):
        far, near = min(i + 2 * PREFETCH_ROWS, last), min(i + PREFETCH_ROWS, last)
        prefetch_element(indptr, np.int64(rows[far]))
        ahead = np.int64(indptr[rows[near]])
        for position in range(ahead, ahead + 2 * CACHE_LINE, CACHE_LINE):
            prefetch_element(indices, position)
        for k in range(np.uint64(indptr[rows[i]]), np.uint64(indptr[rows[i] + 1])):
            number = np.int64(table[np.uint64(indices[k])])
            owners[count], positions[count], out_eids[count] = i, number - 1, k
            count += np.uint64(number > 0)
    for i in range(count):
        out_eids[i] = eids[np.uint64(out_eids[i])]
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
