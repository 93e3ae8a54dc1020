"""LABOR sampling on the CPU: each edge is sampled independently."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract import Csr
from ..sampling_spec import CONVERGENCE, SampleSpec
from . import loops
from .gather import relabel
from .messages import run
from .sampling import sample

_WORK = 16  # per edge, in nanoseconds


def labor(
    csr: Csr, rows: Tensor, spec: SampleSpec, steps: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sample each edge independently; see the contract."""
    every = sample(csr, rows, spec._replace(fanout=-1, replace=False, dependent=None))
    indptr, indices, positions = (part.numpy() for part in every)
    work, parts = len(indices) * _WORK, np.ones(len(indices))
    if spec.weights is not None:
        edge_ids = csr.edge_ids.numpy()[positions]
        parts = spec.weights.numpy()[edge_ids].astype(np.float64)
    run(loops.labor.normalise, indptr, work, indptr, parts)
    probabilities = _probabilities(every, parts, spec.fanout, steps, work)
    is_sampled = np.empty(len(indices), np.bool_)
    weights = np.empty(len(indices), np.float32)
    assert spec.dependent is not None
    args = (spec.seed, tuple(spec.dependent), (indptr, indices), parts, probabilities)
    run(loops.labor.sample, indptr, work, *args, (is_sampled, weights))
    before = np.concatenate([indptr[:1], np.cumsum(is_sampled, dtype=indptr.dtype)])
    results = (before[indptr], indices[is_sampled], positions[is_sampled], weights[is_sampled])
    return tuple(map(torch.from_numpy, results))  # type: ignore[return-value]


def _probabilities(
    every: tuple[Tensor, Tensor, Tensor], parts: Any, fanout: int, steps: int, work: int
) -> Any:
    """The probability of each edge."""
    indptr, others = every[0].numpy(), every[1]
    nodes, node = relabel(others[:0], others, int(others.max()) + 1 if len(others) else 0)
    scores, largest, before, step = parts.copy(), np.empty(len(nodes)), np.inf, 0
    while True:
        run(loops.labor.scale, indptr, work, indptr, parts, fanout, scores)
        expected = loops.labor.largest(node.numpy(), scores, largest)
        if step == steps or (steps < 0 and expected >= before * (1 - CONVERGENCE)):
            return np.minimum(scores, 1, out=scores)
        scores, before, step = largest[node.numpy()], expected, step + 1
