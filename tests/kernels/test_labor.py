"""Edges taken each by itself: every backend as plain torch, and that as the formula has it."""

from __future__ import annotations

import itertools

import pytest
import torch
from support.backends import NAMES
from support.chances import DRAWS, assert_drawn
from support.corner_graphs import ID_DTYPES, Corner, each_corner
from torch import Tensor

import graphmp as gm
from graphmp import kernels
from graphmp.kernels import reference
from graphmp.kernels.contract import Csr
from graphmp.kernels.reference.sampling import numbers_of
from graphmp.kernels.sampling_spec import BatchDependency, SampleSpec

STEPS = (0, 1, 4, -1)

each_fast_backend = pytest.mark.parametrize("backend", NAMES[:-1], indirect=True)
each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def choice(
    fanout: int, weights: Tensor | None = None, gone: Tensor | None = None, seed: int = 7
) -> SampleSpec:
    return SampleSpec(fanout, False, seed, weights, gone, BatchDependency(seed + 1, 0.25))


def some_weights(count: int, dtype: torch.dtype) -> Tensor:
    values = torch.rand(count, generator=torch.Generator().manual_seed(count)) + 0.1
    values[::3] = 0
    return values.to(dtype)


def assert_same(form: Csr, rows: Tensor, how: SampleSpec, steps: int) -> None:
    found, expected = (k.labor(form, rows, how, steps) for k in (kernels, reference))
    for one, other in zip(found[:3], expected[:3], strict=True):
        assert one.dtype == other.dtype == rows.dtype
        assert torch.equal(one, other)
    assert found[3].dtype == torch.float32
    torch.testing.assert_close(found[3], expected[3])


@pytest.mark.parametrize("fanout", [-1, 1, 3])
@each_idtype
@each_corner
@each_fast_backend
def test_every_backend_takes_the_same_edges(
    backend: str, corner: Corner, idtype: torch.dtype, fanout: int
) -> None:
    form, count = corner.graph(idtype).adjacency.csc, len(corner.src)
    rows = torch.arange(corner.num_dst, dtype=idtype).repeat(2)
    weights = [None, some_weights(count, torch.float32), some_weights(count, torch.bool)]
    gone = [None, torch.arange(0, count, 4)]
    for values, lost, steps in itertools.product(weights, gone, STEPS):
        assert_same(form, rows, choice(fanout, values, lost), steps)


def large() -> gm.Graph:
    generator = torch.Generator().manual_seed(1)
    ends = (torch.randint(400, (40_000,), generator=generator) for _ in range(2))
    return gm.graph(tuple(ends))


@each_fast_backend
@pytest.mark.parametrize("steps", STEPS)
def test_large_samples_are_the_same_on_any_number_of_threads(backend: str, steps: int) -> None:
    form, rows = large().adjacency.csc, torch.arange(400)
    before = torch.get_num_threads()
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        for values in (None, some_weights(40_000, torch.float64)):
            assert_same(form, rows, choice(10, values), steps)
    torch.set_num_threads(before)


# ---- chances, of plain torch, which the others equal

# Rows 10 to 13; the first two have six edges, of sources in common, the others three and none.
ENDS = ([0, 1, 2, 3, 4, 5, 3, 4, 5, 6, 7, 8, 0, 5, 9], [10] * 6 + [11] * 6 + [12] * 3)
GRAPH = gm.graph(ENDS, num_nodes=14)
ROWS = torch.arange(10, 14)
WEIGHTS = torch.tensor([1.0, 2, 3, 4, 5, 6, 1, 1, 1, 9, 9, 9, 5, 1, 1])


def expected_chances(weights: list[float], fanout: int, steps: int) -> list[float]:
    """Of each edge: the formula, its factor found by bisection."""
    u, v = ENDS
    rows = {d: [e for e in range(len(u)) if v[e] == d] for d in (10, 11, 12)}
    parts = [weights[e] / sum(weights[o] for o in rows[v[e]]) for e in range(len(u))]
    pulls = list(parts)
    for step in range(steps + 1):
        scaled = [float("inf")] * len(u)
        for edges in rows.values():
            if len(edges) > fanout:
                low, high, goal = 0.0, 1e9, 1 / fanout - 1 / len(edges)
                for _ in range(200):
                    middle = (low + high) / 2
                    variance = sum(
                        parts[e] ** 2 * (1 / min(1, middle * pulls[e]) - 1) for e in edges
                    )
                    low, high = (middle, high) if variance > goal else (low, middle)
                for e in edges:
                    scaled[e] = high * pulls[e]
        if step < steps:
            pulls = [max(scaled[o] for o in range(len(u)) if u[o] == u[e]) for e in range(len(u))]
    return [min(1.0, value) for value in scaled]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("fanout", [1, 2, 4])
