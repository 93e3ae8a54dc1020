"""Gathering rows and edges, grouping ids and renumbering nodes, on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract import Csr
from ..segments import rows_of
from .loops import gather as loops
from .messages import run
from .runtime.memory import empty

_MANY_ROWS, _BITS = 1 << 17, 8
_WORK = 4  # per edge, in elements of a sum

# Tables for :func:`relabel` that are not in use; all zeros. A new one costs time in proportion to
# the number of nodes. Threads append and pop without a lock, which a forked process could inherit
# in its locked state.
_tables: list[Any] = []


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    array = ids.numpy()
    csr = _sorted([array, array[:0], array[:0]], num_rows)
    return csr.indptr, csr.edge_ids


def compress(rows: Tensor, others: Tensor, num_rows: int) -> Csr:
    """Group edges by one of their ends; see the contract."""
    return _sorted([rows.numpy(), others.numpy(), rows[:0].numpy()], num_rows)


def sort_pairs(u: Tensor, v: Tensor, num_u: int, num_v: int) -> Csr:
    """Group edges by one of their ends and sort by the other; see the contract."""
    by_v = _sorted([v.numpy(), u.numpy(), v[:0].numpy()], num_v)
    edges = [by_v.indices.numpy(), rows_of(by_v.indptr, len(v)).numpy(), by_v.edge_ids.numpy()]
    del by_v
    return _sorted(edges, num_u)


def _sorted(edges: list[Any], num_rows: int) -> Csr:
    """Edges grouped by their rows, stably.

    Writing to many rows in turn misses the cache, so the edges of many rows are sorted twice: by
    the first bits of their rows, then by their rows.

    Args:
        edges: the rows, the other ends and the positions, or (0,) for 0 to E - 1. The list is
            emptied, so that nothing keeps arrays that are not needed any more.
        num_rows: the number of rows.
    """
    shift = num_rows.bit_length() - _BITS
    if num_rows > _MANY_ROWS:
        edges[:] = _sorted_by_bits(edges, (num_rows >> shift) + 1, shift)[1]
    indptr, (_, others, positions) = _sorted_by_bits(edges, num_rows, 0)
    edges.clear()
    return Csr(torch.from_numpy(indptr), torch.from_numpy(others), torch.from_numpy(positions))


def _sorted_by_bits(edges: list[Any], rows: int, shift: int) -> tuple[Any, tuple[Any, Any, Any]]:
    """Edges sorted by some bits of their rows; with all bits, sorted rows are left out."""
    ids, others, positions = edges
    indptr = np.empty(rows + 1, ids.dtype)
    out = (np.empty_like(ids if shift else ids[:0]), np.empty_like(others), np.empty_like(ids))
    loops.sort(ids, others, positions, shift, indptr, out)
    return indptr, out


def search(csr: Csr, rows: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Find the edges between pairs of nodes; see the contract."""
    bounds = np.empty((2, len(rows)), np.int64)
    arrays = csr.indptr.numpy(), csr.indices.numpy()
    args = (*arrays, rows.contiguous().numpy(), others.contiguous().numpy(), bounds)
    run(loops.search, len(rows), len(rows) << _BITS, *args)
    low, high = torch.from_numpy(bounds)
    return low, high


def edges_of(csr: Csr, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gather all edges of rows, row after row; see the contract."""
    indptr, indices, eids = map(Tensor.numpy, csr)
    row_array = rows.contiguous().numpy()
    starts = np.empty(len(row_array) + 1, np.int64)
    total = loops.starts_of(indptr, row_array, starts)
    owners, others, edge_ids = (rows.new_empty(total) for _ in range(3))
    results = (owners.numpy(), others.numpy(), edge_ids.numpy())
    run(loops.edges_of, starts, total * _WORK, (indptr, indices, eids), row_array, starts, results)
    return owners, others, edge_ids


def arange(count: int, like: Tensor) -> Tensor:
    """Consecutive ids; see the contract."""
    # torch.arange would wake torch's threads, which takes longer than filling the array.
    return torch.from_numpy(np.arange(count, dtype=like.numpy().dtype))


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
    count = loops.relabel(first_array, ids_array, table, nodes, positions)
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
