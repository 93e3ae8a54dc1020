"""Sampling on the CPU: how the loops of :mod:`.sampling_rows` are called; see the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import GraphValueError
from ..draws import Choice, Drift
from ..refusals import not_a_probability, not_comparable, too_many
from . import greatest_rows, sampling_rows
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
    chosen = _room(form, rows, choice.fanout, replace, weights, gone)
    made = tuple(part.numpy() for part in chosen)
    given = (rows.numpy(), replace, choice.seed, gone)
    if choice.weights is None and (replace or choice.shared is None):
        run(
            sampling_rows.choose_evenly, made[0], len(made[1]), indptr, indices, *given, *made
        )  # fmt: skip
    else:
        drift = choice.shared or Drift(0, 0.0)
        how = (choice.fanout, weights, choice.shared is not None, drift.key, drift.share)
        run(
            sampling_rows.choose_by_chance, made[0], len(made[1]), indptr, indices, eids, *given,
            *how, *made,
        )  # fmt: skip
    return chosen


def greatest(
    form: tuple[Tensor, Tensor, Tensor], rows: Tensor, k: int, weights: Tensor, ascending: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose edges by their weights; see the contract."""
    chosen = _room(form, rows, k, False, _NO_WEIGHTS, _NONE_GONE)
    made = tuple(part.numpy() for part in chosen)
    given = (*(part.numpy() for part in form), rows.numpy(), weights.contiguous().numpy())
    run(greatest_rows.choose_greatest, made[0], len(made[1]), *given, ascending, *made)
    wrong = made[2][made[2] <= greatest_rows.WRONG]
    if len(wrong) > 0:
        raise GraphValueError(not_comparable(int(greatest_rows.WRONG - wrong[0])))
    return chosen


def _room(
    form: tuple[Tensor, Tensor, Tensor], rows: Tensor, most: int, replace: bool, *chances: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """The limits of what is chosen, and room for other ends and positions."""
    indptr, eids, counted = form[0].numpy(), form[2].numpy(), np.empty(len(rows) + 1, np.int64)
    given = (indptr, eids, rows.numpy(), most, replace, *chances, counted)
    total, bad = sampling_rows.count(*given)
    if bad >= 0:
        raise GraphValueError(not_a_probability(bad, chances[0][bad]))
    if total > torch.iinfo(rows.dtype).max:
        raise GraphValueError(too_many(total, rows.dtype))
    limits = torch.from_numpy(counted).to(rows.dtype)
    return limits, rows.new_empty(total), rows.new_empty(total)


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
