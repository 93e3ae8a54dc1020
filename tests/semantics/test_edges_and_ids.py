"""Edges, sparse formats and id arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from support.samples import shop
from support.unchanged import each

import graphmp as gm


def lists(tensors: Any) -> list[list[int]]:
    return [tensor.tolist() for tensor in tensors]


# ---- edge ids


def test_edge_ids_follow_the_input_order() -> None:
    u, v = [3, 0, 3, 1], [1, 2, 0, 1]
    g = gm.graph((u, v))
    assert lists(g.edges()) == lists(g.find_edges(range(4))) == [u, v]
    assert g.edges("eid").tolist() == [0, 1, 2, 3]


def test_edges_have_three_forms_and_two_orders() -> None:
    g = gm.graph(([1, 0, 1, 0], [0, 2, 0, 1]))
    assert lists(g.edges("uv")) == [[1, 0, 1, 0], [0, 2, 0, 1]]
    assert lists(g.edges("all", "eid")) == [[1, 0, 1, 0], [0, 2, 0, 1], [0, 1, 2, 3]]
    assert lists(g.edges("all", order="srcdst")) == [[0, 0, 1, 1], [1, 2, 0, 0], [3, 1, 0, 2]]
    assert g.edges("eid", "srcdst").tolist() == [3, 1, 0, 2]
    assert lists(g.all_edges("all", "srcdst")) == lists(g.edges("all", "srcdst"))


def test_srcdst_order_is_stable_for_parallel_edges() -> None:
    g = gm.graph((torch.ones(500, dtype=torch.int64), torch.arange(500) % 2))
    eids = g.edges("eid", "srcdst")
    assert eids.tolist() == [*range(0, 500, 2), *range(1, 500, 2)]


@pytest.mark.parametrize(("form", "order"), [("vu", "eid"), ("uv", "dstsrc"), (None, "eid")])
def test_an_unknown_form_or_order_is_an_error(form: Any, order: Any) -> None:
    with pytest.raises(gm.GraphValueError, match=r"Expected (form|order) to be '.* got"):
        gm.graph(([0], [1])).edges(form, order)


# ---- data that graphs are built from

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
def test_a_graph_is_built_from_every_kind_of_data(name: str) -> None:
    g = gm.graph(DATA[name])
    assert lists(g.edges()) == RANGED.get(name, [U, V])
    assert g.idtype == (torch.int32 if name == "int32 tensors" else torch.int64)
    for u in range(3):
        assert g.out_edges(u, "eid").tolist() == sorted(g.out_edges(u, "eid").tolist())


@pytest.mark.parametrize("name", DATA)
def test_relations_and_blocks_are_built_from_every_kind_of_data(name: str) -> None:
    expected = RANGED.get(name, [U, V])
    g = gm.heterograph({("a", "x", "a"): DATA[name], ("a", "y", "b"): ([0], [0])})
    assert lists(g.edges(etype="x")) == expected
    assert lists(gm.create_block(DATA[name]).edges()) == expected


def test_the_third_array_of_a_format_is_edge_ids_and_may_be_empty() -> None:
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


def test_rows_of_a_compressed_format_are_nodes_even_without_edges() -> None:
    assert gm.graph(("csr", ([0, 0, 0, 0], [], []))).num_nodes() == 3
    wide = gm.heterograph({("a", "x", "b"): ("csc", ([0, 0, 1], [4], []))})
    assert (wide.num_nodes("a"), wide.num_nodes("b")) == (5, 2)


def test_num_nodes_may_exceed_the_rows_of_a_format() -> None:
    g = gm.graph(("csr", ([0, 1], [0], [])), num_nodes=3)
    assert g.out_degrees().tolist() == [1, 0, 0]
    assert gm.graph(("csc", ([0, 1], [4], []))).in_degrees().tolist() == [1, 0, 0, 0, 0]


def test_graph_accepts_idtype_and_device() -> None:
    for data in DATA.values():
        assert gm.graph(data, idtype=torch.int32).edges()[0].dtype == torch.int32
    assert gm.graph(([0], [1]), device="cpu").device.type == "cpu"


# ---- formats


def test_formats_lists_created_and_not_created() -> None:
    g = gm.graph((U, V))
    assert g.formats() == {"created": ["coo"], "not created": ["csr", "csc"]}
    g.in_edges(0)
    assert g.formats() == {"created": ["coo", "csc"], "not created": ["csr"]}
    compressed = gm.graph(DATA["csr"])
    assert compressed.formats() == {"created": ["csr"], "not created": ["coo", "csc"]}


def test_create_formats_builds_all_allowed_formats() -> None:
    g, narrow = gm.graph((U, V)), gm.graph((U, V)).formats(["csr", "csc"])
    g.create_formats_()
    narrow.create_formats_()
    assert g.formats() == {"created": ["coo", "csr", "csc"], "not created": []}
    assert narrow.formats() == {"created": ["csr", "csc"], "not created": []}


def test_the_first_format_is_created_where_a_graph_has_none() -> None:
    for g in (gm.graph((U, V)), gm.reverse(gm.graph((U, V)))):
        narrow = g.formats(["csc", "csr"])
        assert narrow.formats() == {"created": ["csr"], "not created": ["csc"]}
    narrow = gm.graph(DATA["csr"]).formats(["csc", "coo"])
    assert narrow.formats() == {"created": ["coo"], "not created": ["csc"]}


@pytest.mark.parametrize("kept", ["coo", "csr", "csc", ["coo", "csc"], ["csr", "csc"]])
@pytest.mark.parametrize("made", ["coo", "csr", "csc"])
def test_a_graph_restricted_to_formats_has_the_same_edges(made: str, kept: Any) -> None:
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


def test_a_restriction_survives_device_and_id_dtype_changes() -> None:
    narrow = gm.graph((U, V)).formats("csc")
    for graph in (narrow.int(), narrow.to("meta"), narrow.clone()):
        assert graph.formats() == {"created": ["csc"], "not created": []}


def test_a_format_counts_as_created_when_every_relation_has_it() -> None:
    g = shop()
    g.in_edges(0, etype="buys")
    assert "csc" in g.formats()["not created"]
    g.create_formats_()
    assert g.formats()["not created"] == []


def test_a_restricted_graph_has_its_own_frames() -> None:
    g = gm.graph((U, V))
    g.ndata["x"] = torch.ones(3)
    narrow = g.formats("csc")
    narrow.ndata["h"] = torch.zeros(3)
    assert narrow.ndata["x"] is g.ndata["x"]
    assert "h" not in g.ndata


@pytest.mark.parametrize("wrong", ["dense", [], ["csr", "dense"]])
def test_an_unknown_format_is_an_error_that_lists_the_known_ones(wrong: Any) -> None:
    with pytest.raises(gm.GraphValueError, match="Expected formats of coo, csr, csc, got"):
        gm.graph((U, V)).formats(wrong)


# ---- id arguments


def test_ids_of_another_dtype_are_an_error_that_names_both() -> None:
    g = gm.graph((U, V))
    message = r"id type torch\.int64, got torch\.int32; call \.long\(\).*graph\.int\(\)"
    with pytest.raises(gm.GraphTypeError, match=message):
        g.in_degrees(torch.tensor([0], dtype=torch.int32))
    with pytest.raises(
        gm.GraphTypeError, match=r"id type torch\.int32, got torch\.int64; call \.int\(\)"
    ):
        g.int().in_degrees(torch.tensor([0]))


def test_ids_on_another_device_are_an_error_that_names_both() -> None:
    with pytest.raises(gm.GraphValueError, match=r"cpu, got one on meta; call \.to\('cpu'\)"):
        gm.graph((U, V)).in_degrees(torch.tensor([0], device="meta"))


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_lists_and_arrays_of_ids_are_cast(idtype: torch.dtype) -> None:
    g = gm.graph((U, V), idtype=idtype)
    for ids in ([0, 2], (0, 2), range(0, 3, 2), np.array([0, 2]), np.array([0, 2], np.uint8)):
        assert g.successors(0).dtype == g.in_edges(ids, "eid").dtype == idtype
        assert g.in_degrees(ids).tolist() == [1, 1]


@pytest.mark.parametrize("ids", [1.0, [0.0], np.array([0.5]), torch.tensor([0.0]), [True, False]])
def test_floats_and_masks_are_rejected_as_ids(ids: Any) -> None:
    with pytest.raises(gm.GraphTypeError, match=r"Ids of nodes: expected .* got"):
        gm.graph((U, V)).in_degrees(ids)


MASKS: dict[str, Callable[[list[bool]], Any]] = {
    "tensor": torch.tensor,
    "array": np.array,
    "list": list,
}


@each("mask", MASKS)
def test_subgraph_functions_accept_masks(mask: Callable[[list[bool]], Any]) -> None:
    g = gm.graph((U, V))
    nodes, edges = mask([True, False, True]), mask([True, False, False, True])
    assert g.subgraph(nodes).ndata[gm.NID].tolist() == [0, 2]
    assert g.edge_subgraph(edges).edata[gm.EID].tolist() == [0, 3]
    assert g.in_subgraph(nodes).edata[gm.EID].tolist() == [1, 2]
    assert g.out_subgraph(nodes).edata[gm.EID].tolist() == [0, 2, 1]


# ---- queries


def test_has_nodes_returns_a_bool_for_one_id_and_a_tensor_for_several() -> None:
    g = gm.graph((U, V))
    assert g.has_nodes(2) is True
    assert g.has_nodes(3) is False
    assert g.has_nodes(torch.tensor([-1])).tolist() == [False]
    assert g.has_nodes([0, 3, -1]).tolist() == [True, False, False]
    assert g.has_nodes([]).tolist() == []
    assert shop().has_nodes([1, 2], "game").tolist() == [True, False]


@each("scalar", {"tensor": torch.tensor, "array": np.array})
def test_an_id_without_dimensions_is_a_list_of_one(scalar: Callable[[int], Any]) -> None:
    g = gm.graph((U, V))
    zero, one = scalar(0), scalar(1)
    assert g.has_nodes(one).tolist() == [True]
    assert g.in_degrees(one).tolist() == g.in_degrees([1]).tolist()
    assert g.out_degrees(zero).tolist() == g.out_degrees([0]).tolist()
    assert g.has_edges_between(zero, 1).tolist() == g.has_edges_between([0], [1]).tolist()
    assert g.edge_ids(0, one).tolist() == g.edge_ids([0], [1]).tolist()
    for form in ("uv", "eid", "all"):
        assert lists(g.in_edges(one, form)) == lists(g.in_edges([1], form))
        assert lists(g.out_edges(one, form)) == lists(g.out_edges([1], form))
    assert lists(g.find_edges(one)) == lists(g.find_edges([1]))
    assert g.predecessors(one).tolist() == g.predecessors(1).tolist()
    assert g.subgraph(one).ndata[gm.NID].tolist() == [1]
    assert gm.remove_edges(g, one).num_edges() == g.num_edges() - 1


@each("integer", {"int": int, "NumPy": np.int64})
def test_queries_of_an_int_answer_with_a_scalar(integer: Callable[[int], Any]) -> None:
    g = gm.graph((U, V))
    assert type(g.in_degrees(integer(1))) is type(g.out_degrees(integer(0))) is int
    assert type(g.edge_ids(integer(0), integer(1))) is int
    assert g.has_nodes(integer(1)) is g.has_edges_between(integer(0), integer(1)) is True


def test_a_missing_edge_is_an_error_that_names_it() -> None:
    g = gm.graph((U, V))
    with pytest.raises(gm.GraphIndexError, match=r"no edge from 2 to 1"):
        g.edge_ids([0, 2], [1, 1])
    with pytest.raises(gm.GraphIndexError, match="from 0 to 3, got 4"):
        g.find_edges([0, 4])
    with pytest.raises(gm.GraphIndexError, match=r"'game'.* from 0 to 1, got 2"):
        shop().edge_ids(0, 2, etype="buys")


NO_IDS: dict[str, Any] = {
    "list": [],
    "tuple": (),
    "array": np.array([]),
    "tensor": torch.tensor([]),
    "tensor of ids": torch.tensor([], dtype=torch.int32),
}


@each("none", NO_IDS)
def test_empty_arguments_give_empty_tensors(none: Any) -> None:
    g = gm.graph((U, V), idtype=torch.int32)
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


def test_a_graph_without_edges_answers_every_query() -> None:
    g = gm.graph(([], []), num_nodes=2)
    assert [t.numel() for t in (*g.edges("all"), *g.in_edges([0, 1]), g.successors(1))] == [0] * 6
    assert g.in_degrees().tolist() == g.out_degrees().tolist() == [0, 0]
    assert g.has_edges_between([0, 1], 1).tolist() == [False, False]
    assert not g.is_multigraph
