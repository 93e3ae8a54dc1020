"""Random walks: every backend as plain torch, and plain torch as chance has it."""

from __future__ import annotations

import pytest
import torch
from support.backends import NAMES
from support.chances import DRAWS, assert_drawn
from support.corner_graphs import CORNERS, ID_DTYPES, Corner
from torch import Tensor

import graphmp as gm
from graphmp import kernels
from graphmp.kernels import reference
from graphmp.kernels.sampling_spec import MAX_TRIES, WalkSpec

Walked = tuple[Tensor, Tensor]

each_fast_backend = pytest.mark.parametrize("backend", NAMES[:-1], indirect=True)
each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
each_walkable = pytest.mark.parametrize("corner", [c for c in CORNERS if not c.bipartite], ids=str)


def how_to(
    steps: int,
    weights: Tensor | None = None,
    pairs: Tensor | None = None,
    back: float = 1.0,
    far: float = 1.0,
    stop: float = 0.0,
    start: int = 0,
    seed: int = 777,
) -> WalkSpec:
    stops = torch.full((steps,), stop, dtype=torch.float64)
    return WalkSpec(start, stops, seed, weights, pairs, back, far)


def ways(g: gm.Graph) -> list[WalkSpec]:
    """Walks of first and second order, with and without weights and ends."""
    edges, pairs = g.num_edges(), g.adjacency.pairs
    generator = torch.Generator("cpu").manual_seed(edges)
    weights = torch.rand(edges, generator=generator, device="cpu")
    weights[::4] = 0
    weights = weights.to(g.device)
    found = [how_to(6), how_to(0), how_to(6, stop=0.3, start=9), how_to(2, stop=1.0)]
    for some in (None, weights, weights.double(), weights > 0):
        found.append(how_to(6, some))
        found += [how_to(6, some, pairs, back, far) for back, far in ((4, 0.25), (0.01, 3))]
    return found


def assert_same(found: Walked, expected: Walked) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)


