from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from support.corner_graphs import Corner, each_corner

import graphmp as gm
from graphmp import data

PROPERTY = ["in_train_mask", "in_valid_mask", "in_test_mask", "out_valid_mask", "out_test_mask"]
MASKS = ["train_mask", "val_mask", "test_mask"]


def test_parts_are_consecutive_and_hold_everything() -> None:
    parts = data.split_dataset(list(range(11)))
    assert [[part[i] for i in range(len(part))] for part in parts] == [[*range(8)], [8], [9, 10]]
    assert all(isinstance(part, data.Subset) for part in parts)


def test_a_seed_gives_the_permutation_of_numpy() -> None:
    parts = data.split_dataset(list(range(10)), [0.5, 0.5], shuffle=True, random_state=3)
    expected = np.random.RandomState(3).permutation(10)
    assert [part[i] for part in parts for i in range(len(part))] == expected.tolist()


def test_an_empty_dataset_has_empty_parts() -> None:
    assert [len(part) for part in data.split_dataset([])] == [0, 0, 0]


@pytest.mark.parametrize("ratios", [[], [0.5], [0.5, 0.6], [1.5, -0.5], [float("nan"), 1]])
def test_fractions_sum_to_one(ratios: Sequence[float]) -> None:
    with pytest.raises(gm.GraphError, match="fractions from 0 that sum to 1"):
        data.split_dataset([1, 2], ratios)


def test_masks_of_indices_and_of_numbers() -> None:
    assert data.idx2mask(torch.tensor([2]), 3).tolist() == [0, 0, 1]
    assert data.generate_mask_tensor(np.array([0, 2, 1])).tolist() == [False, True, True]
    with pytest.raises(gm.GraphError, match="Indices of the mask: expected ids from 0 to 2, got 3"):
        data.idx2mask([3], 3)
    with pytest.raises(gm.GraphError, match="Expected a mask as an array of NumPy, got list"):
        data.generate_mask_tensor([1])  # type: ignore[arg-type]


@each_corner
def test_every_node_is_in_one_mask(corner: Corner) -> None:
    g = corner.graph()
    for ntype in g.dsttypes if g.is_block else g.ntypes:
        if g.is_block:
            continue
        data.add_nodepred_split([g], [0.5, 0.25, 0.25], ntype)
        masks = torch.stack([g.nodes[ntype].data[name] for name in MASKS])
        assert masks.dtype == torch.bool
        assert bool((masks.sum(0) == 1).all())
        size = g.num_nodes(ntype)
        assert masks.sum(1).tolist()[:2] == [int(size * 0.5), int(size * 0.25)]


def test_the_seed_of_torch_decides_the_masks() -> None:
    g, masks = gm.rand_graph(50, 50), []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        data.add_nodepred_split([g], [0.5, 0.25, 0.25])
        masks.append(g.ndata["train_mask"])
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])


def test_a_graph_to_split_is_in_a_list() -> None:
    g = data.KarateClubDataset()[0]
    with pytest.raises(gm.GraphTypeError, match=r"got a graph; pass \[g\]"):
        data.add_nodepred_split(g, [0.5, 0.25, 0.25])
    with pytest.raises(gm.GraphTypeError, match=r"got a graph; pass \[g\]"):
        data.add_node_property_split(g, [0.3, 0.1, 0.1, 0.2, 0.3], "density")


def test_nodes_are_split_into_three() -> None:
    with pytest.raises(gm.GraphError, match="Expected 3 fractions"):
        data.add_nodepred_split([], [0.5, 0.5])


@pytest.mark.parametrize("name", ["popularity", "locality", "density"])
@pytest.mark.parametrize("ascending", [True, False])
def test_nodes_out_of_distribution_have_the_extreme_values(name: str, ascending: bool) -> None:
    g = data.KarateClubDataset()[0]
    data.add_node_property_split([g], [0.3, 0.1, 0.1, 0.2, 0.3], name, ascending, random_seed=1)
    masks = torch.stack([g.ndata[mask] for mask in PROPERTY])
    assert bool((masks.sum(0) == 1).all())
    assert masks.sum(1).tolist() == [10, 3, 3, 7, 11]
    nx_graph = nx.Graph(g.to_networkx())
    ranks = nx.pagerank(nx_graph)
    top = max(ranks, key=lambda node: ranks[node])
    values = {
        "popularity": ranks,
        "locality": nx.pagerank(nx_graph, personalization={top: 1.0}),
        "density": nx.clustering(nx_graph),
    }[name]
    inside = [values[int(node)] for node in masks[:3].any(0).nonzero()]
    outside = [values[int(node)] for node in masks[3:].any(0).nonzero()]
    assert min(inside) >= max(outside) if ascending else max(inside) <= min(outside)


def test_a_property_is_one_of_three() -> None:
    with pytest.raises(gm.GraphError, match="one of popularity, locality, density, got 'size'"):
        data.add_node_property_split([], [0.2] * 5, "size")
    with pytest.raises(gm.GraphError, match="Expected 5 fractions"):
        data.mask_nodes_by_property(np.arange(3.0), [0.5, 0.5])


def test_a_seed_gives_the_same_masks() -> None:
    values: Any = np.array([3.0, 1, 2, 1, 5])
    first, second = (data.mask_nodes_by_property(values, [0.2] * 5, 4) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in PROPERTY)
