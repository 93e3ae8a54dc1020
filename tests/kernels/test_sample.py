"""Choosing edges: every backend as plain torch, and plain torch as chance has it."""

from __future__ import annotations

import itertools

import pytest
import torch
from support.backends import INTERPRETED, NAMES
from support.chances import DRAWS, assert_drawn, of_sets
from support.corner_graphs import BIPARTITE, CORNERS, HUB, ID_DTYPES, MIXED, Corner, each_corner
from torch import Tensor

import graphmp as gm
from graphmp import kernels
from graphmp.kernels import reference
from graphmp.kernels.sampling_spec import BatchDependency, SampleSpec

Chosen = tuple[Tensor, Tensor, Tensor]

FANOUTS = (-1, 0, 1, 3, 25)
WEIGHTS = (None, torch.float32, torch.float64, torch.bool)

each_fast_backend = pytest.mark.parametrize("backend", NAMES[:-1], indirect=True)
each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def choice(
    fanout: int,
    replace: bool = False,
    weights: Tensor | None = None,
    gone: Tensor | None = None,
    shared: bool = False,
    seed: int = 12345,
) -> SampleSpec:
    return SampleSpec(
        fanout, replace, seed, weights, gone, BatchDependency(seed + 1, 0.3) if shared else None
    )


def some_weights(count: int, dtype: torch.dtype | None) -> Tensor | None:
    """Weights of which some are 0, in a row's middle and at its ends."""
    if dtype is None:
        return None
    generator = torch.Generator("cpu").manual_seed(count)
    values = torch.rand(count, generator=generator, device="cpu") + 0.1
    values[::3] = 0
    return values.to(torch.get_default_device(), dtype)


def some_gone(count: int) -> Tensor:
    """Positions, ascending, the first and the last among them."""
    places = {min(max(place, 0), count - 1) for place in (0, 1, 4, count - 1)}
    return torch.tensor(sorted(places))


def rows_of(corner: Corner, idtype: torch.dtype) -> Tensor:
    """Every row, and some rows again."""
    rows = torch.arange(corner.num_dst, dtype=idtype)
    return torch.cat([rows.flip(0), rows[:2]])


def ways(edges: int, fanout: int) -> list[SampleSpec]:
    """Every way to choose edges of so many."""
    found = []
    gone = (None, some_gone(edges)) if edges else (None,)
    for dtype, lost in itertools.product(WEIGHTS, gone):
        weights = some_weights(edges, dtype)
        found += [choice(fanout, False, weights, lost, shared) for shared in (False, True)]
        found.append(choice(fanout, True, weights, lost))
    return found


def assert_same(found: Chosen, expected: Chosen) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)


@pytest.mark.parametrize("fanout", FANOUTS)
@each_idtype
@each_corner
@each_fast_backend
def test_every_backend_chooses_the_same_edges(
    backend: str, corner: Corner, idtype: torch.dtype, fanout: int
) -> None:
    form, rows = here(corner.graph(idtype)).adjacency.csc, rows_of(corner, idtype)
    step = 5 if backend == INTERPRETED and corner is HUB else 1
    for how in ways(len(corner.src), fanout)[::step]:
        assert_same(kernels.sample(form, rows, how), reference.sample(form, rows, how))


@pytest.mark.parametrize("fanout", FANOUTS)
@each_idtype
@pytest.mark.parametrize("corner", [*CORNERS], ids=str)
def test_what_is_chosen_may_be_chosen(corner: Corner, idtype: torch.dtype, fanout: int) -> None:
    adjacency = corner.graph(idtype).adjacency
    rows = rows_of(corner, idtype)
    for how in ways(len(corner.src), fanout):
        limits, others, places = reference.sample(adjacency.csc, rows, how)
        assert limits.dtype == others.dtype == places.dtype == idtype
        eids = adjacency.csc.edge_ids[places.long()]
        assert torch.equal(others, adjacency.src[eids.long()])
        allowed = torch.ones(len(corner.src), dtype=torch.bool)
        if how.weights is not None:
            allowed &= how.weights > 0
        if how.excluded is not None:
            allowed[adjacency.csc.edge_ids[how.excluded].long()] = False
        for i, row in enumerate(rows.tolist()):
            mine = eids[limits[i] : limits[i + 1]].tolist()
            own = ((adjacency.dst == row) & allowed).nonzero().view(-1).tolist()
            assert set(mine) <= set(own)
            if fanout < 0:
                assert mine == own
            elif how.replace:
                assert len(mine) == (fanout if own else 0)
            else:
                assert len(mine) == len(set(mine)) == min(fanout, len(own))


