"""Collators, for loaders of other libraries."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

import graphmp as gm
from graphmp.dataloading import (
    Collator,
    EdgeCollator,
    MultiLayerFullNeighborSampler,
    NodeCollator,
    negative_sampler,
)

SAMPLER = MultiLayerFullNeighborSampler(1)


def ring() -> gm.Graph:
    return gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))


def market() -> gm.Graph:
    return gm.heterograph(
        {
            ("user", "buys", "game"): ([0, 1, 2], [1, 0, 1]),
            ("game", "bought", "user"): ([1, 0, 1], [0, 1, 2]),
        }
    )


def batches(collator: Collator, size: int = 2) -> list[Any]:
    return list(DataLoader(collator.dataset, size, collate_fn=collator.collate))


def test_nodes_are_collated_as_the_sampler_samples_them() -> None:
    nids = torch.tensor([3, 0, 2])
    results = batches(NodeCollator(ring(), nids, SAMPLER))
    assert [seeds.tolist() for _, seeds, _ in results] == [[3, 0], [2]]
    for _, seeds, (block,) in results:
        assert block.srcdata[gm.NID][block.edges()[0]].tolist() == ((seeds - 1) % 4).tolist()


def test_nodes_of_several_types_are_pairs_of_type_and_id() -> None:
    collator = NodeCollator(market(), {"user": [2, 0], "game": [1]}, SAMPLER)
    assert list(collator.dataset) == [("user", 2), ("user", 0), ("game", 1)]
    assert collator.dataset[-1] == ("game", 1)
    assert collator.dataset[1:] == [("user", 0), ("game", 1)]
    seeds = [{key: ids.tolist() for key, ids in batch[1].items()} for batch in batches(collator)]
    assert [{key: ids for key, ids in one.items() if ids} for one in seeds] == [
        {"user": [2, 0]},
        {"game": [1]},
    ]


def test_edges_are_collated_with_their_exclusion_and_negative_pairs() -> None:
    collator = EdgeCollator(
        ring(), [0, 2], SAMPLER, exclude="self", negative_sampler=negative_sampler.Uniform(2)
    )
    [(_, pairs, negative, (block,))] = batches(collator)
    assert pairs.edata[gm.EID].tolist() == [0, 2]
    assert negative.num_edges() == 4
    assert sorted(block.edata[gm.EID].tolist()) == [1, 3]


def test_edges_of_several_types_exclude_their_reverse() -> None:
    collator = EdgeCollator(
        market(),
        {"buys": [0, 1]},
        SAMPLER,
        exclude="reverse_types",
        reverse_etypes={"buys": "bought", "bought": "buys"},
    )
    assert collator.dataset[0] == (("user", "buys", "game"), 0)
    [(_, pairs, (block,))] = batches(collator)
    assert pairs.edges["buys"].data[gm.EID].tolist() == [0, 1]
    assert block.edges["buys"].data[gm.EID].tolist() == [2]
    assert block.num_edges("bought") == 0


def test_blocks_are_sampled_from_another_graph_without_exclusion() -> None:
    other = gm.graph(([0, 3], [3, 1]), num_nodes=4)
    [(_, pairs, (block,))] = batches(
        EdgeCollator(ring(), [0], SAMPLER, g_sampling=other, exclude="self")
    )
    assert pairs.edata[gm.EID].tolist() == [0]
    assert block.edata[gm.EID].tolist() == [1]


def test_a_collator_of_a_user_overrides_both_members() -> None:
    with pytest.raises(gm.GraphNotImplementedError, match="Collator to override dataset"):
        _ = Collator().dataset
    with pytest.raises(gm.GraphNotImplementedError, match="Collator to override collate"):
        Collator().collate([0])


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(gm.GraphIndexError, match="from 0 to 3, got 4"):
        NodeCollator(ring(), [4], SAMPLER)
    with pytest.raises(gm.GraphTypeError, match="items as a list"):
        NodeCollator(ring(), [0], SAMPLER).collate(0)
    with pytest.raises(gm.GraphTypeError, match="sampler such as NeighborSampler"):
        EdgeCollator(ring(), [0], "sampler")
