from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
import torch

import graphmp as gm
from graphmp.data import MiniGCDataset


def shape(nx_graph: Any) -> Any:
    """An undirected graph without self-loops."""
    plain = nx.Graph(nx_graph)
    plain.remove_edges_from(list(nx.selfloop_edges(plain)))
    return plain


def test_an_eighth_of_the_graphs_is_of_each_kind() -> None:
    data = MiniGCDataset(19, 10, 20)
    assert data.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 7, 7, 7]
    assert data.num_classes == 8
    for g, _ in data:
        src, dst = g.edges()
        assert int((src == dst).sum()) == g.num_nodes()


def test_the_kinds_are_those_of_networkx() -> None:
    data = MiniGCDataset(8, 10, 20, seed=3)
    graphs = [shape(g.to_networkx()) for g, _ in data]
    sizes = [len(g) for g in graphs]
    expected = {
        0: nx.cycle_graph(sizes[0]),
        1: nx.star_graph(sizes[1] - 1),
        2: nx.wheel_graph(sizes[2]),
        6: nx.complete_graph(sizes[6]),
        7: nx.circular_ladder_graph(sizes[7] // 2),
    }
    for kind, g in expected.items():
        assert nx.is_isomorphic(graphs[kind], g)
    assert sorted(dict(graphs[4].degree()).values()) == [3] * 8 or sizes[4] == 16


def test_a_seed_gives_the_sizes_that_dgl_draws() -> None:
    assert [g.num_nodes() for g, _ in MiniGCDataset(24, 10, 20, seed=1)][:8] == [
        15, 18, 19, 15, 10, 10, 11, 17,
    ]  # fmt: skip


@pytest.mark.parametrize("sizes", [(5, 10), (10, 10), (12, 10)])
def test_sizes_out_of_range_are_an_error(sizes: tuple[int, int]) -> None:
    with pytest.raises(gm.GraphError, match="min_num_v from 6 and below max_num_v"):
        MiniGCDataset(8, *sizes)


def test_a_subclass_may_set_only_graphs_and_labels() -> None:
    class Two(gm.data.MiniGCDataset):
        def process(self) -> None:
            self.graphs = [gm.graph(([0], [1])), gm.graph(([0, 1], [1, 0]))]
            self.labels = torch.tensor([3, 5])

    dataset = Two(2, 6, 8)
    assert len(dataset) == 2
    assert dataset[1][0].num_edges() == 2
    assert [int(label) for _, label in dataset] == [3, 5]

    class Molecules(gm.data.QM7bDataset):
        def _load(self) -> None:
            self.graphs, self.label = dataset.graphs, torch.ones(2, 14)

    assert len(Molecules()) == 2
    assert Molecules()[1][1].shape == (14,)
    assert Molecules().num_labels == 14
