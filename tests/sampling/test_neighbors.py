"""Some of the edges that enter, or leave, some nodes, and their block."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.chances import DRAWS, assert_drawn, of_sets
from support.corner_graphs import ID_DTYPES, NO_EDGES, NO_NODES, Corner, each_corner
from support.shops import FOLLOWS, VIEWED, VIEWS, shop

import graphmp as gm
from graphmp import GraphIndexError, GraphKeyError, GraphTypeError, GraphValueError
from graphmp.sampling import sample_block, sample_neighbors

each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def star(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Five edges into node 5, one from it."""
    g = gm.graph(([0, 1, 2, 3, 4, 5], [5, 5, 5, 5, 5, 0]), idtype=idtype)
    g.ndata["x"], g.edata["w"] = torch.arange(6.0), torch.tensor([0.0, 1.0, 3.0, 0.5, 0.0, 2.0])
    return g


@each_idtype
@each_corner
def test_all_edges_of_all_nodes_are_the_graph(corner: Corner, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    nodes = {ntype: g.nodes(ntype) for ntype in g.ntypes}
    for direction in ("in", "out"):
        found = sample_neighbors(g, nodes, -1, direction)
        assert [found.num_nodes(t) for t in g.ntypes] == [g.num_nodes(t) for t in g.ntypes]
        eids = found.edata[gm.EID].long()
        assert eids.sort().values.tolist() == list(range(g.num_edges()))
        for one, other in zip(found.edges(), g.edges(), strict=True):
            assert one.dtype == idtype
            assert torch.equal(one, other[eids])


@each_idtype
def test_nodes_stay_and_edges_know_where_they_come_from(idtype: torch.dtype) -> None:
    g = star(idtype)
    found = sample_neighbors(g, [5, 3], 2)
    assert found.num_nodes() == 6
    assert found.in_degrees().tolist() == [0, 0, 0, 0, 0, 2]
    eids = found.edata[gm.EID]
    assert eids.dtype == found.idtype == idtype
    assert torch.equal(found.edges()[0], g.find_edges(eids)[0])
    assert torch.equal(found.edata["w"], g.edata["w"][eids.long()])
    assert torch.equal(found.ndata["x"], g.ndata["x"])


def test_edges_that_leave_are_chosen_too() -> None:
    g = gm.reverse(star(), copy_edata=True)
    found = sample_neighbors(g, [5], 3, "out", prob="w")
    assert found.out_degrees().tolist() == [0, 0, 0, 0, 0, 3]
    assert sorted(found.edata[gm.EID].tolist()) == [1, 2, 3]
    src, dst = g.find_edges(found.edata[gm.EID])
    assert torch.equal(found.edges()[0], src)
    assert torch.equal(found.edges()[1], dst)


def test_a_node_that_is_named_twice_chooses_twice() -> None:
    assert sample_neighbors(star(), [5, 0, 5], 2).num_edges() == 5


def test_the_method_is_the_function() -> None:
    assert star().sample_neighbors([5], 3).num_edges() == 3


def test_features_are_left_behind_when_asked_to() -> None:
    found = sample_neighbors(star(), [5], 2, copy_ndata=False, copy_edata=False)
    assert (list(found.ndata), list(found.edata)) == ([], [gm.EID])


def test_writing_a_feature_of_the_sample_leaves_the_graph_as_it_was() -> None:
    g = star()
    found = sample_neighbors(g, [5], -1)
    found.edata["w"] += 1
    found.ndata["x"] = torch.zeros(6)
    assert g.edata["w"].tolist() == [0.0, 1.0, 3.0, 0.5, 0.0, 2.0]
    assert g.ndata["x"].tolist() == [0, 1, 2, 3, 4, 5]


def test_probabilities_are_obeyed_with_and_without_replacement() -> None:
    nodes, weights = torch.full((DRAWS,), 5), [0.0, 1.0, 3.0, 0.5, 0.0]
    gm.seed(1)
    found = sample_neighbors(star(), nodes, 2, prob="w", replace=True)
    assert_drawn(found.edata[gm.EID], weights)
    found = sample_neighbors(star(), nodes, 2, prob="w")
    assert_drawn((1 << found.edata[gm.EID].view(-1, 2)).sum(1), of_sets(weights, 2))


def test_a_mask_and_a_column_of_probabilities_do_too() -> None:
    g = star()
    g.edata["mask"], g.edata["column"] = g.edata["w"] > 0, g.edata["w"].view(-1, 1).half()
    for field in ("mask", "column"):
        assert sample_neighbors(g, [5], 5, prob=field).edata[gm.EID].tolist() == [1, 2, 3]


def test_excluded_edges_are_not_there() -> None:
    g = star()
    gone: Any
    for gone in ([0, 2], torch.tensor([2, 0, 2]), torch.tensor([1, 0, 1, 0, 0, 0]).bool()):
        assert sorted(sample_neighbors(g, [5], 3, exclude_edges=gone).edata[gm.EID].tolist()) == [
            1,
            3,
            4,
        ]
    assert sample_neighbors(g, [5], 3, exclude_edges=list(range(6))).num_edges() == 0
    assert sample_neighbors(g, [5], 2, replace=True, exclude_edges=range(5)).num_edges() == 0
    assert sample_neighbors(g, [5], -1, exclude_edges=[]).num_edges() == 5


def test_the_seed_decides_whatever_the_threads() -> None:
    g = gm.rand_graph(200, 20_000)
    found, before = [], torch.get_num_threads()
    for threads in (1, 3):
        torch.set_num_threads(threads)
        torch.manual_seed(3)
        found.append([sample_neighbors(g, g.nodes(), 50).edata[gm.EID] for _ in range(2)])
    torch.set_num_threads(before)
    assert all(map(torch.equal, *found))
    assert not torch.equal(*found[0])
    gm.seed(3)
    assert torch.equal(sample_neighbors(g, g.nodes(), 50).edata[gm.EID], found[0][0])


@each_idtype
def test_each_edge_type_has_its_own_fanout(idtype: torch.dtype) -> None:
    g = shop(idtype)
    found = sample_neighbors(
        g, {"user": [0, 3, 4], "item": [1]}, {"follows": 1, VIEWS: 2, VIEWED: -1}
    )
    assert found.idtype == idtype
    assert {t: found.num_edges(t) for t in g.canonical_etypes} == {FOLLOWS: 2, VIEWS: 2, VIEWED: 4}
    for etype in g.canonical_etypes:
        eids = found.edges[etype].data[gm.EID]
        assert torch.equal(found.edges[etype].data["n"], eids.long())
        for one, other in zip(
            found.edges(etype=etype), g.find_edges(eids, etype=etype), strict=True
        ):
            assert torch.equal(one, other)


def test_types_without_the_field_choose_evenly() -> None:
    g = shop()
    g.edges["follows"].data["p"] = torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0])
    found = sample_neighbors(g, {"user": [0, 1]}, 5, prob="p")
    assert found.edges["follows"].data[gm.EID].tolist() == [3]
    assert found.num_edges("viewed-by") == 3
    gone: dict[Any, Any] = {"viewed-by": [0, 2]}
    assert sample_neighbors(g, {"user": [0, 1]}, 5, exclude_edges=gone).num_edges(VIEWED) == 1


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("corner", [NO_NODES, NO_EDGES], ids=str)
def test_where_there_is_nothing_nothing_is_chosen(corner: Corner, replace: bool) -> None:
    g = corner.graph()
    for fanout in (-1, 0, 3):
        assert sample_neighbors(g, g.nodes(), fanout, replace=replace).num_edges() == 0
        assert sample_block(g, g.nodes(), fanout, replace=replace).num_edges() == 0


