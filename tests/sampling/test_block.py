"""Blocks: the edges into some nodes as a graph between two sets of nodes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.corner_graphs import ID_DTYPES, Corner, each_corner
from support.shops import FOLLOWS, VIEWED, VIEWS, shop
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import GraphIndexError, GraphKeyError, GraphTypeError, GraphValueError

each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def chain(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Edges 0 → 1 → 2 → 3, a second one 0 → 1, and node 4 alone."""
    g = gm.graph(([0, 1, 2, 0], [1, 2, 3, 1]), num_nodes=5, idtype=idtype)
    g.ndata["x"], g.edata["w"] = torch.arange(10.0).view(5, 2), torch.arange(4.0)
    return g


def original(block: gm.Graph, etype: Any = None) -> tuple[list[int], list[int]]:
    """The ends of a block's edges as nodes of the graph it came from."""
    s, _, d = block.to_canonical_etype(etype) if etype else block.canonical_etypes[0]
    u, v = block.edges(etype=etype)
    sources, targets = block.srcnodes[s].data[gm.NID], block.dstnodes[d].data[gm.NID]
    return sources[u.long()].tolist(), targets[v.long()].tolist()


@each_idtype
@each_corner
def test_a_block_of_all_edges_has_them_all(corner: Corner, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    block = gm.to_block(g)
    assert block.is_block
    assert block.idtype == idtype
    assert original(block) == (list(corner.src), list(corner.dst))
    eids = block.edata[gm.EID]
    assert eids.tolist() == list(range(len(corner.src)))
    for ntype in g.ntypes:
        sources, targets = block.srcnodes[ntype].data[gm.NID], block.dstnodes[ntype].data[gm.NID]
        assert sources.dtype == targets.dtype == eids.dtype == idtype
        assert torch.equal(sources[: len(targets)], targets)
        assert len(set(sources.tolist())) == len(sources)
    assert block.dstnodes[g.dsttypes[0]].data[gm.NID].tolist() == sorted(set(corner.dst))


@each_idtype
def test_destinations_keep_their_order_and_are_the_first_sources(idtype: torch.dtype) -> None:
    g = chain(idtype)
    nodes: Any
    for nodes in ([3, 4, 1, 2], torch.tensor([3, 4, 1, 2], dtype=idtype)):
        block = gm.to_block(g, nodes)
        assert block.dstdata[gm.NID].tolist() == [3, 4, 1, 2]
        assert block.srcdata[gm.NID].tolist() == [3, 4, 1, 2, 0]
        assert (block.num_src_nodes(), block.num_dst_nodes(), block.num_nodes()) == (5, 4, 9)
        assert [ends.tolist() for ends in block.edges()] == [[4, 2, 3, 4], [2, 3, 0, 2]]
        assert block.in_degrees().tolist() == [1, 0, 2, 1]
        assert block.out_degrees().tolist() == [0, 0, 1, 1, 2]


def test_a_mask_names_destinations_too() -> None:
    block = gm.to_block(chain(), torch.tensor([False, True, True, True, False]))
    assert block.dstdata[gm.NID].tolist() == [1, 2, 3]


def test_sources_need_not_include_the_destinations() -> None:
    block = gm.to_block(chain(), [3, 4, 1, 2], include_dst_in_src=False)
    assert block.srcdata[gm.NID].tolist() == [0, 1, 2]
    assert block.dstdata[gm.NID].tolist() == [3, 4, 1, 2]
    assert original(block) == ([0, 1, 2, 0], [1, 2, 3, 1])


def test_sources_can_be_given() -> None:
    block = gm.to_block(chain(), [3, 1, 2], src_nodes=[3, 1, 2, 4, 0])
    assert block.srcdata[gm.NID].tolist() == [3, 1, 2, 4, 0]
    assert original(block) == ([0, 1, 2, 0], [1, 2, 3, 1])
    block = gm.to_block(chain(), [3, 1, 2], False, [2, 1, 0])
    assert block.srcdata[gm.NID].tolist() == [2, 1, 0]


def test_edges_know_the_graph_they_came_from_at_every_step() -> None:
    g = chain()
    sampled = gm.in_subgraph(g, [1])
    block = gm.to_block(sampled, [1])
    assert block.edata[gm.EID].tolist() == [0, 1]  # of what was made a block
    assert sampled.edata[gm.EID][block.edata[gm.EID]].tolist() == [0, 3]
    assert block.edata["w"].tolist() == [0.0, 3.0]


def test_features_are_gathered_and_then_independent() -> None:
    g = chain()
    block = gm.to_block(g, [3, 1, 2])
    assert torch.equal(block.srcdata["x"], g.ndata["x"][[3, 1, 2, 0]])
    assert torch.equal(block.dstdata["x"], g.ndata["x"][[3, 1, 2]])
    assert block.edata["w"].tolist() == [0, 1, 2, 3]
    block.srcdata["x"] += 100
    block.edata["w"][0] = 7
    block.dstdata["y"] = torch.zeros(3)
    assert torch.equal(block.dstdata["x"], g.ndata["x"][[3, 1, 2]])
    assert g.ndata["x"].tolist() == torch.arange(10.0).view(5, 2).tolist()
    assert g.edata["w"].tolist() == [0, 1, 2, 3]
    assert list(g.ndata) == ["x"]
    assert "y" not in block.srcdata


def test_gradients_reach_the_features_that_were_gathered() -> None:
    g = chain()
    g.ndata["x"] = (x := torch.ones(5, requires_grad=True))
    block = gm.to_block(gm.in_subgraph(g, [1]), [1])
    block.update_all(fn.copy_u("x", "m"), fn.sum("m", "y"))
    (grad,) = torch.autograd.grad(block.dstdata["y"].sum(), x)
    assert grad.tolist() == [2, 0, 0, 0, 0]


def test_a_block_over_all_nodes_computes_what_the_graph_does() -> None:
    g = chain()
    block = gm.to_block(g, g.nodes())
    for one in (g, block):
        one.update_all(fn.u_mul_e("x", "w", "m"), fn.sum("m", "y"))
    assert torch.equal(block.dstdata["y"], g.ndata["y"])


@each_idtype
def test_each_type_has_its_own_nodes(idtype: torch.dtype) -> None:
    g = shop(idtype)
    sampled = gm.in_subgraph(g, {"user": [2, 0]})
    block = gm.to_block(sampled, {"user": [2, 0]})
    assert (block.srctypes, block.dsttypes) == (["item", "user"], ["item", "user"])
    assert block.canonical_etypes == g.canonical_etypes
    assert block.dstnodes["user"].data[gm.NID].tolist() == [2, 0]
    assert block.srcnodes["user"].data[gm.NID].tolist() == [2, 0, 1, 3]
    assert block.num_dst_nodes("item") == 0
    assert sorted(block.srcnodes["item"].data[gm.NID].tolist()) == [0, 1, 2]
    for etype in (FOLLOWS, VIEWED, VIEWS):
        expected = tuple(ends.tolist() for ends in sampled.edges(etype=etype))
        assert original(block, etype) == expected
        eids = sampled.edges[etype].data[gm.EID][block.edges[etype].data[gm.EID].long()]
        assert torch.equal(block.edges[etype].data["n"], eids.long())
        assert block.edges[etype].data[gm.EID].dtype == idtype
    features: Tensor = block.srcnodes["user"].data["x"]
    assert torch.equal(features, g.nodes["user"].data["x"][[2, 0, 1, 3]])


def test_of_several_types_the_ends_of_edges_are_the_destinations() -> None:
    block = gm.to_block(shop())
    assert block.dstnodes["user"].data[gm.NID].tolist() == [0, 1, 2, 3]
    assert block.dstnodes["item"].data[gm.NID].tolist() == [0, 1, 2]


def test_a_graph_without_edges_gives_a_block_without() -> None:
    g = gm.graph(([], []), num_nodes=3)
    block = gm.to_block(g)
    assert (block.num_src_nodes(), block.num_dst_nodes(), block.num_edges()) == (0, 0, 0)
    block = gm.to_block(g, [2, 0])
    assert (block.num_src_nodes(), block.num_dst_nodes(), block.num_edges()) == (2, 2, 0)


BAD: dict[str, tuple[dict[str, Any], type[gm.GraphError], str]] = {
    "missing": (
        {"dst_nodes": [3, 2]},
        GraphValueError,
        "dst_nodes to cover the edges, got an edge at node 1, .* is missing",
    ),
    "none": (
        {"dst_nodes": []},
        GraphValueError,
        "cover the edges, got an edge at node 1, which",
    ),
    "twice": (
        {"dst_nodes": [1, 2, 3, 2]},
        GraphValueError,
        "distinct, got node 2 twice",
    ),
    "range": ({"dst_nodes": [1, 2, 3, 5]}, GraphIndexError, "from 0 to 4, got 5"),
    "negative": ({"dst_nodes": [1, 2, 3, -1]}, GraphIndexError, "from 0 to 4, got -1"),
    "float": ({"dst_nodes": [1.0]}, GraphTypeError, "expected integers"),
    "type": ({"dst_nodes": {"x": [1]}}, GraphKeyError, "no node type 'x'"),
    "source missing": (
        {"dst_nodes": [1, 2, 3], "src_nodes": [1, 2, 3]},
        GraphValueError,
        "src_nodes to cover the edges, got an edge at node 0, which",
    ),
    "source twice": (
        {"dst_nodes": [1, 2, 3], "src_nodes": [1, 2, 3, 0, 0]},
        GraphValueError,
        "src_nodes to be distinct, got node 0 twice",
    ),
    "prefix": (
        {"dst_nodes": [1, 2, 3], "src_nodes": [0, 1, 2, 3]},
        GraphValueError,
        "src_nodes to start with the destinations",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_nodes_are_errors_that_say_so(case: str) -> None:
    given, error, message = BAD[case]
    with pytest.raises(error, match=message):
        gm.to_block(chain(), **given)


def test_a_block_of_a_block_is_an_error() -> None:
    with pytest.raises(GraphValueError, match="a block already"):
        gm.to_block(gm.to_block(chain()))


def test_an_int32_graph_refuses_int64_nodes() -> None:
    with pytest.raises(GraphTypeError, match=r"torch.int32, got torch.int64"):
        gm.to_block(chain(torch.int32), torch.tensor([1, 2, 3]))
