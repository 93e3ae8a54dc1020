"""Shortest paths agree with networkx, labels with the formula over networkx' distances."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
import torch
from support.corner_graphs import ID_DTYPES, MIXED, SMALL_CORNERS, Corner

import graphmp as gm

SQUARE = [corner for corner in SMALL_CORNERS if not corner.bipartite]
each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def random_graph(idtype: torch.dtype = torch.int64) -> gm.Graph:
    gm.seed(0)
    return gm.rand_graph(30, 50, idtype=idtype)


def assert_shortest(g: gm.Graph) -> None:
    dist, paths = gm.shortest_dist(g, return_paths=True)
    count, lengths = g.num_nodes(), dict(nx.all_pairs_shortest_path_length(g.to_networkx()))
    longest = max((d for row in lengths.values() for d in row.values()), default=0)
    assert (dist.dtype, paths.dtype) == (torch.int64, torch.int64)
    assert (dist.shape, paths.shape) == ((count, count), (count, count, longest))
    src, dst = (end.tolist() for end in g.edges())
    for i in range(count):
        for j in range(count):
            assert int(dist[i, j]) == lengths[i].get(j, -1)
            path = paths[i, j].tolist()
            steps = path[: max(int(dist[i, j]), 0)]
            assert set(path[len(steps) :]) <= {-1}
            nodes = [i, *(dst[e] for e in steps)]
            assert [src[e] for e in steps] == nodes[:-1]
            assert not steps or nodes[-1] == j


@each_idtype
@pytest.mark.parametrize("corner", SQUARE, ids=str)
def test_paths_are_the_shortest(corner: Corner, idtype: torch.dtype) -> None:
    assert_shortest(corner.graph(idtype))


@each_idtype
def test_long_paths_are_the_shortest(idtype: torch.dtype) -> None:
    assert_shortest(random_graph(idtype))


def test_from_one_root_they_are_those_from_every_node() -> None:
    g = random_graph()
    dist, paths = gm.shortest_dist(g, return_paths=True)
    assert torch.equal(gm.shortest_dist(g), dist)
    for root in range(30):
        own, own_paths = gm.shortest_dist(g, root, return_paths=True)
        assert torch.equal(own, dist[root])
        assert torch.equal(own_paths, paths[root, :, : own_paths.shape[1]])
        assert own_paths.shape == (30, int(own.max()))


def test_the_last_edge_of_a_path_has_the_least_id() -> None:
    g = gm.graph(([1, 2, 0, 0, 0], [3, 3, 1, 2, 1]))
    assert gm.shortest_dist(g, 0, return_paths=True)[1].tolist()[3] == [2, 0]


@pytest.mark.parametrize("root", [[0, 1], "x", 1.5, True])
def test_a_root_is_one_node(root: Any) -> None:
    with pytest.raises(gm.GraphTypeError, match="root: expected one node id"):
        gm.shortest_dist(MIXED.graph(), root)


def test_unknown_nodes_and_several_types_are_refused() -> None:
    with pytest.raises(gm.GraphIndexError, match="root"):
        gm.shortest_dist(MIXED.graph(), 6)
    typed = gm.heterograph({("a", "x", "b"): ([0], [0])})
    with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
        gm.shortest_dist(typed)
    with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
        gm.double_radius_node_labeling(typed, 0, 1)


def labels(g: gm.Graph, src: int, dst: int) -> list[int]:
    """The formula, with distances that networkx finds without the other end."""
    both = nx.Graph(g.to_networkx().to_undirected())
    near = []
    for start, other in ((src, dst), (dst, src)):
        rest = both.subgraph([n for n in both if n != other])
        near.append(nx.single_source_shortest_path_length(rest, start))
    result = []
    for node in range(g.num_nodes()):
        if node in (src, dst):
            result.append(1)
        elif node in near[0] and node in near[1]:
            d = near[0][node] + near[1][node]
            result.append(1 + min(n[node] for n in near) + (d // 2) * (d // 2 + d % 2 - 1))
        else:
            result.append(0)
    return result


@each_idtype
def test_labels_follow_the_formula(idtype: torch.dtype) -> None:
    g = random_graph(idtype)
    for src, dst in [(0, 1), (7, 3), (20, 29), (5, 4)]:
        found = gm.double_radius_node_labeling(g, src, dst)
        assert (found.dtype, found.tolist()) == (torch.int64, labels(g, src, dst))


def test_a_link_has_two_ends() -> None:
    with pytest.raises(gm.GraphValueError, match="two different ends of a link, got 2 twice"):
        gm.double_radius_node_labeling(MIXED.graph(), 2, 2)
    with pytest.raises(gm.GraphTypeError, match="dst: expected one node id"):
        gm.double_radius_node_labeling(MIXED.graph(), 2, [1])  # type: ignore[arg-type]
    with pytest.raises(gm.GraphIndexError, match="src"):
        gm.double_radius_node_labeling(MIXED.graph(), 9, 1)
