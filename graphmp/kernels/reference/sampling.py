"""Sampling in plain torch, on any device; see the contract."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import GraphValueError
from ..contract import Csr
from ..error_texts import not_a_probability, not_comparable, too_many
from ..philox import fraction, words
from ..sampling_spec import MAX_WEIGHT, MIN_WEIGHT, BatchDependency, SampleSpec

_UNIFORM, _BY_WEIGHT, _BY_OTHER = 0, 1, 2  # what random numbers are drawn for


def sample(csr: Csr, rows: Tensor, spec: SampleSpec) -> tuple[Tensor, Tensor, Tensor]:
    """Choose edges of rows; see the contract."""
    indptr, indices, eids = csr
    row, place = candidates(indptr, rows.long())
    if spec.excluded is not None:
        kept = ~torch.isin(place, spec.excluded)
        row, place = row[kept], place[kept]
    weights = None
    if spec.weights is not None:
        weights = checked(spec.weights, eids[place])
        row, place, weights = row[weights > 0], place[weights > 0], weights[weights > 0]
    degrees = torch.bincount(row, minlength=len(rows))
    taken = _taken(degrees, rows.dtype, spec.fanout, spec.replace)
    picks = place
    if spec.fanout >= 0:
        picks = place[_picked(row, place, indices[place], weights, degrees, taken, spec)]
    return _limits(taken, rows.dtype), indices[picks], picks.to(rows.dtype)


def greatest(
    csr: Csr, rows: Tensor, k: int, weights: Tensor, ascending: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose edges by their weights; see the contract."""
    indptr, indices, eids = csr
    row, place = candidates(indptr, rows.long())
    degrees = torch.bincount(row, minlength=len(rows))
    taken = _taken(degrees, rows.dtype, k, False)
    values = weights[eids[place].long()]
    wrong = torch.isnan(values) & (taken[row] > 0)
    if bool(wrong.any()):
        raise GraphValueError(not_comparable(int(eids[place][wrong][0])))
    order = torch.argsort(values, stable=True, descending=not ascending)
    order = order[torch.argsort(row[order], stable=True)]
    rank = torch.arange(len(order), device=rows.device) - (degrees.cumsum(0) - degrees)[row]
    picks = place[order][rank < taken[row]]
    return _limits(taken, rows.dtype), indices[picks], picks.to(rows.dtype)


def candidates(indptr: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """For every edge of ``rows`` the row's place among them, and the edge's in the layout."""
    low, high = indptr[rows].long(), indptr[rows + 1].long()
    degrees = high - low
    row = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), degrees)
    before = degrees.cumsum(0) - degrees
    return row, torch.arange(len(row), device=rows.device) + (low - before)[row]


def checked(weights: Tensor, eids: Tensor) -> Tensor:
    """The weights of edges in float64, within the contract's limits, or an error."""
    found = weights[eids.long()].double()
    wrong = ~((found >= 0) & (found < torch.inf))
    if bool(wrong.any()):
        edge = int(eids[wrong][0])
        raise GraphValueError(not_a_probability(edge, float(weights[edge])))
    return torch.where(found > 0, found.clamp(MIN_WEIGHT, MAX_WEIGHT), found)


def in_proportion(weights: Tensor, degrees: Tensor, at: Tensor, draws: Tensor) -> Tensor:
    """Which candidates points at fractions of the sums of their rows' weights fall on.

    Args:
        weights: (k,) of the candidates, row after row; none is 0.
        degrees: (rows,) how many candidates each row has.
        at: (n,) the row of each point.
        draws: (n,) its fraction, between 0 and 1.

    Returns:
        (n,) numbers of candidates.
    """
    longest = int(degrees.max()) if len(degrees) else 0
    past = degrees.cumsum(0)
    sums = _running_sums(weights, torch.repeat_interleave(past - degrees, degrees), longest)
    low, high = (past - degrees)[at], past[at] - 1
    points = draws * sums[high]
    for _ in range(longest.bit_length()):  # a search of all rows at once
        middle = (low + high) // 2
        beyond = (sums[middle] <= points) & (low < high)
        low, high = torch.where(beyond, middle + 1, low), torch.where(beyond, high, middle)
    return low


def _running_sums(values: Tensor, starts: Tensor, longest: int) -> Tensor:
    """Sums of each row up to each place; a row's large numbers do not round another's away."""
    sums, step = values.clone(), 1
    places = torch.arange(len(values), device=values.device)
    while step < longest:
        inside = places[step:] - step >= starts[step:]
        sums[step:] += torch.where(inside, sums[:-step], 0)
        step *= 2
    return sums


def _limits(taken: Tensor, idtype: torch.dtype) -> Tensor:
    """Where each row's edges start and end."""
    limits = taken.new_zeros(len(taken) + 1, dtype=idtype)
    limits[1:] = taken.cumsum(0)
    return limits


