"""A type without rows needs no field, and a graph needs no relation."""

from __future__ import annotations

import pytest
import torch
from support.corner_graphs import ID_DTYPES

import graphmp as gm
import graphmp.function as fn

each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES)


def with_empty_type(idtype: torch.dtype) -> gm.Graph:
    """Nodes of type b alone have rows and a field, edges of type y alone too."""
    edges = {
        ("a", "x", "b"): ([], []),
        ("b", "y", "b"): ([0, 1], [1, 0]),
        ("b", "z", "a"): ([], []),
    }
    graph = gm.heterograph(edges, {"a": 0, "b": 2}, idtype=idtype)
    graph.nodes["b"].data["h"] = torch.tensor([[1.0], [2.0]])
    graph.edges["y"].data["w"] = torch.tensor([3.0, 4.0])
    return graph


def without_relations() -> gm.Graph:
    graph = gm.heterograph({}, {"a": 3})
    graph.nodes["a"].data["h"] = torch.ones(3)
    return graph


@each_idtype
def test_types_without_rows_need_no_field_to_become_one_type(idtype: torch.dtype) -> None:
    one = gm.to_homogeneous(with_empty_type(idtype), ndata=["h"], edata=["w"])
    assert one.ndata["h"].tolist() == [[1.0], [2.0]]
    assert one.edata["w"].tolist() == [3.0, 4.0]


@each_idtype
def test_types_without_rows_do_not_hide_the_fields_of_merged_types(idtype: torch.dtype) -> None:
    merged = with_empty_type(idtype)[:, :, "b"]
    assert merged.srcdata["h"].tolist() == [[1.0], [2.0]]
    assert merged.edata["w"].tolist() == [3.0, 4.0]


@each_idtype
def test_a_builtin_needs_no_field_of_types_without_rows(idtype: torch.dtype) -> None:
    graph = with_empty_type(idtype)
    messages = [fn.copy_u("h", "m"), fn.copy_e("w", "m"), fn.u_mul_v("h", "h", "m")]
    for message, sums in zip(messages, ([[2.0], [1.0]], [4.0, 3.0], [[2.0], [2.0]]), strict=True):
        graph.update_all(message, fn.sum("m", "o"))
        assert graph.nodes["b"].data["o"].tolist() == sums
        call = dict.fromkeys(graph.canonical_etypes, (message, fn.mean("m", "p")))
        graph.multi_update_all(call, "sum")
        assert graph.nodes["b"].data["p"].tolist() == sums
    graph.update_all(messages[0], fn.std("m", "o"))
    assert graph.nodes["b"].data["o"].tolist() == [[0.0], [0.0]]


def test_a_field_that_rows_lack_is_still_an_error() -> None:
    graph = with_empty_type(torch.int64)
    with pytest.raises(gm.GraphKeyError, match="have no field 'q'"):
        graph.update_all(fn.copy_u("q", "m"), fn.sum("m", "o"))
    with pytest.raises(gm.GraphKeyError, match="have no field 'q'"):
        gm.to_homogeneous(graph, ndata=["q"])


def test_a_graph_without_relations_becomes_homogeneous() -> None:
    one = gm.to_homogeneous(without_relations(), ndata=["h"], edata=["w"])
    assert (one.num_nodes(), one.num_edges()) == (3, 0)
    assert one.ndata["h"].tolist() == [1.0] * 3


def test_verbs_do_nothing_on_a_graph_without_relations() -> None:
    graph = without_relations()
    graph.update_all(fn.copy_u("h", "m"), fn.sum("m", "o"))
    graph.multi_update_all({}, "sum")
    graph.apply_edges(fn.u_add_v("h", "h", "m"))
    assert list(graph.ndata) == ["h"]
