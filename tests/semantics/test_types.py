"""Node types, edge types and the number of nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.unchanged import each

import graphmp as gm
from graphmp import Graph


def studio() -> Graph:
    """Developers make games, users buy and like them, and follow each other."""
    return gm.heterograph(
        {
            ("user", "likes", "game"): ([2, 0], [1, 1]),
            ("user", "follows", "user"): ([0, 1], [1, 2]),
            ("dev", "makes", "game"): ([0], [1]),
            ("user", "buys", "game"): ([0, 1, 2], [0, 0, 1]),
        }
    )


def lists(tensors: Any) -> list[list[int]]:
    return [tensor.tolist() for tensor in tensors]


# ---- types


def test_types_are_sorted_and_type_ids_follow() -> None:
    g = studio()
    assert g.ntypes == ["dev", "game", "user"]
    assert g.canonical_etypes == [
        ("dev", "makes", "game"),
        ("user", "buys", "game"),
        ("user", "follows", "user"),
        ("user", "likes", "game"),
    ]
    assert g.etypes == ["makes", "buys", "follows", "likes"]
    assert [g.get_ntype_id(ntype) for ntype in g.ntypes] == [0, 1, 2]
    assert [g.get_etype_id(etype) for etype in g.etypes] == [0, 1, 2, 3]
    assert g.get_etype_id(("user", "follows", "user")) == 2


def test_features_of_several_types_are_in_the_order_of_type_ids() -> None:
    g = studio()
    for ntype in ("user", "dev", "game"):
        g.nodes[ntype].data["x"] = torch.ones(g.num_nodes(ntype))
    assert list(g.ndata["x"]) == g.ntypes


def test_node_types_without_edges_are_sorted_with_the_others() -> None:
    g = gm.heterograph({("b", "x", "c"): ([0], [0])}, {"c": 1, "b": 1, "a": 4})
    assert g.ntypes == ["a", "b", "c"]
    assert g.num_nodes("a") == 4


def test_node_types_without_edges_are_sources_of_a_bipartite_graph() -> None:
    g = gm.heterograph({("b", "x", "c"): ([0], [0])}, {"c": 1, "b": 1, "a": 4})
    assert (g.srctypes, g.dsttypes, g.is_unibipartite) == (["a", "b"], ["c"], True)
    assert (g.num_src_nodes(), g.num_dst_nodes()) == (5, 1)


def test_types_of_a_block_are_sorted_at_each_end() -> None:
    block = gm.create_block({("b", "y", "d"): ([0], [0]), ("a", "x", "c"): ([0], [0])})
    assert (block.srctypes, block.dsttypes) == (["a", "b"], ["c", "d"])
    assert block.etypes == ["x", "y"]


def test_the_names_of_reserved_fields() -> None:
    assert (gm.NID, gm.EID, gm.NTYPE, gm.ETYPE) == ("_ID", "_ID", "_TYPE", "_TYPE")


# ---- the number of nodes


def test_the_number_of_nodes_is_the_largest_id_plus_one() -> None:
    assert gm.graph(([0, 7], [3, 2])).num_nodes() == 8
    assert gm.graph(([0, 2], [3, 7])).num_nodes() == 8
    assert gm.graph(([], [])).num_nodes() == 0


def test_both_ends_of_all_relations_count_towards_the_number_of_nodes() -> None:
    g = gm.heterograph({("a", "x", "b"): ([4], [0]), ("b", "y", "a"): ([2], [6])})
    assert (g.num_nodes("a"), g.num_nodes("b"), g.num_nodes()) == (7, 3, 10)


def test_the_ends_of_a_block_are_counted_separately() -> None:
    block = gm.create_block(([4, 0], [1, 0]))
    assert (block.num_src_nodes(), block.num_dst_nodes(), block.num_nodes()) == (5, 2, 7)


def test_num_nodes_may_exceed_the_largest_id() -> None:
    assert gm.graph(([0], [1]), num_nodes=9).num_nodes() == 9
    assert gm.heterograph({("a", "x", "b"): ([0], [1])}, {"a": 3, "b": 5}).num_nodes() == 8
    block = gm.create_block(([0], [1]), num_src_nodes=3, num_dst_nodes=5)
    assert (block.num_src_nodes(), block.num_dst_nodes()) == (3, 5)


TOO_FEW: dict[str, Callable[[], Graph]] = {
    "graph": lambda: gm.graph(([0], [7]), num_nodes=7),
    "heterograph": lambda: gm.heterograph({("a", "x", "b"): ([0], [7])}, {"a": 1, "b": 7}),
    "block": lambda: gm.create_block(([0], [7]), num_src_nodes=8, num_dst_nodes=7),
    "csr": lambda: gm.graph(("csr", ([0, 1], [7], [])), num_nodes=7),
    "edge index": lambda: gm.from_edge_index([[0], [7]], num_nodes=7),
}


@each("make", TOO_FEW)
def test_too_few_nodes_are_an_error_that_names_the_node(make: Callable[[], Graph]) -> None:
    with pytest.raises(gm.GraphIndexError, match=r"the 7 nodes.*, got .* node 7"):
        make()


# ---- names of types


def test_an_ambiguous_edge_type_is_an_error_that_lists_the_candidates() -> None:
    g = gm.heterograph({("a", "x", "b"): ([0], [0]), ("b", "x", "b"): ([0], [0])})
    message = r"'x' is ambiguous.*\('a', 'x', 'b'\), \('b', 'x', 'b'\)"
    for use in (g.num_edges, g.to_canonical_etype, g.get_etype_id, g.__getitem__):
        with pytest.raises(gm.GraphValueError, match=message):
            use("x")
    assert g.num_edges(("b", "x", "b")) == 1


def test_an_unknown_type_is_an_error_that_lists_the_known_ones() -> None:
    g = studio()
    for use in (g.num_edges, g.to_canonical_etype, g.get_etype_id, g.__getitem__):
        with pytest.raises(gm.GraphKeyError, match=r"'sells'.*'makes'.*'buys'"):
            use("sells")
    for find in (g.num_nodes, g.get_ntype_id, g.nodes.__getitem__):
        with pytest.raises(gm.GraphKeyError, match=r"'shop'.* 'dev', 'game', 'user'"):
            find("shop")
    with pytest.raises(gm.GraphKeyError, match=r"\('game', 'buys', 'user'\)"):
        g.num_edges(("game", "buys", "user"))


def test_omitting_the_type_among_several_is_an_error_that_lists_them() -> None:
    g = studio()
    with pytest.raises(gm.GraphValueError, match=r"4 edge types, so name one: .*'makes'"):
        g.edges()
    with pytest.raises(gm.GraphValueError, match="3 node types, so name one: 'dev', 'game'"):
        g.nodes()


@pytest.mark.parametrize("name", [3, ("user", "buys"), ["user", "buys", "game"], 1.5])
def test_an_edge_type_is_a_string_or_a_triple(name: Any) -> None:
    with pytest.raises(gm.GraphTypeError, match=r"name or a triple .* got"):
        studio().num_edges(name)


# ---- several relations as one


def test_merged_edge_types_are_named_with_plus() -> None:
    g = studio()
    merged = g["user", :, "game"]
    assert merged.canonical_etypes == [("user", "buys+likes", "game")]
    assert lists(merged.edges()) == [[0, 1, 2, 2, 0], [0, 0, 1, 1, 1]]
    assert merged.edata[gm.ETYPE].tolist() == [1, 1, 1, 3, 3]
    assert merged.edata[gm.EID].tolist() == [0, 1, 2, 0, 1]


def test_merged_node_types_are_numbered_in_type_order() -> None:
    merged = studio()[:, :, "game"]
    assert merged.canonical_etypes == [("dev+user", "buys+likes+makes", "game")]
    assert lists(merged.edges()) == [[0, 1, 2, 3, 3, 1], [1, 0, 0, 1, 1, 1]]
    assert merged.srcdata[gm.NTYPE].tolist() == [0, 2, 2, 2]
    assert merged.srcdata[gm.NID].tolist() == [0, 0, 1, 2]


def test_merged_types_concatenate_their_common_columns() -> None:
    g = studio()
    g.edges["buys"].data["w"], g.edges["likes"].data["w"] = torch.arange(3.0), torch.arange(2.0)
    g.edges["buys"].data["price"] = torch.ones(3)
    merged = g["user", :, "game"]
    assert merged.edata["w"].tolist() == [0, 1, 2, 0, 1]
    assert "price" not in merged.edata


def test_merged_relations_between_one_node_type_are_homogeneous() -> None:
    g = gm.heterograph({("a", "x", "a"): ([0], [1]), ("a", "y", "a"): ([2], [0])})
    merged = g["a", :, "a"]
    assert merged.is_homogeneous
    assert lists(merged.edges()) == [[0, 2], [1, 0]]


def test_lists_of_names_select_edge_types() -> None:
    merged = studio()["user", ["buys", "follows"], :]
    assert merged.canonical_etypes == [("user", "buys+follows", "game+user")]
    assert lists(merged.edges()) == [[0, 1, 2, 0, 1], [0, 0, 1, 3, 4]]


def test_a_single_match_is_the_relation_itself() -> None:
    g = studio()
    one = g["dev", :, "game"]
    assert one.canonical_etypes == [("dev", "makes", "game")]
    assert one.edges["makes"].data is g.edges["makes"].data
    assert one.nodes["game"].data is g.nodes["game"].data
    assert gm.ETYPE not in one.edata


def test_ids_of_merged_types_have_the_graphs_id_dtype() -> None:
    merged = studio().int()[:, :, "game"]
    ids, types = (merged.edata[gm.EID], merged.srcdata[gm.NID]), merged.edata[gm.ETYPE]
    assert ({field.dtype for field in ids}, types.dtype) == ({torch.int32}, torch.int64)


def test_a_colon_alone_merges_all_edge_types() -> None:
    g = studio()
    assert g[:].canonical_etypes == g[:, :, :].canonical_etypes
    assert g[:].num_edges() == g.num_edges()
    assert gm.graph(([0], [1]))[:].is_homogeneous


def test_an_unmatched_pattern_is_an_error() -> None:
    g = studio()
    with pytest.raises(gm.GraphKeyError, match=r"No edge type matches .*'game'.*; the graph has"):
        g["game", :, "user"]
    for key in (3, ("user", "game"), ["buys"]):
        with pytest.raises(gm.GraphTypeError, match=r"name, or a triple .* got"):
            g[key]


def test_a_relation_has_the_type_of_its_sources_first() -> None:
    g = gm.heterograph({("a", "x", "b"): ([0], [1]), ("b", "w", "b"): ([0], [1])})
    assert [part.ntypes for part in (g["w"], g["x"], gm.reverse(g)["x"])] == [
        ["b"],
        ["a", "b"],
        ["b", "a"],
    ]


def test_a_merged_type_has_ids_even_if_its_nodes_are_of_one_type() -> None:
    merged = studio()["user", :, "game"]
    assert merged.srcdata[gm.NID].tolist() == list(range(merged.num_nodes("user")))
    assert set(merged.srcdata[gm.NTYPE].tolist()) == {2}
