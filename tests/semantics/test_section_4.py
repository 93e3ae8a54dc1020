"""Section 4 of the semantics, lines 38 to 46: types, ids, layouts and how they are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import graphmp as gm
from graphmp import Graph


def shop() -> Graph:
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


# ---- 38: types


def test_line_38_types_are_sorted_and_ids_are_their_places() -> None:
    g = shop()
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


def test_line_38_features_of_several_types_come_in_the_order_of_type_ids() -> None:
    g = shop()
    for ntype in ("user", "dev", "game"):
        g.nodes[ntype].data["x"] = torch.ones(g.num_nodes(ntype))
    assert list(g.ndata["x"]) == g.ntypes


def test_line_38_node_types_without_edges_are_sorted_in() -> None:
    g = gm.heterograph({("b", "x", "c"): ([0], [0])}, {"c": 1, "b": 1, "a": 4})
    assert g.ntypes == ["a", "b", "c"]
    assert g.num_nodes("a") == 4


def test_line_38_types_of_a_block_are_sorted_at_each_end() -> None:
    block = gm.create_block({("b", "y", "d"): ([0], [0]), ("a", "x", "c"): ([0], [0])})
    assert (block.srctypes, block.dsttypes) == (["a", "b"], ["c", "d"])
    assert block.etypes == ["x", "y"]


def test_line_38_the_names_of_reserved_fields() -> None:
    assert (gm.NID, gm.EID, gm.NTYPE, gm.ETYPE) == ("_ID", "_ID", "_TYPE", "_TYPE")


# ---- 39: the number of nodes


def test_line_39_there_are_as_many_nodes_as_the_largest_id_and_one_more() -> None:
    assert gm.graph(([0, 7], [3, 2])).num_nodes() == 8
    assert gm.graph(([0, 2], [3, 7])).num_nodes() == 8
    assert gm.graph(([], [])).num_nodes() == 0


def test_line_39_both_ends_of_all_relations_of_a_type_count() -> None:
    g = gm.heterograph({("a", "x", "b"): ([4], [0]), ("b", "y", "a"): ([2], [6])})
    assert (g.num_nodes("a"), g.num_nodes("b"), g.num_nodes()) == (7, 3, 10)


def test_line_39_the_ends_of_a_block_are_counted_apart() -> None:
    block = gm.create_block(([4, 0], [1, 0]))
    assert (block.num_src_nodes(), block.num_dst_nodes(), block.num_nodes()) == (5, 2, 7)


def test_line_39_more_nodes_may_be_given() -> None:
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


@pytest.mark.parametrize("make", TOO_FEW.values(), ids=TOO_FEW)
def test_line_39_too_few_nodes_are_an_error_that_names_the_node(make: Callable[[], Graph]) -> None:
    with pytest.raises(gm.GraphIndexError, match=r"node 7 of type .* the number .* given is 7"):
        make()


# ---- 40: edge ids


def test_line_40_edge_ids_are_the_order_in_which_edges_came() -> None:
    u, v = [3, 0, 3, 1], [1, 2, 0, 1]
    g = gm.graph((u, v))
    assert lists(g.edges()) == lists(g.find_edges(range(4))) == [u, v]
    assert g.edges("eid").tolist() == [0, 1, 2, 3]


def test_line_40_edges_come_in_three_forms_and_two_orders() -> None:
    g = gm.graph(([1, 0, 1, 0], [0, 2, 0, 1]))
    assert lists(g.edges("uv")) == [[1, 0, 1, 0], [0, 2, 0, 1]]
    assert lists(g.edges("all", "eid")) == [[1, 0, 1, 0], [0, 2, 0, 1], [0, 1, 2, 3]]
    assert lists(g.edges("all", order="srcdst")) == [[0, 0, 1, 1], [1, 2, 0, 0], [3, 1, 0, 2]]
    assert g.edges("eid", "srcdst").tolist() == [3, 1, 0, 2]
    assert lists(g.all_edges("all", "srcdst")) == lists(g.edges("all", "srcdst"))


def test_line_40_parallel_edges_stay_in_the_order_of_their_ids() -> None:
    g = gm.graph((torch.ones(500, dtype=torch.int64), torch.arange(500) % 2))
    eids = g.edges("eid", "srcdst")
    assert eids.tolist() == [*range(0, 500, 2), *range(1, 500, 2)]


@pytest.mark.parametrize(("form", "order"), [("vu", "eid"), ("uv", "dstsrc"), (None, "eid")])
def test_line_40_another_form_or_order_is_an_error(form: Any, order: Any) -> None:
    with pytest.raises(gm.GraphValueError, match=r"(form|order) is '.* came"):
        gm.graph(([0], [1])).edges(form, order)


# ---- 41: what graphs are made of

U, V = [0, 2, 0, 1], [1, 0, 2, 1]
DATA: dict[str, Any] = {
    "tensors": (torch.tensor(U), torch.tensor(V)),
    "int32 tensors": (torch.tensor(U, dtype=torch.int32), torch.tensor(V, dtype=torch.int32)),
    "lists": (U, V),
    "tuples": (tuple(U), tuple(V)),
    "ranges": (range(4), range(3, -1, -1)),
    "arrays": (np.array(U), np.array(V)),
    "small arrays": (np.array(U, dtype=np.uint8), np.array(V, dtype=np.int16)),
    "a tensor and a list": (torch.tensor(U), V),
    "pairs": list(zip(U, V, strict=True)),
    "pairs as lists": [list(pair) for pair in zip(U, V, strict=True)],
    "pairs of tensors": list(zip(torch.tensor(U), torch.tensor(V), strict=True)),
    "coo": ("coo", (U, V)),
    "csr": ("csr", ([0, 2, 3, 4], [2, 1, 1, 0], [2, 0, 3, 1])),
    "csc": ("csc", (torch.tensor([0, 1, 3, 4]), torch.tensor([2, 1, 0, 0]), [1, 3, 0, 2])),
    "csc arrays": ("csc", tuple(map(np.array, ([0, 1, 3, 4], [2, 1, 0, 0], [1, 3, 0, 2])))),
}
RANGED = {"ranges": [[0, 1, 2, 3], [3, 2, 1, 0]]}


@pytest.mark.parametrize("name", DATA)
def test_line_41_a_graph_is_made_of(name: str) -> None:
    g = gm.graph(DATA[name])
    assert lists(g.edges()) == RANGED.get(name, [U, V])
    assert g.idtype == (torch.int32 if name == "int32 tensors" else torch.int64)
    for u in range(3):
        assert g.out_edges(u, "eid").tolist() == sorted(g.out_edges(u, "eid").tolist())


@pytest.mark.parametrize("name", DATA)
def test_line_41_a_relation_and_a_block_are_made_of(name: str) -> None:
    expected = RANGED.get(name, [U, V])
    g = gm.heterograph({("a", "x", "a"): DATA[name], ("a", "y", "b"): ([0], [0])})
    assert lists(g.edges(etype="x")) == expected
    assert lists(gm.create_block(DATA[name]).edges()) == expected


def test_line_41_the_third_array_is_edge_ids_and_may_be_empty() -> None:
    grouped = ([0, 2, 3], [1, 0, 1])
    assert lists(gm.graph(("csr", (*grouped, []))).edges()) == [[0, 0, 1], [1, 0, 1]]
    assert lists(gm.graph(("csc", (*grouped, []))).edges()) == [[1, 0, 1], [0, 0, 1]]
    assert lists(gm.graph(("csr", (*grouped, [2, 0, 1]))).edges()) == [[0, 1, 0], [0, 1, 1]]
    empty = torch.tensor([])
    assert lists(gm.graph(("csc", (*map(torch.tensor, grouped), empty))).edges("all")) == [
        [1, 0, 1],
        [0, 0, 1],
        [0, 1, 2],
    ]


def test_line_41_rows_of_a_layout_are_nodes_even_without_edges() -> None:
    assert gm.graph(("csr", ([0, 0, 0, 0], [], []))).num_nodes() == 3
    wide = gm.heterograph({("a", "x", "b"): ("csc", ([0, 0, 1], [4], []))})
    assert (wide.num_nodes("a"), wide.num_nodes("b")) == (5, 2)


def test_line_41_more_nodes_than_a_layout_has_rows_may_be_given() -> None:
    g = gm.graph(("csr", ([0, 1], [0], [])), num_nodes=3)
    assert g.out_degrees().tolist() == [1, 0, 0]
    assert gm.graph(("csc", ([0, 1], [4], []))).in_degrees().tolist() == [1, 0, 0, 0, 0]


def test_line_41_id_type_and_device_may_be_given() -> None:
    for data in DATA.values():
        assert gm.graph(data, idtype=torch.int32).edges()[0].dtype == torch.int32
    assert gm.graph(([0], [1]), device="cpu").device.type == "cpu"


# ---- 42: layouts


def test_line_42_formats_tell_which_layouts_exist() -> None:
    g = gm.graph((U, V))
    assert g.formats() == {"created": ["coo"], "not created": ["csr", "csc"]}
    g.in_edges(0)
    assert g.formats() == {"created": ["coo", "csc"], "not created": ["csr"]}
    compressed = gm.graph(DATA["csr"])
    assert compressed.formats() == {"created": ["csr"], "not created": ["coo", "csc"]}


def test_line_42_create_formats_makes_all_that_are_allowed() -> None:
    g, narrow = gm.graph((U, V)), gm.graph((U, V)).formats(["csr", "csc"])
    g.create_formats_()
    narrow.create_formats_()
    assert g.formats() == {"created": ["coo", "csr", "csc"], "not created": []}
    assert narrow.formats() == {"created": ["csr", "csc"], "not created": []}


@pytest.mark.parametrize("kept", ["coo", "csr", "csc", ["coo", "csc"], ["csr", "csc"]])
@pytest.mark.parametrize("made", ["coo", "csr", "csc"])
def test_line_42_a_restricted_graph_has_the_same_edges_in_these_layouts_alone(
    made: str, kept: Any
) -> None:
    g = gm.graph(DATA[made])
    narrow = g.formats(kept)
    names = [kept] if isinstance(kept, str) else kept
    assert lists(narrow.edges()) == [U, V]
    assert narrow.in_degrees().tolist() == [1, 2, 1]
    assert narrow.in_edges(1, "eid").tolist() == [0, 3]
    assert narrow.out_edges(0, "eid").tolist() == [0, 2]
    assert narrow.edge_ids(1, 1) == 3
    found = narrow.formats()
    assert sorted(found["created"] + found["not created"]) == sorted(names)
    assert lists(g.edges()) == [U, V]


def test_line_42_a_layout_counts_as_created_when_every_relation_has_it() -> None:
    g = shop()
    g.in_edges(0, etype="buys")
    assert "csc" in g.formats()["not created"]
    g.create_formats_()
    assert g.formats()["not created"] == []


def test_line_42_a_restricted_graph_keeps_features_in_tables_of_its_own() -> None:
    g = gm.graph((U, V))
    g.ndata["x"] = torch.ones(3)
    narrow = g.formats("csc")
    narrow.ndata["h"] = torch.zeros(3)
    assert narrow.ndata["x"] is g.ndata["x"]
    assert "h" not in g.ndata


@pytest.mark.parametrize("wrong", ["dense", [], ["csr", "dense"]])
def test_line_42_an_unknown_layout_is_an_error_that_lists_the_known(wrong: Any) -> None:
    with pytest.raises(gm.GraphValueError, match="Formats are coo, csr, csc, but"):
        gm.graph((U, V)).formats(wrong)


# ---- 43: id arguments


def test_line_43_a_tensor_of_another_id_type_is_an_error_that_names_both() -> None:
    g = gm.graph((U, V))
    message = r"id type torch\.int64, but torch\.int32 came: call \.long\(\).*graph\.int\(\)"
    with pytest.raises(gm.GraphTypeError, match=message):
        g.in_degrees(torch.tensor([0], dtype=torch.int32))
    with pytest.raises(gm.GraphTypeError, match=r"int32, but torch\.int64 came: call \.int\(\)"):
        g.int().in_degrees(torch.tensor([0]))


def test_line_43_a_tensor_on_another_device_is_an_error_that_names_both() -> None:
    with pytest.raises(gm.GraphValueError, match=r"cpu, but they are on meta: call \.to\('cpu'\)"):
        gm.graph((U, V)).in_degrees(torch.tensor([0], device="meta"))


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_line_43_lists_and_arrays_are_cast(idtype: torch.dtype) -> None:
    g = gm.graph((U, V), idtype=idtype)
    for ids in ([0, 2], (0, 2), range(0, 3, 2), np.array([0, 2]), np.array([0, 2], np.uint8)):
        assert g.successors(0).dtype == g.in_edges(ids, "eid").dtype == idtype
        assert g.in_degrees(ids).tolist() == [1, 1]


@pytest.mark.parametrize("ids", [1.0, [0.0], np.array([0.5]), torch.tensor([0.0]), [True, False]])
def test_line_43_floats_and_masks_are_no_ids(ids: Any) -> None:
    with pytest.raises(gm.GraphTypeError, match=r"Ids of nodes.*came"):
        gm.graph((U, V)).in_degrees(ids)


MASKS: dict[str, Callable[[list[bool]], Any]] = {
    "tensor": torch.tensor,
    "array": np.array,
    "list": list,
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_line_43_subgraph_functions_take_masks(mask: Callable[[list[bool]], Any]) -> None:
    g = gm.graph((U, V))
    nodes, edges = mask([True, False, True]), mask([True, False, False, True])
    assert g.subgraph(nodes).ndata[gm.NID].tolist() == [0, 2]
    assert g.edge_subgraph(edges).edata[gm.EID].tolist() == [0, 3]
    assert g.in_subgraph(nodes).edata[gm.EID].tolist() == [1, 2]
    assert g.out_subgraph(nodes).edata[gm.EID].tolist() == [0, 2, 1]


# ---- 44: what is there


def test_line_44_has_nodes_answers_one_id_with_a_bool_and_several_with_a_tensor() -> None:
    g = gm.graph((U, V))
    assert g.has_nodes(2) is True
    assert g.has_nodes(3) is False
    assert g.has_nodes(torch.tensor(-1)) is False
    assert g.has_nodes([0, 3, -1]).tolist() == [True, False, False]
    assert g.has_nodes([]).tolist() == []
    assert shop().has_nodes([0, 1], "dev").tolist() == [True, False]


def test_line_44_an_edge_that_is_not_there_is_an_error_that_names_it() -> None:
    g = gm.graph((U, V))
    with pytest.raises(gm.GraphIndexError, match=r"no edge of type .* from 2 to 1"):
        g.edge_ids([0, 2], [1, 1])
    with pytest.raises(gm.GraphIndexError, match="from 0 to 3, but 4 came"):
        g.find_edges([0, 4])
    with pytest.raises(gm.GraphIndexError, match=r"'game'.* from 0 to 1, but 2 came"):
        shop().edge_ids(0, 2, etype="buys")


def test_line_44_empty_arguments_give_empty_tensors() -> None:
    g = gm.graph((U, V), idtype=torch.int32)
    for none in ([], (), torch.tensor([]), torch.tensor([], dtype=torch.int32), np.array([])):
        found = [
            *g.find_edges(none),
            *g.in_edges(none, "all"),
            *g.out_edges(none, "all"),
            *g.edge_ids(none, none, return_uv=True),
            g.edge_ids(none, none),
            g.in_degrees(none),
            g.out_degrees(none),
        ]
        assert [(t.shape, t.dtype) for t in found] == [((0,), torch.int32)] * len(found)
        assert g.has_edges_between(none, none).shape == (0,)


def test_line_44_a_graph_without_edges_answers_every_query() -> None:
    g = gm.graph(([], []), num_nodes=2)
    assert [t.numel() for t in (*g.edges("all"), *g.in_edges([0, 1]), g.successors(1))] == [0] * 6
    assert g.in_degrees().tolist() == g.out_degrees().tolist() == [0, 0]
    assert g.has_edges_between([0, 1], 1).tolist() == [False, False]
    assert not g.is_multigraph


# ---- 45: names of types


def test_line_45_an_ambiguous_name_is_an_error_that_lists_the_candidates() -> None:
    g = gm.heterograph({("a", "x", "b"): ([0], [0]), ("b", "x", "b"): ([0], [0])})
    message = r"'x' is ambiguous.*\('a', 'x', 'b'\), \('b', 'x', 'b'\)"
    for use in (g.num_edges, g.to_canonical_etype, g.get_etype_id, g.__getitem__):
        with pytest.raises(gm.GraphValueError, match=message):
            use("x")
    assert g.num_edges(("b", "x", "b")) == 1


def test_line_45_an_unknown_name_is_an_error_that_lists_the_known() -> None:
    g = shop()
    for use in (g.num_edges, g.to_canonical_etype, g.get_etype_id, g.__getitem__):
        with pytest.raises(gm.GraphKeyError, match=r"'sells'.*'makes'.*'buys'"):
            use("sells")
    for find in (g.num_nodes, g.get_ntype_id, g.nodes.__getitem__):
        with pytest.raises(gm.GraphKeyError, match=r"'shop'.* 'dev', 'game', 'user'"):
            find("shop")
    with pytest.raises(gm.GraphKeyError, match=r"\('game', 'buys', 'user'\)"):
        g.num_edges(("game", "buys", "user"))


def test_line_45_no_name_where_there_are_several_is_an_error_that_lists_them() -> None:
    g = shop()
    with pytest.raises(gm.GraphValueError, match=r"4 edge types, so name one: .*'makes'"):
        g.edges()
    with pytest.raises(gm.GraphValueError, match="3 node types, so name one: 'dev', 'game'"):
        g.nodes()


@pytest.mark.parametrize("name", [3, ("user", "buys"), ["user", "buys", "game"], 1.5])
def test_line_45_a_name_is_a_string_or_a_triple(name: Any) -> None:
    with pytest.raises(gm.GraphTypeError, match=r"name or a triple .* came"):
        shop().num_edges(name)


# ---- 46: several relations as one


def test_line_46_several_matching_types_are_joined_by_plus() -> None:
    g = shop()
    merged = g["user", :, "game"]
    assert merged.canonical_etypes == [("user", "buys+likes", "game")]
    assert lists(merged.edges()) == [[0, 1, 2, 2, 0], [0, 0, 1, 1, 1]]
    assert merged.edata[gm.ETYPE].tolist() == [1, 1, 1, 3, 3]
    assert merged.edata[gm.EID].tolist() == [0, 1, 2, 0, 1]


def test_line_46_nodes_of_several_types_are_numbered_type_after_type() -> None:
    merged = shop()[:, :, "game"]
    assert merged.canonical_etypes == [("dev+user", "makes+buys+likes", "game")]
    assert lists(merged.edges()) == [[0, 1, 2, 3, 3, 1], [1, 0, 0, 1, 1, 1]]
    assert merged.srcdata[gm.NTYPE].tolist() == [0, 2, 2, 2]
    assert merged.srcdata[gm.NID].tolist() == [0, 0, 1, 2]


def test_line_46_common_columns_are_concatenated() -> None:
    g = shop()
    g.edges["buys"].data["w"], g.edges["likes"].data["w"] = torch.arange(3.0), torch.arange(2.0)
    g.edges["buys"].data["price"] = torch.ones(3)
    merged = g["user", :, "game"]
    assert merged.edata["w"].tolist() == [0, 1, 2, 0, 1]
    assert "price" not in merged.edata


def test_line_46_all_relations_between_the_same_nodes_make_one_graph() -> None:
    g = gm.heterograph({("a", "x", "a"): ([0], [1]), ("a", "y", "a"): ([2], [0])})
    merged = g["a", :, "a"]
    assert merged.is_homogeneous
    assert lists(merged.edges()) == [[0, 2], [1, 0]]


def test_line_46_lists_of_names_choose_types() -> None:
    merged = shop()["user", ["buys", "follows"], :]
    assert merged.canonical_etypes == [("user", "buys+follows", "game+user")]
    assert lists(merged.edges()) == [[0, 1, 2, 0, 1], [0, 0, 1, 3, 4]]


def test_line_46_a_single_match_is_that_relation_with_its_own_names_and_frames() -> None:
    g = shop()
    one = g["dev", :, "game"]
    assert one.canonical_etypes == [("dev", "makes", "game")]
    assert one.edges["makes"].data is g.edges["makes"].data
    assert one.nodes["game"].data is g.nodes["game"].data
    assert gm.ETYPE not in one.edata


def test_line_46_ids_of_merged_types_have_the_graphs_id_type() -> None:
    merged = shop().int()[:, :, "game"]
    fields = (merged.edata[gm.EID], merged.edata[gm.ETYPE], merged.srcdata[gm.NID])
    assert {field.dtype for field in fields} == {torch.int32}


def test_line_46_no_match_and_no_triple_are_errors() -> None:
    g = shop()
    with pytest.raises(gm.GraphKeyError, match=r"No edge type matches .*'game'.*; the graph has"):
        g["game", :, "user"]
    for key in (3, ("user", "game"), ["buys"]):
        with pytest.raises(gm.GraphTypeError, match=r"name or by a triple .* came"):
            g[key]