def _taken(degrees: Tensor, idtype: torch.dtype, most: int, replace: bool) -> Tensor:
    """How many edges each row gets."""
    if most < 0:
        taken = degrees
    elif replace:
        taken = most * (degrees > 0)
    else:
        taken = degrees.clamp(max=most)
    total = int(taken.sum())
    if total > torch.iinfo(idtype).max:
        raise GraphValueError(too_many(total, idtype))
    return taken


def _picked(
    row: Tensor,
    place: Tensor,
    other: Tensor,
    weights: Tensor | None,
    degrees: Tensor,
    taken: Tensor,
    spec: SampleSpec,
) -> Tensor:
    """Which of the candidates are chosen: indices, row after row."""
    if spec.replace and weights is not None:
        starts = torch.repeat_interleave(torch.arange(len(taken), device=row.device), taken)
        turn = torch.arange(len(starts), device=row.device) - (taken.cumsum(0) - taken)[starts]
        draws = fraction(*words(spec.seed, starts, turn, _BY_WEIGHT)[:2])
        return in_proportion(weights, degrees, starts, draws)
    before = degrees.cumsum(0) - degrees
    if not spec.replace and (weights is not None or spec.dependent is not None):
        rank = _rank_of_times(row, place, other, weights, spec) - before[row]
        return (rank < taken[row]).nonzero().view(-1)
    total = int(taken.sum())
    return before.repeat_interleave(taken) + evenly(degrees, taken, total, spec)


def evenly(degrees: Tensor, taken: Tensor, total: int, spec: SampleSpec) -> Tensor:
    """Ranks of edges that count the same; rows of few edges take all, in order.

    Without replacement it is Floyd's algorithm for all turns at once. A rank that was picked before
    is replaced by the last that could be. It was picked before if an earlier turn drew it, or if it
    is the last of an earlier turn whose own was replaced: a chain of turns, followed by doubling.

    Args:
        degrees: (rows,) how many edges each may choose.
        taken: (rows,) how many it chooses.
        total: their sum.
        spec: how edges are sampled.
    """
    each = torch.arange(total, device=taken.device)
    places = torch.arange(len(taken), device=taken.device)
    rows = torch.repeat_interleave(places, taken, output_size=total)
    start, degree, count = ((taken.cumsum(0) - taken)[rows], degrees[rows], taken[rows])
    turn = each - start
    drawn = torch.stack(words(spec.seed, rows, turn // 4, _UNIFORM))
    word = drawn.gather(0, (turn % 4).view(1, -1)).view(-1)
    last = degree - 1 if spec.replace else degree - count + turn
    pick = (word * (last + 1)) >> 32
    if spec.replace:
        return pick
    order = torch.argsort(pick, stable=True)
    order = order[torch.argsort(rows[order], stable=True)]
    one, next_ = order[:-1], order[1:]
    is_taken = torch.zeros_like(pick, dtype=torch.bool)
    is_taken[next_] = (pick[one] == pick[next_]) & (rows[one] == rows[next_])
    earlier = pick - (degree - count)
    link = torch.where((earlier >= 0) & (earlier < turn), start + earlier, each)
    for _ in range(spec.fanout.bit_length()):
        is_taken |= is_taken[link]
        link = link[link]
    return torch.where(degree == count, turn, torch.where(is_taken, last, pick))


def _rank_of_times(
    row: Tensor, place: Tensor, other: Tensor, weights: Tensor | None, spec: SampleSpec
) -> Tensor:
    """Each candidate's number when rows follow each other, sorted by when the clocks ring."""
    if spec.dependent is not None:
        draws = numbers_of(other, spec.seed, spec.dependent)
    else:
        a, b, c, d = words(spec.seed, place // 2, row, _BY_WEIGHT)
        draws = torch.where(place % 2 == 0, fraction(a, b), fraction(c, d))
    times = -draws.log()
    order = torch.argsort(times if weights is None else times / weights, stable=True)
    order = order[torch.argsort(row[order], stable=True)]
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=row.device)
    return rank


def numbers_of(nodes: Tensor, seed: int, dependency: BatchDependency) -> Tensor:
    """The number of each node, in float64; see :class:`..sampling_spec.BatchDependency`."""
    places = fraction(*words(seed, nodes, 0, _BY_OTHER)[:2])
    if dependency.fraction > 0:
        ways = fraction(*words(dependency.key, nodes, 0, _BY_OTHER)[:2]) - places
        places += dependency.fraction * (ways - (ways + 0.5).floor())
        places -= places.floor()
    return (2 * places - 1).abs()


def relabel(first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:  # noqa: ARG001
    """Number nodes anew; see the contract."""
    every = torch.cat([first, ids])
    distinct, inverse = torch.unique(every, return_inverse=True)
    places = torch.arange(len(every), device=every.device)
    start = inverse.new_full((len(distinct),), len(every))
    start.scatter_reduce_(0, inverse, places, "amin")
    new = torch.sort(start[start >= len(first)]).values
    rank = start.clone()
    rank[inverse[new]] = len(first) + torch.arange(len(new), device=every.device)
    return torch.cat([first, every[new]]), rank[inverse[len(first) :]].to(ids.dtype)
