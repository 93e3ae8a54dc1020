"""Neighbour sampling and top-k on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import GraphValueError
from ..contract import Csr
from ..error_texts import not_a_probability, not_comparable, too_many
from ..sampling_spec import SampleSpec
from . import loops
from .messages import run

_WORK = 8  # per edge, in nanoseconds
_NO_WEIGHTS, _NO_POSITIONS = np.zeros(0, np.float32), np.zeros(0, np.int64)


def sample(csr: Csr, rows: Tensor, spec: SampleSpec) -> tuple[Tensor, Tensor, Tensor]:
    """Sample edges of rows; see the contract."""
    arrays, row_array, replace = (
        tuple(map(Tensor.numpy, csr)),
        rows.numpy(),
        spec.replace and spec.fanout >= 0,
    )
    weights = _NO_WEIGHTS if spec.weights is None else spec.weights.contiguous().numpy()
    excluded = _NO_POSITIONS if spec.excluded is None else spec.excluded.numpy()
    sampled = _allocate(arrays, row_array, spec.fanout, replace, weights, excluded)
    work = len(sampled[1]) * _WORK
    if spec.weights is None and (replace or spec.dependent is None):
        args: tuple[Any, ...] = (arrays, row_array, replace, spec.seed, excluded, sampled)
        run(loops.sampling.sample_uniformly, sampled[0], work, *args)
    else:
        key, fraction = spec.dependent or (0, 0.0)
        dependent = (spec.dependent is not None, key, fraction)
        how = (spec.fanout, replace, spec.seed)
        args = (arrays, row_array, how, weights, excluded, dependent, sampled)
        run(loops.sampling.sample_by_weight, sampled[0], work, *args)
    return _tensors(sampled)


def greatest(
    csr: Csr, rows: Tensor, k: int, weights: Tensor, ascending: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose the edges of greatest weight; see the contract."""
    arrays, row_array, topk = tuple(map(Tensor.numpy, csr)), rows.numpy(), loops.topk
    chosen = _allocate(arrays, row_array, k, False, _NO_WEIGHTS, _NO_POSITIONS)
    args = (arrays, row_array, weights.contiguous().numpy(), ascending, chosen)
    run(topk.choose_greatest, chosen[0], len(chosen[1]) * _WORK, *args)
    nan = chosen[2][chosen[2] <= topk.NAN_FOUND]
    if len(nan) > 0:
        raise GraphValueError(not_comparable(int(topk.NAN_FOUND - nan[0])))
    return _tensors(chosen)


def _allocate(
    csr: tuple[Any, ...], rows: Any, fanout: int, replace: bool, weights: Any, excluded: Any
) -> tuple[Any, Any, Any]:
    """Where each row's sampled edges start, and arrays for other ends and positions.

    Raises:
        GraphValueError: a weight is no probability, or the ids cannot number the edges.
    """
    indptr, largest = np.empty(len(rows) + 1, rows.dtype), np.iinfo(rows.dtype).max
    args = (csr, rows, fanout, replace, weights, excluded, indptr, largest)
    total, wrong = loops.sampling.count(*args)
    if wrong >= 0:
        raise GraphValueError(not_a_probability(wrong, weights[wrong]))
    if total > largest:
        raise GraphValueError(too_many(total, torch.from_numpy(rows).dtype))
    return indptr, np.empty(total, rows.dtype), np.empty(total, rows.dtype)


def _tensors(arrays: tuple[Any, Any, Any]) -> tuple[Tensor, Tensor, Tensor]:
    indptr, indices, positions = map(torch.from_numpy, arrays)
    return indptr, indices, positions
