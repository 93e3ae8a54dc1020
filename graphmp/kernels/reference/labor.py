"""LABOR sampling in plain torch: each edge is sampled independently."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr
from ..sampling_spec import CONVERGENCE, SampleSpec
from ..segments import rows_of
from .sampling import checked, numbers_of, sample

_MIN_PART = 1e-150  # of a row's weights, so that its square is not 0


def labor(
    csr: Csr, rows: Tensor, spec: SampleSpec, steps: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sample each edge independently; see the contract."""
    every = spec._replace(fanout=-1, replace=False, dependent=None)
    indptr, indices, positions = sample(csr, rows, every)
    degrees, row = indptr.long().diff(), rows_of(indptr, len(indices)).long()
    weights = torch.ones(len(row), dtype=torch.float64, device=rows.device)
    if spec.weights is not None:
        weights = checked(spec.weights, csr.edge_ids[positions])
    parts = (weights / _summed(weights, row, len(rows))[row]).clamp(min=_MIN_PART)
    probabilities = _probabilities(parts, row, degrees, indices, spec.fanout, steps)
    assert spec.dependent is not None
    is_sampled = numbers_of(indices, spec.seed, spec.dependent) >= 1 - probabilities
    row, factors = row[is_sampled], (parts / probabilities)[is_sampled]
    counts = torch.bincount(row, minlength=len(rows))
    factors *= (counts / _summed(factors, row, len(rows)))[row]
    indptr = torch.cat([indptr[:1], counts.cumsum(0).to(indptr.dtype)])
    return indptr, indices[is_sampled], positions[is_sampled], factors.float()


def _probabilities(
    parts: Tensor, row: Tensor, degrees: Tensor, indices: Tensor, fanout: int, steps: int
) -> Tensor:
    """The probability of each edge."""
    nodes, node = torch.unique(indices, return_inverse=True)
    scores, before, step = parts, torch.inf, 0
    while True:
        scaled = scores * _scales(parts, scores, row, degrees, fanout)[row]
        largest = torch.zeros(len(nodes), dtype=torch.float64, device=node.device)
        largest.scatter_reduce_(0, node, scaled, "amax")
        expected = float(largest.clamp(max=1).sum())
        if step == steps or (steps < 0 and expected >= before * (1 - CONVERGENCE)):
            return scaled.clamp(max=1)
        scores, before, step = largest[node], expected, step + 1


def _scales(parts: Tensor, scores: Tensor, row: Tensor, degrees: Tensor, fanout: int) -> Tensor:
    """The factor ``c`` of each row.

    An edge with ``c p >= 1`` is certain; iterates until the certain edges stay the same.
    """
    takes_all = degrees <= fanout if fanout >= 0 else torch.ones_like(degrees, dtype=torch.bool)
    gaps = torch.where(takes_all, 1, (degrees - fanout) / (degrees * fanout).double())
    scales, num_certain = gaps.new_zeros(len(degrees)), degrees.new_full((len(degrees),), -1)
    while True:
        is_certain = scores * scales[row] >= 1
        count = torch.bincount(row[is_certain], minlength=len(degrees))
        if torch.equal(count, num_certain):
            break
        square = torch.where(is_certain, 0, parts**2)
        above = _summed(square / scores, row, len(degrees))
        scales = above / (gaps + _summed(square, row, len(degrees)))
        scales[scales == 0] = torch.inf
        num_certain = count
    return torch.where(takes_all, torch.inf, scales)


def _summed(values: Tensor, row: Tensor, rows: int) -> Tensor:
    return values.new_zeros(rows).index_add_(0, row, values)