@each_idtype
@each_walkable
@each_fast_backend
def test_every_backend_walks_the_same(backend: str, corner: Corner, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    nodes = torch.cat([g.nodes(), g.nodes(), torch.tensor([-1], dtype=idtype)])
    for how in ways(g):
        assert_same(
            kernels.walk(g.adjacency.csr, nodes, how),
            reference.walk(g.adjacency.csr, nodes, how),
        )


@each_idtype
@each_walkable
def test_a_walk_follows_edges_until_it_ends(corner: Corner, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    for how in ways(g):
        traces, eids = reference.walk(g.adjacency.csr, g.nodes(), how)
        assert traces.dtype == eids.dtype == idtype
        assert traces.shape == eids.shape == (g.num_nodes(), len(how.stops))
        before = torch.cat([g.nodes().view(-1, 1), traces], 1)[:, :-1]
        went = eids >= 0
        assert torch.equal(went, traces >= 0)
        assert bool((before[went] >= 0).all())
        src, dst = g.find_edges(eids[went])
        assert torch.equal(src, before[went])
        assert torch.equal(dst, traces[went])
        allowed = torch.ones(g.num_edges(), dtype=torch.bool)
        if how.weights is not None:
            allowed = how.weights > 0
        assert bool(allowed[eids[went].long()].all())
        has_way_on = torch.zeros(g.num_nodes(), dtype=torch.bool)
        has_way_on[g.adjacency.src[allowed].long()] = True
        if not bool(how.stops.any()):
            assert torch.equal(went, (before >= 0) & has_way_on[before.long()])


def random_graph() -> gm.Graph:
    """A graph with a hub, which more edges leave than are tried by rejection."""
    generator = torch.Generator("cpu").manual_seed(5)
    ends = torch.randint(300, (2, 6000), generator=generator, device="cpu")
    src, dst = ends.to(torch.get_default_device())
    return gm.graph((torch.cat([src, torch.full((900,), 7)]), torch.cat([dst, src[:900]])))


@each_fast_backend
def test_long_walks_are_the_same_on_any_number_of_threads(backend: str) -> None:
    g, before = random_graph(), torch.get_num_threads()
    pairs, weights = g.adjacency.pairs, torch.arange(6900) % 5 + 0.5
    for how in (
        how_to(12),
        how_to(12, weights, stop=0.05),
        how_to(12, None, pairs, 0.2, 5.0),
        how_to(12, None, pairs, 1e6, 1e-6),
        how_to(12, weights, pairs, 4.0, 0.5),
    ):
        expected = reference.walk(g.adjacency.csr, g.nodes(), how)
        for threads in (1, 2, 3) if backend == "cpu" else (1,):
            torch.set_num_threads(threads)
            assert_same(kernels.walk(g.adjacency.csr, g.nodes(), how), expected)
        torch.set_num_threads(before)


# ---- chances, of plain torch, which the others equal

FAN = gm.graph(([0, 0, 0, 0, 0], [1, 2, 3, 4, 5]))
SOME = (0.5, 0.0, 2.0, 1.0, 4.0)


def first_steps(g: gm.Graph, how: WalkSpec) -> Walked:
    """Many walks from node 0."""
    return reference.walk(g.adjacency.csr, torch.zeros(DRAWS, dtype=torch.int64), how)


def test_every_edge_has_the_same_chance() -> None:
    assert_drawn(first_steps(FAN, how_to(1))[1].view(-1), [1.0] * 5)


@pytest.mark.parametrize("scale", [1.0, 1e-280, 1e280])
def test_edges_come_in_proportion_to_their_weights(scale: float) -> None:
    weights = torch.tensor(SOME, dtype=torch.float64) * scale
    assert_drawn(first_steps(FAN, how_to(1, weights))[1].view(-1), SOME)


def test_a_walk_ends_as_often_as_it_should() -> None:
    ring = gm.graph(([0, 1, 2], [1, 2, 0]))
    how = how_to(3)._replace(stops=torch.tensor([0.25, 0.0, 0.5], dtype=torch.float64))
    traces, _ = first_steps(ring, how)
    assert_drawn((traces >= 0).sum(1), [0.25, 0.0, 0.75 * 0.5, 0.75 * 0.5])


# From 0 a walk comes to 1, from where it goes back to 0; to 2, from which an edge leads to 0; to 3,
# to which an edge leads from 0, which is the wrong way round; twice over to 4; or to 1 itself, from
# where an edge leads to 0.
STREETS = gm.graph(([0, 1, 1, 1, 1, 1, 1, 2, 0], [1, 0, 2, 3, 4, 4, 1, 0, 3]))


def second_steps(how: WalkSpec) -> Tensor:
    """The edges by which walks from node 0 leave node 1."""
    found, eids = first_steps(STREETS, how)
    return eids[found[:, 0] == 1, 1] - 1


@pytest.mark.parametrize("is_weighted", [False, True], ids=["even", "weighted"])
@pytest.mark.parametrize(("p", "q"), [(1, 1), (0.25, 4), (4, 0.25), (1e-3, 1), (50, 50)])
def test_second_steps_count_as_in_node2vec(p: float, q: float, is_weighted: bool) -> None:
    weights = torch.tensor([1.0, 3.0, 1.0, 2.0, 0.5, 1.0, 0.0, 1.0, 0.0])
    how = how_to(2, weights if is_weighted else None, STREETS.adjacency.pairs, 1 / p, 1 / q)
    chances = [1 / p, 1, 1 / q, 1 / q, 1 / q, 1]
    if is_weighted:
        chances = [c * w for c, w in zip(chances, weights[1:7].tolist(), strict=True)]
    assert_drawn(second_steps(how), chances)


@pytest.mark.parametrize("leaves", [3, MAX_TRIES - 1, 4 * MAX_TRIES])
@pytest.mark.thorough
def test_steps_that_rejection_does_not_find_are_exact(leaves: int) -> None:
    # Every leaf is far; going back would count a thousand times, but no edge leads back.
    fan = torch.arange(2, leaves + 2)
    g = gm.graph(
        (torch.cat([torch.tensor([0]), torch.ones_like(fan)]), torch.cat([fan[:1] - 1, fan]))
    )
    weights = torch.ones(leaves + 1)
    for some in (None, weights):
        how = how_to(2, some, g.adjacency.pairs, 1000.0, 1.0)
        assert_drawn(first_steps(g, how)[1][:, 1] - 1, [1.0] * leaves)


def test_walks_steps_and_seeds_are_independent() -> None:
    everywhere = gm.graph((torch.arange(5).repeat(5), torch.arange(5).repeat_interleave(5)))
    walked, _ = first_steps(everywhere, how_to(2))
    later, _ = first_steps(everywhere, how_to(1, start=2))
    other, _ = first_steps(everywhere, how_to(1, seed=778))
    pairs = [(walked[:, 0], walked[:, 1]), (walked[1:, 0], walked[:-1, 0])]
    pairs += [(walked[:, 0], later[:, 0]), (walked[:, 0], other[:, 0])]
    for first, second in pairs:
        assert_drawn(first * 5 + second, [1.0] * 25)


@pytest.mark.usefixtures("backend")
def test_steps_can_be_taken_in_parts() -> None:
    g = random_graph()
    whole = kernels.walk(g.adjacency.csr, g.nodes(), how_to(7))
    first = kernels.walk(g.adjacency.csr, g.nodes(), how_to(3))
    rest = kernels.walk(g.adjacency.csr, first[0][:, -1].contiguous(), how_to(4, start=3))
    assert_same((torch.cat([first[0], rest[0]], 1), torch.cat([first[1], rest[1]], 1)), whole)


@pytest.mark.parametrize("bad", [-1.0, torch.nan, torch.inf])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.usefixtures("backend")
def test_a_weight_that_is_no_probability_is_an_error_in_visited_rows(
    order: int, bad: float
) -> None:
    g = gm.graph(([0, 1, 1, 2], [1, 2, 0, 2])).to(torch.get_default_device())
    pairs = g.adjacency.pairs if order == 2 else None
    how = how_to(3, torch.tensor([1.0, 1.0, bad, 1.0]), pairs, 2.0, 2.0)
    with pytest.raises(gm.GraphValueError, match=f"finite and not negative.*edge 2 has {bad}"):
        kernels.walk(g.adjacency.csr, torch.tensor([2, 0]), how)
    traces, _ = kernels.walk(g.adjacency.csr, torch.tensor([2]), how)
    assert traces.tolist() == [[2, 2, 2]]
