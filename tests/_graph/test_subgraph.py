from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from support.corner_graphs import ID_DTYPES
from support.unchanged import each

import graphmp as gm
from graphmp import Graph


def random_graph(idtype: torch.dtype) -> Graph:
    """Two node types, three relations with parallel edges; features are the original ids."""
    generator = torch.Generator().manual_seed(0)
    sizes = {"a": 8, "b": 5}
    data = {}
    for s, name, d in (("a", "x", "b"), ("a", "y", "a"), ("b", "z", "a")):
        ends = [torch.randint(sizes[t], (25,), generator=generator) for t in (s, d)]
        data[s, name, d] = (ends[0], ends[1])
    g = gm.heterograph(data, sizes, idtype=idtype)
    g.ndata["x"] = {t: torch.arange(n) * 10 for t, n in sizes.items()}
    g.edata["w"] = {t: torch.arange(25) * 100 for t in g.canonical_etypes}
    return g


@pytest.fixture(params=ID_DTYPES, ids=str)
def g(request: pytest.FixtureRequest) -> Graph:
    return random_graph(request.param)


def triples(g: Graph, etype: Any) -> list[tuple[int, int, int]]:
    return list(zip(*(t.tolist() for t in g.edges("all", etype=etype)), strict=True))


def original(part: Graph, etype: Any) -> list[tuple[int, int, int]]:
    """The edges of a subgraph in the ids of the graph it was taken from."""
    s, _, d = part.to_canonical_etype(etype)
    names = [part.nodes[t].data.get(gm.NID, part.nodes(t)) for t in (s, d)]
    u, v = part.edges(etype=etype)
    ends = (names[0][u.long()], names[1][v.long()], part.edges[etype].data[gm.EID])
    return list(zip(*(t.tolist() for t in ends), strict=True))


def assert_features_followed(part: Graph) -> None:
    """Features, which are multiples of original ids, belong to the ids that are stored."""
    for ntype in part.ntypes:
        data = part.nodes[ntype].data
        if gm.NID in data:
            assert data["x"].tolist() == (data[gm.NID] * 10).tolist()
            assert data[gm.NID].dtype == part.idtype
    for etype in part.canonical_etypes:
        data = part.edges[etype].data
        assert data["w"].tolist() == (data[gm.EID] * 100).tolist()
        assert data[gm.EID].dtype == part.idtype


# ---- some nodes

NODES: dict[str, dict[str, list[int]]] = {
    "some": {"a": [5, 0, 3, 2], "b": [4, 1]},
    "one type": {"a": [1, 2, 3, 4, 5]},
    "no nodes": {},
    "all": {"a": list(range(8)), "b": list(range(5))},
}


@each("nodes", NODES)
def test_a_node_subgraph_has_all_edges_between_its_nodes_source_after_source(
    g: Graph, nodes: dict[str, list[int]]
) -> None:
    part = gm.node_subgraph(g, nodes)
    for s, name, d in g.canonical_etypes:
        kept = [
            (u, v, e)
            for source in nodes.get(s, ())
            for u, v, e in triples(g, name)
            if u == source and v in nodes.get(d, ())
        ]
        assert original(part, name) == kept
    for ntype in g.ntypes:
        assert part.nodes[ntype].data[gm.NID].tolist() == nodes.get(ntype, [])
        assert part.num_nodes(ntype) == len(nodes.get(ntype, []))
    assert part.idtype == g.idtype
    assert_features_followed(part)


def test_a_node_subgraph_may_keep_all_nodes(g: Graph) -> None:
    part = g.subgraph({"a": [1, 2], "b": [0, 1, 2]}, relabel_nodes=False)
    whole = g.subgraph({"a": [1, 2], "b": [0, 1, 2]})
    assert [part.num_nodes(t) for t in g.ntypes] == [8, 5]
    assert gm.NID not in part.nodes["a"].data
    assert part.nodes["a"].data["x"] is g.nodes["a"].data["x"]
    for etype in g.etypes:
        assert original(part, etype) == original(whole, etype)


def test_ids_of_a_subgraph_need_not_be_stored(g: Graph) -> None:
    for part in (
        g.subgraph({"a": [1]}, store_ids=False),
        g.edge_subgraph({"x": [1]}, store_ids=False),
        g.in_subgraph({"a": [1]}, store_ids=False),
        g.out_subgraph({"a": [1]}, relabel_nodes=True, store_ids=False),
    ):
        assert gm.NID not in part.ndata
        assert gm.EID not in part.edata


# ---- some edges

