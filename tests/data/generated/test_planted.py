from __future__ import annotations

from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp.data import PlantedCommunityDataset, planted_communities

FIELDS = ("feat", "label", "train_mask", "val_mask", "test_mask")


def test_the_same_seed_gives_the_same_graph() -> None:
    first, second = planted_communities(seed=3), planted_communities(seed=3)
    assert all(map(torch.equal, first.edges(), second.edges()))
    assert all(torch.equal(first.ndata[field], second.ndata[field]) for field in FIELDS)


def test_another_seed_gives_another_graph() -> None:
    first, second = planted_communities(seed=3), planted_communities(seed=4)
    assert not torch.equal(first.ndata["label"], second.ndata["label"])


def test_the_generator_leaves_the_global_random_state_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    planted_communities()
    assert torch.equal(torch.rand(3), expected)


def test_edges_are_distinct_sorted_both_ways_and_without_loops() -> None:
    g = planted_communities(num_nodes=400, num_val=50)
    src, dst = g.edges()
    keys = src * 400 + dst
    assert bool((keys.diff() > 0).all())
    assert torch.equal((dst * 400 + src).sort().values, keys)
    assert not bool((src == dst).any())
    assert 5.5 < g.num_edges() / 400 < 6


def test_classes_are_equally_large_and_split_as_asked() -> None:
    data = planted_communities(num_nodes=605, train_per_class=10, num_val=100).ndata
    assert sorted(data["label"].bincount().tolist()) == [100, 101, 101, 101, 101, 101]
    assert data["label"][data["train_mask"]].bincount().tolist() == [10] * 6
    masks = torch.stack([data[mask] for mask in FIELDS[2:]])
    assert masks.sum(1).tolist() == [60, 100, 445]
    assert bool((masks.sum(0) == 1).all())


def test_features_are_scaled_bags_of_words() -> None:
    feat = planted_communities().ndata["feat"]
    assert feat.dtype == torch.float32
    assert torch.allclose(feat.sum(1), torch.ones(len(feat)))
    assert int((feat > 0).sum(1).max()) <= 16


@pytest.mark.parametrize(("homophily", "low", "high"), [(0.0, 0.1, 0.25), (1.0, 1.0, 1.0)])
def test_homophily_sets_how_many_edges_stay_in_a_class(
    homophily: float, low: float, high: float
) -> None:
    g = planted_communities(homophily=homophily)
    src, dst = (g.ndata["label"][ends] for ends in g.edges())
    assert low <= float((src == dst).float().mean()) <= high


def test_neighbours_tell_more_of_the_class_than_the_node_itself() -> None:
    g = planted_communities()
    g.update_all(gm.function.copy_u("feat", "m"), gm.function.mean("m", "around"))
    accuracy = {field: centroid_accuracy(g, field) for field in ("feat", "around")}
    assert accuracy["around"] > accuracy["feat"] + 0.1


def centroid_accuracy(g: gm.Graph, field: str) -> float:
    """Test accuracy of the nearest mean of the training nodes' features."""
    feat, label, train, test = (
        g.ndata[name] for name in (field, "label", "train_mask", "test_mask")
    )
    centroids = torch.stack([feat[train & (label == each)].mean(0) for each in range(6)])
    predicted = torch.cdist(feat, centroids).argmin(1)
    return float((predicted == label)[test].float().mean())


def test_a_graph_without_edges_can_be_made() -> None:
    assert planted_communities(mean_degree=0).num_edges() == 0


def test_the_dataset_passes_its_settings_on() -> None:
    dataset = PlantedCommunityDataset(seed=5, num_classes=3, num_nodes=500)
    assert (dataset.num_classes, dataset[0].num_nodes()) == (3, 500)
    expected = planted_communities(seed=5, num_classes=3, num_nodes=500)
    assert torch.equal(dataset[0].ndata["feat"], expected.ndata["feat"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_nodes": 0}, "num_nodes to be at least 1, got 0"),
        ({"num_nodes": -5}, "num_nodes: expected a non-negative int"),
        ({"num_classes": 300}, "300 classes and 240 words"),
        ({"train_per_class": 201}, "got 1200 nodes in all"),
        ({"num_val": 1100}, "got 1200 nodes in all"),
        ({"homophily": 1.5}, "homophily to be from 0 to 1"),
        ({"signal": -0.1}, "signal to be from 0 to 1"),
        ({"mean_degree": float("nan")}, "mean_degree to be from 0"),
        ({"seed": -1}, "seed: expected a non-negative int"),
        ({"num_nodes": 10.5}, "num_nodes: expected an int"),
    ],
)
def test_a_setting_out_of_range_is_an_error(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(gm.GraphError, match=message):
        planted_communities(**settings)
