"""Gathering rows and edges, grouping ids and renumbering nodes, on the CPU."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract import Csr
from . import loops
from .messages import run
from .runtime.memory import LARGE, empty

_MANY_ROWS = 1 << 19
_BITS, _BUCKET_BITS = 9, 15  # at most 512 buckets, and of some 32,768 edges
_WORK = 4  # per edge, in nanoseconds
_EDGES_PER_PIECE = 1 << 15
_EDGES_PER_COUNTER = 4  # at least, so that the counters of all threads take little

# Tables for :func:`relabel` that are not in use; all zeros. A new one costs time in proportion to
# the number of nodes. Threads append and pop without a lock, which a forked process could inherit
# in its locked state.
_tables: list[Any] = []


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    csr = compress(ids, ids[:0], num_rows)
    return csr.indptr, csr.edge_ids


def compress(rows: Tensor, others: Tensor, num_rows: int) -> Csr:
    """Group edges by one of their ends; see the contract."""
    ids, ends = rows.numpy(), others.numpy()
    if num_rows > _MANY_ROWS:  # writing to each in turn would miss the cache
        return _grouped(_sorted(ids, ends, (0, _bits(num_rows))), num_rows)
    indptr, out = np.empty(num_rows + 1, ids.dtype), (_result(others), _result(rows))
    _sort((ids, ends, 0, False), indptr, (ids[:0], *map(Tensor.numpy, out)))
    return Csr(torch.from_numpy(indptr), *out)


def _sort(edges: tuple[Any, Any, int, bool], indptr: Any, results: tuple[Any, ...]) -> None:
    """Sort edges by counting; see :func:`.loops.gather.sort`.

    Each thread counts and places a part of the edges, unless there are few beside the rows.
    """
    rows, count = len(indptr) - 1, len(edges[0])
    least = max(_EDGES_PER_COUNTER * rows, _EDGES_PER_PIECE)
    pieces = max(min(torch.get_num_threads(), count // least), 1)
    counts = np.empty((pieces, rows), indptr.dtype)
    if pieces == 1:
        loops.gather.sort(edges, counts, indptr, results)
        return
    run(loops.gather.count, pieces, count * _WORK, edges, counts)
    loops.gather.starts_of_pieces(counts, indptr)
    run(loops.gather.place, pieces, count * _WORK, edges, counts, results)


def _result(like: Tensor) -> Tensor:
    """A new tensor of the shape and dtype of ``like``; a small one takes least time in NumPy."""
    if like.nbytes < LARGE:
        return torch.from_numpy(np.empty_like(like.numpy()))
    return empty(tuple(like.shape), like.dtype)


def sort_pairs(u: Tensor, v: Tensor, num_u: int, num_v: int) -> Csr:
    """Group edges by one of their ends and sort by the other; see the contract."""
    if len(u) <= 1 << _BUCKET_BITS:  # in the cache anyway
        _, by_v, order = compress(v, u, num_v)
        indptr, edge_ids, _ = compress(by_v, order, num_u)
        return Csr(indptr, v.index_select(0, edge_ids), edge_ids)
    return _grouped(_sorted(u.numpy(), v.numpy(), (_bits(num_v), _bits(num_u))), num_u)


def symmetrize(u: Tensor, v: Tensor, num_nodes: int) -> tuple[Tensor, Tensor]:
    """The different edges and their reverses, sorted; see the contract."""
    rows, others, _ = _sorted(u.numpy(), v.numpy(), (_bits(num_nodes),) * 2, both=True)
    count = loops.sorting.unite(rows, others)
    for ends in (rows, others):
        ends.resize(count, refcheck=False)  # frees the rest without a copy
    return torch.from_numpy(rows), torch.from_numpy(others)


def _bits(count: int) -> int:
    """How many bits the ids below ``count`` have."""
    return max(count - 1, 0).bit_length()


def _sorted(
    rows: Any, others: Any, bits: tuple[int, int], both: bool = False
) -> tuple[Any, Any, Any]:
    """Edges sorted stably: by the first bits of their rows into buckets, then each bucket.

    Args:
        rows: (E,) the row of each edge.
        others: (E,) the other end of each edge, or (0,).
        bits: how many bits of the other ends to sort by, and of the rows.
        both: whether to add the reverse edges.

    Returns:
        Rows, other ends and, unless edges were added, where each edge was.
    """
    count = (2 if both else 1) * len(rows)
    first = min((count >> _BUCKET_BITS).bit_length(), _BITS, bits[1])
    sizes = (count, count if len(others) else 0, 0 if both else count)
    edges, starts = _empty(sizes, rows), np.empty((1 << first) + 1, rows.dtype)
    _sort((rows, others, bits[1] - first, both), starts, edges)
    args = (starts, (bits[0], bits[1] - first), edges)
    run(loops.sorting.sort_buckets, starts, count * _WORK, *args)
    return edges


def _empty(sizes: Iterable[int], like: Any) -> tuple[Any, Any, Any]:
    first, second, third = (np.empty(size, like.dtype) for size in sizes)
    return first, second, third


def _grouped(edges: tuple[Any, Any, Any], num_rows: int) -> Csr:
    """The layout of sorted edges."""
    (rows, others, positions), indptr = edges, np.empty(num_rows + 1, edges[0].dtype)
    loops.sorting.limits(rows, indptr)
    return Csr(*map(torch.from_numpy, (indptr, others, positions)))


def search(csr: Csr, rows: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Find the edges between pairs of nodes; see the contract."""
    bounds = np.empty((2, len(rows)), np.int64)
    arrays = csr.indptr.numpy(), csr.indices.numpy()
    args = (*arrays, rows.contiguous().numpy(), others.contiguous().numpy(), bounds)
    run(loops.gather.search, len(rows), len(rows) << 8, *args)
    low, high = torch.from_numpy(bounds)
    return low, high


