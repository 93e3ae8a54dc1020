"""Random walks on the CPU: how the loop of :mod:`.loops.walking` is called; see the contract."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ...errors import GraphValueError
from ..contract import Csr
from ..error_texts import not_a_probability
from ..sampling_spec import Walk
from .loops import walking as loops
from .messages import run

_NO_WEIGHTS, _NO_PAIRS = np.zeros(0, np.float32), np.zeros(0, np.int64)
_WORK = 32  # what a step takes, in elements of a sum


def walk(csr: Csr, nodes: Tensor, how: Walk) -> tuple[Tensor, Tensor]:
    """Walk along the edges; see the contract."""
    weights = _NO_WEIGHTS if how.weights is None else how.weights.contiguous().numpy()
    pairs = _NO_PAIRS if how.pairs is None else how.pairs.numpy()
    traces, chosen = (nodes.new_empty(len(nodes), len(how.stops)) for _ in range(2))
    given = (*(part.numpy() for part in csr), nodes.numpy(), pairs, weights, how.stops.numpy())
    more = (how.start, how.seed, how.back, how.far, traces.numpy(), chosen.numpy())
    run(loops.walk, len(nodes), traces.numel() * _WORK, *given, *more)
    if how.weights is not None and bool((chosen <= loops.WRONG).any()):
        edge = loops.WRONG - int(chosen[chosen <= loops.WRONG][0])
        raise GraphValueError(not_a_probability(edge, float(how.weights[edge])))
    return traces, chosen
