"""Changes of structure as objects: what the functions do, in every relation."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.corner_graphs import ID_DTYPES, SMALL_CORNERS, Corner
from support.samples import contents, diamond, edges, shop

import graphmp as gm
from graphmp import transforms as T

SQUARE = [corner for corner in SMALL_CORNERS if not corner.bipartite]
square = pytest.mark.parametrize("corner", SQUARE, ids=str)
each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
BUYS, FOLLOWS = ("user", "buys", "game"), ("user", "follows", "user")


@square
@each_idtype
def test_every_node_has_one_self_loop(corner: Corner, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    looped = gm.AddSelfLoop()(g)
    rest = [pair for pair in edges(g) if pair[0] != pair[1]]
    assert edges(looped) == [*rest, *((i, i) for i in range(g.num_nodes()))]
    assert edges(gm.RemoveSelfLoop()(looped)) == rest
    twice = gm.AddSelfLoop(allow_duplicate=True)(g)
    assert edges(twice) == [*edges(g), *((i, i) for i in range(g.num_nodes()))]
    assert looped.idtype == idtype


def test_self_loops_are_filled_as_by_the_function() -> None:
    g = diamond()
    filled = gm.AddSelfLoop(edge_feat_names=["w"], fill_data="sum")(g)
    assert contents(filled) == contents(gm.add_self_loop(g, ["w"], "sum"))


def test_self_loops_may_be_relations_of_their_own() -> None:
    g = gm.AddSelfLoop(new_etypes=True)(shop())
    own = [("game", "self", "game"), ("user", "self", "user")]
    assert g.canonical_etypes == sorted([BUYS, FOLLOWS, *own])
    assert [edges(g, etype) for etype in own] == [[(i, i) for i in range(n)] for n in (2, 3)]
    assert edges(g, FOLLOWS) == [(0, 1), (1, 2), (0, 0), (1, 1), (2, 2)]
    assert g.edges[FOLLOWS].data["w"].tolist() == [0, 1, 1, 1, 1]
    assert edges(g, BUYS) == edges(shop(), BUYS)


@square
@each_idtype
@pytest.mark.parametrize("copy", [False, True])
def test_reversed_edges_follow_the_edges(corner: Corner, copy: bool, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    g.edata["w"] = torch.arange(1.0, g.num_edges() + 1)
    both = gm.AddReverse(copy_edata=copy)(g)
    assert edges(both) == [*edges(g), *((v, u) for u, v in edges(g))]
    assert both.edata["w"].tolist() == [*g.edata["w"].tolist(), *(g.edata["w"] * copy).tolist()]
    assert both.idtype == idtype


def test_a_relation_of_two_types_gets_a_reverse_with_a_name() -> None:
    g = gm.AddReverse(copy_edata=True)(shop())
    assert g.canonical_etypes == sorted([BUYS, FOLLOWS, ("game", "rev_buys", "user")])
    assert edges(g, "rev_buys") == [(v, u) for u, v in edges(shop(), BUYS)]
    assert g.edges["rev_buys"].data["w"] is g.edges["buys"].data["w"]
    assert "w" not in gm.AddReverse()(shop()).edges["rev_buys"].data
    apart = gm.AddReverse(sym_new_etype=True)(shop())
    assert edges(apart, FOLLOWS) == edges(shop(), FOLLOWS)
    assert edges(apart, "rev_follows") == [(1, 0), (2, 1)]
    assert g.ndata["x"]["user"].tolist() == [0, 1, 2]


def test_a_reverse_that_is_there_stays() -> None:
    own = {("a", "x", "b"): ([0], [1]), ("b", "rev_x", "a"): ([0], [0])}
    g = gm.AddReverse()(gm.heterograph(own))
    assert edges(g, "rev_x") == [(0, 0)]
    assert edges(g, "rev_rev_x") == [(0, 0)]


def test_objects_do_what_the_functions_do() -> None:
    g = gm.add_edges(diamond(), [0, 0], [1, 1])
    simple = gm.ToSimple("n", "mean")(g)
    assert contents(simple) == contents(gm.to_simple(g, "n", copy_edata=True, aggregator="mean"))
    for backtracking in (True, False):
        line = gm.LineGraph(backtracking)(g)
        assert contents(line) == contents(gm.line_graph(g, backtracking, shared=True))
    assert contents(gm.KHopGraph(2)(g)) == contents(gm.khop_graph(g, 2))


def test_metapaths_become_relations() -> None:
    bought = gm.AddReverse()(shop())
    paths: dict[str, list[Any]] = {"also": ["buys", "rev_buys"], "feed": [FOLLOWS, BUYS]}
    g = gm.AddMetaPaths(paths)(bought)
    assert {*g.canonical_etypes} - {*bought.canonical_etypes} == {
        ("user", "also", "user"),
        ("user", "feed", "game"),
    }
    for name, path in paths.items():
        assert edges(g, name) == edges(gm.metapath_reachable_graph(bought, path))
    assert g.edges[BUYS].data["w"] is bought.edges[BUYS].data["w"]
    alone = gm.AddMetaPaths(paths, keep_orig_edges=False)(bought)
    assert alone.etypes == ["also", "feed"]
    assert alone.ndata["x"]["game"].tolist() == [0, 1]
    with pytest.raises(gm.GraphValueError, match="names of their own, got 'follows'"):
        gm.AddMetaPaths({"follows": ["buys", "rev_buys"]})(bought)
    with pytest.raises(gm.GraphValueError, match="not a block"):
        gm.AddMetaPaths({})(gm.create_block(([0], [0])))


@square
@each_idtype
def test_edges_become_nodes_between_their_ends(corner: Corner, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    g.ndata["x"], g.edata["w"] = torch.ones(g.num_nodes(), 2), torch.ones(g.num_edges())
    levi = gm.ToLevi()(g)
    assert levi.canonical_etypes == [("edge", "e2n", "node"), ("node", "n2e", "edge")]
    assert (levi.num_nodes("node"), levi.num_nodes("edge")) == (g.num_nodes(), g.num_edges())
    assert edges(levi, "n2e") == [(u, i) for i, (u, _) in enumerate(edges(g))]
    assert edges(levi, "e2n") == [(i, v) for i, (_, v) in enumerate(edges(g))]
    assert levi.nodes["node"].data["x"] is g.ndata["x"]
    assert levi.nodes["edge"].data["w"] is g.edata["w"]
    assert levi.idtype == idtype


ANY: list[T.BaseTransform] = [
    gm.AddSelfLoop(new_etypes=True),
    gm.RemoveSelfLoop(),
    gm.AddReverse(),
    gm.ToSimple(),
    gm.LineGraph(),
    gm.KHopGraph(2),
    gm.ToLevi(),
]


@pytest.mark.parametrize("transform", ANY, ids=repr)
def test_the_graph_stays_as_it_is_and_blocks_are_refused(transform: T.BaseTransform) -> None:
    g = diamond()
    new: Any = transform(g)
    for ntype in new.ntypes:
        new.nodes[ntype].data["new"] = torch.ones(new.num_nodes(ntype))
    for etype in new.canonical_etypes:
        new.edges[etype].data["new"] = torch.ones(new.num_edges(etype))
    assert contents(g) == contents(diamond())
    with pytest.raises(gm.GraphValueError, match="block"):
        transform(gm.create_block(([0], [0])))
