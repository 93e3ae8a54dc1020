"""Arguments whose meaning is clear are accepted, as DGL accepts them."""

from __future__ import annotations

import pytest
import torch

import graphmp as gm
import graphmp.function as fn
from graphmp.dataloading import ShaDowKHopSampler

EDGES = {("a", "x", "b"): ([0, 1], [1, 0]), ("b", "y", "b"): ([0], [1])}


def test_a_builtin_without_a_type_computes_messages_of_every_edge_type() -> None:
    graph = gm.heterograph(EDGES)
    graph.ndata["h"] = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([10.0, 20.0])}
    graph.apply_edges(fn.u_add_v("h", "h", "m"))
    assert graph.edges["x"].data["m"].tolist() == [21.0, 12.0]
    assert graph.edges["y"].data["m"].tolist() == [30.0]
    with pytest.raises(gm.GraphKeyError, match="no field 'q'"):
        graph.apply_edges(fn.u_add_v("h", "q", "n"))
    assert "n" not in graph.edges["x"].data
    with pytest.raises(gm.GraphValueError, match="2 edge types"):
        graph.apply_edges(lambda edges: {"m": edges.src["h"]})


def test_a_predicate_may_return_numbers() -> None:
    graph = gm.graph(([0, 1], [1, 2]))
    graph.ndata["h"], graph.edata["w"] = torch.tensor([0, 2, -1]), torch.tensor([0.5, 0.0])
    assert graph.filter_nodes(lambda nodes: nodes.data["h"]).tolist() == [1, 2]
    assert graph.filter_edges(lambda edges: edges.data["w"].view(-1, 1)).tolist() == [0]


def test_edge_softmax_takes_short_names_and_canonical_types() -> None:
    graph = gm.heterograph(EDGES)
    logits = {"x": torch.zeros(2), ("b", "y", "b"): torch.zeros(1)}
    weights = gm.ops.edge_softmax(graph, logits)
    assert {name: value.tolist() for name, value in weights.items()} == {
        "x": [0.5, 1.0],
        ("b", "y", "b"): [0.5],
    }
    with pytest.raises(gm.GraphKeyError, match="'q'"):
        gm.ops.edge_softmax(graph, {"q": torch.zeros(2)})
    with pytest.raises(gm.GraphValueError, match="each edge type once"):
        gm.ops.edge_softmax(graph, {"x": torch.zeros(2), ("a", "x", "b"): torch.zeros(2)})


def test_seeds_of_a_subgraph_sampler_that_repeat_count_once() -> None:
    graph, sampler = gm.graph(([0, 1, 2], [1, 2, 0])), ShaDowKHopSampler([1])
    _, seeds, subgraph = sampler.sample(graph, torch.tensor([2, 1, 2]))
    assert seeds.tolist() == subgraph.ndata[gm.NID][:2].tolist() == [1, 2]
    hetero = gm.heterograph(EDGES)
    _, seeds, subgraph = sampler.sample(hetero, {"b": torch.tensor([1, 1])})
    assert seeds["b"].tolist() == subgraph.nodes["b"].data[gm.NID][:1].tolist() == [1]


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_empty_tensors_give_a_graph_their_id_dtype(dtype: torch.dtype) -> None:
    none = torch.empty(0, dtype=dtype)
    assert gm.graph((none, none)).idtype == dtype
    assert gm.heterograph({("a", "x", "b"): (none, none)}).idtype == dtype
    assert gm.graph((torch.tensor([]), torch.tensor([]))).idtype == torch.int64


@pytest.mark.parametrize("value", ["text", None, [1, "a"]])
def test_an_attribute_of_networkx_that_is_no_number_is_named(value: object) -> None:
    networkx = pytest.importorskip("networkx")
    graph = networkx.DiGraph([(0, 1, {"w": value})])
    with pytest.raises(gm.GraphTypeError, match="Attribute 'w' of some edge: expected a number"):
        gm.from_networkx(graph, edge_attrs=["w"])
    ragged = networkx.DiGraph([(0, 1, {"w": [1, 2]}), (1, 0, {"w": [1]})])
    with pytest.raises(gm.GraphValueError, match="Attribute 'w' of the edges: expected one shape"):
        gm.from_networkx(ragged, edge_attrs=["w"])
