"""Gathering rows and edges, grouping ids and renumbering nodes, in plain torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..contract import Csr
from ..segments import chunks, distinct, positions_of
from .sampling import candidates


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    ordered, order = torch.sort(ids, stable=True)
    rows = torch.arange(num_rows + 1, dtype=ids.dtype, device=ids.device)
    return torch.searchsorted(ordered, rows).to(ids.dtype), order.to(ids.dtype)


def compress(rows: Tensor, others: Tensor, num_rows: int) -> Csr:
    """Group edges by one of their ends; see the contract."""
    indptr, order = group(rows, num_rows)
    return Csr(indptr, others.index_select(0, order), order)


def sort_pairs(u: Tensor, v: Tensor, num_u: int, num_v: int) -> Csr:
    """Group edges by one of their ends and sort by the other; see the contract."""
    by_v = group(v, num_v)[1]
    csr = compress(u.index_select(0, by_v), v.index_select(0, by_v), num_u)
    return csr._replace(edge_ids=by_v.index_select(0, csr.edge_ids))


def symmetrize(u: Tensor, v: Tensor, num_nodes: int) -> tuple[Tensor, Tensor]:
    """The different edges and their reverses, sorted; see the contract."""
    csr = sort_pairs(torch.cat([u, v]), torch.cat([v, u]), num_nodes, num_nodes)
    return distinct(csr)[:2]


def search(csr: Csr, rows: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Find the edges between pairs of nodes; see the contract."""
    indptr, rows = csr.indptr.long(), rows.long()
    low = _first(csr.indices, others, indptr[rows], indptr[rows + 1])
    return low, _first(csr.indices, others + 1, low, indptr[rows + 1])


def _first(indices: Tensor, others: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The first position from ``low`` to ``high`` whose other end is not less, by bisection."""
    for _ in range(len(indices).bit_length()):
        middle = (low + high) // 2
        is_less = (low < high) & (indices[middle.clamp(max=len(indices) - 1)] < others)
        low, high = torch.where(is_less, middle + 1, low), torch.where(is_less, high, middle)
    return low


def edges_of(csr: Csr, rows: Tensor, names: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Gather all edges of rows, row after row; see the contract."""
    owners, positions = candidates(csr.indptr, rows.long())
    owners = owners.to(rows.dtype) if names is None else names.index_select(0, owners)
    return owners, csr.indices[positions], csr.edge_ids[positions]


def entries_of(indptr: Tensor, entries: Tensor, rows: Tensor) -> Tensor:
    """Gather the entries of rows, row after row; see the contract."""
    return entries[positions_of(indptr, rows)]


def edges_among(csr: Csr, rows: Tensor, nodes: Tensor, limit: int) -> tuple[Tensor, Tensor, Tensor]:
    """Gather edges of rows to some nodes; see the contract."""
    owners, others, eids = edges_of(csr, rows)
    table = nodes.new_full((limit,), -1)
    table[nodes.long()] = arange(len(nodes), nodes)
    positions = table.index_select(0, others)
    inside = (positions >= 0).nonzero().view(-1)
    return owners[inside], positions[inside], eids[inside]


def arange(count: int, like: Tensor) -> Tensor:
    """Consecutive ids; see the contract."""
    return torch.arange(count, dtype=like.dtype, device=like.device)


def copy_ids(arrays: Sequence[Tensor], dtype: torch.dtype) -> list[tuple[Tensor, int, int, bool]]:
    """Copy ids to an id type, and find their range and order; see the contract."""
    copies = []
    for ids in arrays:
        low, high = map(int, torch.aminmax(ids)) if len(ids) else (0, -1)
        ascend = not bool((ids[1:] < ids[:-1]).any())
        copies.append((ids.to(dtype, copy=True), low, high, ascend))
    return copies


def check_edge_ids(indptr: Tensor, edge_ids: Tensor) -> tuple[bool, bool]:
    """Check edge ids that come from outside; see the contract."""
    if not _is_permutation(edge_ids):
        return False, False
    is_less = edge_ids[1:] < edge_ids[:-1]
    starts = indptr[(indptr > 0) & (indptr < len(edge_ids))].long()
    is_less[starts - 1] = False
    return True, not bool(is_less.any())


def _is_permutation(ids: Tensor) -> bool:
    """Whether ``ids`` (n,) are the numbers 0 to n - 1, each once."""
    if not len(ids):
        return True
    low, high = map(int, torch.aminmax(ids))
    if (low, high) != (0, len(ids) - 1):
        return False
    exists = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    for part in chunks(len(ids)):
        exists[ids[part].long()] = True
    return bool(exists.all())


def take(data: Tensor, ids: Tensor) -> Tensor:
    """Rows of a tensor; see the contract."""
    return data.index_select(0, ids)


def relabel(first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:  # noqa: ARG001
    """Renumber nodes in order of first appearance; see the contract."""
    every = torch.cat([first, ids])
    distinct, inverse = torch.unique(every, return_inverse=True)
    positions = torch.arange(len(every), device=every.device)
    earliest = inverse.new_full((len(distinct),), len(every))
    earliest.scatter_reduce_(0, inverse, positions, "amin")
    new = torch.sort(earliest[earliest >= len(first)]).values
    number = earliest.clone()
    number[inverse[new]] = len(first) + torch.arange(len(new), device=every.device)
    return torch.cat([first, every[new]]), number[inverse[len(first) :]].to(ids.dtype)