@pytest.mark.parametrize("fanout", [32, 33, 700])
@each_fast_backend
def test_every_backend_chooses_the_same_of_many_edges(backend: str, fanout: int) -> None:
    form, rows = HUB.graph().adjacency.csc, torch.tensor([0, 2, 0, 1])
    for gone in (None, some_gone(len(HUB.src)), torch.arange(0, 600, 2)):
        for replace in (False, True):
            how = choice(fanout, replace, gone=gone)
            assert_same(kernels.sample(form, rows, how), reference.sample(form, rows, how))


@each_fast_backend
def test_large_samples_are_the_same_on_any_number_of_threads(backend: str) -> None:
    generator = torch.Generator("cpu").manual_seed(1)
    ends = torch.randint(400, (2, 30_000), generator=generator, device="cpu")
    g = here(gm.graph((ends[0], ends[1])))
    rows = torch.arange(40 if backend == INTERPRETED else 400)
    weights = some_weights(30_000, torch.float32)
    before = torch.get_num_threads()
    for how in (
        choice(40),
        choice(40, True),
        choice(40, False, weights),
        choice(40, True, weights),
    ):
        expected = reference.sample(g.adjacency.csc, rows, how)
        for threads in (1, 2, 3) if backend == "cpu" else (1,):
            torch.set_num_threads(threads)
            assert_same(kernels.sample(g.adjacency.csc, rows, how), expected)
        torch.set_num_threads(before)


# ---- chances, of plain torch, which the others equal

STAR = gm.graph((torch.arange(1, 8), torch.zeros(7, dtype=torch.int64)))  # 7 edges into node 0
SOME = (0.5, 0.0, 2.0, 1.0, 0.25, 0.0, 4.0)


def here(g: gm.Graph) -> gm.Graph:
    """The graph where new tensors lie."""
    return g.to(torch.get_default_device())


def draw(how: SampleSpec) -> Tensor:
    """Edges chosen by one row, many times over: (draws, edges)."""
    rows = torch.zeros(DRAWS, dtype=torch.int64)
    limits, _, eids = reference.sample(STAR.adjacency.csc, rows, how)  # there ids are positions
    assert len(set(limits.diff().tolist())) == 1
    return eids.view(DRAWS, -1)


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("fanout", [1, 3, 6])
def test_every_edge_has_the_same_chance(fanout: int, replace: bool) -> None:
    found = draw(choice(fanout, replace))
    for column in found.unbind(1) if replace else [found.flatten()]:
        assert_drawn(column, [1.0] * 7)


def sets(found: Tensor) -> Tensor:
    """Each row's members as bits."""
    return (1 << found).sum(1)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("fanout", [2, 5])
@pytest.mark.thorough
def test_every_set_has_the_same_chance(fanout: int, shared: bool) -> None:
    chances = of_sets([1.0] * 7, fanout)
    if not shared:
        assert_drawn(sets(draw(choice(fanout))), chances)
        return
    # One number for each source: a row named twice chooses the same, so seeds must differ.
    row = torch.zeros(1, dtype=torch.int64)
    found = [
        reference.sample(STAR.adjacency.csc, row, choice(fanout, shared=True, seed=seed))[2]
        for seed in range(600)
    ]
    assert_drawn(sets(torch.stack(found)), chances)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_with_replacement_edges_come_in_proportion(scale: float, dtype: torch.dtype) -> None:
    weights = (torch.tensor(SOME, dtype=torch.float64) * scale).to(dtype)
    for column in draw(choice(3, True, weights)).unbind(1):
        assert_drawn(column, SOME)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("fanout", [1, 2, 3])
