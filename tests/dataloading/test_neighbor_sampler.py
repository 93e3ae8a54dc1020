"""NeighborSampler and its relatives."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from support import backends
from support.loaders import BOUGHT, BUYS, EID, FOLLOWS, NID, epoch, market, people

import graphmp as gm
from graphmp import dataloading as dl

IDTYPES = [pytest.param(torch.int32, marks=pytest.mark.loops), torch.int64]
each_idtype = pytest.mark.parametrize("idtype", IDTYPES, ids=str)


def test_its_other_name_is_the_same_class() -> None:
    assert dl.MultiLayerNeighborSampler is dl.NeighborSampler


@each_idtype
def test_blocks_are_chained_from_the_input_to_the_seeds(idtype: torch.dtype) -> None:
    g = people(idtype)
    seeds = torch.tensor([7, 3, 50], dtype=idtype)
    inputs, outputs, blocks = dl.NeighborSampler([4, 3, 2]).sample(g, seeds)
    assert outputs.tolist() == blocks[-1].dstdata[NID].tolist() == [7, 3, 50]
    assert inputs.tolist() == blocks[0].srcdata[NID].tolist()
    for first, second in pairwise(blocks):
        assert torch.equal(first.dstdata[NID], second.srcdata[NID])
    for block, fanout in zip(blocks, [4, 3, 2], strict=True):
        degrees = g.in_degrees(block.dstdata[NID])
        assert torch.equal(block.in_degrees(), degrees.clamp(max=fanout))


@each_idtype
def test_edges_of_blocks_are_edges_of_the_graph(idtype: torch.dtype) -> None:
    g = market(idtype)
    seeds = {"user": torch.tensor([4, 1], dtype=idtype), "item": torch.tensor([0], dtype=idtype)}
    _, outputs, blocks = dl.NeighborSampler([3, 2]).sample(g, seeds)
    assert {t: ids.tolist() for t, ids in outputs.items()} == {"user": [4, 1], "item": [0]}
    for block in blocks:
        for etype in g.canonical_etypes:
            u, v = block.edges(etype=etype)
            ends = g.find_edges(block.edges[etype].data[EID], etype=etype)
            assert torch.equal(block.srcnodes[etype[0]].data[NID][u.long()], ends[0])
            assert torch.equal(block.dstnodes[etype[2]].data[NID][v.long()], ends[1])


def test_seeds_of_one_of_several_types_are_given_as_a_dict() -> None:
    g = market()
    inputs, outputs, blocks = dl.NeighborSampler([2]).sample(g, {"item": torch.tensor([3])})
    assert list(outputs) == ["item"]
    assert sorted(inputs) == ["item", "user"]
    assert blocks[0].num_dst_nodes("user") == 0
    with pytest.raises(gm.GraphValueError, match="2 node types, so name one"):
        dl.NeighborSampler([2]).sample(g, torch.tensor([3]))


def test_a_fanout_by_edge_type_holds_for_each() -> None:
    g = market()
    fanouts = {"follows": 0, BUYS: -1, "by": 1}
    _, _, (block,) = dl.NeighborSampler([fanouts]).sample(g, {"user": range(30), "item": range(20)})
    assert block.num_edges(FOLLOWS) == 0
    assert block.num_edges(BUYS) == g.num_edges(BUYS)
    assert torch.equal(block.in_degrees(etype=BOUGHT), g.in_degrees(etype=BOUGHT).clamp(max=1))


def test_all_neighbours_are_those_of_the_full_graph() -> None:
    g = people()
    inputs, _, blocks = dl.MultiLayerFullNeighborSampler(2).sample(g, [5])
    around = torch.unique(torch.cat([torch.tensor([5]), g.in_edges([5])[0]]))
    assert torch.equal(torch.unique(blocks[1].srcdata[NID]), around)
    assert torch.equal(
        torch.unique(inputs), torch.unique(torch.cat([around, g.in_edges(around)[0]]))
    )
    assert torch.equal(blocks[0].in_degrees(), g.in_degrees(blocks[0].dstdata[NID]))


def test_only_edges_with_a_chance_are_chosen() -> None:
    g = people()
    for sampler in (dl.NeighborSampler([-1], prob="w"), dl.NeighborSampler([3], prob="w")):
        _, _, (block,) = sampler.sample(g, range(60))
        assert bool((block.edata["w"] > 0).all())
    _, _, (block,) = dl.NeighborSampler([4], mask="mask", replace=True).sample(g, range(60))
    assert bool(block.edata["mask"].all())


def test_every_backend_chooses_the_same() -> None:
    loader = dl.DataLoader(people(), range(60), dl.NeighborSampler([3, 2]), batch_size=20)
    found = []
    for name in backends.NAMES:
        if backends.missing_package(name) is None:
            with gm.kernels.using(name, backends.NAMES[-1]):
                found.append(epoch(loader))
    assert all(one == found[0] for one in found)


def test_excluded_edges_are_in_no_block() -> None:
    g = people()
    gone = torch.arange(0, g.num_edges(), 2)
    _, _, blocks = dl.NeighborSampler([-1, -1]).sample(g, [0, 1, 2], exclude_eids=gone)
    for block in blocks:
        assert bool((block.edata[EID] % 2 == 1).all())


def test_features_that_are_named_are_there_before_they_are_asked_for() -> None:
    g = people()
    sampler = dl.NeighborSampler(
        [2, 2], prefetch_node_feats=["x"], prefetch_labels="label", prefetch_edge_feats=["w"]
    )
    inputs, outputs, blocks = sampler.sample(g, torch.tensor([3, 1]))
    before = g.ndata["x"][inputs], g.ndata["label"][outputs]
    edges = [g.edata["w"][block.edata[EID]] for block in blocks]
    for frame in (g.ndata, g.edata):  # what is read from now on would be zeros
        for column in frame.values():
            column.zero_()
    assert torch.equal(blocks[0].srcdata["x"], before[0])
    assert torch.equal(blocks[1].dstdata["label"], before[1])
    for block, expected in zip(blocks, edges, strict=True):
        assert torch.equal(block.edata["w"], expected)
    assert not bool(blocks[1].srcdata["x"].any())  # was not named, so it is read only now


def test_features_are_named_by_type() -> None:
    g = market()
    sampler = dl.NeighborSampler([2], prefetch_node_feats={"user": ["x"]}, prefetch_labels={})
    _, _, (block,) = sampler.sample(g, {"item": [0, 1]})
    expected = g.nodes["user"].data["x"][block.srcnodes["user"].data[NID]]
    g.nodes["user"].data["x"].zero_()
    assert torch.equal(block.srcnodes["user"].data["x"], expected)


def test_a_feature_that_a_type_lacks_is_named_by_type() -> None:
    g = market()
    g.nodes["item"].data["price"] = torch.ones(g.num_nodes("item"))
    sampler = dl.NeighborSampler([2], prefetch_node_feats=["price"])
    with pytest.raises(
        gm.GraphKeyError,
        match=r"got none of 'user'; pass a dict by type, such as {'item': \['price'",
    ):
        sampler.sample(g, {"item": [0, 1]})


def test_blocks_go_to_the_output_device() -> None:
    sampler = dl.NeighborSampler([2, 2], prefetch_node_feats=["x"], output_device="meta")
    _, _, blocks = sampler.sample(people(), [1, 2])
    assert {block.device.type for block in blocks} == {"meta"}
    assert blocks[0].srcdata["x"].device.type == "meta"


BAD: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "no list": (lambda: dl.NeighborSampler(5), gm.GraphTypeError, "one for each layer"),  # type: ignore[arg-type]
    "a dict": (lambda: dl.NeighborSampler({"a": 5}), gm.GraphTypeError, "one for each layer"),
    "none": (lambda: dl.NeighborSampler([]), gm.GraphValueError, "at least one fanout, got none"),
    "a float": (lambda: dl.NeighborSampler([2.0]), gm.GraphTypeError, "fanout to be an int"),
    "a bool": (lambda: dl.NeighborSampler([True]), gm.GraphTypeError, "fanout to be an int"),
    "negative": (
        lambda: dl.NeighborSampler([-2]),
        gm.GraphValueError,
        "-1, for all edges, or a count",
    ),
    "in a dict": (lambda: dl.NeighborSampler([{"a": -2}]), gm.GraphValueError, "for all"),
    "out": (lambda: dl.NeighborSampler([2], "out"), gm.GraphValueError, r"graphmp.reverse\(g\)"),
    "labor out": (lambda: dl.LaborSampler([2], "out"), gm.GraphValueError, "edge_dir to be 'in'"),
    "both": (
        lambda: dl.NeighborSampler([2], prob="w", mask="m"),
        gm.GraphValueError,
        "prob or mask, got both",
    ),
    "no layer": (
        lambda: dl.MultiLayerFullNeighborSampler(0),
        gm.GraphValueError,
        "at least one fanout",
    ),
    "layers": (
        lambda: dl.MultiLayerFullNeighborSampler(1.5),  # type: ignore[arg-type]
        gm.GraphTypeError,
        "num_layers: expected an int",
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_arguments_that_cannot_be_used_are_refused_at_once(bad: Any) -> None:
    make, error, message = bad
    with pytest.raises(error, match=message):
        make()


def test_a_mask_that_is_no_mask_is_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"field of torch.bool.*call .bool\(\) on it"):
        dl.NeighborSampler([2], mask="w").sample(people(), [1])


def test_a_missing_fanout_or_field_is_named() -> None:
    with pytest.raises(gm.GraphValueError, match="dict for fanout to have every edge type"):
        dl.NeighborSampler([{"buys": 2}]).sample(market(), {"user": [1]})
    with pytest.raises(gm.GraphKeyError, match="no field 'y'"):
        dl.NeighborSampler([2], prefetch_node_feats=["y"]).sample(people(), [1])


@pytest.mark.parametrize("how", [{}, {"prob": "p"}, {"replace": True}], ids=str)
def test_blocks_are_the_same_on_any_number_of_threads(how: dict[str, Any]) -> None:
    g, seeds = people(num_nodes=4000, degree=20), torch.arange(2000)
    g.edata["p"] = torch.rand(g.num_edges(), generator=torch.Generator().manual_seed(1))
    before, found = torch.get_num_threads(), []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        gm.seed(5)
        _, _, blocks = dl.NeighborSampler([10, 10], **how).sample(g, seeds)
        found.append([(b.srcdata[NID], b.edata[EID], *b.edges()) for b in blocks])
    torch.set_num_threads(before)
    assert len(found[0][0][1]) > 20_000  # so many that threads take part
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            assert all(map(torch.equal, one, two))
