"""Messages of a graph of one node and one edge type do not show the names ``_N`` and ``_E``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import graphmp as gm
import graphmp.function as fn
from graphmp import Graph

COPY, SUM = fn.copy_u("x", "m"), fn.sum("m", "y")
BAD_IDS: tuple[Any, ...] = (-1, 99, [1.5], "a", torch.tensor([[0]]), torch.tensor([0]).int())
META = torch.ones(1, device="meta")


def homogeneous() -> Graph:
    g = gm.batch([gm.graph(([0, 1, 0], [1, 2, 2])), gm.graph(([0], [1]))])
    g.ndata["x"], g.edata["w"] = torch.rand(5, 2), torch.rand(4)
    return g


def block() -> Graph:
    return gm.to_block(homogeneous(), [1, 2, 4])


def initialized(g: Graph) -> None:
    g.set_n_initializer(lambda *_: META)
    g.add_nodes(1)


# Each is called with ids that do not fit.
TAKERS: dict[str, Callable[[Graph, Any], Any]] = {
    "in_degrees": lambda g, ids: g.in_degrees(ids),
    "out_degrees": lambda g, ids: g.out_degrees(ids),
    "has_edges_between": lambda g, ids: g.has_edges_between(ids, 0),
    "edge_ids": lambda g, ids: g.edge_ids(0, ids),
    "find_edges": lambda g, ids: g.find_edges(ids),
    "in_edges": lambda g, ids: g.in_edges(ids),
    "out_edges": lambda g, ids: g.out_edges(ids),
    "predecessors": lambda g, ids: g.predecessors(ids),
    "nodes": lambda g, ids: g.nodes[torch.tensor([0]), ids].data,
    "edges": lambda g, ids: g.edges[[ids]].data,
    "pull": lambda g, ids: g.pull(ids, COPY, SUM),
    "push": lambda g, ids: g.push(ids, COPY, SUM),
    "send_and_recv": lambda g, ids: g.send_and_recv(ids, COPY, SUM),
    "apply_nodes": lambda g, ids: g.apply_nodes(lambda nodes: {}, ids),
    "apply_edges": lambda g, ids: g.apply_edges(COPY, ids),
    "filter_nodes": lambda g, ids: g.filter_nodes(lambda nodes: nodes.data["x"] > 0, ids),
    "filter_edges": lambda g, ids: g.filter_edges(lambda edges: edges.data["w"] > 0, ids),
    "remove_nodes": lambda g, ids: g.remove_nodes([ids]),
    "remove_edges": lambda g, ids: g.remove_edges([ids]),
    "add_edges": lambda g, ids: g.add_edges([ids, 1], [-1, 1, 2]),
    "node_subgraph": lambda g, ids: g.subgraph([ids, ids]),
    "node_subgraph twice": lambda g, _: g.subgraph([0, 0]),
    "edge_subgraph": lambda g, ids: g.edge_subgraph([ids]),
    "in_subgraph": lambda g, ids: g.in_subgraph([ids]),
    "khop_in_subgraph": lambda g, ids: g.khop_in_subgraph([ids], 1),
    "sample_neighbors": lambda g, ids: g.sample_neighbors([ids], 1),
    "select_topk": lambda g, ids: g.select_topk(1, "w", [ids]),
    "random_walk": lambda g, ids: gm.sampling.random_walk(g, [ids], length=2),
    "pinsage": lambda g, ids: gm.sampling.RandomWalkNeighborSampler(g, 1, 0.0, 1, 1)([ids]),
    "bfs": lambda g, ids: gm.bfs_nodes_generator(g, [ids]),
    "to_block": lambda g, ids: gm.to_block(g, [ids]),
    "to_block twice": lambda g, _: gm.to_block(g, [2, 2]),
    "to_block few": lambda g, _: gm.to_block(g, [0]),
    "compact": lambda g, ids: gm.compact_graphs(g, [ids]),
}
# Each fails on its own.
CALLS: dict[str, Callable[[Graph], Any]] = {
    "node field": lambda g: g.ndata["z"],
    "edge field": lambda g: g.edata["z"],
    "node rows": lambda g: g.ndata.update(h=torch.ones(9)),
    "edge rows": lambda g: g.edata.update(h=torch.ones(9)),
    "node device": lambda g: g.ndata.update(h=META),
    "edge list": lambda g: g.edata.update(h=[1]),
    "written rows": lambda g: g.nodes[[0]].data.update(x=torch.ones(1, 3)),
    "written dtype": lambda g: g.edges[[0]].data.update(w=torch.ones(1).int()),
    "node type": lambda g: g.num_nodes("user"),
    "edge type": lambda g: g.num_edges("follows"),
    "triple": lambda g: g.num_edges(("a", "b", "c")),
    "number as type": lambda g: g.num_nodes(3),  # type: ignore[arg-type]
    "slice of types": lambda g: g["a", :, :],
    "no edge": lambda g: g.edge_ids(4, 0),
    "pair without edge": lambda g: g.edges[4, 0],
    "batch nodes": lambda g: g.set_batch_num_nodes([-1]),
    "batch edges": lambda g: g.set_batch_num_edges([1, -1]),
    "unbatch": lambda g: gm.unbatch(g, [4, 1], [1, 3]),
    "batch of two kinds": lambda g: gm.batch([g, gm.heterograph({("a", "x", "b"): ([0], [0])})]),
    "batch of other fields": lambda g: gm.batch([g, gm.rand_graph(2, 2)]),
    "update_all field": lambda g: g.update_all(fn.copy_u("z", "m"), SUM),
    "multi_update_all": lambda g: g.multi_update_all({"x": (COPY, SUM)}, "sum"),
    "initializer": initialized,
    "added rows": lambda g: g.add_nodes(1, {"x": torch.ones(1, 3)}),
    "added edge rows": lambda g: g.add_edges(0, 0, {"w": torch.ones(2)}),
    "mask": lambda g: g.subgraph(torch.ones(3).bool()),
    "edge mask": lambda g: g.edge_subgraph(torch.ones(3).bool()),
    "adj weights": lambda g: (g.edata.update(v=torch.ones(4, 2, 2)), g.adj(eweight_name="v")),
    "prob": lambda g: g.sample_neighbors([0], 1, prob="z"),
    "prob dtype": lambda g: (
        g.edata.update(p=torch.ones(4).int()),
        g.sample_neighbors([0], 1, prob="p"),
    ),
    "topk field": lambda g: g.select_topk(1, "z"),
    "topk shape": lambda g: (g.edata.update(v=torch.ones(4, 2)), g.select_topk(1, "v")),
    "readout": lambda g: gm.sum_nodes(g, "z"),
    "readout name": lambda g: gm.sum_edges(g, 3),  # type: ignore[arg-type]
    "compact two": lambda g: gm.compact_graphs([g, gm.rand_graph(2, 2)]),
    "num_nodes": lambda _: gm.graph(([0], [5]), num_nodes=2),
    "num_nodes dtype": lambda _: gm.graph(([0], [5]), num_nodes=2.5),  # type: ignore[arg-type]
    "line graph of a block": lambda _: gm.line_graph(block()),
    "field of sources": lambda _: block().srcdata["z"],
    "rows of destinations": lambda _: block().dstdata.update(h=torch.ones(1)),
    "batch of a block": lambda _: block().batch_num_nodes(),
    "type of a block": lambda _: block().num_src_nodes("user"),
}


def message(call: Callable[[Graph], Any]) -> str:
    with pytest.raises((gm.GraphError, KeyError)) as caught:
        call(homogeneous())
    return str(caught.value)


@pytest.mark.parametrize("name", TAKERS)
def test_errors_about_ids_show_no_unnamed_type(name: str) -> None:
    for ids in BAD_IDS:
        text = message(lambda g, ids=ids: TAKERS[name](g, ids))  # type: ignore[misc]
        assert "_N" not in text
        assert "_E" not in text


@pytest.mark.parametrize("name", CALLS)
def test_errors_show_no_unnamed_type(name: str) -> None:
    text = message(CALLS[name])
    assert "_N" not in text
    assert "_E" not in text


def test_a_warning_shows_no_unnamed_type() -> None:
    g = gm.graph(([], []), num_nodes=2)
    with pytest.warns(gm.GraphWarning) as caught:
        g.update_all(lambda edges: {"m": torch.ones(0)}, lambda nodes: {"y": nodes.mailbox["m"]})
    assert [str(one.message) for one in caught] == ["A message function is called on 0 edges."]
