"""Features that are read by rows."""

from __future__ import annotations

import pytest
import torch

import graphmp as gm


def graph() -> gm.Graph:
    g = gm.heterograph({("a", "x", "b"): ([0, 1], [1, 0])})
    g.nodes["b"].data["h"] = torch.arange(4.0).view(2, 2)
    g.edata["w"] = torch.tensor([5, 6])
    return g


def test_rows_of_nodes_and_edges_are_fetched() -> None:
    nodes, edges = graph().get_node_storage("h", "b"), graph().get_edge_storage("w")
    for ids in ([1, 1], torch.tensor([1, 1], dtype=torch.int32), torch.tensor([1, 1])):
        assert nodes.fetch(ids, "cpu").tolist() == [[2, 3], [2, 3]]
    assert edges.fetch([1]).tolist() == [6]
    assert edges.fetch([]).shape == (0,)
    assert edges.fetch([0], "meta").device.type == "meta"
    assert not edges.requires_ddp()


def test_the_destinations_of_a_block_are_read() -> None:
    block = gm.create_block(([0, 1], [0, 0]), num_src_nodes=2, num_dst_nodes=1)
    block.dstdata["h"] = torch.tensor([7.0])
    assert block.get_node_storage("h").fetch([0]).tolist() == [7]


def test_unknown_fields_types_and_ids_are_refused() -> None:
    with pytest.raises(gm.GraphKeyError, match="'q'"):
        graph().get_node_storage("q", "b")
    with pytest.raises(gm.GraphKeyError, match="'c'"):
        graph().get_node_storage("h", "c")
    with pytest.raises(gm.GraphIndexError, match="nodes of type 'b': expected ids from 0 to 1"):
        graph().get_node_storage("h", "b").fetch([2])
    with pytest.raises(gm.GraphTypeError, match="integers"):
        graph().get_edge_storage("w").fetch([0.5])
