"""Random walks in plain torch, on any device: all walks take a step at once; see the contract."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr
from ..philox import fraction, words
from ..sampling_spec import LEAST, MOST, TRIES, Walk
from .sampling import candidates, checked, in_proportion

_STEP, _TRY = 3, 4  # what random numbers are drawn for


def walk(csr: Csr, nodes: Tensor, how: Walk) -> tuple[Tensor, Tensor]:
    """Walk along the edges; see the contract."""
    indptr, indices, eids = csr
    traces = nodes.new_full((len(nodes), len(how.stops)), -1)
    chosen = torch.full_like(traces, -1)
    walks = (nodes >= 0).nonzero().view(-1)
    at, before = nodes[walks].long(), None
    for s in range(len(how.stops)):
        a, b, c, d = words(how.seed, walks, how.start + s, _STEP)
        goes_on = (indptr[at + 1] > indptr[at]) & (fraction(c, d) >= how.stops[s])
        walks, at, draws = walks[goes_on], at[goes_on], fraction(a, b)[goes_on]
        before = before[goes_on] if before is not None else None
        place = _next(csr, walks, how.start + s, at, before, draws, how)
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
    how: Walk,
) -> Tensor:
    """The position of the edge that each walk takes, or -1 where there is none."""
    before = None if how.pairs is None else before
    if how.weights is None and before is None:
        low, degree = csr.indptr[at].long(), (csr.indptr[at + 1] - csr.indptr[at]).long()
        return low + (draws * degree).long()
    place = torch.full_like(at, -1)
    if how.weights is None and before is not None:
        place = _tried(csr, walks, step, at, before, how)
    left = (place < 0).nonzero().view(-1)
    last = None if before is None else before[left]
    place[left] = _by_weight(csr, at[left], last, draws[left], how)
    return place


def _tried(
    csr: Csr,
    walks: Tensor,
    step: int,
    at: Tensor,
    before: Tensor,
    how: Walk,
) -> Tensor:
    """Edges by rejection; -1 after as many tries as there are edges."""
    place = torch.full_like(at, -1)
    low, degree = csr.indptr[at].long(), (csr.indptr[at + 1] - csr.indptr[at]).long()
    for t in range(TRIES):
        left = ((place < 0) & (degree > t)).nonzero().view(-1)
        if len(left) == 0:
            break
        a, b, c, d = words(how.seed, walks[left], step, _TRY + t)
        tried = low[left] + (fraction(a, b) * degree[left]).long()
        factor = _factors(csr, csr.indices[tried].long(), before[left], how)
        taken = fraction(c, d) * max(how.back, 1.0, how.far) < factor
        place[left] = torch.where(taken, tried, -1)
    return place


def _factors(csr: Csr, other: Tensor, before: Tensor, how: Walk) -> Tensor:
    """How much edges to ``other`` count after ``before``: (n,) float64."""
    assert how.pairs is not None
    wanted = other * (len(csr.indptr) - 1) + before
    found = torch.searchsorted(how.pairs, wanted).clamp(max=len(how.pairs) - 1)
    is_near = how.pairs[found] == wanted
    factor = torch.where(is_near, 1.0, how.far).double()
    return torch.where(other == before, how.back, factor)


def _by_weight(
    csr: Csr,
    at: Tensor,
    before: Tensor | None,
    draws: Tensor,
    how: Walk,
) -> Tensor:
    """Edges in proportion to what they count, or -1 where all count 0."""
    row, place = candidates(csr.indptr, at)
    weights = torch.ones(len(row), dtype=torch.float64, device=at.device)
    if how.weights is not None:
        weights = checked(how.weights, csr.edge_ids[place])
        row, place, weights = row[weights > 0], place[weights > 0], weights[weights > 0]
    if before is not None:
        factors = _factors(csr, csr.indices[place].long(), before[row], how)
        weights = (weights * factors).clamp(LEAST, MOST)
    degrees = torch.bincount(row, minlength=len(at))
    some = (degrees > 0).nonzero().view(-1)
    found = torch.full_like(at, -1)
    found[some] = place[in_proportion(weights, degrees, some, draws[some])]
    return found
