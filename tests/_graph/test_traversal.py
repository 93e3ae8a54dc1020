"""Frontiers of a search and of a topological order."""

from __future__ import annotations

import networkx as nx
import pytest
import torch

import graphmp as gm
import graphmp.function as fn

TREE = ([0, 0, 1, 1, 3], [1, 2, 3, 4, 5])


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_a_search_gives_nodes_by_distance(idtype: torch.dtype) -> None:
    g = gm.graph(TREE, idtype=idtype)
    levels = gm.bfs_nodes_generator(g, 0)
    assert [level.tolist() for level in levels] == [[0], [1, 2], [3, 4], [5]]
    assert all(level.dtype == idtype for level in levels)


def test_a_search_agrees_with_networkx_on_a_random_graph() -> None:
    gm.seed(1)
    g = gm.rand_graph(40, 90)
    lengths = nx.single_source_shortest_path_length(gm.to_networkx(g), 3)
    for distance, level in enumerate(gm.bfs_nodes_generator(g, 3)):
        assert level.tolist() == sorted(n for n, d in lengths.items() if d == distance)


def test_search_edges_reach_each_node_once() -> None:
    g = gm.graph(([0, 0, 1, 2], [1, 2, 3, 3]))
    assert [level.tolist() for level in gm.bfs_edges_generator(g, 0)] == [[0, 1], [2]]


def test_a_reverse_search_goes_against_the_edges() -> None:
    g = gm.graph(TREE)
    assert [level.tolist() for level in gm.bfs_nodes_generator(g, 5, reverse=True)] == [
        [5],
        [3],
        [1],
        [0],
    ]


def test_a_topological_order_carries_a_sum_along_a_tree() -> None:
    g = gm.reverse(gm.graph(TREE))
    g.ndata["size"] = torch.ones(6)
    frontiers = gm.topological_nodes_generator(g)[1:]
    g.prop_nodes(
        frontiers,
        fn.copy_u("size", "m"),
        fn.sum("m", "below"),
        lambda nodes: {"size": nodes.data["below"] + 1},
    )
    assert g.ndata["size"].tolist() == [6, 4, 1, 2, 1, 1]


def test_a_cycle_has_no_topological_order() -> None:
    with pytest.raises(gm.GraphValueError, match="cycle"):
        gm.topological_nodes_generator(gm.graph(([0, 1], [1, 0])))


def test_a_start_that_is_not_there_is_an_error() -> None:
    with pytest.raises(gm.GraphIndexError, match="7"):
        gm.bfs_nodes_generator(gm.graph(TREE), 7)
