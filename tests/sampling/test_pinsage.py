"""The nodes that short random walks visit most."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from support.corner_graphs import ID_DTYPES, NO_EDGES
from support.shops import VIEWED, VIEWS, shop

import graphmp as gm
from graphmp import GraphIndexError, GraphKeyError, GraphTypeError, GraphValueError
from graphmp.sampling import PinSAGESampler, RandomWalkNeighborSampler, random_walk

each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


@each_idtype
def test_neighbours_are_the_nodes_that_walks_visit_most(idtype: torch.dtype) -> None:
    g, seeds, path = shop(idtype), [0, 3, 4], ["follows", "views", "viewed-by"]
    sampler = RandomWalkNeighborSampler(g, 2, 0.3, 50, 2, path, "visits")
    gm.seed(1)
    found = sampler(seeds)
    assert (found.canonical_etypes, found.num_nodes()) == ([("user", "_E", "user")], 5)
    assert found.idtype == found.edata["visits"].dtype == idtype
    assert list(found.edata) == ["visits"]
    gm.seed(1)
    starts = torch.tensor(seeds, dtype=idtype).repeat_interleave(50)
    stops = [0, 0, 0, 0.3, 0, 0]
    traces, _ = random_walk(g, starts, metapath=path * 2, restart_prob=stops)
    expected = []
    for i, seed in enumerate(seeds):
        visited = traces[50 * i : 50 * i + 50, [3, 6]].flatten().tolist()
        counts = Counter(node for node in visited if node >= 0)
        order = sorted(counts, key=lambda node: (-counts[node], node))
        expected += [(node, seed, counts[node]) for node in order[:2]]
    src, dst = found.edges()
    got = zip(src.tolist(), dst.tolist(), found.edata["visits"].tolist(), strict=True)
    assert list(got) == expected


def test_a_walk_of_one_step_is_the_path_of_a_plain_graph() -> None:
    g = gm.graph(([0, 1, 2], [1, 2, 0]), num_nodes=4)
    found = RandomWalkNeighborSampler(g, 3, 0.0, 7, 9)([1, 3, 1])
    assert [ends.tolist() for ends in found.edges()] == [[0, 1, 2] * 2, [1] * 6]
    assert found.edata["weights"].tolist() == [7] * 6


@pytest.mark.parametrize(("chance", "visits"), [(0.0, 3), (1.0, 1)])
def test_walks_end_after_a_time_along_the_path(chance: float, visits: int) -> None:
    g = gm.graph(([0], [0]))
    found = RandomWalkNeighborSampler(g, 3, chance, 10, 1)(torch.tensor([0]))
    assert found.edata["weights"].tolist() == [10 * visits]


def test_pinsage_walks_to_the_other_side_and_back() -> None:
    g = shop()
    for ntype, other, path in (
        ("user", "item", [VIEWS, VIEWED]),
        ("item", "user", [VIEWED, VIEWS]),
    ):
        gm.seed(2)
        found = PinSAGESampler(g, ntype, other, 2, 0.5, 30, 2)([0, 1])
        gm.seed(2)
        expected = RandomWalkNeighborSampler(g, 2, 0.5, 30, 2, path)([0, 1])
        assert found.ntypes == [ntype]
        assert all(map(torch.equal, found.edges(), expected.edges()))
        assert torch.equal(found.edata["weights"], expected.edata["weights"])
        assert bool((found.in_degrees() <= 2).all())
        assert "weights" in found.edata


@each_idtype
def test_no_seeds_and_no_edges_have_no_neighbours(idtype: torch.dtype) -> None:
    found = PinSAGESampler(shop(idtype), "user", "item", 2, 0.5, 5, 3)([])
    assert (found.num_nodes(), found.num_edges(), found.idtype) == (5, 0, idtype)
    found = RandomWalkNeighborSampler(NO_EDGES.graph(idtype), 2, 0.5, 5, 3)([0, 1])
    assert (found.num_nodes(), found.edata["weights"].shape) == (3, (0,))


def test_the_seed_decides() -> None:
    sampler = PinSAGESampler(shop(), "user", "item", 3, 0.5, 20, 3)
    found = []
    for _ in range(2):
        torch.manual_seed(4)
        found.append(sampler([0, 1, 2]).edata["weights"].tolist())
    assert found[0] == found[1] != sampler([0, 1, 2]).edata["weights"].tolist()


BAD: dict[str, tuple[dict[str, Any], type[gm.GraphError], str]] = {
    "traversals": (
        {"num_traversals": 0},
        GraphValueError,
        "num_traversals to be at least 1, got 0",
    ),
    "walks": ({"num_random_walks": -1}, GraphValueError, "expected a non-negative int, got -1"),
    "neighbours": ({"num_neighbors": 2.5}, GraphTypeError, "num_neighbors: expected an int"),
    "chance": (
        {"termination_prob": 2},
        GraphValueError,
        "termination_prob to be from 0 to 1, got 2",
    ),
    "no chance": ({"termination_prob": "x"}, GraphTypeError, "termination_prob to be a number"),
    "path": ({"metapath": None}, GraphValueError, "several types needs metapath"),
    "empty": ({"metapath": []}, GraphValueError, "at least"),
    "one way": ({"metapath": ["views"]}, GraphValueError, "come back to node type 'user'"),
    "type": ({"metapath": ["x"]}, GraphKeyError, "no edge type 'x'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_are_errors_that_say_so(case: str) -> None:
    given, error, message = BAD[case]
    call: dict[str, Any] = {
        "num_traversals": 2,
        "termination_prob": 0.5,
        "num_random_walks": 3,
        "num_neighbors": 3,
        "metapath": ["views", "viewed-by"],
        **given,
    }
    with pytest.raises(error, match=message):
        RandomWalkNeighborSampler(shop(), **call)


def test_bad_types_and_seeds_are_errors() -> None:
    numbers = (2, 0.5, 3, 3)
    with pytest.raises(GraphKeyError, match="no node type 'shop'"):
        PinSAGESampler(shop(), "user", "shop", *numbers)
    with pytest.raises(GraphValueError, match="Expected one edge type from 'item' to 'item'"):
        PinSAGESampler(shop(), "item", "item", *numbers)
    with pytest.raises(GraphIndexError, match="'user': expected ids from 0 to 4, got 5"):
        PinSAGESampler(shop(), "user", "item", *numbers)([5])
    with pytest.raises(GraphValueError, match="block"):
        RandomWalkNeighborSampler(gm.to_block(gm.graph(([0], [0]))), *numbers)
