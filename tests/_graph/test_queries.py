"""Every query against lists and loops, on random multigraphs of two relations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from support.corner_graphs import ID_DTYPES
from support.unchanged import each
from torch import Tensor

import graphmp as gm
from graphmp import Graph


class Case(NamedTuple):
    """A relation of a graph, and its edges as a list of pairs."""

    g: Graph
    etype: Any
    pairs: list[tuple[int, int]]
    num_src: int
    num_dst: int


NUM = {"a": 7, "b": 5}


def random_pairs(num_src: int, num_dst: int, seed: int) -> list[tuple[int, int]]:
    """Edges of which many are parallel; the last source and the last destination have none."""
    generator = torch.Generator().manual_seed(seed)
    u = torch.randint(num_src - 1, (30,), generator=generator)
    v = torch.randint(num_dst - 1, (30,), generator=generator)
    return list(zip(u.tolist(), v.tolist(), strict=True))


def make_case(kind: str, idtype: torch.dtype, layout: str | None) -> Case:
    """A relation between two types, within one type, of a graph of one type, or of a block."""
    across, within = random_pairs(7, 5, 0), random_pairs(7, 7, 1)
    etypes: dict[Any, Any] = {("a", "x", "b"): across, ("a", "y", "a"): within}
    cases: dict[str, Any] = {
        "across": lambda: (gm.heterograph(etypes, NUM, idtype=idtype), "x", across, 7, 5),
        "within": lambda: (
            gm.heterograph(etypes, NUM, idtype=idtype),
            ("a", "y", "a"),
            within,
            7,
            7,
        ),
        "single": lambda: (gm.graph(within, num_nodes=7, idtype=idtype), None, within, 7, 7),
        "block": lambda: (gm.create_block(across, 7, 5, idtype=idtype), None, across, 7, 5),
        "empty": lambda: (gm.graph(([], []), num_nodes=3, idtype=idtype), None, [], 3, 3),
    }
    g, etype, pairs, num_src, num_dst = cases[kind]()
    return Case(g.formats(layout) if layout else g, etype, pairs, num_src, num_dst)


KINDS = ("across", "within", "single", "block", "empty")


@pytest.fixture(params=ID_DTYPES, ids=str)
def idtype(request: pytest.FixtureRequest) -> torch.dtype:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(params=[None, "coo", "csr", "csc"])
def layout(request: pytest.FixtureRequest) -> str | None:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, idtype: torch.dtype, layout: str | None) -> Case:
    return make_case(request.param, idtype, layout)


def rows(found: Any) -> list[tuple[int, ...]]:
    """Tensors of ids side by side: a tuple for each edge."""
    return list(zip(*(t.tolist() for t in found), strict=True))


def has_idtype(case: Case, *tensors: Tensor) -> bool:
    return {t.dtype for t in tensors} <= {case.g.idtype}


# ---- counts and degrees


def test_counts(case: Case) -> None:
    g, etype, pairs, num_src, num_dst = case
    assert g.num_edges(etype) == g.number_of_edges(etype) == len(pairs)
    source, _, target = g.to_canonical_etype(g.canonical_etypes[0] if etype is None else etype)
    assert g.num_src_nodes(source) == g.number_of_src_nodes(source) == num_src
    assert g.num_dst_nodes(target) == g.number_of_dst_nodes(target) == num_dst


def test_counts_of_all_types_are_sums() -> None:
    g = make_case("across", torch.int64, None).g
    assert (g.num_nodes(), g.number_of_nodes(), g.num_edges()) == (12, 12, 60)
    assert g.num_nodes("a") == g.number_of_nodes("a") == 7


def test_degrees(case: Case) -> None:
    g, etype, pairs, num_src, num_dst = case
    ins = [sum(v == i for _, v in pairs) for i in range(num_dst)]
    outs = [sum(u == i for u, _ in pairs) for i in range(num_src)]
    assert g.in_degrees(etype=etype).tolist() == ins
    assert g.out_degrees(etype=etype).tolist() == outs
    assert has_idtype(case, g.in_degrees(etype=etype), g.out_degrees(etype=etype))
    assert g.in_degrees([2, 0, 2], etype).tolist() == [ins[2], ins[0], ins[2]]
    assert g.out_degrees(2, etype) == outs[2]
    assert g.in_degrees(torch.tensor(1, dtype=g.idtype), etype).tolist() == [ins[1]]


def test_degrees_that_were_given_out_may_be_changed(case: Case) -> None:
    before = case.g.in_degrees(etype=case.etype).tolist()
    case.g.in_degrees(etype=case.etype).add_(1)
    assert case.g.in_degrees(etype=case.etype).tolist() == before


# ---- edges


def test_all_edges(case: Case) -> None:
    g, etype, pairs, *_ = case
    numbered = [(u, v, i) for i, (u, v) in enumerate(pairs)]
    assert rows(g.all_edges("all", "eid", etype)) == numbered
    assert rows(g.edges("all", "srcdst", etype)) == sorted(numbered)
    assert has_idtype(case, *g.edges("all", "srcdst", etype), g.edges("eid", etype=etype))


@pytest.mark.parametrize("ids", [[2, 0], [1], [2, 2], []])
def test_in_and_out_edges_come_node_after_node(case: Case, ids: list[int]) -> None:
    g, etype, pairs, *_ = case
    numbered = [(u, v, i) for i, (u, v) in enumerate(pairs)]
    ins = [edge for node in ids for edge in numbered if edge[1] == node]
    outs = [edge for node in ids for edge in numbered if edge[0] == node]
    assert rows(g.in_edges(ids, "all", etype)) == ins
    assert rows(g.out_edges(ids, "all", etype)) == outs
    assert rows(g.in_edges(ids, etype=etype)) == [edge[:2] for edge in ins]
    assert g.out_edges(ids, "eid", etype).tolist() == [edge[2] for edge in outs]
    assert has_idtype(case, *g.in_edges(ids, "all", etype), *g.out_edges(ids, "all", etype))


def test_predecessors_and_successors(case: Case) -> None:
    g, etype, pairs, num_src, num_dst = case
    for node in range(num_dst):
        assert g.predecessors(node, etype).tolist() == [u for u, v in pairs if v == node]
    for node in range(num_src):
        assert g.successors(node, etype).tolist() == [v for u, v in pairs if u == node]
    assert has_idtype(case, g.predecessors(0, etype), g.successors(0, etype))


def test_has_edges_between(case: Case) -> None:
    g, etype, pairs, num_src, num_dst = case
    every = [(u, v) for u in range(num_src) for v in range(num_dst)]
    us, vs = ([pair[end] for pair in every] for end in (0, 1))
    assert g.has_edges_between(us, vs, etype).tolist() == [pair in pairs for pair in every]
    there = [(0, v) in pairs for v in range(num_dst)]
    assert g.has_edges_between(0, range(num_dst), etype).tolist() == there
    assert g.has_edges_between(0, 1, etype) is ((0, 1) in pairs)


def test_edge_ids_are_the_least_of_each_pair(case: Case) -> None:
    g, etype, pairs, *_ = case
    us, vs = [u for u, _ in pairs], [v for _, v in pairs]
    found = g.edge_ids(us, vs, etype=etype)
    assert found.tolist() == [pairs.index(pair) for pair in pairs]
    assert has_idtype(case, found)
    for u, v in pairs[:3]:
        assert g.edge_ids(u, v, etype=etype) == pairs.index((u, v))


def test_edge_ids_with_ends_give_every_edge_of_each_pair(case: Case) -> None:
    g, etype, pairs, *_ = case
    asked = list(dict.fromkeys(pairs))[::2]
    found = g.edge_ids([u for u, _ in asked], [v for _, v in asked], return_uv=True, etype=etype)
    expected = [(*pair, i) for pair in asked for i, other in enumerate(pairs) if other == pair]
    assert rows(found) == expected
    assert has_idtype(case, *found)


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_edge_ids_with_ends_give_nothing_for_pairs_without_an_edge(dtype: torch.dtype) -> None:
    g = gm.graph(([0, 1, 0], [1, 2, 1]), idtype=dtype)
    for part, expected in zip(
        g.edge_ids([2, 1, 0], [0, 2, 1], return_uv=True),
        ([1, 0, 0], [2, 1, 1], [1, 0, 2]),
        strict=True,
    ):
        assert part.dtype == dtype
        assert part.tolist() == expected
    assert [part.tolist() for part in g.edge_ids(2, 2, return_uv=True)] == [[], [], []]


def test_pairs_of_many_nodes_are_told_apart_in_int32() -> None:
    u, v = [99_999, 99_998, 0], [99_998, 99_999, 99_999]
    g = gm.graph((u, v), idtype=torch.int32)
    assert g.edge_ids(u, v).tolist() == [0, 1, 2]
    assert g.edges("eid", "srcdst").tolist() == [2, 1, 0]
    assert gm.to_bidirected(g).num_edges() == 4


def test_find_edges(case: Case) -> None:
    g, etype, pairs, *_ = case
    ids = [i for i in (29, 0, 3, 3) if i < len(pairs)]
    assert rows(g.find_edges(ids, etype)) == [pairs[i] for i in ids]
    assert has_idtype(case, *g.find_edges(ids, etype))


def test_one_edge_is_found_by_its_id_alone() -> None:
    u, v = gm.graph(([3, 0], [1, 2])).find_edges(1)
    assert (u.tolist(), v.tolist()) == ([0], [2])


# ---- kinds of graphs


def test_a_multigraph_has_two_edges_with_the_same_ends() -> None:
    assert gm.graph(([0, 1, 0], [1, 0, 1])).is_multigraph
    assert not gm.graph(([0, 1], [1, 0])).is_multigraph
    several = {("a", "x", "b"): ([0], [0]), ("a", "y", "b"): ([0], [0])}
    assert not gm.heterograph(several).is_multigraph


def test_what_kind_a_graph_is_of() -> None:
    single, bipartite = gm.graph(([0], [1])), gm.heterograph({("a", "x", "b"): ([0], [0])})
    mixed = gm.heterograph({("a", "x", "b"): ([0], [0]), ("b", "y", "a"): ([0], [0])})
    block = gm.create_block(([0], [0]))
    graphs = (single, bipartite, mixed, block)
    assert [g.is_homogeneous for g in graphs] == [True, False, False, False]
    assert [g.is_unibipartite for g in graphs] == [False, True, False, True]
    assert [g.is_block for g in graphs] == [False, False, False, True]
    assert (bipartite.srctypes, bipartite.dsttypes) == (["a"], ["b"])
    assert mixed.srctypes == mixed.dsttypes == ["a", "b"]


def test_ids_of_all_nodes(idtype: torch.dtype) -> None:
    g = make_case("across", idtype, None).g
    assert g.nodes("b").tolist() == list(range(5))
    assert g.nodes("b").dtype == idtype
    block = make_case("block", idtype, None).g
    assert (len(block.srcnodes()), len(block.dstnodes())) == (7, 5)


# ---- bad ids

QUERIES: dict[str, Callable[[Graph, Any], Any]] = {
    "in_degrees": lambda g, ids: g.in_degrees(ids),
    "out_degrees": lambda g, ids: g.out_degrees(ids),
    "in_edges": lambda g, ids: g.in_edges(ids),
    "out_edges": lambda g, ids: g.out_edges(ids),
    "predecessors": lambda g, ids: g.predecessors(ids),
    "successors": lambda g, ids: g.successors(ids),
    "has_edges_between u": lambda g, ids: g.has_edges_between(ids, [0, 1]),
    "has_edges_between v": lambda g, ids: g.has_edges_between([0, 1], ids),
    "edge_ids u": lambda g, ids: g.edge_ids(ids, [0, 1]),
    "edge_ids v": lambda g, ids: g.edge_ids([0, 1], ids),
    "find_edges": lambda g, ids: g.find_edges(ids),
    "nodes": lambda g, ids: g.nodes[ids],
    "edges": lambda g, ids: g.edges[ids],
}
OUTSIDE = {
    "negative": [0, -1],
    "too large": [0, 9],
    "an array": np.array([9, 0]),
    "int64": [2**40, 0],
}
WRONG: dict[str, tuple[Any, type[gm.GraphError]]] = {
    "floats": ([0.0, 1.0], gm.GraphTypeError),
    "float tensor": (torch.zeros(2), gm.GraphTypeError),
    "bools": ([True, False], gm.GraphTypeError),
    "bool tensor": (torch.tensor([True, False]), gm.GraphTypeError),
    "other id type": (torch.zeros(2, dtype=torch.int32), gm.GraphTypeError),
    "other device": (torch.zeros(2, dtype=torch.int64, device="meta"), gm.GraphValueError),
    "nested": ([[0, 1], [1, 2]], gm.GraphValueError),
    "ragged": ([[0], [1, 2]], gm.GraphValueError),
    "None": ([None], gm.GraphTypeError),
    "dict": ({0: 1}, gm.GraphTypeError),
    "object": (object(), gm.GraphTypeError),
}


def triangle() -> Graph:
    return gm.graph(([0, 1, 2], [1, 2, 0]))


@each("query", QUERIES)
@each("ids", OUTSIDE)
def test_an_id_that_is_not_there_is_an_error_that_names_it(
    query: Callable[[Graph, Any], Any], ids: Any
) -> None:
    bad = next(int(i) for i in ids if i != 0)
    with pytest.raises(gm.GraphIndexError, match=f"from 0 to 2, got {bad}"):
        query(triangle(), ids)


@each("query", QUERIES)
@each("ids, error", WRONG)
def test_what_are_no_ids_is_an_error(
    query: Callable[[Graph, Any], Any], ids: Any, error: type[gm.GraphError]
) -> None:
    with pytest.raises(error):
        query(triangle(), ids)


@each("ids, error", WRONG)
def test_has_nodes_takes_ids_as_well(ids: Any, error: type[gm.GraphError]) -> None:
    with pytest.raises(error):
        triangle().has_nodes(ids)


def test_ends_that_do_not_pair_up_are_an_error() -> None:
    for query in (triangle().edge_ids, triangle().has_edges_between):
        with pytest.raises(gm.GraphValueError, match=r"as many .* got 2 and 3"):
            query([0, 1], [0, 1, 2])


def test_neighbours_are_asked_of_one_node() -> None:
    queries: tuple[Any, ...] = (triangle().predecessors, triangle().successors)
    for query in queries:
        with pytest.raises(gm.GraphValueError, match="Expected one node id, got 2"):
            query([0, 1])


def test_ids_of_a_graph_without_nodes_are_all_outside() -> None:
    with pytest.raises(gm.GraphIndexError, match=r"expected no ids, .* got 0"):
        gm.graph(([], [])).in_degrees(0)


def test_ids_are_checked_on_the_cpu_even_when_validation_is_off() -> None:
    gm.validate_ids(False)
    with pytest.raises(gm.GraphIndexError):
        triangle().in_degrees(3)