def edges_of(csr: Csr, rows: Tensor, names: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Gather all edges of rows, row after row; see the contract."""
    names = arange(len(rows), rows) if names is None else names
    arrays, starts, total = _starts(csr.indptr, rows)
    owners, others, edge_ids = (rows.new_empty(total) for _ in range(3))
    results = (owners.numpy(), others.numpy(), edge_ids.numpy())
    ends = (csr.indices.numpy(), csr.edge_ids.numpy(), names.contiguous().numpy())
    run(loops.gather.edges_of, starts, total * _WORK, *arrays, ends, starts, results)
    return owners, others, edge_ids


def entries_of(indptr: Tensor, entries: Tensor, rows: Tensor) -> Tensor:
    """Gather the entries of rows, row after row; see the contract."""
    arrays, starts, total = _starts(indptr, rows)
    out = entries.new_empty(total)
    args = (*arrays, entries.numpy(), starts, out.numpy())
    run(loops.gather.entries_of, starts, total * _WORK, *args)
    return out


def _starts(indptr: Tensor, rows: Tensor) -> tuple[tuple[Any, Any], Any, int]:
    """The arrays of ``(indptr, rows)``, where each row's edges go, and the number of edges."""
    arrays = indptr.numpy(), rows.contiguous().numpy()
    starts = np.empty(len(rows) + 1, np.int64)
    return arrays, starts, loops.gather.starts_of(*arrays, starts)


def edges_among(csr: Csr, rows: Tensor, nodes: Tensor, limit: int) -> tuple[Tensor, Tensor, Tensor]:
    """Gather edges of rows to some nodes; see the contract."""
    (indptr, row_array), _, total = _starts(csr.indptr, rows)
    indices, eids, table = csr.indices.numpy(), csr.edge_ids.numpy(), _table(limit)
    results = tuple(np.empty(total, indices.dtype) for _ in range(3))
    args = (row_array, nodes.contiguous().numpy(), table, results)
    count = loops.gather.edges_among((indptr, indices, eids), *args)
    _tables.append(table)
    for array in results:
        array.resize(count, refcheck=False)  # frees the rest without a copy
    owners, positions, edge_ids = map(torch.from_numpy, results)
    return owners, positions, edge_ids


def arange(count: int, like: Tensor) -> Tensor:
    """Consecutive ids; see the contract."""
    # torch.arange would wake torch's threads, which takes longer than filling the array.
    return torch.from_numpy(np.arange(count, dtype=like.numpy().dtype))


def copy_ids(arrays: Sequence[Tensor], dtype: torch.dtype) -> list[tuple[Tensor, int, int, bool]]:
    """Copy ids to an id type, and find their range and order; see the contract."""
    calls, total, work = [], 0, 0
    for ids in arrays:
        out, blocks = empty(tuple(ids.shape), dtype), -(-len(ids) // loops.gather.BLOCK)
        bounds = np.empty((3, blocks), np.int64)
        calls.append((total, (ids.contiguous().numpy(), out.numpy(), bounds), out))
        total, work = total + blocks, work + len(ids) // 4  # less than a sum of as many

    def copy_blocks(first: int, last: int) -> None:
        """Copy blocks of all arrays, which are numbered one array after the other."""
        for start, args, _ in calls:
            begin, end = max(first - start, 0), min(last - start, args[2].shape[1])
            if begin < end:
                loops.gather.copy_ids(*args, begin, end)

    run(copy_blocks, total, work)
    return [(out, *_range(bounds)) for _, (_, _, bounds), out in calls]


def _range(bounds: Any) -> tuple[int, int, bool]:
    """The least and the greatest of all blocks, and whether they ascend."""
    lows, highs, descents = bounds.tolist()
    return min(lows, default=0), max(highs, default=-1), not any(descents)


def check_edge_ids(indptr: Tensor, edge_ids: Tensor) -> tuple[bool, bool]:
    """Check edge ids that come from outside; see the contract."""
    ids = edge_ids.contiguous().numpy()
    bits = np.zeros(len(ids) // 64 + 1, np.uint64)
    are_all, ascend = loops.gather.check_edge_ids(indptr.contiguous().numpy(), ids, bits)
    return bool(are_all), bool(ascend)


def take(data: Tensor, ids: Tensor) -> Tensor:
    """Rows of a tensor; see the contract."""
    out = empty((ids.shape[0], *data.shape[1:]), data.dtype)
    return torch.index_select(data, 0, ids, out=out)


def relabel(first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Renumber nodes in order of first appearance; see the contract."""
    first_array, ids_array = first.contiguous().numpy(), ids.contiguous().numpy()
    nodes = np.empty(len(first_array) + len(ids_array), ids_array.dtype)
    positions = np.empty_like(ids_array)
    table = _table(limit)
    count = loops.gather.relabel(first_array, ids_array, table, nodes, positions)
    _tables.append(table)
    nodes.resize(count, refcheck=False)  # frees the rest without a copy
    return torch.from_numpy(nodes), torch.from_numpy(positions)


def _table(limit: int) -> Any:
    """A table of zeros for ``limit`` ids; that of an earlier call if it is large enough."""
    try:
        table = _tables.pop()
    except IndexError:  # all are in use by other threads
        return np.zeros(limit, np.int32)
    return table if len(table) >= limit else np.zeros(limit, np.int32)
