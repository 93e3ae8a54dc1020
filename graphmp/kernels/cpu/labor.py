"""Edges taken each by itself, on the CPU: how the loops of :mod:`.loops.labor` are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract import Csr
from ..sampling_spec import CONVERGENCE, SampleSpec
from .loops import labor as loops
from .messages import run
from .sampling import relabel, sample

_WORK = 16  # what an edge takes, in elements of a sum


def labor(
    csr: Csr, rows: Tensor, spec: SampleSpec, steps: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Choose edges each by itself; see the contract."""
    every = sample(csr, rows, spec._replace(fanout=-1, replace=False, dependent=None))
    limits, others, places = (part.numpy() for part in every)
    work, parts = len(others) * _WORK, np.ones(len(others))
    if spec.weights is not None:
        chosen = spec.weights.numpy()[csr.edge_ids.numpy()[places]]
        parts = chosen.astype(np.float64)
    run(loops.share_out, limits, work, limits, parts)
    chances = _chances(every, parts, spec.fanout, steps, work)
    taken, found = np.empty(len(others), np.bool_), np.empty(len(others), np.float32)
    assert spec.dependent is not None
    numbers = (spec.seed, *spec.dependent, limits, others, parts)
    run(loops.take, limits, work, *numbers, chances, taken, found)
    past = np.concatenate([limits[:1], np.cumsum(taken, dtype=limits.dtype)])
    made = (past[limits], others[taken], places[taken], found[taken])
    return tuple(map(torch.from_numpy, made))  # type: ignore[return-value]


def _chances(
    every: tuple[Tensor, Tensor, Tensor], parts: Any, fanout: int, steps: int, work: int
) -> Any:
    """The chance of each edge."""
    limits, others = every[0].numpy(), every[1]
    nodes, node = relabel(others[:0], others, int(others.max()) + 1 if len(others) else 0)
    pulls, most, before, step = parts.copy(), np.empty(len(nodes)), np.inf, 0
    while True:
        run(loops.scale, limits, work, limits, parts, fanout, pulls)
        expected = loops.largest(node.numpy(), pulls, most)
        if step == steps or (steps < 0 and expected >= before * (1 - CONVERGENCE)):
            return np.minimum(pulls, 1, out=pulls)
        pulls, before, step = most[node.numpy()], expected, step + 1
