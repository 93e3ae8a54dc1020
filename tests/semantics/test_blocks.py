"""Blocks: their nodes, their edges and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.functions import each_idtype
from support.unchanged import each

import graphmp as gm
from graphmp import EID, NID, Graph

SEEDS = [3, 1, 2]


def path_and_shortcut(idtype: torch.dtype = torch.int64) -> Graph:
    """A path 0 → 1 → 2 → 3, and an edge 0 → 3."""
    return gm.graph(([0, 1, 2, 0], [1, 2, 3, 3]), idtype=idtype)


BLOCKS: dict[str, Callable[[Graph], Graph]] = {
    "to_block": lambda g: gm.to_block(g, torch.tensor(SEEDS, dtype=g.idtype)),
    "sample_block": lambda g: gm.sampling.sample_block(g, SEEDS, -1),
}


@each_idtype
@each("make", BLOCKS)
def test_sources_of_a_block_start_with_its_destinations(
    make: Callable[[Graph], Graph], idtype: torch.dtype
) -> None:
    block = make(path_and_shortcut(idtype))
    sources, destinations = block.srcdata[NID], block.dstdata[NID]
    assert torch.equal(sources[: block.num_dst_nodes()], destinations)
    assert sources.dtype == destinations.dtype == idtype
    assert sorted(sources.tolist()) == [0, 1, 2, 3]


@each_idtype
@each("make", BLOCKS)
def test_destinations_keep_their_order_and_edges_their_ids(
    make: Callable[[Graph], Graph], idtype: torch.dtype
) -> None:
    g = path_and_shortcut(idtype)
    block = make(g)
    assert block.dstdata[NID].tolist() == SEEDS
    assert sorted(block.edata[EID].tolist()) == [0, 1, 2, 3]
    u, v = block.edges()
    ends = (block.srcdata[NID][u.long()], block.dstdata[NID][v.long()])
    assert all(map(torch.equal, ends, g.find_edges(block.edata[EID])))


def test_destinations_that_do_not_cover_all_edges_are_an_error() -> None:
    with pytest.raises(gm.GraphValueError, match="got an edge at node 3"):
        gm.to_block(path_and_shortcut(), [1, 2])


def test_a_block_counts_its_ends_separately() -> None:
    edges: Any = {("a", "x", "b"): ([0, 3], [1, 0]), ("b", "y", "b"): ([4], [2])}
    block = gm.create_block(edges, {"a": 5, "b": 6}, {"b": 3})
    assert block.num_nodes() == 5 + 6 + 3
    assert (block.num_nodes("a"), block.num_nodes("SRC/a")) == (5, 5)
    assert (block.num_nodes("b"), block.num_nodes("SRC/b"), block.num_nodes("DST/b")) == (6, 6, 3)
    assert block.in_degrees(etype="x").tolist() == [1, 1, 0]
    assert block.out_degrees(etype="x").tolist() == [1, 0, 0, 1, 0]


REFUSED: dict[str, Callable[[Graph], Any]] = {
    "reverse": gm.reverse,
    "subgraph": lambda block: block.subgraph([0]),
    "edge_subgraph": lambda block: block.edge_subgraph([0]),
    "in_subgraph": lambda block: block.in_subgraph([0]),
    "out_subgraph": lambda block: block.out_subgraph([0]),
}


@each("call", REFUSED)
def test_a_block_has_no_reverse_and_no_subgraphs(call: Callable[[Graph], Any]) -> None:
    block = gm.create_block(([0, 1], [0, 0]))
    assert block.is_block
    with pytest.raises(gm.GraphValueError, match="block"):
        call(block)


def test_the_ends_of_a_block_have_prefixed_names() -> None:
    edges: Any = {("a", "x", "b"): ([0, 3], [1, 0]), ("b", "y", "b"): ([4], [2])}
    block = gm.create_block(edges, {"a": 5, "b": 6}, {"b": 3})
    assert (block.nodes("SRC/b").numel(), block.nodes("DST/b").numel()) == (6, 3)
    block.nodes["DST/b"].data["h"] = torch.ones(3)
    assert list(block.dstnodes["b"].data) == ["h"]
    assert list(block.srcnodes["b"].data) == list(block.nodes["b"].data) == []
    assert [block.get_ntype_id(name) for name in ("SRC/a", "SRC/b", "DST/b")] == [0, 1, 2]
    with pytest.raises(gm.GraphValueError, match="or name a type, as 'SRC/a'"):
        block.nodes()
    with pytest.raises(gm.GraphKeyError, match="no destination node type 'a'"):
        block.nodes("DST/a")
