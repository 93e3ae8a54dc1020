from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
import torch
from support.corner_graphs import ID_DTYPES
from support.samples import contents, edges, path, shop

import graphmp as gm


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_to_homogeneous_numbers_nodes_and_edges_type_after_type(idtype: torch.dtype) -> None:
    one = gm.to_homogeneous(shop().astype(idtype))
    assert edges(one) == [(2, 0), (3, 0), (4, 1), (2, 3), (3, 4)]
    assert one.ndata[gm.NTYPE].tolist() == [0, 0, 1, 1, 1]
    assert one.ndata[gm.NID].tolist() == [0, 1, 0, 1, 2]
    assert one.edata[gm.ETYPE].tolist() == [0, 0, 0, 1, 1]
    assert one.edata[gm.EID].tolist() == [0, 1, 2, 0, 1]
    tensors = [*one.edges(), one.ndata[gm.NID], one.edata[gm.EID]]
    assert {t.dtype for t in tensors} == {idtype}
    one_hot = torch.nn.functional.one_hot  # which needs int64
    assert one_hot(one.ndata[gm.NTYPE]).shape == one_hot(one.edata[gm.ETYPE]).shape == (5, 2)


def test_to_homogeneous_concatenates_the_features_named() -> None:
    one = gm.to_homogeneous(shop(), ndata=["x"], edata=["w"])
    assert one.ndata["x"].tolist() == [0, 1, 0, 1, 2]
    assert one.edata["w"].tolist() == [0, 1, 2, 0, 1]
    assert "x" not in gm.to_homogeneous(shop()).ndata


def test_to_homogeneous_may_leave_types_out_and_count_them() -> None:
    one, nodes, relations = gm.to_homogeneous(shop(), store_type=False, return_count=True)
    assert (nodes, relations) == ([2, 3], [3, 2])
    assert list(one.ndata) == list(one.edata) == ["_ID"]


def test_to_homogeneous_wants_features_of_every_type_and_no_block() -> None:
    g = shop()
    g.nodes["user"].data["age"] = torch.ones(3)
    with pytest.raises(gm.GraphKeyError, match="'game' have no field 'age'"):
        gm.to_homogeneous(g, ndata=["age"])
    g.nodes["game"].data["age"] = torch.ones(2, 2)
    with pytest.raises(gm.GraphValueError, match="'age' with one shape"):
        gm.to_homogeneous(g, ndata=["age"])
    with pytest.raises(gm.GraphValueError, match="block"):
        gm.to_homogeneous(gm.create_block(([0], [0])))


def test_to_heterogeneous_inverts_to_homogeneous() -> None:
    g = shop()
    one = gm.to_homogeneous(g, ndata=["x"], edata=["w"])
    back = gm.to_heterogeneous(one, g.ntypes, g.etypes)
    for field in (back.ndata, back.edata):
        del field[gm.NID]
    assert contents(back) == contents(g)


def test_to_heterogeneous_makes_a_relation_for_each_pair_of_node_types() -> None:
    g = gm.graph(([0, 1, 2], [1, 2, 0]))
    g.ndata["kind"], g.edata["kind"] = torch.tensor([0, 0, 1]), torch.tensor([0, 0, 0])
    made = gm.to_heterogeneous(g, ["a", "b"], ["x"], ntype_field="kind", etype_field="kind")
    assert made.canonical_etypes == [("a", "x", "a"), ("a", "x", "b"), ("b", "x", "a")]
    assert made.nodes["b"].data[gm.NID].tolist() == [2]
    assert made.edges["b", "x", "a"].data[gm.EID].tolist() == [2]


def test_to_heterogeneous_needs_a_name_for_every_type_id() -> None:
    one = gm.to_homogeneous(shop())
    with pytest.raises(gm.GraphKeyError, match="the 1 named node types, got 1"):
        gm.to_heterogeneous(one, ["game"], ["buys", "follows"])
    with pytest.raises(gm.GraphKeyError, match="no field '_TYPE'"):
        gm.to_heterogeneous(path(), ["a"], ["x"])
    with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
        gm.to_heterogeneous(shop(), ["a"], ["x"])


def test_add_reverse_edges_appends_the_reverse_of_every_edge_but_loops() -> None:
    g = gm.graph(([0, 1, 1], [1, 1, 2]))
    g.ndata["x"], g.edata["w"] = torch.arange(3), torch.arange(3)
    both = gm.add_reverse_edges(g, copy_edata=True)
    assert edges(both) == [(0, 1), (1, 1), (1, 2), (1, 0), (2, 1)]
    assert both.edata["w"].tolist() == [0, 1, 2, 0, 2]
    assert both.ndata["x"] is g.ndata["x"]
    assert gm.add_reverse_edges(g, exclude_self=False).num_edges() == 6
    assert not gm.add_reverse_edges(g, copy_ndata=False).ndata