EDGES: dict[str, dict[Any, list[int]]] = {
    "some": {"x": [3, 1, 20], ("a", "y", "a"): [7]},
    "repeated": {"y": [4, 4, 2]},
    "no edges": {},
    "all": {name: list(range(25)) for name in ("x", "y", "z")},
}


@each("edges", EDGES)
def test_an_edge_subgraph_has_these_edges_and_the_nodes_at_their_ends(
    g: Graph, edges: dict[Any, list[int]]
) -> None:
    part = gm.edge_subgraph(g, edges)
    kept = {g.to_canonical_etype(t): [triples(g, t)[i] for i in ids] for t, ids in edges.items()}
    ends: dict[str, list[int]] = {t: [] for t in g.ntypes}
    for s, name, d in g.canonical_etypes:
        ends[s] += [u for u, _, _ in kept.get((s, name, d), [])]
        ends[d] += [v for _, v, _ in kept.get((s, name, d), [])]
    for etype in g.canonical_etypes:
        assert original(part, etype) == kept.get(etype, [])
    for ntype in g.ntypes:
        assert part.nodes[ntype].data[gm.NID].tolist() == list(dict.fromkeys(ends[ntype]))
    assert_features_followed(part)


def test_an_edge_subgraph_may_keep_all_nodes(g: Graph) -> None:
    part = g.edge_subgraph({"x": [3, 1]}, relabel_nodes=False)
    assert [part.num_nodes(t) for t in g.ntypes] == [8, 5]
    assert original(part, "x") == [triples(g, "x")[3], triples(g, "x")[1]]


def test_edges_may_be_named_by_their_ends() -> None:
    g = gm.graph(([0, 1, 2], [1, 2, 0]))
    assert g.edge_subgraph(([2, 0], [0, 1])).edata[gm.EID].tolist() == [2, 0]


# ---- edges that touch some nodes


@pytest.mark.parametrize("relabel", [False, True])
def test_in_and_out_subgraphs_have_the_edges_that_touch_some_nodes(g: Graph, relabel: bool) -> None:
    nodes = {"a": [6, 2], "b": [3]}
    entering = gm.in_subgraph(g, nodes, relabel_nodes=relabel)
    leaving = gm.out_subgraph(g, nodes, relabel_nodes=relabel)
    for s, name, d in g.canonical_etypes:
        every = triples(g, name)
        ins = [edge for edge in every if edge[1] in nodes[d]]
        outs = [edge for edge in every if edge[0] in nodes[s]]
        assert original(entering, name) == sorted(ins, key=lambda edge: nodes[d].index(edge[1]))
        assert original(leaving, name) == sorted(outs, key=lambda edge: nodes[s].index(edge[0]))
    for part in (entering, leaving):
        assert_features_followed(part)
        if not relabel:
            assert [part.num_nodes(t) for t in g.ntypes] == [8, 5]


def test_a_node_named_twice_brings_its_edges_once() -> None:
    g = gm.graph(([0, 1], [2, 2]))
    assert g.in_subgraph([2, 2]).num_edges() == 2
    assert g.out_subgraph([0, 0]).num_edges() == 1


# ---- types


def test_types_keep_all_their_nodes_and_edges(g: Graph) -> None:
    one = gm.edge_type_subgraph(g, ["y"])
    assert (one.ntypes, one.etypes, one.num_nodes()) == (["a"], ["y"], 8)
    assert triples(one, "y") == triples(g, "y")
    two = gm.edge_type_subgraph(g, ["y", ("a", "x", "b")])
    assert (two.etypes, two.get_etype_id("x"), two.ntypes) == (["y", "x"], 1, ["a", "b"])
    assert triples(two, "x") == triples(g, "x")
    assert gm.node_type_subgraph(g, ["a"]).etypes == ["y"]
    assert gm.node_type_subgraph(g, ["b"]).num_edges() == 0
    assert gm.node_type_subgraph(g, ["b", "a"]).canonical_etypes == g.canonical_etypes


def test_relations_of_a_block_make_a_block() -> None:
    block = gm.create_block({("a", "x", "b"): ([0], [0]), ("b", "y", "b"): ([2], [1])})
    part = block["y"]
    assert part.is_block
    assert (part.srctypes, part.dsttypes) == (["b"], ["b"])
    assert (part.num_src_nodes(), part.num_dst_nodes()) == (3, 2)


# ---- bad arguments

