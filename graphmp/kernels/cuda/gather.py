"""Gathering rows and edges, grouping ids and renumbering nodes, on the GPU."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr
from .launch import launch
from .layout import LARGEST
from .programs.gather import claim, renumber

BLOCK = 256  # ids of a program

DECLINED = {
    ("arange", "copy"): "torch.arange is as fast on a device",
    ("edges_among", "copy"): "plain torch gathers all edges at once on the device",
    ("edges_of", "copy"): "plain torch gathers all edges at once on the device",
}


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    keys = ids.int() if num_rows <= LARGEST else ids
    sorted_keys, order = torch.sort(keys, stable=True)
    rows = torch.arange(num_rows + 1, dtype=keys.dtype, device=ids.device)
    return torch.searchsorted(sorted_keys, rows).to(ids.dtype), order.to(ids.dtype)


def compress(rows: Tensor, others: Tensor, num_rows: int) -> Csr:
    """Group edges by one of their ends; see the contract."""
    indptr, order = group(rows, num_rows)
    return Csr(indptr, others.index_select(0, order), order)


def take(data: Tensor, ids: Tensor) -> Tensor:
    """Rows of a tensor; see the contract."""
    return data.index_select(0, ids)


def relabel(first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Renumber nodes in order of first appearance; see the contract.

    The host waits for the device once, for the number of nodes.
    """
    num_first, total = len(first), len(first) + len(ids)
    if len(ids) == 0:
        return first.clone(), ids.clone()
    first, ids = first.contiguous(), ids.contiguous()
    table = _first_appearances(first, ids, limit)
    appearances = torch.arange(num_first, total, dtype=table.dtype, device=ids.device)
    ranks = (table.index_select(0, ids) == appearances).cumsum(0, dtype=table.dtype)
    nodes, positions = ids.new_empty(total), torch.empty_like(ids)
    nodes[:num_first] = first
    tensors = (ids, table, ranks, nodes, positions)
    launch(renumber, (-(-len(ids) // BLOCK),), *tensors, num_first, len(ids), BLOCK=BLOCK)
    return nodes[: num_first + int(ranks[-1])].clone(), positions


def _first_appearances(first: Tensor, ids: Tensor, limit: int) -> Tensor:
    """Where each node first is in ``first`` followed by ``ids``: (limit,)."""
    total = len(first) + len(ids)
    dtype = torch.int32 if total <= LARGEST else torch.int64
    table = torch.full((limit,), total, dtype=dtype, device=ids.device)
    launch(claim, (-(-total // BLOCK),), first, ids, table, len(first), total, BLOCK=BLOCK)
    return table
