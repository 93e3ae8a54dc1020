from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
import torch

import graphmp as gm
from graphmp.data import BACommunityDataset, BAShapeDataset, TreeCycleDataset, TreeGridDataset

ALL = [BAShapeDataset, BACommunityDataset, TreeCycleDataset, TreeGridDataset]


def components(g: gm.Graph, motif: torch.Tensor) -> list[Any]:
    """The motifs of a graph without random edges, as graphs of networkx."""
    inside = nx.Graph(gm.node_subgraph(g, motif.nonzero().view(-1)).to_networkx())
    return [inside.subgraph(nodes) for nodes in nx.connected_components(inside)]


@pytest.mark.parametrize("make", ALL)
def test_a_seed_gives_the_same_graph(make: Any) -> None:
    first, second, other = make(seed=1)[0], make(seed=1)[0], make(seed=2)[0]
    assert torch.equal(torch.stack(first.edges()), torch.stack(second.edges()))
    assert torch.equal(first.ndata["feat"], second.ndata["feat"])
    assert first.num_edges() != other.num_edges() or not torch.equal(
        torch.stack(first.edges()), torch.stack(other.edges())
    )


def test_without_a_seed_the_library_seed_counts() -> None:
    drawn = []
    for _ in range(2):
        gm.seed(5)
        drawn.append(torch.stack(BAShapeDataset()[0].edges()))
    assert torch.equal(*drawn)


def test_houses_are_attached() -> None:
    g = BAShapeDataset(perturb_ratio=0, seed=0)[0]
    label = g.ndata["label"]
    assert label.bincount().tolist() == [300, 160, 160, 80]
    assert g.num_edges() == (300 - 5) * 5 + 80 * 7
    house = nx.Graph([(0, 1), (1, 2), (2, 3), (3, 0), (4, 0), (4, 1)])
    motifs = components(g, label > 0)
    assert len(motifs) == 80
    assert all(nx.is_isomorphic(motif, house) for motif in motifs)
    assert bool((g.edges()[1].diff() >= 0).all())
    assert BAShapeDataset(perturb_ratio=0.1, seed=0)[0].num_edges() == int(2035 * 1.1)


def test_communities_are_two_graphs_with_edges_between() -> None:
    g = BACommunityDataset(perturb_ratio=0, seed=0)[0]
    label, feat = g.ndata["label"], g.ndata["feat"]
    assert label.bincount().tolist() == [300, 160, 160, 80] * 2
    second = label >= 4
    src, dst = g.edges()
    assert int((second[src] != second[dst]).sum()) == 350
    assert feat.shape == (1400, 10)
    for part, mean in ((feat[~second], -1), (feat[second], 1)):
        assert (part[:, :2].mean(0) - mean).abs().max() < 0.15
        assert part[:, 2:].mean(0).abs().max() < 0.2


@pytest.mark.parametrize("size", [3, 6, 7])
def test_cycles_are_attached_to_a_tree(size: int) -> None:
    g = TreeCycleDataset(cycle_size=size, perturb_ratio=0, seed=0)[0]
    label = g.ndata["label"]
    assert label.bincount().tolist() == [511, 60 * size]
    assert all(nx.is_isomorphic(m, nx.cycle_graph(size)) for m in components(g, label > 0))
    tree = nx.Graph(gm.node_subgraph(g, (label == 0).nonzero().view(-1)).to_networkx())
    assert nx.is_tree(tree)


def test_grids_are_attached_to_a_tree() -> None:
    g = TreeGridDataset(perturb_ratio=0, seed=0)[0]
    label = g.ndata["label"]
    assert label.bincount().tolist() == [511, 80 * 9]
    grid = nx.grid_graph([3, 3])
    assert all(nx.is_isomorphic(motif, grid) for motif in components(g, label > 0))


def test_random_edges_are_new_and_join_different_nodes() -> None:
    g = TreeGridDataset(perturb_ratio=0.5, seed=0)[0]
    src, dst = g.edges()
    assert bool((src != dst).all())
    assert len(torch.unique(src * g.num_nodes() + dst)) == g.num_edges()


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"perturb_ratio": -0.1}, "perturb_ratio from 0"),
        ({"perturb_ratio": 1e9}, "perturb_ratio from 0"),
        ({"num_motifs": 10**6}, "at most"),
        ({"num_motifs": -1}, "num_motifs"),
        ({"num_motifs": 1.5}, "num_motifs"),
    ],
)
def test_settings_out_of_range_are_an_error(
    make: Any, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(gm.GraphError, match=message):
        make(**settings)
