"""What samplers and loaders guarantee about blocks, ids, seeds and errors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.loaders import (
    EID,
    NID,
    cases_of_market,
    cases_of_people,
    edge_sampler,
    epoch,
    market,
    people,
    reverse_ids,
    tensors,
    workers,
)

import graphmp as gm
from graphmp import dataloading as dl

each_workers = pytest.mark.parametrize("number", [0, 2])


def blocks_of(loader: dl.DataLoader) -> list[gm.Graph]:
    return [block for batch in loader for block in batch[-1]]


# ---- blocks


@each_workers
def test_sources_of_a_loaders_blocks_start_with_the_destinations(number: int) -> None:
    seeds = {"user": range(30), "item": range(20)}
    sampler = dl.NeighborSampler([2, 2])
    loader = dl.DataLoader(
        market(), seeds, sampler, batch_size=20, shuffle=True, num_workers=number
    )
    for block in blocks_of(loader):
        for ntype in ("user", "item"):
            sources, targets = (end[ntype].data[NID] for end in (block.srcnodes, block.dstnodes))
            assert torch.equal(sources[: len(targets)], targets)


@each_workers
def test_destinations_of_the_last_block_keep_the_order_of_the_seeds(number: int) -> None:
    seeds = torch.randperm(60)
    loader = dl.DataLoader(
        people(), seeds, dl.NeighborSampler([2, 2]), batch_size=25, num_workers=number
    )
    found = [blocks[-1].dstdata[NID] for _, _, blocks in loader]
    assert torch.equal(torch.cat(found), seeds)


@each_workers
def test_edge_ids_of_blocks_are_those_of_the_graph(number: int) -> None:
    g = people()
    loader = dl.DataLoader(g, range(60), dl.NeighborSampler([3]), num_workers=number)
    for block in blocks_of(loader):
        u, v = block.edges()
        ends = g.find_edges(block.edata[EID])
        assert torch.equal(block.srcdata[NID][u], ends[0])
        assert torch.equal(block.dstdata[NID][v], ends[1])
        assert torch.equal(block.edata["w"], g.edata["w"][block.edata[EID]])


# ---- samplers


@each_workers
def test_neighbor_sampler_yields_the_farthest_block_first(
    number: int,
) -> None:
    g = people()
    loader = dl.DataLoader(g, range(9), dl.NeighborSampler([5, 1]), num_workers=number)
    for inputs, outputs, blocks in loader:
        assert torch.equal(inputs, blocks[0].srcdata[NID])
        assert torch.equal(outputs, blocks[1].dstdata[NID])
        assert torch.equal(blocks[0].dstdata[NID], blocks[1].srcdata[NID])
        assert blocks[1].num_edges() == 1
        assert int(blocks[0].in_degrees().max()) == min(
            5, int(g.in_degrees(blocks[0].dstdata[NID]).max())
        )


@each_workers
def test_edge_samplers_yield_pairs_and_negatives_with_shared_compacted_ids(
    number: int,
) -> None:
    loader = dl.DataLoader(people(), range(40), edge_sampler(), batch_size=8, num_workers=number)
    for inputs, pairs, negatives, blocks in loader:
        assert torch.equal(pairs.ndata[NID], negatives.ndata[NID])
        assert torch.equal(pairs.ndata[NID], blocks[-1].dstdata[NID])
        assert torch.equal(inputs, blocks[0].srcdata[NID])
        assert (pairs.num_edges(), negatives.num_edges()) == (8, 16)
    plain = dl.as_edge_prediction_sampler(dl.NeighborSampler([2]))
    assert {len(batch) for batch in dl.DataLoader(people(), range(9), plain)} == {3}


@each_workers
@pytest.mark.parametrize("exclude", ["self", "reverse_id", "reverse_types"])
def test_excluded_seeds_and_their_reverse_are_in_no_block(exclude: str, number: int) -> None:
    hetero = exclude == "reverse_types"
    g = market() if hetero else people()
    sampler = dl.as_edge_prediction_sampler(
        dl.MultiLayerFullNeighborSampler(2),
        exclude=exclude,
        reverse_eids=None if hetero else reverse_ids(g),
        reverse_etypes={"buys": "by"},
    )
    seeds: Any = {"buys": range(40)} if hetero else range(40)
    for _, pairs, blocks in dl.DataLoader(g, seeds, sampler, batch_size=8, num_workers=number):
        own = pairs.edges["buys" if hetero else "_E"].data[EID]
        gone = {"buys": own, "by": own} if hetero else {"_E": own}
        if exclude == "reverse_id":
            gone["_E"] = torch.cat([own, reverse_ids(g)[own]])
        for block in blocks:
            for etype, ids in gone.items():
                assert not bool(torch.isin(ids, block.edges[etype].data[EID]).any())


# ---- id dtype

ID_DTYPES = [pytest.param(torch.int32, marks=pytest.mark.loops), torch.int64]


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_samplers_and_loaders_keep_the_id_dtype(idtype: torch.dtype) -> None:
    for g, cases in (
        (people(idtype), cases_of_people(people(idtype))),
        (market(idtype), cases_of_market(market(idtype))),
    ):
        for sampler, indices in cases.values():
            for batch in dl.DataLoader(g, indices, sampler, batch_size=9):
                assert {tensor.dtype for tensor in tensors(batch)} == {idtype}


# ---- seeds


@pytest.mark.parametrize("seeding", [torch.manual_seed, gm.seed], ids=["torch", "graphmp"])
def test_the_same_seed_gives_the_same_batches(seeding: Any) -> None:
    loader = dl.DataLoader(
        people(), range(60), dl.NeighborSampler([2, 2]), batch_size=9, shuffle=True
    )
    found = []
    for number, seed in ((0, 1), (1, 1), (3, 1), (3, 2)):
        seeding(seed)
        loader.num_workers = number
        found.append([inputs.tolist() for inputs, _, _ in loader])
    assert found[0] == found[1] == found[2] != found[3]
    assert epoch(loader, 5) == epoch(loader, 5)


# ---- errors in workers


@pytest.mark.parametrize("number", [0, 1, 4])
def test_an_exception_in_a_worker_surfaces_in_the_training_loop(number: int) -> None:
    class Broken(dl.NeighborSampler):
        def sample_blocks(self, g: gm.Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:
            if 7 in seed_nodes:
                raise FloatingPointError("seven")
            return super().sample_blocks(g, seed_nodes, exclude_eids)

    seen: list[int] = []
    batches = dl.DataLoader(people(), range(60), Broken([2]), num_workers=number)
    with pytest.raises(FloatingPointError, match="seven"):
        seen.extend(int(outputs) for _, outputs, _ in batches)
    assert seen == list(range(7))
    assert workers() == []
