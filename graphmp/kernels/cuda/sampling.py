"""Sampling on a device: how the programs are launched; see the contract.

The host waits once: for the number of edges, or of new nodes.
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
from .launch import launch
from .layout import LARGEST
from .programs import sampling, weighted_sampling

FEW = 32  # as many picks as a thread holds
THREADS = 32  # rows, or walks, of a program that has a warp
BLOCK = 256  # edges of a program whose edges have nothing to do with each other
TILE = {"ROWS": 4, "EDGES": 256}  # of a program whose edges have


class Rows(NamedTuple):
    """What edges are chosen from.

    Attributes:
        lows: (n,) int64 positions of the rows' first edges.
        spans: (n + 1,) int64: where each row would start if they followed each other.
        counts: (n,) int64: how many edges of each may be chosen.
        wrong: (n + 1,) int64: the id of an edge of each whose weight is no probability, or -1.
        gone: int64 positions of edges that must not be chosen, ascending.
    """

    lows: Tensor
    spans: Tensor
    counts: Tensor
    wrong: Tensor | None
    gone: Tensor

    @property
    def search(self) -> tuple[int, int]:
        """How many edges are gone, and how often a search among them halves its range."""
        return len(self.gone), len(self.gone).bit_length()


def sample(csr: Csr, rows: Tensor, spec: SampleSpec) -> tuple[Tensor, Tensor, Tensor]:
    """Choose edges of rows; see the contract."""
    given = _rows(csr, rows, spec)
    taken = _taken(given.counts, spec)
    limits = _limits(taken)
    total, edges = _awaited(limits, given, spec, rows.dtype)
    limits = limits.to(rows.dtype)
    chosen = limits, rows.new_empty(total), rows.new_empty(total)
    if total == 0:
        return chosen
    is_part = spec.fanout >= 0
    replace, weighted = is_part and spec.replace, spec.weights is not None
    if weighted and replace:
        _choose_fallen(csr, given, taken, edges, spec, chosen)
    elif weighted or (spec.dependent is not None and is_part and not replace):
        _choose_first(csr, given, edges, spec, chosen)
    elif is_part and spec.fanout <= FEW and not replace:
        _choose_few(csr, rows, given, spec, chosen)
    else:
        _choose_each(csr, rows, given, taken, spec, chosen)
    return chosen


def _rows(csr: Csr, rows: Tensor, spec: SampleSpec) -> Rows:
    indptr, _, eids = csr
    lows, highs = (indptr.index_select(0, ends).long() for ends in (rows, rows + 1))
    gone = lows.new_empty(0) if spec.excluded is None else spec.excluded
    lengths = highs - lows
    given = Rows(lows, _limits(lengths), lengths, None, gone)
    if spec.weights is None:
        if spec.excluded is not None:
            lost = torch.searchsorted(gone, highs) - torch.searchsorted(gone, lows)
            given = given._replace(counts=lengths - lost)
        return given
    given = given._replace(counts=lengths.clone(), wrong=lows.new_full((len(rows) + 1,), -1))
    assert given.wrong is not None
    args: tuple[Any, ...] = (given.lows, given.spans, eids, _numbers(spec.weights), gone)
    _launch_rows(
        weighted_sampling.weigh, *args, given.counts, given.wrong, len(rows), *given.search
    )
    return given


def _taken(counts: Tensor, spec: SampleSpec) -> Tensor:
    """How many edges each row gets."""
    if spec.fanout < 0:
        return counts
    return spec.fanout * (counts > 0) if spec.replace else counts.clamp(max=spec.fanout)


def _limits(counts: Tensor) -> Tensor:
    limits = counts.new_zeros(len(counts) + 1)
    torch.cumsum(counts, 0, out=limits[1:])
    return limits


def _awaited(limits: Tensor, given: Rows, spec: SampleSpec, idtype: torch.dtype) -> tuple[int, int]:
    """How many edges are chosen, and of how many; the only wait for the device."""
    facts = [limits[-1], given.spans[-1]]
    facts += [] if given.wrong is None else [given.wrong.amax()]
    total, edges, *wrong = torch.stack(facts).tolist()
    if spec.weights is not None and wrong[0] >= 0:
        raise GraphValueError(not_a_probability(wrong[0], float(spec.weights[wrong[0]])))
    if total > torch.iinfo(idtype).max:
        raise GraphValueError(too_many(total, idtype))
    return total, edges


def _choose_few(
    csr: Csr, rows: Tensor, given: Rows, spec: SampleSpec, chosen: tuple[Tensor, ...]
) -> None:
    """A few edges that count the same, without replacement."""
    picks = max(4, 1 << (spec.fanout - 1).bit_length())
    args: tuple[Any, ...] = (*csr[:2], rows, given.gone, *chosen, len(rows), *given.search)
    grid = (-(-len(rows) // THREADS),)
    numbers = (spec.fanout, *halves(spec.seed))
    launch(sampling.choose_few, grid, *args, *numbers, PICKS=picks, ROWS=THREADS, warps=1)


def _choose_each(
    csr: Csr,
    rows: Tensor,
    given: Rows,
    taken: Tensor,
    spec: SampleSpec,
    chosen: tuple[Tensor, ...],
) -> None:
    """All edges, or any number of edges that count the same."""
    total, ranks, source = len(chosen[1]), taken, sampling.ALL
    if spec.fanout >= 0 and spec.replace:
        source = sampling.DRAWN
    elif spec.fanout >= 0:
        ranks, source = evenly(given.counts, taken, total, spec), sampling.GIVEN
    args: tuple[Any, ...] = (
        *csr[:2],
        rows,
        _owners(taken, total),
        ranks,
        given.gone,
        *chosen,
        total,
    )
    numbers = (*given.search, *halves(spec.seed))
    grid = (-(-total // BLOCK),)
    launch(sampling.choose_each, grid, *args, *numbers, FROM=source.value, BLOCK=BLOCK)


def _choose_first(
    csr: Csr, given: Rows, edges: int, spec: SampleSpec, chosen: tuple[Tensor, ...]
) -> None:
    """Edges of different chances, or of shared numbers, without replacement."""
    _, indices, eids = csr
    scratch = torch.empty(edges, dtype=torch.float64, device=indices.device)
    weights = scratch if spec.weights is None else _numbers(spec.weights)
    size = len(given.lows)
    args: tuple[Any, ...] = (
        given.lows,
        given.spans,
        indices,
        eids,
        weights,
        given.gone,
        scratch,
        size,
    )
    dependency = spec.dependent or BatchDependency(0, 0.0)
    shares = torch.full((1,), dependency.fraction, dtype=torch.float64, device=indices.device)
    numbers = (*given.search, *halves(spec.seed), *halves(dependency.key), shares)
    kinds = {"WEIGHTED": spec.weights is not None, "SHARED": spec.dependent is not None}
    _launch_rows(weighted_sampling.ring, *args, *numbers, **kinds)
    args = (given.lows, given.spans, given.counts, indices, scratch, *chosen, size)
    _launch_rows(weighted_sampling.choose_first, *args)


def _choose_fallen(
    csr: Csr,
    given: Rows,
    taken: Tensor,
    edges: int,
    spec: SampleSpec,
    chosen: tuple[Tensor, ...],
) -> None:
    """Edges of different chances, with replacement."""
    assert spec.weights is not None
    _, indices, eids = csr
    scratch, total = torch.empty(edges, dtype=torch.float64, device=indices.device), len(chosen[1])
    args: tuple[Any, ...] = (
        given.lows,
        given.spans,
        eids,
        _numbers(spec.weights),
        given.gone,
        scratch,
    )
    _launch_rows(weighted_sampling.add_up, *args, len(given.lows), *given.search)
    args = (given.lows, given.spans, indices, scratch, _owners(taken, total), *chosen)
    numbers = (total, len(indices).bit_length(), *halves(spec.seed))
    launch(weighted_sampling.choose_fallen, (-(-total // BLOCK),), *args, *numbers, BLOCK=BLOCK)


def _launch_rows(kernel: Any, *args: Any, **constants: Any) -> None:
    """Launch a program for every few rows; their number is the first number of ``args``."""
    count = next(arg for arg in args if isinstance(arg, int))
    launch(kernel, (-(-count // TILE["ROWS"]),), *args, **constants, **TILE)


def _owners(taken: Tensor, total: int) -> Tensor:
    """The row of each edge that is chosen."""
    rows = torch.arange(len(taken), device=taken.device)
    return torch.repeat_interleave(rows, taken, output_size=total)


def _numbers(weights: Tensor) -> Tensor:
    weights = weights.contiguous()
    return weights.view(torch.uint8) if weights.dtype == torch.bool else weights


def relabel(first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Number nodes anew; see the contract."""
    known, total = len(first), len(first) + len(ids)
    if len(ids) == 0:
        return first.clone(), ids.clone()
    dtype = torch.int32 if total <= LARGEST else torch.int64
    table = torch.full((limit,), total, dtype=dtype, device=ids.device)
    first, ids = first.contiguous(), ids.contiguous()
    grid = -(-total // BLOCK), -(-len(ids) // BLOCK)
    launch(sampling.claim, grid[:1], first, ids, table, known, total, BLOCK=BLOCK)
    turns = torch.arange(known, total, dtype=dtype, device=ids.device)
    ranks = (table.index_select(0, ids) == turns).cumsum(0, dtype=dtype)
    nodes, places = ids.new_empty(total), torch.empty_like(ids)
    nodes[:known] = first
    args: tuple[Any, ...] = (ids, table, ranks, nodes, places, known, len(ids))
    launch(sampling.number, grid[1:], *args, BLOCK=BLOCK)
    return nodes[: known + int(ranks[-1])].clone(), places
