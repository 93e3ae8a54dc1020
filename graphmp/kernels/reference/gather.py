"""Gathering rows, grouping ids and renumbering nodes, in plain torch."""

from __future__ import annotations

import torch
from torch import Tensor


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    ordered, order = torch.sort(ids, stable=True)
    rows = torch.arange(num_rows + 1, dtype=ids.dtype, device=ids.device)
    return torch.searchsorted(ordered, rows).to(ids.dtype), order.to(ids.dtype)


def arange(count: int, like: Tensor) -> Tensor:
    """Consecutive ids; see the contract."""
    return torch.arange(count, dtype=like.dtype, device=like.device)


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
