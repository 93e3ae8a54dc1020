"""Gathering rows, grouping ids and renumbering nodes, on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .loops import gather as loops
from .runtime.memory import empty

# Tables for :func:`relabel` that are not in use; all zeros. A new one costs time in proportion to
# the number of nodes. Threads append and pop without a lock, which a forked process could inherit
# in its locked state.
_tables: list[Any] = []


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    indptr, order = ids.new_empty(num_rows + 1), torch.empty_like(ids)
    loops.group(ids.numpy(), indptr.numpy(), order.numpy())
    return indptr, order


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
