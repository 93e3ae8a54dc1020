"""Random walks in plain torch, on any device: all walks take a step at once; see the contract."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr
from ..philox import fraction, words
from ..sampling_spec import MAX_TRIES, MAX_WEIGHT, MIN_WEIGHT, WalkSpec
from .sampling import candidates, checked, in_proportion

_STEP, _TRY = 3, 4  # what random numbers are drawn for


def walk(csr: Csr, nodes: Tensor, spec: WalkSpec) -> tuple[Tensor, Tensor]:
    """Walk along the edges; see the contract."""
    indptr, indices, eids = csr
    traces = nodes.new_full((len(nodes), len(spec.stops)), -1)
    chosen = torch.full_like(traces, -1)
    walks = (nodes >= 0).nonzero().view(-1)
    at, before = nodes[walks].long(), None
    for s in range(len(spec.stops)):
        a, b, c, d = words(spec.seed, walks, spec.start + s, _STEP)
        goes_on = (indptr[at + 1] > indptr[at]) & (fraction(c, d) >= spec.stops[s])
        walks, at, draws = walks[goes_on], at[goes_on], fraction(a, b)[goes_on]
        before = before[goes_on] if before is not None else None
        place = _next(csr, walks, spec.start + s, at, before, draws, spec)
        goes_on = place >= 0
        walks, before, place = walks[goes_on], at[goes_on], place[goes_on]
        traces[walks, s], chosen[walks, s] = indices[place], eids[place]
        at = indices[place].long()
    return traces, chosen


def _next(
    csr: Csr,
    walks: Tensor,
    step: int,
    at: Tensor,
    before: Tensor | None,
    draws: Tensor,
    spec: WalkSpec,
) -> Tensor:
    """The position of the edge that each walk takes, or -1 where there is none."""
    before = None if spec.pairs is None else before
    if spec.weights is None and before is None:
        low, degree = csr.indptr[at].long(), (csr.indptr[at + 1] - csr.indptr[at]).long()
        return low + (draws * degree).long()
    place = torch.full_like(at, -1)
    if spec.weights is None and before is not None:
        place = _tried(csr, walks, step, at, before, spec)
    left = (place < 0).nonzero().view(-1)
    last = None if before is None else before[left]
    place[left] = _by_weight(csr, at[left], last, draws[left], spec)
    return place


def _tried(
    csr: Csr,
    walks: Tensor,
    step: int,
    at: Tensor,
    before: Tensor,
    spec: WalkSpec,
) -> Tensor:
    """Edges by rejection; -1 after as many tries as there are edges."""
    place = torch.full_like(at, -1)
    low, degree = csr.indptr[at].long(), (csr.indptr[at + 1] - csr.indptr[at]).long()
    for t in range(MAX_TRIES):
        left = ((place < 0) & (degree > t)).nonzero().view(-1)
        if len(left) == 0:
            break
        a, b, c, d = words(spec.seed, walks[left], step, _TRY + t)
        tried = low[left] + (fraction(a, b) * degree[left]).long()
        factor = _factors(csr, csr.indices[tried].long(), before[left], spec)
        taken = fraction(c, d) * max(spec.back, 1.0, spec.far) < factor
        place[left] = torch.where(taken, tried, -1)
    return place


def _factors(csr: Csr, other: Tensor, before: Tensor, spec: WalkSpec) -> Tensor:
    """How much edges to ``other`` count after ``before``: (n,) float64."""
    assert spec.pairs is not None
    wanted = other * (len(csr.indptr) - 1) + before
    found = torch.searchsorted(spec.pairs, wanted).clamp(max=len(spec.pairs) - 1)
    is_near = spec.pairs[found] == wanted
    factor = torch.where(is_near, 1.0, spec.far).double()
    return torch.where(other == before, spec.back, factor)


def _by_weight(
    csr: Csr,
    at: Tensor,
    before: Tensor | None,
    draws: Tensor,
    spec: WalkSpec,
) -> Tensor:
    """Edges in proportion to what they count, or -1 where all count 0."""
    row, place = candidates(csr.indptr, at)
    weights = torch.ones(len(row), dtype=torch.float64, device=at.device)
    if spec.weights is not None:
        weights = checked(spec.weights, csr.edge_ids[place])
        row, place, weights = row[weights > 0], place[weights > 0], weights[weights > 0]
    if before is not None:
        factors = _factors(csr, csr.indices[place].long(), before[row], spec)
        weights = (weights * factors).clamp(MIN_WEIGHT, MAX_WEIGHT)
    degrees = torch.bincount(row, minlength=len(at))
    some = (degrees > 0).nonzero().view(-1)
    found = torch.full_like(at, -1)
    found[some] = place[in_proportion(weights, degrees, some, draws[some])]
    return found
