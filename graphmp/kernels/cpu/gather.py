"""Gathering rows, grouping ids and renumbering nodes, on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract import Csr
from .loops import gather as loops
from .messages import run
from .runtime.memory import empty

_MANY_ROWS, _BITS = 1 << 17, 8

# Tables for :func:`relabel` that are not in use; all zeros. A new one costs time in proportion to
# the number of nodes. Threads append and pop without a lock, which a forked process could inherit
# in its locked state.
_tables: list[Any] = []


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    indptr, _, order = _sorted(ids.numpy(), _none(ids), num_rows)
    return indptr, order


def compress(rows: Tensor, others: Tensor, num_rows: int) -> Csr:
    """Group edges by one of their ends; see the contract."""
    return Csr(*_sorted(rows.numpy(), others.numpy(), num_rows))


def _sorted(ids: Any, others: Any, num_rows: int) -> tuple[Tensor, Tensor, Tensor]:
    """Row limits, the other ends and the positions of edges sorted by ``ids``.

    Writing to many rows in turn misses the cache, so the edges of many rows are sorted twice: by
    the first bits of their rows, then by their rows.
    """
    none = ids[:0]
    positions, steps = none, [(num_rows, 0)]
    shift = num_rows.bit_length() - _BITS
    if num_rows > _MANY_ROWS:
        steps.insert(0, ((num_rows >> shift) + 1, shift))
    for rows, shift in steps:
        indptr, is_last = np.empty(rows + 1, ids.dtype), shift == 0
        out = (none if is_last else np.empty_like(ids), np.empty_like(others), np.empty_like(ids))
        loops.sort(ids, others, positions, shift, indptr, out)
        ids, others, positions = out
    return torch.from_numpy(indptr), torch.from_numpy(others), torch.from_numpy(positions)


def _none(ids: Tensor) -> Any:
    return ids[:0].numpy()


def search(csr: Csr, rows: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Find the edges between pairs of nodes; see the contract."""
    bounds = np.empty((2, len(rows)), np.int64)
    arrays = csr.indptr.numpy(), csr.indices.numpy()
    args = (*arrays, rows.contiguous().numpy(), others.contiguous().numpy(), bounds)
    run(loops.search, len(rows), len(rows) << _BITS, *args)
    low, high = torch.from_numpy(bounds)
    return low, high


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
