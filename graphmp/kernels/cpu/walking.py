"""Random walks, levels of a search, and communities, on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import GraphValueError
from ..contract import Csr
from ..error_texts import not_a_probability
from ..sampling_spec import WalkSpec
from . import loops
from .messages import run

_NO_WEIGHTS, _NO_PAIRS = np.zeros(0, np.float32), np.zeros(0, np.int64)
_WORK = 32  # per step, in nanoseconds


def walk(csr: Csr, nodes: Tensor, spec: WalkSpec) -> tuple[Tensor, Tensor]:
    """Walk at random; see the contract."""
    weights = _NO_WEIGHTS if spec.weights is None else spec.weights.contiguous().numpy()
    pairs = _NO_PAIRS if spec.pairs is None else spec.pairs.numpy()
    traces, edges = (nodes.new_empty(len(nodes), len(spec.stops)) for _ in range(2))
    steps = (spec.stops.numpy(), spec.start, spec.seed)
    factors = (float(spec.back), float(spec.far))
    results = (traces.numpy(), edges.numpy())
    args = (tuple(map(Tensor.numpy, csr)), nodes.numpy(), pairs, weights, steps, factors, results)
    run(loops.walking.walk, len(nodes), traces.numel() * _WORK, *args)
    wrong = loops.walking.WRONG
    if spec.weights is not None and bool((edges <= wrong).any()):
        edge = wrong - int(edges[edges <= wrong][0])
        raise GraphValueError(not_a_probability(edge, float(spec.weights[edge])))
    return traces, edges


def levels(csr: Csr, needed: Tensor) -> Tensor:
    """Find the nodes that edges reach, level by level; see the contract."""
    level = torch.empty_like(needed)
    _search(loops.walking.levels, csr, needed, level)
    return level


def first_edges(csr: Csr, levels: Tensor) -> Tensor:
    """Find the edges through which searches reach nodes; see the contract."""
    edge_ids = torch.empty_like(levels)
    _search(loops.walking.first_edges, csr, levels, edge_ids)
    return edge_ids


def communities(csr: Csr, max_size: int, rounds: int) -> Tensor:
    """Find groups of nodes with many edges among them; see the contract."""
    indptr, indices = csr.indptr.numpy(), csr.indices.numpy()
    labels = np.arange(len(indptr) - 1, dtype=indices.dtype)
    loops.walking.communities((indptr, indices), max_size, rounds, labels)
    return torch.from_numpy(labels)


def _search(loop: Any, csr: Csr, nodes: Tensor, result: Tensor) -> None:
    """Run a loop over searches."""
    work = result.numel() + len(csr.indices) * len(result)
    args = (tuple(map(Tensor.numpy, csr)), nodes.numpy(), result.numpy())
    run(loop, len(result), work * _WORK, *args)
