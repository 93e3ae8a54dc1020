"""Sampling in plain torch, on any device; see the contract."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import GraphValueError
from ..contract import Choice, not_a_probability, repeated
from ..philox import words

_UNIFORM, _BY_WEIGHT, _BY_OTHER = 0, 1, 2  # what random numbers are drawn for


def sample(
    form: tuple[Tensor, Tensor, Tensor], rows: Tensor, choice: Choice
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose edges of rows; see the contract."""
    indptr, indices, eids = form
    row, place = _candidates(indptr, rows.long())
    if choice.gone is not None:
        kept = ~torch.isin(place, choice.gone)
        row, place = row[kept], place[kept]
    if choice.weights is not None:
        weights = choice.weights[eids[place].long()].double()
        wrong = ~((weights >= 0) & (weights < torch.inf))
        if bool(wrong.any()):
            edge = int(eids[place[wrong][0]])
            raise GraphValueError(not_a_probability(edge, float(choice.weights[edge])))
        row, place = row[weights > 0], place[weights > 0]
    degrees = torch.bincount(row, minlength=len(rows))
    if choice.fanout < 0:
        taken, picks = degrees, place
    else:
        few = choice.fanout if choice.replace else degrees.clamp(max=choice.fanout)
        taken = torch.where(degrees > 0, few, 0)
        picks = place[_picked(form, row, place, degrees, taken, choice)]
    limits = rows.new_zeros(len(rows) + 1)
    limits[1:] = taken.cumsum(0)
    return limits, indices[picks], eids[picks]


def _candidates(indptr: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """For every edge of ``rows`` the row's place among them, and the edge's in the layout."""
    low, high = indptr[rows].long(), indptr[rows + 1].long()
    degrees = high - low
    row = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), degrees)
    before = degrees.cumsum(0) - degrees
    return row, torch.arange(len(row), device=rows.device) + (low - before)[row]


def _picked(
    form: tuple[Tensor, Tensor, Tensor],
    row: Tensor,
    place: Tensor,
    degrees: Tensor,
    taken: Tensor,
    choice: Choice,
) -> Tensor:
    """Which of the candidates are chosen: indices, row after row."""
    before = degrees.cumsum(0) - degrees
    if choice.replace and choice.weights is not None:
        weights = choice.weights[form[2][place].long()].double()
        return before.repeat_interleave(taken) + _by_weight(row, weights, degrees, taken, choice)
    if not choice.replace and (choice.weights is not None or choice.shared):
        rank = _rank_of_times(form, row, place, before, choice)
        chosen = rank < taken[row]
        return chosen.nonzero().view(-1)
    return before.repeat_interleave(taken) + _evenly(degrees, taken, choice)


def _evenly(degrees: Tensor, taken: Tensor, choice: Choice) -> Tensor:
    """Ranks, without replacement by Floyd's algorithm; rows of few edges take all in order."""
    rows = torch.arange(len(degrees), device=degrees.device)
    picks = degrees.new_full((len(degrees), choice.fanout), -1)
    for t in range(choice.fanout):
        word = words(choice.seed, rows, t // 4, _UNIFORM)[t % 4]
        last = degrees - 1 if choice.replace else degrees - taken + t
        pick = (word * (last + 1)) >> 32
        if not choice.replace:
            pick = torch.where((picks[:, :t] == pick.view(-1, 1)).any(1), last, pick)
            pick = torch.where(degrees == taken, t, pick)
        picks[:, t] = pick
    used = torch.arange(choice.fanout, device=degrees.device) < taken.view(-1, 1)
    return picks[used]


def _by_weight(
    row: Tensor, weights: Tensor, degrees: Tensor, taken: Tensor, choice: Choice
) -> Tensor:
    """Ranks in proportion to weights, with replacement: one search in the sums of all rows."""
    starts = torch.repeat_interleave(torch.arange(len(taken), device=row.device), taken)
    turn = torch.arange(len(starts), device=row.device) - (taken.cumsum(0) - taken)[starts]
    sums = weights.cumsum(0)
    before = degrees.cumsum(0) - degrees
    padded = torch.cat([sums.new_zeros(1), sums])
    low, high = padded[before], padded[before + degrees]
    point = low[starts] + _fraction(choice.seed, starts, turn, _BY_WEIGHT) * (high - low)[starts]
    found = torch.searchsorted(sums, point, right=True) - before[starts]
    return torch.minimum(found.clamp(min=0), degrees[starts] - 1)


def _rank_of_times(
    form: tuple[Tensor, Tensor, Tensor],
    row: Tensor,
    place: Tensor,
    before: Tensor,
    choice: Choice,
) -> Tensor:
    """Each candidate's rank within its row by the time at which its clock rings."""
    if choice.shared:
        draw = _fraction(choice.seed, form[1][place].long(), 0, _BY_OTHER)
    else:
        draw = _fraction(choice.seed, place, row, _BY_WEIGHT)
    weights = 1.0 if choice.weights is None else choice.weights[form[2][place].long()].double()
    order = torch.argsort(-draw.log() / weights, stable=True)
    order = order[torch.argsort(row[order], stable=True)]
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=row.device)
    return rank - before[row]


def _fraction(seed: int, place: Tensor, group: Tensor | int, kind: int) -> Tensor:
    """Numbers between 0 and 1, neither of them included."""
    a, b, _, _ = words(seed, place, group, kind)
    return (((a << 21) | (b >> 11)).double() + 0.5) / 2**53


def relabel(first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:  # noqa: ARG001
    """Number nodes anew; see the contract."""
    every = torch.cat([first, ids])
    distinct, inverse = torch.unique(every, return_inverse=True)
    places = torch.arange(len(every), device=every.device)
    start = inverse.new_full((len(distinct),), len(every))
    start.scatter_reduce_(0, inverse, places, "amin")
    order = torch.argsort(start)
    nodes = distinct[order]
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=every.device)
    if not torch.equal(nodes[: len(first)], first):
        twice = places[: len(first)][start[inverse[: len(first)]] < places[: len(first)]]
        raise GraphValueError(repeated(int(first[twice[0]])))
    return nodes, rank[inverse[len(first) :]].to(ids.dtype)