def test_without_replacement_edges_come_as_when_drawn_one_by_one(
    fanout: int, dtype: torch.dtype
) -> None:
    found = draw(choice(fanout, False, torch.tensor(SOME, dtype=dtype)))
    assert bool((found.sort(1).values.diff(dim=1) > 0).all())
    assert_drawn(sets(found), of_sets(SOME, fanout))


@pytest.mark.parametrize("replace", [False, True])
def test_a_mask_chooses_evenly_among_the_true(replace: bool) -> None:
    mask = torch.tensor(SOME) > 0
    assert_drawn(draw(choice(2, replace, mask)).flatten(), mask.double().tolist())


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("weights", [None, SOME], ids=["even", "weighted"])
def test_edges_that_are_gone_leave_the_others_their_chances(
    weights: tuple[float, ...] | None, replace: bool
) -> None:
    left = list(weights or [1.0] * 7)
    left[0] = left[3] = left[6] = 0.0
    given = None if weights is None else torch.tensor(weights)
    found = draw(choice(2, replace, given, torch.tensor([0, 3, 6])))
    if replace:
        assert_drawn(found.flatten(), left)
    else:
        assert_drawn(sets(found), of_sets(left, 2))


def test_rows_and_seeds_are_independent() -> None:
    how = choice(1, True)
    first, second = draw(how).view(-1), draw(how._replace(seed=how.seed + 1)).view(-1)
    assert_drawn(first[:-1] * 7 + first[1:], [1.0] * 49)
    assert_drawn(first * 7 + second, [1.0] * 49)


@pytest.mark.usefixtures("backend")
def test_shared_numbers_make_rows_choose_the_same_sources() -> None:
    src, dst = torch.arange(50).repeat(6), torch.arange(6).repeat_interleave(50)
    form = gm.heterograph({("a", "to", "b"): (src, dst)}).adjacency.csc
    _, others, _ = kernels.sample(form, torch.arange(6), choice(5, shared=True))
    assert len(set(others.tolist())) == 5
    _, others, _ = kernels.sample(form, torch.arange(6), choice(5))
    assert len(set(others.tolist())) > 15


# ---- weights at the ends of what float64 holds


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("value", [5e-324, 1e-310, 1e-300, 1e300, 1.7e308])
def test_extreme_weights_neither_overflow_nor_vanish(
    backend: str, value: float, replace: bool
) -> None:
    count, how = 100 if backend == INTERPRETED else 2000, choice(2, replace)
    rows, form = torch.zeros(count, dtype=torch.int64), here(STAR).adjacency.csc
    weights = torch.full((7,), value, dtype=torch.float64)
    weights[[0, 6]] = 0
    limits, _, eids = kernels.sample(form, rows, how._replace(weights=weights))
    assert int(limits[-1]) == 2 * count
    assert_drawn(eids, [0, 1, 1, 1, 1, 1, 0])