@each_idtype
def test_a_block_is_the_sample_made_a_block(idtype: torch.dtype) -> None:
    g, seeds = shop(idtype), {"user": [3, 0, 4], "item": [1]}
    gm.seed(5)
    block = sample_block(g, seeds, 2, prob="w")
    gm.seed(5)
    expected = gm.to_block(sample_neighbors(g, seeds, 2, prob="w"), seeds)
    sampled = expected.edges
    gm.seed(5)
    flat = sample_neighbors(g, seeds, 2, prob="w")
    assert block.idtype == idtype
    for ntype in g.ntypes:
        for one, other in (
            (block.srcnodes[ntype].data, expected.srcnodes[ntype].data),
            (block.dstnodes[ntype].data, expected.dstnodes[ntype].data),
        ):
            assert torch.equal(one[gm.NID], other[gm.NID])
    for etype in g.canonical_etypes:
        for one, other in zip(block.edges(etype=etype), sampled(etype=etype), strict=True):
            assert torch.equal(one, other)
        assert torch.equal(block.edges[etype].data[gm.EID], flat.edges[etype].data[gm.EID])
        assert torch.equal(block.edges[etype].data["n"], flat.edges[etype].data["n"])


BAD: dict[str, tuple[dict[str, Any], type[gm.GraphError], str]] = {
    "node": ({"nodes": [9]}, GraphIndexError, "from 0 to 5, got 9"),
    "negative": ({"nodes": [-1]}, GraphIndexError, "from 0 to 5, got -1"),
    "fanout": (
        {"fanout": -2},
        GraphValueError,
        "-1, for all edges, or a count below 2147483648, got -2",
    ),
    "huge": ({"fanout": 2**40}, GraphValueError, "a count below 2147483648, got 1099511627776"),
    "float": ({"fanout": 2.0}, GraphTypeError, "fanout to be an int, got float 2.0"),
    "none": ({"fanout": None}, GraphTypeError, "fanout to be an int, got None"),
    "bool": ({"fanout": True}, GraphTypeError, "fanout to be an int, got bool"),
    "type": ({"fanout": {"x": 1}}, GraphKeyError, "no edge type 'x'"),
    "missing": ({"fanout": {}}, GraphValueError, "dict for fanout to have every edge type"),
    "side": ({"edge_dir": "both"}, GraphValueError, "'in' or 'out', got 'both'"),
    "field": ({"prob": "v"}, GraphKeyError, "with a field 'v'.*'integers', 'minus'"),
    "tensor": ({"prob": torch.ones(6)}, GraphTypeError, "name of an edge field"),
    "integers": ({"prob": "integers"}, GraphTypeError, "floating point or bool"),
    "wide": ({"prob": "wide"}, GraphValueError, r"one number for each edge, .* \(6, 2\)"),
    "nan": ({"prob": "nan"}, GraphValueError, "edge 3 has nan"),
    "minus": ({"prob": "minus"}, GraphValueError, "edge 2 has -1.0"),
    "gone": ({"exclude_edges": [6]}, GraphIndexError, "from 0 to 5, got 6"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_are_errors_that_say_so(case: str) -> None:
    given, error, message = BAD[case]
    g = star()
    g.edata["integers"], g.edata["wide"] = torch.arange(6), torch.ones(6, 2)
    g.edata["nan"] = torch.tensor([1.0, 1.0, 1.0, torch.nan, 1.0, 1.0])
    g.edata["minus"] = torch.tensor([1.0, 1.0, -1.0, 1.0, 1.0, 1.0])
    call: dict[str, Any] = {"nodes": [5], "fanout": 2, **given}
    with pytest.raises(error, match=message):
        sample_neighbors(g, **call)
    if "edge_dir" not in call:
        with pytest.raises(error, match=message):
            sample_block(g, **call)


def test_a_block_of_a_block_is_an_error() -> None:
    block = sample_block(star(), [5], 2)
    with pytest.raises(GraphValueError, match="block"):
        sample_neighbors(block, [0], 2)


def test_a_destination_that_is_named_twice_is_there_twice() -> None:
    block = sample_block(star(), [5, 0, 5], -1)
    assert block.dstdata["_ID"].tolist() == block.srcdata["_ID"][:3].tolist() == [5, 0, 5]
    first, _, again = block.srcdata["_ID"][block.edges()[0]].split([5, 1, 5])
    assert first.tolist() == again.tolist() == star().predecessors(5).tolist()
    assert block.num_src_nodes() == 3 + 4
