"""Neighbour sampling and top-k in plain torch: all rows at once."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import GraphValueError
from ..contract import Csr
from ..error_texts import not_a_probability, not_comparable, too_many
from ..philox import fraction, words
from ..sampling_spec import MAX_WEIGHT, MIN_WEIGHT, BatchDependency, SampleSpec
from ..segments import owners, positions_of

_UNIFORM, _BY_WEIGHT, _BY_NODE = 0, 1, 2  # the last word of a counter: what it is drawn for


def sample(csr: Csr, rows: Tensor, spec: SampleSpec) -> tuple[Tensor, Tensor, Tensor]:
    """Sample edges of rows; see the contract."""
    row, positions = candidates(csr.indptr, rows.long())
    if spec.excluded is not None:
        is_allowed = ~torch.isin(positions, spec.excluded)
        row, positions = row[is_allowed], positions[is_allowed]
    weights = None
    if spec.weights is not None:
        weights = checked(spec.weights, csr.edge_ids[positions])
        is_allowed = weights > 0
        row, positions, weights = row[is_allowed], positions[is_allowed], weights[is_allowed]
    degrees = torch.bincount(row, minlength=len(rows))
    counts = _counts(degrees, rows.dtype, spec.fanout, spec.replace)
    if spec.fanout >= 0:
        others = csr.indices[positions]
        positions = positions[_picks(row, positions, others, weights, degrees, counts, spec)]
    return _indptr(counts, rows.dtype), csr.indices[positions], positions.to(rows.dtype)


def greatest(
    csr: Csr, rows: Tensor, k: int, weights: Tensor, ascending: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose the edges of greatest weight; see the contract."""
    row, positions = candidates(csr.indptr, rows.long())
    degrees = torch.bincount(row, minlength=len(rows))
    counts = _counts(degrees, rows.dtype, k, False)
    values = weights[csr.edge_ids[positions].long()]
    is_nan = torch.isnan(values) & (counts[row] > 0)
    if bool(is_nan.any()):
        raise GraphValueError(not_comparable(int(csr.edge_ids[positions][is_nan][0])))
    order = torch.argsort(values, stable=True, descending=not ascending)
    order = order[torch.argsort(row[order], stable=True)]
    rank = torch.arange(len(order), device=rows.device) - (degrees.cumsum(0) - degrees)[row]
    positions = positions[order][rank < counts[row]]
    return _indptr(counts, rows.dtype), csr.indices[positions], positions.to(rows.dtype)


