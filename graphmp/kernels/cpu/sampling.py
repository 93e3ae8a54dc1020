"""Sampling on the CPU: how the loops of :mod:`.sampling_rows` are called; see the contract."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import GraphValueError
from ..contract import Choice, not_a_probability, repeated
from . import sampling_rows
from .messages import run

_NO_WEIGHTS, _NONE_GONE = np.zeros(0, np.float32), np.zeros(0, np.int64)
_WORK = 16  # what choosing an edge takes, in elements of a sum

# Tables of places that are not in use; all zeros. Making one takes as long as there are nodes.
_tables: list[Any] = []
_lock = threading.Lock()


def sample(
    form: tuple[Tensor, Tensor, Tensor], rows: Tensor, choice: Choice
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose edges of rows; see the contract."""
    indptr, indices, eids = (part.numpy() for part in form)
    weights = _NO_WEIGHTS if choice.weights is None else choice.weights.contiguous().numpy()
    gone = _NONE_GONE if choice.gone is None else choice.gone.numpy()
    replace = choice.replace and choice.fanout >= 0
    limits, ids = rows.new_empty(len(rows) + 1), rows.numpy()
    how = (choice.fanout, replace, weights, gone)
    bad = sampling_rows.count(indptr, eids, ids, *how, limits.numpy())
    if bad >= 0:
        raise GraphValueError(not_a_probability(bad, weights[bad]))
    total = int(limits[-1])
    others, chosen = rows.new_empty(total), rows.new_empty(total)
    given = (indptr, indices, eids, ids, replace, choice.seed, gone)
    made = (limits.numpy(), others.numpy(), chosen.numpy())
    if choice.weights is None and (replace or not choice.shared):
        run(sampling_rows.choose_evenly, made[0], total * _WORK, *given, *made)
    else:
        args = (*given, weights, choice.shared, *made)
        run(sampling_rows.choose_by_chance, made[0], total * _WORK, *args)
    return limits, others, chosen


def relabel(first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Number nodes anew; see the contract."""
    nodes, places = first.new_empty(len(first) + len(ids)), torch.empty_like(ids)
    table = _take_table(limit)
    given = (first.contiguous().numpy(), ids.contiguous().numpy())
    found = sampling_rows.relabel(*given, table, nodes.numpy(), places.numpy())
    with _lock:
        _tables.append(table)
    if found < 0:
        raise GraphValueError(repeated(int(first[-1 - found])))
    return nodes[:found].clone(), places


def _take_table(limit: int) -> Any:
    """A table of zeros for ``limit`` ids, that of an earlier call if it is large enough."""
    with _lock:
        found = _tables.pop() if _tables else None
    return np.zeros(limit, np.int32) if found is None or len(found) < limit else found
