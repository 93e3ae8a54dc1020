"""Edges taken each by itself, in plain torch, on any device; see the contract."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr
from ..sampling_spec import CONVERGENCE, SampleSpec
from .sampling import checked, numbers_of, sample

_LEAST_PART = 1e-150  # of a row's weights, so that its square is not 0


def labor(
    csr: Csr, rows: Tensor, spec: SampleSpec, steps: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Choose edges each by itself; see the contract."""
    every = spec._replace(fanout=-1, replace=False, dependent=None)
    limits, others, places = sample(csr, rows, every)
    degrees = limits.long().diff()
    row = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), degrees)
    weights = torch.ones(len(row), dtype=torch.float64, device=rows.device)
    if spec.weights is not None:
        weights = checked(spec.weights, csr.edge_ids[places])
    parts = (weights / _summed(weights, row, len(rows))[row]).clamp(min=_LEAST_PART)
    chances = _chances(parts, row, degrees, others, spec.fanout, steps)
    assert spec.dependent is not None
    taken = numbers_of(others, spec.seed, spec.dependent) >= 1 - chances
    row, found = row[taken], (parts / chances)[taken]
    counts = torch.bincount(row, minlength=len(rows))
    found *= (counts / _summed(found, row, len(rows)))[row]
    limits = torch.cat([limits[:1], counts.cumsum(0).to(limits.dtype)])
    return limits, others[taken], places[taken], found.float()


def _chances(
    parts: Tensor, row: Tensor, degrees: Tensor, others: Tensor, fanout: int, steps: int
) -> Tensor:
    """The chance of each edge."""
    nodes, node = torch.unique(others, return_inverse=True)
    pulls, before, step = parts, torch.inf, 0
    while True:
        scaled = pulls * _scales(parts, pulls, row, degrees, fanout)[row]
        most = torch.zeros(len(nodes), dtype=torch.float64, device=node.device)
        most.scatter_reduce_(0, node, scaled, "amax")
        expected = float(most.clamp(max=1).sum())
        if step == steps or (steps < 0 and expected >= before * (1 - CONVERGENCE)):
            return scaled.clamp(max=1)
        pulls, before, step = most[node], expected, step + 1


def _scales(parts: Tensor, pulls: Tensor, row: Tensor, degrees: Tensor, fanout: int) -> Tensor:
    """The factor of each row: the number of edges that are certain grows until it is right."""
    takes_all = degrees <= fanout if fanout >= 0 else torch.ones_like(degrees, dtype=torch.bool)
    gaps = torch.where(takes_all, 1, (degrees - fanout) / (degrees * fanout).double())
    scales, certain = gaps.new_zeros(len(degrees)), degrees.new_full((len(degrees),), -1)
    while True:
        is_certain = pulls * scales[row] >= 1
        count = torch.bincount(row[is_certain], minlength=len(degrees))
        if torch.equal(count, certain):
            break
        square = torch.where(is_certain, 0, parts**2)
        scales = _summed(square / pulls, row, len(degrees)) / (
            gaps + _summed(square, row, len(degrees))
        )
        scales[scales == 0] = torch.inf
        certain = count
    return torch.where(takes_all, torch.inf, scales)


def _summed(values: Tensor, row: Tensor, rows: int) -> Tensor:
    return values.new_zeros(rows).index_add_(0, row, values)
