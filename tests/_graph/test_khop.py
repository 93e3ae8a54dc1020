from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.corner_graphs import ID_DTYPES
from support.unchanged import each

import graphmp as gm
from graphmp import Graph

TAKEN = {"in": gm.khop_in_subgraph, "out": gm.khop_out_subgraph}
each_way = each("take", TAKEN)
Take = Callable[..., Any]


@pytest.fixture(params=ID_DTYPES, ids=str)
def g(request: pytest.FixtureRequest) -> Graph:
    """Two node types, three sparse relations; features are the original ids."""
    generator = torch.Generator().manual_seed(1)
    sizes, data = {"a": 30, "b": 20}, {}
    for s, name, d in (("a", "x", "b"), ("a", "y", "a"), ("b", "z", "a")):
        ends = [torch.randint(sizes[t], (25,), generator=generator) for t in (s, d)]
        data[s, name, d] = (ends[0], ends[1])
    made = gm.heterograph(data, sizes, idtype=request.param)
    made.ndata["x"] = {t: torch.arange(n) * 10 for t, n in sizes.items()}
    return made


def by_hand(g: Graph, start: dict[str, list[int]], k: int, take: Take) -> dict[str, list[int]]:
    """The nodes at most ``k`` steps away, found edge by edge."""
    met = {(t, i) for t, ids in start.items() for i in ids}
    edges = [
        ((s, u), (d, v))
        for s, name, d in g.canonical_etypes
        for u, v in zip(*(e.tolist() for e in g.edges(etype=name)), strict=True)
    ]
    if take is gm.khop_in_subgraph:
        edges = [(v, u) for u, v in edges]
    for _ in range(k):
        met |= {there for here, there in edges if here in met}
    return {t: sorted(i for s, i in met if s == t) for t in g.ntypes}


@each_way
@pytest.mark.parametrize("k", [0, 1, 2, 3, 10**9])
def test_nodes_at_most_k_steps_away_and_the_edges_between_them(
    g: Graph, k: int, take: Take
) -> None:
    start = {"a": [7, 2, 11], "b": [5]}
    part, places = take(g, start, k)
    expected = by_hand(g, start, min(k, 60), take)
    for t, ids in expected.items():
        assert part.nodes[t].data[gm.NID].tolist() == ids
        assert part.nodes[t].data["x"].tolist() == [10 * i for i in ids]
        assert part.nodes[t].data[gm.NID][places[t].long()].tolist() == start[t]
        assert places[t].dtype == part.idtype == g.idtype
    whole = gm.node_subgraph(g, expected)
    for etype in g.canonical_etypes:
        assert torch.equal(part.edges[etype].data[gm.EID], whole.edges[etype].data[gm.EID])
        assert all(map(torch.equal, part.edges(etype=etype), whole.edges(etype=etype)))


@each_way
def test_all_nodes_may_stay(g: Graph, take: Take) -> None:
    part = take(g, {"a": [7]}, 2, relabel_nodes=False)
    inner, _ = take(g, {"a": [7]}, 2)
    assert [part.num_nodes(t) for t in g.ntypes] == [30, 20]
    assert part.num_edges("y") == inner.num_edges("y")
    assert gm.NID not in part.nodes["a"].data


@each_way
def test_ids_need_not_be_stored(g: Graph, take: Take) -> None:
    part, _ = take(g, {"a": [7]}, 2, store_ids=False)
    assert gm.NID not in part.nodes["a"].data
    assert gm.EID not in part.edges["y"].data


def test_the_new_ids_are_in_the_form_that_came() -> None:
    g = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
    assert gm.khop_in_subgraph(g, 3, 1)[1].tolist() == [1]
    assert gm.khop_in_subgraph(g, [3, 0, 3], 0)[1].tolist() == [1, 0, 1]
    assert gm.khop_in_subgraph(g, {"_N": [3, 0]}, 0)[1]["_N"].tolist() == [1, 0]
    mask = torch.tensor([False, True, False, True])
    assert g.khop_out_subgraph(mask, 0)[1].tolist() == [0, 1]
    assert g.khop_in_subgraph([], 2)[0].num_nodes() == 0


def test_the_result_may_go_to_another_device() -> None:
    g = gm.graph(([0, 1], [1, 0]))
    part, places = gm.khop_in_subgraph(g, [0], 1, output_device="meta")
    assert (part.device.type, places.device.type) == ("meta", "meta")


@each_way
def test_bad_input_is_an_error(take: Take) -> None:
    g = gm.graph(([0, 1], [1, 0]))
    for nodes, k, error, message in (
        ([2], 1, gm.GraphIndexError, "from 0 to 1, got 2"),
        ([0], -1, gm.GraphValueError, "k: expected a non-negative int"),
        ([0], 1.5, gm.GraphTypeError, "k: expected an int"),
        ({"shop": [0]}, 1, gm.GraphKeyError, "no .* type 'shop'"),
    ):
        with pytest.raises(error, match=message):
            take(g, nodes, k)
    with pytest.raises(gm.GraphValueError, match="not a block, got a block"):
        take(gm.create_block(([0], [0])), [0], 1)
