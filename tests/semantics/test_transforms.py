"""Transforms of a graph's structure."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.samples import contents, diamond, edges, shop

import graphmp as gm
from graphmp import Graph


def test_reverse_keeps_edge_ids() -> None:
    g = diamond()
    turned = gm.reverse(g)
    assert edges(turned) == [(v, u) for u, v in edges(g)]
    assert edges(gm.reverse(turned)) == edges(g)
    assert turned.in_degrees().tolist() == g.out_degrees().tolist()
    assert turned.in_edges(0, "eid").tolist() == g.out_edges(0, "eid").tolist()


def test_reverse_copies_node_features_and_edge_features_on_request() -> None:
    g = diamond()
    assert gm.reverse(g).ndata["x"] is g.ndata["x"]
    assert "w" not in gm.reverse(g).edata
    assert gm.reverse(g, copy_edata=True).edata["w"] is g.edata["w"]
    assert "x" not in gm.reverse(g, copy_ndata=False).ndata
    turned = gm.reverse(g, copy_edata=True)
    turned.ndata["h"], turned.edata["h"] = torch.ones(4), torch.ones(4)
    assert contents(g) == contents(diamond())


def test_reverse_keeps_the_ids_of_edge_types() -> None:
    g = gm.heterograph({("a", "x", "b"): ([0], [0]), ("a", "y", "a"): ([0], [0])})
    turned = gm.reverse(g)
    assert turned.canonical_etypes == [("b", "x", "a"), ("a", "y", "a")]
    assert gm.reverse(gm.batch([g, g])).etypes == gm.reverse(turned).etypes == ["x", "y"]


def test_reverse_swaps_the_types_of_a_relation() -> None:
    turned = gm.reverse(shop(), copy_edata=True)
    assert turned.canonical_etypes == [("game", "buys", "user"), ("user", "follows", "user")]
    assert edges(turned, "buys") == [(0, 0), (0, 1), (1, 2)]
    assert turned.edges["buys"].data["w"].tolist() == [0, 1, 2]


def test_to_bidirected_drops_duplicates() -> None:
    g = gm.graph(([0, 0, 1, 2], [1, 1, 0, 2]), num_nodes=4)
    g.ndata["x"] = torch.arange(4.0)
    both = gm.to_bidirected(g)
    assert sorted(edges(both)) == [(0, 1), (1, 0), (2, 2)]
    assert both.num_nodes() == 4
    assert not both.ndata
    assert gm.to_bidirected(g, copy_ndata=True).ndata["x"] is g.ndata["x"]


def test_add_self_loop_appends_one_for_each_node_without_checking() -> None:
    g = gm.graph(([0, 1], [0, 2]))
    assert edges(gm.add_self_loop(g)) == [(0, 0), (1, 2), (0, 0), (1, 1), (2, 2)]
    assert edges(g) == [(0, 0), (1, 2)]


FILLS: dict[Any, list[float]] = {
    1.0: [1, 1, 1, 1],
    0: [0, 0, 0, 0],
    "sum": [0, 0, 10, 50],
    "mean": [0, 0, 10, 25],
    "max": [0, 0, 10, 30],
    "min": [0, 0, 10, 20],
}


@pytest.mark.parametrize(("fill", "expected"), FILLS.items(), ids=map(str, FILLS))
def test_add_self_loop_fills_with_a_number_or_an_aggregate_of_in_edges(
    fill: Any, expected: list[float]
) -> None:
    looped = gm.add_self_loop(diamond(), fill_data=fill)
    assert looped.edata["w"].tolist() == [0, 10, 20, 30, *expected]


def test_add_self_loop_fills_only_the_named_fields() -> None:
    g = diamond()
    g.edata["v"] = torch.ones(4, 2, dtype=torch.int64)
    looped = gm.add_self_loop(g, ["v"], torch.tensor([5, 6]))
    assert looped.edata["v"][4:].tolist() == [[5, 6]] * 4
    assert looped.edata["w"][4:].tolist() == [0, 0, 0, 0]


def test_add_self_loop_changes_only_the_named_relation() -> None:
    looped = gm.add_self_loop(shop(), etype="follows")
    assert edges(looped, "follows") == [(0, 1), (1, 2), (0, 0), (1, 1), (2, 2)]
    assert edges(looped, "buys") == edges(shop(), "buys")


def test_remove_self_loop_removes_all() -> None:
    g = gm.graph(([0, 0, 1, 0], [0, 1, 1, 0]))
    g.edata["w"] = torch.arange(4)
    assert edges(gm.remove_self_loop(g)) == [(0, 1)]
    assert gm.remove_self_loop(g).edata["w"].tolist() == [1]


def test_a_self_loop_needs_one_node_type_at_both_ends() -> None:
    for function in (gm.add_self_loop, gm.remove_self_loop):
        with pytest.raises(gm.GraphValueError, match=r"one node type at both ends.*'buys'"):
            function(shop(), etype="buys")
    with pytest.raises(gm.GraphValueError, match=r"one node type at both ends.*'buys'"):
        gm.to_bidirected(shop())
    with pytest.raises(gm.GraphValueError, match="block"):
        gm.add_self_loop(gm.create_block(([0], [0])))


@pytest.mark.parametrize(
    ("fill", "error"), [("median", gm.GraphValueError), ([1], gm.GraphTypeError)]
)
def test_add_self_loop_rejects_other_fill_data(fill: Any, error: type[gm.GraphError]) -> None:
    with pytest.raises(error, match=r"Expected fill_data as a number.* got"):
        gm.add_self_loop(diamond(), fill_data=fill)


def test_a_tensor_that_fills_self_loops_has_the_shape_of_one_row() -> None:
    g = gm.graph(([0], [1]))
    g.edata["p"] = torch.ones(1, 3)
    fill = torch.tensor([1.0, 2.0, 3.0])
    assert gm.add_self_loop(g, fill_data=fill).edata["p"][1:].tolist() == [[1, 2, 3], [1, 2, 3]]
    with pytest.raises(gm.GraphValueError, match=r"one row's shape \(3,\), got \(2,\); name the"):
        gm.add_self_loop(g, fill_data=torch.ones(2))


def parallel() -> Graph:
    """Three edges from 1 to 0, one from 0 to 2, in mixed order."""
    g = gm.graph(([1, 0, 1, 1], [0, 2, 0, 0]))
    g.ndata["x"] = torch.arange(3.0)
    g.edata["w"] = torch.tensor([1.0, 5.0, 2.0, 6.0])
    return g


def test_to_simple_merges_parallel_edges() -> None:
    g = parallel()
    simple = gm.to_simple(g)
    assert sorted(edges(simple)) == [(0, 2), (1, 0)]
    assert simple.ndata["x"] is g.ndata["x"]
    assert list(simple.edata) == ["count"]
    assert not simple.is_multigraph


def test_to_simple_names_its_counts() -> None:
    simple = gm.to_simple(parallel(), return_counts="times")
    assert simple.edata["times"][simple.edge_ids([0, 1], [2, 0])].tolist() == [1, 3]
    assert not gm.to_simple(parallel(), return_counts=None).edata


def test_to_simple_returns_the_mapping_of_edges() -> None:
    g = parallel()
    simple, mapping = gm.to_simple(g, writeback_mapping=True)
    assert [edges(simple)[i] for i in mapping.tolist()] == edges(g)
    _, mappings = gm.to_simple(shop(), writeback_mapping=True)
    assert sorted(mappings) == shop().canonical_etypes


@pytest.mark.parametrize(("aggregator", "expected"), [("arbitrary", 1), ("sum", 9), ("mean", 3)])
def test_to_simple_aggregates_features_of_parallel_edges(aggregator: str, expected: float) -> None:
    simple = gm.to_simple(parallel(), copy_edata=True, aggregator=aggregator)
    assert simple.edata["w"][simple.edge_ids([0, 1], [2, 0])].tolist() == [5, expected]
    assert (gm.EID in simple.edata) == (aggregator == "arbitrary")


def test_to_simple_rejects_blocks_and_unknown_aggregators() -> None:
    with pytest.raises(gm.GraphValueError, match="block"):
        gm.to_simple(gm.create_block(([0], [0])))
    with pytest.raises(gm.GraphValueError, match="arbitrary, sum or mean, got 'max'"):
        gm.to_simple(parallel(), aggregator="max")