TAKEN: dict[str, Callable[[Graph, Any], Graph]] = {
    "subgraph": Graph.subgraph,
    "edge_subgraph": Graph.edge_subgraph,
    "in_subgraph": Graph.in_subgraph,
    "out_subgraph": Graph.out_subgraph,
}
BAD: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "negative": ([0, -1], gm.GraphIndexError, "from 0 to 2, got -1"),
    "too large": ([3], gm.GraphIndexError, "from 0 to 2, got 3"),
    "floats": ([1.0], gm.GraphTypeError, "expected integers"),
    "float tensor": (torch.ones(1), gm.GraphTypeError, r"int64, got torch\.float32"),
    "id type": (torch.ones(1, dtype=torch.int32), gm.GraphTypeError, r"int64, got torch\.int32"),
    "device": (torch.ones(1, dtype=torch.int64, device="meta"), gm.GraphValueError, "on meta"),
    "long mask": (torch.ones(4, dtype=torch.bool), gm.GraphValueError, r"\(3,\), got \(4,\)"),
    "short mask": (np.ones(2, dtype=bool), gm.GraphValueError, r"shape \(3,\), got \(2,\)"),
    "mask elsewhere": (
        torch.ones(3, dtype=torch.bool, device="meta"),
        gm.GraphValueError,
        r"expected a mask on cpu, got one on meta",
    ),
    "nothing": (None, gm.GraphTypeError, "got None"),
    "unknown type": ({"shop": [0]}, gm.GraphKeyError, "no .* type 'shop'"),
}


@each("take", TAKEN)
@each("ids, error, message", BAD)
def test_what_names_no_nodes_or_edges_is_an_error(
    take: Callable[[Graph, Any], Graph], ids: Any, error: type[gm.GraphError], message: str
) -> None:
    g = gm.graph(([0, 1, 2], [1, 2, 0]))
    with pytest.raises(error, match=message):
        take(g, ids)


@each("take", TAKEN)
def test_several_types_take_a_dict(take: Callable[[Graph, Any], Graph], g: Graph) -> None:
    with pytest.raises(gm.GraphValueError, match="types, so name one"):
        take(g, [0])


@pytest.mark.parametrize("take", [*TAKEN.values(), Graph.node_type_subgraph])
def test_a_block_has_no_subgraphs(take: Callable[[Graph, Any], Graph]) -> None:
    with pytest.raises(gm.GraphValueError, match="not a block, got a block"):
        take(gm.create_block(([0], [0])), [0])


@pytest.mark.parametrize(
    ("take", "chosen"),
    [
        *((take, {"a": [1, 2]}) for name, take in TAKEN.items() if "edge" not in name),
        (Graph.edge_subgraph, {"x": [0]}),
        (Graph.node_type_subgraph, ["a"]),
        (Graph.edge_type_subgraph, ["x"]),
    ],
)
def test_the_result_may_go_to_another_device(take: Any, chosen: Any, g: Graph) -> None:
    part = take(g, chosen, output_device="meta")
    assert part.device.type == part.nodes["a"].data["x"].device.type == "meta"
    assert part.num_nodes() == take(g, chosen).num_nodes()


def test_a_subgraph_has_each_node_once() -> None:
    with pytest.raises(gm.GraphValueError, match="each node once, got some twice"):
        gm.graph(([0], [1])).subgraph([1, 1])


def test_types_are_a_list_of_known_names(g: Graph) -> None:
    with pytest.raises(gm.GraphTypeError, match="Expected node types in a list, got str 'a'"):
        g.node_type_subgraph("a")
    with pytest.raises(gm.GraphTypeError, match="Expected edge types in a list, got str 'x'"):
        g.edge_type_subgraph("x")
    with pytest.raises(gm.GraphKeyError, match="no node type 'shop'"):
        g.node_type_subgraph(["shop"])
    with pytest.raises(gm.GraphKeyError, match="no edge type 'sells'"):
        g.edge_type_subgraph(["sells"])


def test_ids_of_types_of_one_side_count_the_types_of_both() -> None:
    g = gm.heterograph({("a", "to", "c"): ([0], [0]), ("b", "to", "c"): ([0], [0])})
    assert [g.get_ntype_id_from_src(ntype) for ntype in g.srctypes] == [0, 1]
    assert g.get_ntype_id_from_dst("c") == g.get_ntype_id_from_dst() == 2
    block = gm.create_block({("a", "x", "b"): ([0], [0]), ("b", "y", "a"): ([0], [0])})
    assert [block.get_ntype_id_from_src(ntype) for ntype in ("a", "b")] == [0, 1]
    assert [block.get_ntype_id_from_dst(ntype) for ntype in ("a", "b")] == [2, 3]
    with pytest.raises(gm.GraphKeyError, match="'c'"):
        g.get_ntype_id_from_src("c")
