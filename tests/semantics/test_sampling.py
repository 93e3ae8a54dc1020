"""Neighbour sampling: which nodes, which edges, and which are never chosen."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.functions import each_idtype

import graphmp as gm
from graphmp import EID, Graph

each_replace = pytest.mark.parametrize("replace", [False, True])
SEED = 20


def star(idtype: torch.dtype = torch.int64) -> Graph:
    """Twenty edges that enter node 20; every second one has probability 0."""
    g = gm.graph((list(range(SEED)), [SEED] * SEED), idtype=idtype)
    g.edata["w"] = (torch.arange(SEED) % 2).float()
    g.edata["mask"] = g.edata["w"] > 0
    return g


def chosen(g: Graph, fanout: int, **options: Any) -> list[int]:
    """The ids of the edges that are sampled for the node at the centre."""
    sampled = gm.sampling.sample_neighbors(g, [SEED], fanout, **options)
    ids: list[int] = sampled.edata[EID].tolist()
    return ids


@each_idtype
def test_a_sample_keeps_all_nodes_and_the_original_edge_ids(idtype: torch.dtype) -> None:
    g = star(idtype)
    sampled = gm.sampling.sample_neighbors(g, [SEED], 3)
    assert (sampled.num_nodes(), sampled.num_edges()) == (SEED + 1, 3)
    assert all(map(torch.equal, sampled.edges(), g.find_edges(sampled.edata[EID])))
    assert sorted(chosen(g, -1)) == list(range(SEED))


@each_replace
@pytest.mark.parametrize("prob", ["w", "mask"])
def test_an_edge_of_probability_0_is_never_chosen(prob: str, replace: bool) -> None:
    ids = [eid for _ in range(20) for eid in chosen(star(), 9, prob=prob, replace=replace)]
    assert len(ids) == 20 * 9
    assert all(eid % 2 for eid in ids)
    assert sorted(chosen(star(), -1, prob=prob)) == list(range(1, SEED, 2))


@each_replace
def test_edges_are_excluded_before_sampling(replace: bool) -> None:
    excluded = list(range(17))
    for _ in range(20):
        ids = chosen(star(), 3, exclude_edges=excluded, replace=replace)
        assert len(ids) == 3
        assert set(ids) <= {17, 18, 19}
    assert sorted(chosen(star(), 5, exclude_edges=excluded)) == [17, 18, 19]


@each_replace
def test_seeds_of_degree_0_are_allowed(replace: bool) -> None:
    for nodes in ([0], [0, SEED, 1]):
        sampled = gm.sampling.sample_neighbors(star(), nodes, 4, replace=replace)
        assert sampled.num_edges() == (4 if SEED in nodes else 0)


def test_without_replacement_no_edge_is_chosen_twice() -> None:
    for fanout in (1, 5, 19, 20, 30):
        ids = chosen(star(), fanout)
        assert len(ids) == len(set(ids)) == min(fanout, SEED)
