"""The steps of depth-first searches."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import pytest
import torch
from support.corner_graphs import ID_DTYPES, Corner, each_corner
from torch import Tensor

import graphmp as gm

LABELS = ["forward", "reverse", "nontree"]


def random_graph(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """A graph without parallel edges, which NetworkX would walk together."""
    gm.seed(2)
    return gm.to_simple(gm.rand_graph(20, 80, idtype=idtype))  # type: ignore[no-any-return]


def numbers(steps: Sequence[Tensor]) -> list[list[int]]:
    return [step.tolist() for step in steps]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_every_step_agrees_with_networkx(idtype: torch.dtype, reverse: bool) -> None:
    g = random_graph(idtype)
    edges, labels = gm.dfs_labeled_edges_generator(g, 3, reverse, True, True)
    u, v = g.find_edges(torch.cat(edges))
    ends = (v, u) if reverse else (u, v)
    names = [LABELS[label] for label in torch.cat(labels).tolist()]
    walked = gm.to_networkx(gm.reverse(g) if reverse else g)
    expected = [step for step in nx.dfs_labeled_edges(walked, 3) if step[:2] != (3, 3)]
    steps = list(zip(ends[0].tolist(), ends[1].tolist(), names, strict=True))
    assert [step for step in steps if step[:2] != (3, 3)] == expected
    assert edges[0].dtype == idtype


def test_the_edges_that_reach_nodes_agree_with_networkx() -> None:
    g = random_graph()
    u, v = g.find_edges(torch.cat(gm.dfs_edges_generator(g, 3)))
    expected = nx.dfs_edges(gm.to_networkx(g), 3)
    assert list(zip(u.tolist(), v.tolist(), strict=True)) == list(expected)


@each_corner
def test_each_node_that_can_be_reached_is_reached_once(corner: Corner) -> None:
    if corner.bipartite or corner.num_src == 0:
        return
    g = corner.graph()
    edges = gm.dfs_edges_generator(g, 0)
    reached = g.find_edges(torch.cat(edges))[1].tolist() if edges else []
    assert sorted(reached) == sorted(nx.descendants(gm.to_networkx(g), 0))


def test_labels_choose_the_steps() -> None:
    g = gm.graph(([0, 0, 1, 1, 0], [0, 1, 1, 0, 1]))  # a self-loop, a cycle, parallel edges
    assert numbers(gm.dfs_edges_generator(g, 0)) == [[1]]
    for reverse, nontree, expected in (
        (False, False, [1]),
        (True, False, [1, 1]),
        (False, True, [0, 1, 2, 3, 4]),
        (True, True, [0, 1, 2, 3, 1, 4]),
    ):
        steps = gm.dfs_labeled_edges_generator(g, 0, False, reverse, nontree, return_labels=False)
        assert torch.cat(steps).tolist() == expected


def test_searches_from_several_nodes_take_their_steps_together() -> None:
    g = gm.graph(([0, 1, 3], [1, 2, 4]))
    assert numbers(gm.dfs_edges_generator(g, [0, 3])) == [[0, 2], [1]]
    edges, labels = gm.dfs_labeled_edges_generator(g, [0, 3], has_reverse_edge=True)
    assert numbers(edges) == [[0, 2], [1, 2], [1], [0]]
    assert numbers(labels) == [[0, 0], [0, 1], [1], [1]]


def test_a_search_without_edges_or_starts_has_no_steps() -> None:
    g = gm.graph(([], []), num_nodes=2)
    assert gm.dfs_edges_generator(g, [0, 1]) == gm.dfs_edges_generator(g, []) == ()
    assert gm.dfs_labeled_edges_generator(g, 0) == ((), ())


def test_a_long_path_does_not_overflow_the_stack() -> None:
    path = torch.arange(5_000)
    assert len(gm.dfs_edges_generator(gm.graph((path[:-1], path[1:])), 0)) == 4_999


def test_a_wrong_start_or_several_types_are_refused() -> None:
    with pytest.raises(gm.GraphIndexError, match="Source node ids"):
        gm.dfs_edges_generator(gm.graph(([0], [1])), 2)
    g = gm.heterograph({("a", "to", "b"): ([0], [0])})
    with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
        gm.dfs_labeled_edges_generator(g, 0)