def candidates(indptr: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """All edges of ``rows``: the index of each edge's row in ``rows``, and its position."""
    degrees = (indptr[rows + 1] - indptr[rows]).long()
    row = owners(degrees)
    return row, positions_of(indptr, rows, len(row))


def checked(weights: Tensor, eids: Tensor) -> Tensor:
    """The weights of edges in float64, clamped to the contract's range.

    Raises:
        GraphValueError: a weight is negative, infinite or NaN.
    """
    values = weights[eids.long()].double()
    is_wrong = ~((values >= 0) & (values < torch.inf))
    if bool(is_wrong.any()):
        edge = int(eids[is_wrong][0])
        raise GraphValueError(not_a_probability(edge, float(weights[edge])))
    return torch.where(values > 0, values.clamp(MIN_WEIGHT, MAX_WEIGHT), values)


def in_proportion(weights: Tensor, degrees: Tensor, rows: Tensor, uniform: Tensor) -> Tensor:
    """Choose candidates in proportion to their weights, by inverting the cumulative sums.

    Args:
        weights: (k,) of the candidates, grouped by row; none is 0.
        degrees: (num_rows,) the number of candidates of each row.
        rows: (n,) the row of each choice.
        uniform: (n,) a number between 0 and 1 for each choice.

    Returns:
        (n,) indices of candidates.
    """
    longest = int(degrees.max()) if len(degrees) else 0
    ends = degrees.cumsum(0)
    sums = _cumulative_sums(weights, torch.repeat_interleave(ends - degrees, degrees), longest)
    low, high = (ends - degrees)[rows], ends[rows] - 1
    points = uniform * sums[high]
    for _ in range(longest.bit_length()):  # a binary search in all rows at once
        middle = (low + high) // 2
        is_beyond = (sums[middle] <= points) & (low < high)
        low, high = torch.where(is_beyond, middle + 1, low), torch.where(is_beyond, high, middle)
    return low


def _cumulative_sums(values: Tensor, starts: Tensor, longest: int) -> Tensor:
    """Cumulative sums inside each row, so that a row's large numbers do not round another's."""
    sums, step = values.clone(), 1
    index = torch.arange(len(values), device=values.device)
    while step < longest:
        is_inside = index[step:] - step >= starts[step:]
        sums[step:] += torch.where(is_inside, sums[:-step], 0)
        step *= 2
    return sums


def _indptr(counts: Tensor, idtype: torch.dtype) -> Tensor:
    """Where each row's sampled edges start and end."""
    indptr = counts.new_zeros(len(counts) + 1, dtype=idtype)
    indptr[1:] = counts.cumsum(0)
    return indptr


def _counts(degrees: Tensor, idtype: torch.dtype, fanout: int, replace: bool) -> Tensor:
    """The number of edges that each row samples.

    Raises:
        GraphValueError: there are more in all than ``idtype`` can number.
    """
    if fanout < 0:
        counts = degrees
    elif replace:
        counts = fanout * (degrees > 0)
    else:
        counts = degrees.clamp(max=fanout)
    total = int(counts.sum())
    if total > torch.iinfo(idtype).max:
        raise GraphValueError(too_many(total, idtype))
    return counts


def _picks(
    row: Tensor,
    positions: Tensor,
    others: Tensor,
    weights: Tensor | None,
    degrees: Tensor,
    counts: Tensor,
    spec: SampleSpec,
) -> Tensor:
    """Indices of the candidates that are sampled, grouped by row."""
    if spec.replace and weights is not None:
        rows = owners(counts)
        turn = torch.arange(len(rows), device=row.device) - (counts.cumsum(0) - counts)[rows]
        uniform = fraction(*words(spec.seed, rows, turn, _BY_WEIGHT)[:2])
        return in_proportion(weights, degrees, rows, uniform)
    starts = degrees.cumsum(0) - degrees
    if not spec.replace and (weights is not None or spec.dependent is not None):
        rank = _ranks_by_time(row, positions, others, weights, spec) - starts[row]
        return (rank < counts[row]).nonzero().view(-1)
    total = int(counts.sum())
    return starts.repeat_interleave(counts) + evenly(degrees, counts, total, spec)


def evenly(degrees: Tensor, counts: Tensor, total: int, spec: SampleSpec) -> Tensor:
    """Sample ranks uniformly; rows with no more edges than their count take all, in order.

    Without replacement this is Floyd's algorithm for all turns at once. A rank that was picked
    before is replaced by the largest rank that the turn may pick. A rank was picked before if an
    earlier turn drew it, or if it is the largest of an earlier turn whose own draw was replaced: a
    chain of turns, which pointer doubling follows.

    Args:
        degrees: (rows,) the number of edges that each row may sample.
        counts: (rows,) the number of edges that it samples.
        total: the sum of ``counts``.
        spec: how edges are sampled.

    Returns:
        (total,) ranks in the rows, grouped by row.
    """
    each = torch.arange(total, device=counts.device)
    indices = torch.arange(len(counts), device=counts.device)
    rows = torch.repeat_interleave(indices, counts, output_size=total)
    start, degree, count = (counts.cumsum(0) - counts)[rows], degrees[rows], counts[rows]
    turn = each - start
    random_words = torch.stack(words(spec.seed, rows, turn // 4, _UNIFORM))
    word = random_words.gather(0, (turn % 4).view(1, -1)).view(-1)
    largest = degree - 1 if spec.replace else degree - count + turn
    pick = (word * (largest + 1)) >> 32
    if spec.replace:
        return pick
    order = torch.argsort(pick, stable=True)
    order = order[torch.argsort(rows[order], stable=True)]
    this, following = order[:-1], order[1:]
    is_repeated = torch.zeros_like(pick, dtype=torch.bool)
    is_repeated[following] = (pick[this] == pick[following]) & (rows[this] == rows[following])
    earlier = pick - (degree - count)
    link = torch.where((earlier >= 0) & (earlier < turn), start + earlier, each)
    for _ in range(spec.fanout.bit_length()):
        is_repeated |= is_repeated[link]
        link = link[link]
    return torch.where(degree == count, turn, torch.where(is_repeated, largest, pick))


def _ranks_by_time(
    row: Tensor, positions: Tensor, others: Tensor, weights: Tensor | None, spec: SampleSpec
) -> Tensor:
    """The rank of each candidate, sorted by row and then by the time its clock rings."""
    if spec.dependent is not None:
        uniform = numbers_of(others, spec.seed, spec.dependent)
    else:
        a, b, c, d = words(spec.seed, positions // 2, row, _BY_WEIGHT)
        uniform = torch.where(positions % 2 == 0, fraction(a, b), fraction(c, d))
    times = -uniform.log()
    order = torch.argsort(times if weights is None else times / weights, stable=True)
    order = order[torch.argsort(row[order], stable=True)]
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=row.device)
    return rank


def numbers_of(nodes: Tensor, seed: int, dependency: BatchDependency) -> Tensor:
    """The number of each node, in float64; see :class:`..sampling_spec.BatchDependency`."""
    points = fraction(*words(seed, nodes, 0, _BY_NODE)[:2])
    if dependency.fraction > 0:
        ways = fraction(*words(dependency.key, nodes, 0, _BY_NODE)[:2]) - points
        points += dependency.fraction * (ways - (ways + 0.5).floor())
        points -= points.floor()
    return (2 * points - 1).abs()