@pytest.mark.thorough
def test_edges_come_with_the_chances_of_the_formula(
    fanout: int, steps: int, weighted: bool
) -> None:
    times = DRAWS // 10
    weights = WEIGHTS if weighted else None
    counts = torch.zeros(15)
    for seed in range(times):
        how = choice(fanout, weights, seed=seed)._replace(
            dependent=BatchDependency(seed + 10**6, seed / times)
        )
        limits, others, places, found = kernels.labor(GRAPH.adjacency.csc, ROWS, how, steps)
        eids = GRAPH.adjacency.csc.edge_ids[places]
        assert torch.equal(others, GRAPH.adjacency.src[eids])
        counts[eids] += 1
        sums = torch.zeros(4).index_add_(0, GRAPH.adjacency.dst[eids] - 10, found)
        torch.testing.assert_close(sums, limits.diff().float())
    given = WEIGHTS.tolist() if weighted else [1.0] * 15
    chances = torch.tensor(expected_chances(given, fanout, steps))
    spread = (chances * (1 - chances) / times).sqrt()
    assert bool(((counts / times - chances).abs() <= 4.5 * spread + 1e-6).all())


def test_weights_are_what_an_edge_counts_over_its_chance() -> None:
    chances = torch.tensor(expected_chances(WEIGHTS.tolist(), 2, 1))
    limits, _, places, found = kernels.labor(GRAPH.adjacency.csc, ROWS, choice(2, WEIGHTS), 1)
    expected = (WEIGHTS / chances)[GRAPH.adjacency.csc.edge_ids[places]]
    for begin, end in itertools.pairwise(limits.tolist()):
        mine = expected[begin:end]
        torch.testing.assert_close(found[begin:end], mine / mine.mean().clamp(min=1e-9))


def test_sources_that_are_expected_are_fewer_after_each_step() -> None:
    form, rows, found = large().adjacency.csc, torch.arange(150), []
    for steps in (0, 1, 2, 5, -1):
        drawn = [kernels.labor(form, rows, choice(5, seed=s), steps)[1] for s in range(30)]
        found.append(sum(len(torch.unique(others)) for others in drawn))
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.95 * found[0]


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("bad", [-1.0, torch.nan, torch.inf])
def test_a_weight_that_is_no_probability_is_an_error(bad: float) -> None:
    weights = WEIGHTS.clone()
    weights[7] = bad
    with pytest.raises(gm.GraphValueError, match=f"finite and not negative.*edge 7 has {bad}"):
        kernels.labor(GRAPH.adjacency.csc, ROWS, choice(2, weights), 0)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("values", [(5e-324, 1.0), (1e-300, 1e300), (1.7e308, 1.7e308)])
def test_extreme_weights_neither_overflow_nor_vanish(values: tuple[float, float]) -> None:
    weights = torch.tensor(values * 8, dtype=torch.float64)[:15]
    for steps in STEPS:
        found = kernels.labor(GRAPH.adjacency.csc, ROWS, choice(2, weights), steps)[3]
        assert bool(found.isfinite().all())


# ---- numbers of nodes


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_numbers_are_uniform_wherever_they_are(share: float) -> None:
    numbers = numbers_of(torch.arange(DRAWS), 3, BatchDependency(4, share))
    assert_drawn((numbers * 20).long(), [1.0] * 20)


def test_numbers_move_by_no_more_than_their_share_and_end_as_others() -> None:
    nodes, last = torch.arange(DRAWS), numbers_of(torch.arange(DRAWS), 3, BatchDependency(4, 0.0))
    first = last
    for step in range(1, 11):
        numbers = numbers_of(nodes, 3, BatchDependency(4, step / 10))
        assert float((numbers - last).abs().max()) <= 0.1 + 1e-9
        last = numbers
    torch.testing.assert_close(last, numbers_of(nodes, 4, BatchDependency(5, 0.0)))
    assert_drawn((first * 5).long() * 5 + (last * 5).long(), [1.0] * 25)