def test_add_reverse_edges_leaves_edges_between_two_types_on_demand() -> None:
    with pytest.raises(gm.GraphValueError, match=r"one node type at both ends.*'buys'"):
        gm.add_reverse_edges(shop())
    both = gm.add_reverse_edges(shop(), ignore_bipartite=True)
    assert edges(both, "buys") == edges(shop(), "buys")
    assert edges(both, "follows") == [(0, 1), (1, 2), (1, 0), (2, 1)]


# ---- a metagraph, and blocks


def typed() -> gm.Graph:
    g = gm.graph(([0, 1, 2], [2, 2, 0]))
    g.ndata[gm.NTYPE], g.edata[gm.ETYPE] = torch.tensor([0, 0, 1]), torch.tensor([0, 0, 1])
    return g


def metagraph(*relations: tuple[str, str, str]) -> nx.MultiDiGraph:
    types = nx.MultiDiGraph()
    types.add_edges_from((s, d, name) for s, name, d in relations)
    return types


def test_a_metagraph_names_relations_without_edges_too() -> None:
    relations = [("a", "x", "b"), ("b", "y", "a"), ("a", "y", "a")]
    g = gm.to_heterogeneous(typed(), ["a", "b"], ["x", "y"], metagraph=metagraph(*relations))
    assert g.canonical_etypes == sorted(relations)
    assert [g.num_edges(etype) for etype in relations] == [2, 1, 0]
    again = gm.to_heterogeneous(gm.to_homogeneous(g), g.ntypes, g.etypes, metagraph=g.metagraph())
    assert again.canonical_etypes == g.canonical_etypes


def test_a_metagraph_that_does_not_fit_is_refused() -> None:
    def convert(types: Any) -> gm.Graph:
        return gm.to_heterogeneous(typed(), ["a", "b"], ["x", "y"], metagraph=types)

    with pytest.raises(gm.GraphValueError, match=r"edges of the relations .*, got edges of"):
        convert(metagraph(("a", "x", "b")))
    with pytest.raises(gm.GraphKeyError, match=r"got relation .'a', 'z', 'b'."):
        convert(metagraph(("a", "z", "b")))
    for types in ([("a", "x", "b")], nx.DiGraph()):
        with pytest.raises(gm.GraphTypeError, match=r"metagraph as a networkx.MultiDiGraph"):
            convert(types)


def test_a_block_becomes_a_bipartite_graph_over_the_same_tensors() -> None:
    block = gm.create_block({("a", "x", "b"): ([0, 1], [0, 0]), ("b", "y", "b"): ([0], [1])})
    block.srcdata["h"] = {"a": torch.ones(2), "b": torch.ones(1)}
    block.dstdata["h"] = torch.zeros(2)
    block.edges["x"].data["w"] = torch.ones(2)
    g = gm.block_to_graph(block)
    assert not g.is_block
    assert g.ntypes == ["a_src", "b_src", "b_dst"]
    assert g.canonical_etypes == [("a_src", "x", "b_dst"), ("b_src", "y", "b_dst")]
    assert [g.num_nodes(t) for t in g.ntypes] == [2, 1, 2]
    assert edges(g, "x") == [(0, 0), (1, 0)]
    assert g.nodes["b_src"].data["h"] is block.srcnodes["b"].data["h"]
    assert g.nodes["b_dst"].data["h"] is block.dstnodes["b"].data["h"]
    assert g.edges["x"].data["w"] is block.edges["x"].data["w"]
    g.nodes["b_src"].data["new"] = torch.ones(1)
    assert "new" not in block.srcnodes["b"].data
    with pytest.raises(gm.GraphValueError, match="Expected a block"):
        gm.block_to_graph(g)


def test_edge_types_with_one_name_become_the_relations_of_a_metagraph() -> None:
    g = gm.heterograph(
        {("a", "x", "b"): ([0, 1], [1, 0]), ("b", "x", "a"): ([1], [0]), ("b", "x", "b"): ([], [])},
        {"a": 2, "b": 2},
    )
    one = gm.to_homogeneous(g)
    for metagraph in (g.metagraph(), None):
        again = gm.to_heterogeneous(one, g.ntypes, g.etypes, metagraph=metagraph)
        for etype in again.canonical_etypes:
            assert torch.equal(again.edges(etype=etype)[0], g.edges(etype=etype)[0])
    assert gm.to_heterogeneous(one, ["a", "b"], ["x"] * 3, metagraph=g.metagraph()).num_edges() == 3


def test_copied_edge_features_come_with_the_ids_of_their_edges() -> None:
    g = gm.graph(([0, 1, 0], [1, 2, 1]))
    g.edata["w"] = torch.tensor([5.0, 6.0, 7.0])
    both = gm.add_reverse_edges(g, copy_edata=True)
    assert both.edata[gm.EID].tolist() == [0, 1, 2, 0, 1, 2]
    simple = gm.to_simple(g, copy_edata=True)
    assert torch.equal(simple.edata["w"], g.edata["w"][simple.edata[gm.EID]])
    assert gm.EID not in gm.to_simple(g, copy_edata=True, aggregator="sum").edata
    assert gm.EID not in gm.add_reverse_edges(g).edata
