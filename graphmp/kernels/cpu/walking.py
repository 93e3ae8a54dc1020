"""Random walks on the CPU: how the loop of :mod:`.loops.walking` is called; see the contract."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ...errors import GraphValueError
from ..contract import Csr
from ..error_texts import not_a_probability
from ..sampling_spec import WalkSpec
from .loops import walking as loops
from .messages import run

_NO_WEIGHTS, _NO_PAIRS = np.zeros(0, np.float32), np.zeros(0, np.int64)
_WORK = 32  # what a step takes, in elements of a sum


def walk(csr: Csr, nodes: Tensor, spec: WalkSpec) -> tuple[Tensor, Tensor]:
    """Walk along the edges; see the contract."""
    weights = _NO_WEIGHTS if spec.weights is None else spec.weights.contiguous().numpy()
    pairs = _NO_PAIRS if spec.pairs is None else spec.pairs.numpy()
    traces, chosen = (nodes.new_empty(len(nodes), len(spec.stops)) for _ in range(2))
    given = (*(part.numpy() for part in csr), nodes.numpy(), pairs, weights, spec.stops.numpy())
    more = (spec.start, spec.seed, spec.back, spec.far, traces.numpy(), chosen.numpy())
    run(loops.walk, len(nodes), traces.numel() * _WORK, *given, *more)
    if spec.weights is not None and bool((chosen <= loops.WRONG).any()):
        edge = loops.WRONG - int(chosen[chosen <= loops.WRONG][0])
        raise GraphValueError(not_a_probability(edge, float(spec.weights[edge])))
    return traces, chosen
