"""Sampling on the CPU: how the loops of :mod:`.sampling_rows` are called; see the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import GraphValueError
from ..contract import Choice, not_a_probability, too_many
from . import sampling_rows
from .messages import run

_NO_WEIGHTS, _NONE_GONE = np.zeros(0, np.float32), np.zeros(0, np.int64)

# Tables of places that are not in use; all zeros. Making one takes as long as there are nodes.
# Threads append and pop without a lock, which a forked process could find held.
_tables: list[Any] = []


def sample(
    form: tuple[Tensor, Tensor, Tensor], rows: Tensor, choice: Choice
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose edges of rows; see the contract."""
    indptr, indices, eids = (part.numpy() for part in form)
    weights = _NO_WEIGHTS if choice.weights is None else choice.weights.contiguous().numpy()
    gone = _NONE_GONE if choice.gone is None else choice.gone.numpy()
    replace = choice.replace and choice.fanout >= 0
    counted, ids = torch.empty(len(rows) + 1, dtype=torch.int64), rows.numpy()
    how = (choice.fanout, replace)
    total, bad = sampling_rows.count(indptr, eids, ids, *how, weights, gone, counted.numpy())
    if bad >= 0:
        raise GraphValueError(not_a_probability(bad, weights[bad]))
    if total > torch.iinfo(rows.dtype).max:
        raise GraphValueError(too_many(total, rows.dtype))
    limits = counted.to(rows.dtype)
    others, places = rows.new_empty(total), rows.new_empty(total)
    made = (limits.numpy(), others.numpy(), places.numpy())
    given = (ids, replace, choice.seed, gone)
    if choice.weights is None and (replace or not choice.shared):
        run(sampling_rows.choose_evenly, made[0], total, indptr, indices, *given, *made)
    else:
        args = (indptr, indices, eids, *given, choice.fanout, weights, choice.shared, *made)
        run(sampling_rows.choose_by_chance, made[0], total, *args)
    return limits, others, places


def relabel(first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Number nodes anew; see the contract."""
    nodes, places = first.new_empty(len(first) + len(ids)), torch.empty_like(ids)
    table = _take_table(limit)
    given = (first.contiguous().numpy(), ids.contiguous().numpy())
    found = sampling_rows.relabel(*given, table, nodes.numpy(), places.numpy())
    _tables.append(table)
    return nodes[:found].clone(), places


def _take_table(limit: int) -> Any:
    """A table of zeros for ``limit`` ids, that of an earlier call if it is large enough."""
    try:
        found = _tables.pop()
    except IndexError:  # each is in use, by another thread
        return np.zeros(limit, np.int32)
    return found if len(found) >= limit else np.zeros(limit, np.int32)
