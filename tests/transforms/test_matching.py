"""Neighbours, matched in pairs."""

from __future__ import annotations

import pytest
import torch

import graphmp as gm
from graphmp.transforms import neighbor_matching


def bidirected(nodes: int, edges: int) -> gm.Graph:
    torch.manual_seed(nodes)
    return gm.to_bidirected(gm.rand_graph(nodes, edges))


@pytest.mark.parametrize("weighted", [False, True])
def test_labels_are_shared_by_pairs_of_neighbours_and_no_pair_is_left(weighted: bool) -> None:
    graph = bidirected(40, 70)
    weights = torch.rand(graph.num_edges()) if weighted else None
    labels = neighbor_matching(graph, weights, relabel_idx=False)
    pairs = [(labels == label).nonzero().view(-1).tolist() for label in set(labels.tolist())]
    assert all(pair[0] == labels[pair[0]] for pair in pairs)
    assert all(graph.has_edges_between(*pair) for pair in pairs if len(pair) == 2)
    assert max(map(len, pairs)) == 2
    single = torch.tensor([pair[0] for pair in pairs if len(pair) == 1])
    alone = gm.remove_self_loop(gm.node_subgraph(graph, single))
    assert alone.num_edges() == 0


def test_the_heaviest_edges_are_matched() -> None:
    graph = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
    for weights in (torch.tensor([1.0, 3.0, 1.0, 2.0]), torch.tensor([[0], [2], [1], [1]])):
        assert neighbor_matching(graph, weights).tolist() == [0, 1, 1, 0]
    assert neighbor_matching(graph, weights, relabel_idx=False).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_a_graph_without_edges_or_nodes_matches_none(idtype: torch.dtype) -> None:
    labels = neighbor_matching(gm.graph(([], []), num_nodes=3, idtype=idtype))
    assert labels.tolist() == [0, 1, 2]
    assert labels.dtype == idtype
    assert neighbor_matching(gm.graph(([], []))).tolist() == []
    assert neighbor_matching(gm.graph(([0], [0]))).tolist() == [0]


def test_wrong_arguments_are_refused() -> None:
    graph = gm.graph(([0, 1], [1, 0]))
    with pytest.raises(gm.GraphValueError, match="2 rows"):
        neighbor_matching(graph, torch.ones(3))
    with pytest.raises(gm.GraphValueError, match=r"shape \(2,\)"):
        neighbor_matching(graph, torch.ones(2, 2))
    with pytest.raises(gm.GraphValueError, match="NaN"):
        neighbor_matching(graph, torch.tensor([1.0, torch.nan]))
    with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
        neighbor_matching(gm.heterograph({("a", "x", "b"): ([0], [0])}))
