"""The edges of greatest or least weight that enter, or leave, some nodes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.corner_graphs import (
    DTYPES,
    ID_DTYPES,
    NO_EDGES,
    NO_NODES,
    Corner,
    each_corner,
    feature,
)
from support.shops import FOLLOWS, VIEWED, VIEWS, shop

import graphmp as gm
from graphmp import GraphIndexError, GraphKeyError, GraphTypeError, GraphValueError
from graphmp.sampling import sample_neighbors, select_topk

each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def star(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Five edges into node 5, one from it."""
    g = gm.graph(([0, 1, 2, 3, 4, 5], [5, 5, 5, 5, 5, 0]), idtype=idtype)
    g.ndata["x"], g.edata["w"] = torch.arange(6.0), torch.tensor([1.0, 5.0, 3.0, 9.0, 3.0, 7.0])
    return g


def eids(g: gm.Graph) -> list[int]:
    return list(g.edata[gm.EID].tolist())


@each_idtype
def test_the_greatest_come_first_and_of_equals_the_smaller_id(idtype: torch.dtype) -> None:
    g = star(idtype)
    found = select_topk(g, 4, "w", [5])
    assert eids(found) == [3, 1, 2, 4]
    assert [ends.tolist() for ends in found.edges()] == [[3, 1, 2, 4], [5, 5, 5, 5]]
    assert found.idtype == found.edata[gm.EID].dtype == idtype
    assert found.edata["w"].tolist() == [9, 5, 3, 3]
    assert torch.equal(found.ndata["x"], g.ndata["x"])
    assert eids(select_topk(g, 3, "w", [5], ascending=True)) == [0, 2, 4]


def test_all_nodes_are_meant_unless_some_are_named() -> None:
    assert eids(select_topk(star(), 1, "w")) == [5, 3]
    assert eids(select_topk(star(), 1, "w", torch.tensor([False] * 5 + [True]))) == [3]
    assert eids(select_topk(star(), 2, "w", [5, 0, 5])) == [3, 1, 5, 3, 1]
    assert eids(star().select_topk(1, "w", 5)) == [3]


def test_edges_that_leave_can_be_chosen() -> None:
    g = gm.reverse(star(), copy_edata=True)
    found = select_topk(g, 2, "w", [5], "out")
    assert eids(found) == [3, 1]
    assert [ends.tolist() for ends in found.edges()] == [[5, 5], [3, 1]]


def test_all_or_none_can_be_chosen() -> None:
    assert eids(select_topk(star(), -1, "w", [5])) == [3, 1, 2, 4, 0]
    assert eids(select_topk(star(), 99, "w", [5])) == [3, 1, 2, 4, 0]
    assert eids(select_topk(star(), 0, "w", [5])) == []


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@each_corner
def test_the_edges_are_those_that_a_sort_puts_first(corner: Corner, dtype: torch.dtype) -> None:
    g = corner.graph()
    weights = corner.feature("e", (), dtype)
    g.edata["w"] = weights
    for side, ascending in (("in", False), ("out", True)):
        ends = g.edges()[1 if side == "in" else 0].tolist()
        ntype = g.dsttypes[0] if side == "in" else g.srctypes[0]
        expected = []
        for node in g.nodes(ntype).tolist():
            own = [e for e, end in enumerate(ends) if end == node]
            values = weights.double().tolist()
            own.sort(key=lambda e: values[e] if ascending else -values[e])
            expected += own[:3]
        assert eids(select_topk(g, 3, "w", None, side, ascending)) == expected


def test_infinite_weights_are_weights() -> None:
    g = star()
    g.edata["w"] = torch.tensor([[torch.inf], [1], [-torch.inf], [2], [0], [0]])
    assert eids(select_topk(g, 9, "w", [5])) == [0, 3, 1, 4, 2]


@each_idtype
def test_each_edge_type_has_its_own_number(idtype: torch.dtype) -> None:
    g = shop(idtype)
    found = select_topk(g, {"follows": 1, VIEWS: 0, VIEWED: -1}, "w", {"user": [0, 1]})
    assert {t: found.num_edges(t) for t in g.canonical_etypes} == {FOLLOWS: 2, VIEWS: 0, VIEWED: 3}
    every = select_topk(g, -1, "w")
    nodes = {ntype: g.nodes(ntype) for ntype in g.ntypes}
    for etype in g.canonical_etypes:
        all_edges = sample_neighbors(g, nodes, -1).edges[etype].data[gm.EID]
        found_edges = every.edges[etype].data[gm.EID]
        assert torch.equal(found_edges.sort().values, all_edges.sort().values)
        assert found_edges.dtype == idtype


def test_features_are_left_behind_when_asked_to() -> None:
    found = select_topk(star(), 2, "w", copy_ndata=False, copy_edata=False)
    assert (list(found.ndata), list(found.edata)) == ([], [gm.EID])
    assert select_topk(star(), 2, "w", output_device="cpu").device.type == "cpu"


@pytest.mark.parametrize("corner", [NO_NODES, NO_EDGES], ids=str)
def test_where_there_is_nothing_nothing_is_chosen(corner: Corner) -> None:
    g = corner.graph()
    g.edata["w"] = feature(0)
    found = select_topk(g, 3, "w")
    assert (found.num_nodes(), found.num_edges()) == (corner.num_dst, 0)


BAD: dict[str, tuple[dict[str, Any], type[gm.GraphError], str]] = {
    "node": ({"nodes": [9]}, GraphIndexError, "from 0 to 5, got 9"),
    "k": ({"k": -2}, GraphValueError, "k to be -1, for all edges, or a count"),
    "float": ({"k": 1.5}, GraphTypeError, "k to be an int, got float 1.5"),
    "missing": ({"k": {}}, GraphValueError, "a dict for k to have every edge type"),
    "side": ({"edge_dir": "up"}, GraphValueError, "'in' or 'out', got 'up'"),
    "field": ({"weight": "v"}, GraphKeyError, "no field 'v'; fields are: 'w', 'wide', 'nan', 'c'"),
    "tensor": ({"weight": torch.ones(6)}, GraphTypeError, "name of an edge field"),
    "wide": ({"weight": "wide"}, GraphValueError, r"one number for each edge.* \(6, 2\)"),
    "nan": ({"weight": "nan"}, GraphValueError, "edge 3 is NaN"),
    "complex": ({"weight": "c"}, GraphTypeError, "real numbers"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_are_errors_that_say_so(case: str) -> None:
    given, error, message = BAD[case]
    g = star()
    g.edata["wide"], g.edata["nan"] = torch.ones(6, 2), torch.ones(6)
    g.edata["nan"][3] = torch.nan
    g.edata["c"] = torch.ones(6, dtype=torch.complex64)
    call: dict[str, Any] = {"k": 2, "weight": "w", **given}
    with pytest.raises(error, match=message):
        select_topk(g, **call)


def test_a_weight_that_is_nan_matters_only_where_it_is_compared() -> None:
    g = star()
    g.edata["w"][3] = torch.nan
    assert eids(select_topk(g, 1, "w", [0])) == [5]


def test_a_block_is_an_error() -> None:
    with pytest.raises(GraphValueError, match="block"):
        select_topk(gm.to_block(star()), 1, "w")
