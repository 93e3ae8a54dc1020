"""Sampling on the CPU: how the loops of :mod:`.loops.sampling` are called; see the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import GraphValueError
from ..contract import Csr
from ..error_texts import not_a_probability, not_comparable, too_many
from ..sampling_spec import BatchDependency, SampleSpec
from .loops import sampling as loops
from .loops import topk
from .messages import run

_WORK = 8  # what an edge takes, in elements of a sum
_NO_WEIGHTS, _NONE_GONE = np.zeros(0, np.float32), np.zeros(0, np.int64)

# Tables of places that are not in use; all zeros. Making one takes as long as there are nodes.
# Threads append and pop without a lock, which a forked process could find held.
_tables: list[Any] = []


def sample(csr: Csr, rows: Tensor, spec: SampleSpec) -> tuple[Tensor, Tensor, Tensor]:
    """Choose edges of rows; see the contract."""
    indptr, indices, eids = (part.numpy() for part in csr)
    weights = _NO_WEIGHTS if spec.weights is None else spec.weights.contiguous().numpy()
    gone = _NONE_GONE if spec.excluded is None else spec.excluded.numpy()
    replace, ids = spec.replace and spec.fanout >= 0, rows.numpy()
    made = _room(indptr, eids, ids, spec.fanout, replace, weights, gone)
    given: tuple[Any, ...] = (ids, replace, spec.seed, gone)
    work = len(made[1]) * _WORK
    if spec.weights is None and (replace or spec.dependent is None):
        run(loops.choose_evenly, made[0], work, indptr, indices, *given, *made)
    else:
        dependency = spec.dependent or BatchDependency(0, 0.0)
        how = (
            spec.fanout,
            weights,
            spec.dependent is not None,
            dependency.key,
            dependency.fraction,
        )
        given = (indptr, indices, eids, *given, *how)
        run(loops.choose_by_chance, made[0], work, *given, *made)
    return _tensors(made)


def greatest(
    csr: Csr, rows: Tensor, k: int, weights: Tensor, ascending: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose edges by their weights; see the contract."""
    arrays, ids = tuple(part.numpy() for part in csr), rows.numpy()
    made = _room(arrays[0], arrays[2], ids, k, False, _NO_WEIGHTS, _NONE_GONE)
    given = (*arrays, ids, weights.contiguous().numpy(), ascending)
    run(topk.choose_greatest, made[0], len(made[1]) * _WORK, *given, *made)
    wrong = made[2][made[2] <= topk.WRONG]
    if len(wrong) > 0:
        raise GraphValueError(not_comparable(int(topk.WRONG - wrong[0])))
    return _tensors(made)


def _room(
    indptr: Any, eids: Any, rows: Any, most: int, replace: bool, weights: Any, gone: Any
) -> Any:
    """The limits of what is chosen, and room for other ends and positions."""
    limits, largest = np.empty(len(rows) + 1, rows.dtype), np.iinfo(rows.dtype).max
    how = (most, replace, weights, gone, limits, largest)
    total, bad = loops.count(indptr, eids, rows, *how)
    if bad >= 0:
        raise GraphValueError(not_a_probability(bad, weights[bad]))
    if total > largest:
        raise GraphValueError(too_many(total, torch.from_numpy(rows).dtype))
    return limits, np.empty(total, rows.dtype), np.empty(total, rows.dtype)


def _tensors(made: Any) -> tuple[Tensor, Tensor, Tensor]:
    limits, others, places = map(torch.from_numpy, made)
    return limits, others, places


def relabel(first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Number nodes anew; see the contract."""
    given = (first.contiguous().numpy(), ids.contiguous().numpy())
    nodes, places = np.empty(len(given[0]) + len(given[1]), given[1].dtype), np.empty_like(given[1])
    table = _take_table(limit)
    found = loops.relabel(*given, table, nodes, places)
    _tables.append(table)
    nodes.resize(found, refcheck=False)  # what was not needed goes back, and nothing is copied
    return torch.from_numpy(nodes), torch.from_numpy(places)


def _take_table(limit: int) -> Any:
    """A table of zeros for ``limit`` ids, that of an earlier call if it is large enough."""
    try:
        found = _tables.pop()
    except IndexError:  # each is in use, by another thread
        return np.zeros(limit, np.int32)
    return found if len(found) >= limit else np.zeros(limit, np.int32)
