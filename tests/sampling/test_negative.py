"""Pairs of nodes that no edge joins."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.chances import DRAWS, assert_drawn
from support.corner_graphs import ID_DTYPES, Corner, each_corner
from support.shops import FOLLOWS, VIEWS, shop

import graphmp as gm
from graphmp import GraphKeyError, GraphTypeError, GraphValueError, _checks
from graphmp.sampling import global_uniform_negative_sampling as negatives

SPARSE = gm.graph(([0, 1, 1, 1], [1, 2, 2, 1]), num_nodes=5)  # tried until enough are found
LEFT = {(0, 3), (3, 1), (2, 0), (1, 1), (2, 2)}
DENSE = gm.graph([(u, v) for u in range(4) for v in range(4) if (u, v) not in LEFT])  # listed


def free(g: gm.Graph, etype: Any = None, loops: bool = False) -> set[tuple[int, int]]:
    """The pairs that no edge joins."""
    s, _, d = g.to_canonical_etype(etype) if etype else g.canonical_etypes[0]
    edges = set(zip(*(ends.tolist() for ends in g.edges(etype=etype)), strict=True))
    every = {(u, v) for u in range(g.num_nodes(s)) for v in range(g.num_nodes(d))}
    return {(u, v) for u, v in every - edges if loops or s != d or u != v}


def pairs(found: tuple[torch.Tensor, torch.Tensor]) -> list[tuple[int, int]]:
    return list(zip(found[0].tolist(), found[1].tolist(), strict=True))


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize("loops", [False, True])
@each_corner
def test_all_that_there_are_are_found_once(
    corner: Corner, loops: bool, idtype: torch.dtype
) -> None:
    g = corner.graph(idtype)
    expected = free(g, loops=loops)
    for count in (0, len(expected) // 3, len(expected), len(expected) + 5):
        found = negatives(g, count, not loops)
        assert found[0].dtype == found[1].dtype == idtype
        assert len(pairs(found)) == len(set(pairs(found))) == min(count, len(expected))
        assert set(pairs(found)) <= expected
        again = negatives(g, count, not loops, replace=True)
        assert len(again[0]) == (count if expected else 0)
        assert set(pairs(again)) <= expected


@pytest.mark.parametrize("loops", [False, True])
@pytest.mark.parametrize("g", [SPARSE, DENSE], ids=["sparse", "dense"])
@pytest.mark.thorough
def test_every_pair_has_the_same_chance(g: gm.Graph, loops: bool) -> None:
    gm.seed(4)
    size = g.num_nodes()
    expected = free(g, loops=loops)
    chances = [float((k // size, k % size) in expected) for k in range(size * size)]
    u, v = negatives(g, DRAWS, not loops, replace=True)
    assert_drawn(u * size + v, chances)
    some = [negatives(g, 2, not loops) for _ in range(800)]
    for place in (0, 1):  # each of the two by itself, so that no order is preferred
        assert_drawn(torch.stack([u[place] * size + v[place] for u, v in some]), chances)


def test_the_seed_decides_and_redundancy_does_not() -> None:
    found = []
    for redundancy in (None, 0, 7.5):
        torch.manual_seed(1)
        found.append(pairs(negatives(SPARSE, 6, redundancy=redundancy)))
    assert found[0] == found[1] == found[2] != pairs(negatives(SPARSE, 6))


def test_edge_types_are_named_and_loops_matter_within_one_node_type() -> None:
    g = shop()
    for etype in (FOLLOWS, VIEWS):
        for name in (etype, etype[1]):
            assert set(pairs(negatives(g, 99, etype=name))) == free(g, etype)
    assert len(g.global_uniform_negative_sampling(4, etype="views")[0]) == 4


def test_a_large_graph_is_not_listed() -> None:
    g = gm.graph(([0, 1], [1, 2]), num_nodes=10**6)
    u, v = negatives(g, 1000)
    assert len(set(pairs((u, v)))) == 1000
    assert int(u.max()) > 9 * 10**5 < int(v.max())


BAD: dict[str, tuple[dict[str, Any], type[gm.GraphError], str]] = {
    "count": (
        {"num_samples": -1},
        GraphValueError,
        "num_samples: expected a non-negative int",
    ),
    "float": ({"num_samples": 1.0}, GraphTypeError, "num_samples: expected an int"),
    "type": ({"etype": "x"}, GraphKeyError, "no edge type 'x'"),
    "none": ({"etype": None}, GraphValueError, "3 edge types, so name one"),
    "redundancy": ({"redundancy": -1}, GraphValueError, "finite and not negative, got -1"),
    "nan": ({"redundancy": torch.nan}, GraphValueError, "finite and not negative, got nan"),
    "name": ({"redundancy": "much"}, GraphTypeError, "redundancy to be a number, got str 'much'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_are_errors_that_say_so(case: str) -> None:
    given, error, message = BAD[case]
    call: dict[str, Any] = {"num_samples": 2, "etype": "views", **given}
    with pytest.raises(error, match=message):
        negatives(shop(), **call)


def test_a_block_and_too_many_pairs_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GraphValueError, match="block"):
        negatives(gm.to_block(SPARSE), 1)
    monkeypatch.setattr(_checks, "memory", lambda: 2**40)
    huge = gm.graph(([0], [1]), num_nodes=2**32)
    with pytest.raises(GraphValueError, match="too many pairs"):
        negatives(huge, 1)
