"""Neighbour sampling on the GPU; plain torch chooses the edges of greatest weight.

The host waits for the device once a call, for the number of sampled edges.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...errors import GraphValueError
from ..contract import Csr
from ..error_texts import not_a_probability, too_many
from ..philox import halves
from ..reference.sampling import evenly
from ..sampling_spec import BatchDependency, SampleSpec
from ..segments import owners
from .launch import launch
from .programs import sampling, weighted_sampling

FEW = 32  # the largest fanout whose picks a thread holds in registers
THREADS = 32  # rows of a program of one warp
BLOCK = 256  # edges of a program that handles each edge independently
TILE = {"ROWS": 4, "EDGES": 256}  # of a program that handles rows side by side

DECLINED = {("greatest", "copy"): "plain torch sorts as fast on a device"}


class Candidates(NamedTuple):
    """The edges that each of n rows samples from.

    Attributes:
        starts: (n,) int64 position of each row's first edge.
        offsets: (n + 1,) int64: where each row starts in scratch memory, one row after the other.
        counts: (n,) int64: the number of each row's edges that may be sampled.
        invalid: (n + 1,) int64: the id of an edge of each row whose weight is no probability, or
            -1; None without weights.
        excluded: int64 positions of edges that are not sampled, ascending.
    """

    starts: Tensor
    offsets: Tensor
    counts: Tensor
    invalid: Tensor | None
    excluded: Tensor

    @property
    def search(self) -> tuple[int, int]:
        """The number of excluded edges, and the steps of a binary search among them."""
        return len(self.excluded), len(self.excluded).bit_length()


class Sampled(NamedTuple):
    """The result of :func:`sample`, which programs fill.

    Attributes:
        indptr: (n + 1,) where the edges of each row start.
        indices: the other end of each sampled edge.
        positions: its position in the layout.
    """

    indptr: Tensor
    indices: Tensor
    positions: Tensor


def sample(csr: Csr, rows: Tensor, spec: SampleSpec) -> tuple[Tensor, Tensor, Tensor]:
    """Sample edges of rows; see the contract."""
    candidates = _candidates(csr, rows, spec)
    counts = _counts(candidates.counts, spec)
    indptr = _indptr(counts)
    total, edges = _read_totals(indptr, candidates, spec, rows.dtype)
    sampled = Sampled(indptr.to(rows.dtype), rows.new_empty(total), rows.new_empty(total))
    if total == 0:
        return sampled
    is_part = spec.fanout >= 0
    replace, weighted = is_part and spec.replace, spec.weights is not None
    if weighted and replace:
        _sample_by_weight(csr, candidates, counts, edges, spec, sampled)
    elif weighted or (spec.dependent is not None and is_part and not replace):
        _sample_first(csr, candidates, edges, spec, sampled)
    elif is_part and spec.fanout <= FEW and not replace:
        _sample_few(csr, rows, candidates, spec, sampled)
    else:
        _sample_each(csr, rows, candidates, counts, spec, sampled)
    return sampled


def _candidates(csr: Csr, rows: Tensor, spec: SampleSpec) -> Candidates:
    indptr, _, edge_ids = csr
    starts, ends = (indptr.index_select(0, ids).long() for ids in (rows, rows + 1))
    excluded = starts.new_empty(0) if spec.excluded is None else spec.excluded
    degrees = ends - starts
    candidates = Candidates(starts, _indptr(degrees), degrees, None, excluded)
    if spec.weights is None:
        if spec.excluded is None:
            return candidates
        num_excluded = torch.searchsorted(excluded, ends) - torch.searchsorted(excluded, starts)
        return candidates._replace(counts=degrees - num_excluded)
    counts, invalid = degrees.clone(), starts.new_full((len(rows) + 1,), -1)
    args = (starts, candidates.offsets, edge_ids, _numbers(spec.weights), excluded)
    numbers = (len(rows), *candidates.search)
    _launch_rows(weighted_sampling.check_weights, *args, counts, invalid, *numbers)
    return candidates._replace(counts=counts, invalid=invalid)


def _counts(counts: Tensor, spec: SampleSpec) -> Tensor:
    """The number of edges that each row samples."""
    if spec.fanout < 0:
        return counts
    return spec.fanout * (counts > 0) if spec.replace else counts.clamp(max=spec.fanout)


def _indptr(counts: Tensor) -> Tensor:
    """Where each row starts if the rows follow each other."""
    indptr = counts.new_zeros(len(counts) + 1)
    torch.cumsum(counts, 0, out=indptr[1:])
    return indptr


def _read_totals(
    indptr: Tensor, candidates: Candidates, spec: SampleSpec, idtype: torch.dtype
) -> tuple[int, int]:
    """The numbers of sampled edges and of all edges of the rows; the only wait for the device.

    Raises:
        GraphValueError: a weight is no probability, or ``idtype`` cannot number the edges.
    """
    totals = [indptr[-1], candidates.offsets[-1]]
    totals += [] if candidates.invalid is None else [candidates.invalid.amax()]
    total, edges, *invalid = torch.stack(totals).tolist()
    if spec.weights is not None and invalid[0] >= 0:
        raise GraphValueError(not_a_probability(invalid[0], float(spec.weights[invalid[0]])))
    if total > torch.iinfo(idtype).max:
        raise GraphValueError(too_many(total, idtype))
    return total, edges


def _sample_few(
    csr: Csr, rows: Tensor, candidates: Candidates, spec: SampleSpec, sampled: Sampled
) -> None:
    """A few edges of equal weight, without replacement."""
    picks = max(4, 1 << (spec.fanout - 1).bit_length())
    tensors = (*csr[:2], rows, candidates.excluded, *sampled)
    numbers = (len(rows), *candidates.search, spec.fanout, *halves(spec.seed))
    grid = (-(-len(rows) // THREADS),)
    launch(sampling.sample_few, grid, *tensors, *numbers, PICKS=picks, ROWS=THREADS, warps=1)


def _sample_each(
    csr: Csr,
    rows: Tensor,
    candidates: Candidates,
    counts: Tensor,
    spec: SampleSpec,
    sampled: Sampled,
) -> None:
    """All edges, or any number of edges of equal weight."""
    total, ranks, source = len(sampled.indices), counts, sampling.ALL
    if spec.fanout >= 0 and spec.replace:
        source = sampling.DRAWN
    elif spec.fanout >= 0:
        ranks, source = evenly(candidates.counts, counts, total, spec), sampling.LISTED
    tensors = (*csr[:2], rows, owners(counts, total), ranks, candidates.excluded, *sampled)
    numbers = (total, *candidates.search, *halves(spec.seed))
    grid = (-(-total // BLOCK),)
    launch(sampling.sample_each, grid, *tensors, *numbers, FROM=source.value, BLOCK=BLOCK)


def _sample_first(
    csr: Csr, candidates: Candidates, edges: int, spec: SampleSpec, sampled: Sampled
) -> None:
    """Weighted edges, or edges with dependent random numbers, without replacement."""
    _, indices, edge_ids = csr
    starts, offsets, counts, _, excluded = candidates
    times = torch.empty(edges, dtype=torch.float64, device=indices.device)
    weights = times if spec.weights is None else _numbers(spec.weights)
    dependency = spec.dependent or BatchDependency(0, 0.0)
    fraction = torch.full((1,), dependency.fraction, dtype=torch.float64, device=indices.device)
    tensors = (starts, offsets, indices, edge_ids, weights, excluded, times)
    numbers = (len(starts), *candidates.search, *halves(spec.seed), *halves(dependency.key))
    kinds = {"WEIGHTED": spec.weights is not None, "DEPENDENT": spec.dependent is not None}
    _launch_rows(weighted_sampling.exponential_times, *tensors, *numbers, fraction, **kinds)
    choice = (starts, offsets, counts, indices, times, *sampled, len(starts))
    _launch_rows(weighted_sampling.sample_first, *choice)


def _sample_by_weight(
    csr: Csr,
    candidates: Candidates,
    counts: Tensor,
    edges: int,
    spec: SampleSpec,
    sampled: Sampled,
) -> None:
    """Weighted edges, with replacement."""
    assert spec.weights is not None
    _, indices, edge_ids = csr
    starts, offsets, _, _, excluded = candidates
    total = len(sampled.indices)
    sums = torch.empty(edges, dtype=torch.float64, device=indices.device)
    tensors = (starts, offsets, edge_ids, _numbers(spec.weights), excluded, sums)
    _launch_rows(weighted_sampling.cumulative_sums, *tensors, len(starts), *candidates.search)
    rows = (starts, offsets, indices, sums, owners(counts, total))
    numbers = (total, len(indices).bit_length(), *halves(spec.seed))
    grid = (-(-total // BLOCK),)
    launch(weighted_sampling.sample_by_sums, grid, *rows, *sampled, *numbers, BLOCK=BLOCK)


def _launch_rows(kernel: Any, *args: Any, **constants: Any) -> None:
    """Launch a program for every few rows; the first number of ``args`` is the number of rows."""
    count = next(arg for arg in args if isinstance(arg, int))
    launch(kernel, (-(-count // TILE["ROWS"]),), *args, **constants, **TILE)


def _numbers(weights: Tensor) -> Tensor:
    """Contiguous weights, those of bool as uint8."""
    weights = weights.contiguous()
    return weights.view(torch.uint8) if weights.dtype == torch.bool else weights