def test_a_row_of_small_weights_is_not_lost_beside_one_of_large(backend: str) -> None:
    g = here(gm.graph(([0, 1, 2, 3, 4, 5], [6, 6, 6, 7, 7, 7])))
    weights = torch.tensor([1e30, 1e30, 1e30, 1e-3, 2e-3, 1e-3])
    rows = torch.tensor([6, 7]).repeat((400 if backend == INTERPRETED else DRAWS) // 2)
    _, _, eids = kernels.sample(g.adjacency.csc, rows, choice(1, True, weights))
    assert_drawn(eids[1::2] - 3, [1, 2, 1])


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("bad", [-1.0, torch.nan, torch.inf, -torch.inf])
@pytest.mark.usefixtures("backend")
def test_a_weight_that_is_no_probability_is_an_error_in_visited_rows(
    bad: float, replace: bool
) -> None:
    g = here(gm.graph(([0, 1, 2, 3], [1, 1, 1, 2])))
    form, weights = g.adjacency.csc, torch.tensor([1.0, bad, 1.0, 1.0])
    how = choice(2, replace, weights)
    with pytest.raises(gm.GraphValueError, match=f"finite and not negative.*edge 1 has {bad}"):
        kernels.sample(form, torch.tensor([2, 1]), how)
    assert kernels.sample(form, torch.tensor([2]), how)[0].tolist() == [0, 2 if replace else 1]
    _, _, eids = kernels.sample(form, torch.tensor([1]), how._replace(excluded=torch.tensor([1])))
    assert set(eids.tolist()) <= {0, 2}


@pytest.mark.usefixtures("backend")
def test_more_edges_than_ids_can_number_are_an_error() -> None:
    form = MIXED.graph(torch.int32).adjacency.csc
    rows = torch.tensor([1, 2], dtype=torch.int32)
    with pytest.raises(gm.GraphValueError, match=r"int32 cannot number the 4294967294 edges"):
        kernels.sample(form, rows, choice(2**31 - 1, True))


# ---- numbering nodes anew


@each_idtype
@pytest.mark.usefixtures("backend")
def test_nodes_are_numbered_as_they_first_come(idtype: torch.dtype) -> None:
    first = torch.tensor([7, 2, 9], dtype=idtype)
    ids = torch.tensor([2, 5, 5, 0, 7, 5, 11, 0], dtype=idtype)
    nodes, places = kernels.relabel(first, ids, 12)
    assert nodes.tolist() == [7, 2, 9, 5, 0, 11]
    assert places.tolist() == [1, 3, 3, 4, 0, 3, 5, 4]
    assert nodes.dtype == places.dtype == idtype


@each_fast_backend
def test_every_backend_numbers_the_same(backend: str) -> None:
    generator = torch.Generator("cpu").manual_seed(3)
    for size, limit in ((0, 0), (0, 5), (1, 5), (40, 30), (3000, 100), (3000, 100_000)):
        ids = torch.randint(max(limit, 1), (size,), generator=generator, device="cpu")
        first = torch.randperm(limit, generator=generator, device="cpu")[: limit // 3]
        ids, first = (each.to(torch.get_default_device()) for each in (ids, first))
        for begin in (first, first[:0]):
            expected = reference.relabel(begin, ids, limit)
            found = kernels.relabel(begin, ids, limit)
            assert all(map(torch.equal, found, expected))
            assert torch.equal(found[0][found[1].long()], ids)


@each_fast_backend
def test_the_first_nodes_to_be_numbered_may_be_none(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather = pytest.importorskip("graphmp.kernels.cpu.gather", exc_type=ImportError)
    monkeypatch.setattr(gather, "_tables", [])
    none = torch.empty(0, dtype=torch.int64)
    for limit, ids in ((0, none), (3, none), (5, torch.tensor([4, 1, 4])), (0, none)):
        nodes, places = kernels.relabel(none, ids, limit)
        assert (nodes.tolist(), places.tolist()) == (([4, 1], [0, 1, 0]) if len(ids) else ([], []))
    if backend == "cpu":
        assert [len(table) for table in gather._tables] == [5]


@pytest.mark.usefixtures("backend")
def test_a_first_node_that_comes_twice_stays_and_edges_lead_to_its_first_place() -> None:
    first, ids = torch.tensor([3, 1, 3, 1]), torch.tensor([2, 1, 0, 3])
    for _ in range(2):
        nodes, places = kernels.relabel(first, ids, 5)
        assert nodes.tolist() == [3, 1, 3, 1, 2, 0]
        assert places.tolist() == [4, 1, 5, 0]


def test_the_corners_have_what_these_tests_are_about() -> None:
    assert max(HUB.graph().in_degrees().tolist()) > 25
    assert BIPARTITE.num_src != BIPARTITE.num_dst


@each_idtype
@pytest.mark.usefixtures("backend")
def test_ids_in_turn_have_the_dtype_of_others(idtype: torch.dtype) -> None:
    for count in (0, 1, 70_000):
        found = kernels.arange(count, like=torch.empty(0, dtype=idtype))
        assert torch.equal(found, torch.arange(count, dtype=idtype))
        assert found.dtype == idtype
