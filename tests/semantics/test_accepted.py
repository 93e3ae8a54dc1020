"""Arguments whose meaning is clear are accepted, as DGL accepts them."""

from __future__ import annotations

import warnings
from collections import UserDict
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
import torch
from support.unchanged import each
from torch import nn

import graphmp as gm
import graphmp.function as fn
import graphmp.nn as gnn
from graphmp.dataloading import (
    ClusterGCNSampler,
    NeighborSampler,
    ShaDowKHopSampler,
    as_edge_prediction_sampler,
)

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


def featured(wrap: Callable[[Any], Any] = dict) -> gm.Graph:
    graph = gm.heterograph(wrap(EDGES), wrap({"a": 2, "b": 2}))
    graph.ndata["h"] = wrap({"a": torch.ones(2, 3), "b": torch.ones(2, 3)})
    graph.edata["w"] = wrap({"x": torch.ones(2), "y": torch.ones(1)})
    return graph


class Bare:
    """A mapping by its methods alone, as ``nn.ParameterDict`` is one."""

    def __init__(self, content: dict[Any, Any]) -> None:
        self.content = content

    def __getitem__(self, key: Any) -> Any:
        return self.content[key]

    def __iter__(self) -> Any:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)

    def keys(self) -> Any:
        return self.content.keys()

    def values(self) -> Any:
        return self.content.values()

    def items(self) -> Any:
        return self.content.items()


SUM = (fn.copy_u("h", "m"), fn.sum("m", "o"))
LAYERS = {"x": gnn.GraphConv(3, 2), "y": gnn.GraphConv(3, 2)}
TAKE_DICTS: dict[str, Callable[[Any], Any]] = {
    "features": featured,
    "block": lambda w: gm.create_block(w(EDGES), w({"a": 2, "b": 2}), w({"b": 2})),
    "nodes": lambda w: gm.node_subgraph(featured(), w({"a": [0], "b": [True, False]})),
    "edges": lambda w: gm.edge_subgraph(featured(), w({"x": [0]})),
    "seeds": lambda w: gm.sampling.sample_neighbors(featured(), w({"b": [0]}), w({"x": 1, "y": 1})),
    "loader": lambda w: NeighborSampler(
        [w({"x": 1, "y": 1})], prefetch_node_feats=w({"a": ["h"]})
    ).sample(featured(), w({"b": [0]})),
    "functions": lambda w: featured().multi_update_all(w({"x": SUM}), "sum"),
    "results": lambda w: featured().apply_nodes(lambda n: w({"o": n.data["h"]}), ntype="a"),
    "softmax": lambda w: gm.ops.edge_softmax(featured(), w({"x": torch.ones(2)})),
    "layers": lambda w: gnn.HeteroGraphConv(w(LAYERS)),
    "inputs": lambda w: gnn.HeteroGraphConv(LAYERS)(
        featured(), w(featured().ndata["h"]), mod_kwargs=w({"x": w({"edge_weight": torch.ones(2)})})
    ),
    "linear": lambda w: gnn.HeteroLinear(w({"a": 3}), 2)(w({"a": torch.ones(2, 3)})),
    "new rows": lambda w: featured().add_edges([0], [0], w({"w": torch.ones(1)}), etype="y"),
    "sizes": lambda w: featured().set_batch_num_nodes(
        w({"a": torch.tensor([1, 1]), "b": torch.tensor([2, 0])})
    ),
}


@each("call", TAKE_DICTS)
def test_any_mapping_is_taken_where_a_dict_is(call: Callable[[Any], Any]) -> None:
    for wrap in (UserDict, MappingProxyType, Bare):
        call(wrap)


def test_parameters_and_modules_in_torchs_dicts_are_taken() -> None:
    graph = gm.heterograph(EDGES)
    graph.ndata["h"] = nn.ParameterDict({"a": torch.ones(2, 3), "b": torch.ones(2, 3)})
    layer = gnn.HeteroGraphConv(nn.ModuleDict(LAYERS))
    assert layer(graph, nn.ParameterDict(graph.ndata["h"]))["b"].shape == (2, 2)
    with pytest.raises(gm.GraphTypeError, match="got list"):
        graph.ndata["h"] = [torch.ones(2, 3)]


def test_edge_features_of_width_0_are_none_for_a_layer_without() -> None:
    graph, x = gm.graph(([0, 1], [1, 2])), torch.randn(3, 4)
    torch.manual_seed(0)
    pna = gnn.PNAConv(4, 2, ["mean"], ["identity"], 1.0)
    assert torch.equal(pna(graph, x, torch.empty(2, 0)), pna(graph, x))
    egnn = gnn.EGNNConv(4, 3, 2)
    (out, _), (expected, _) = egnn(graph, x, x, torch.empty(2, 0)), egnn(graph, x, x)
    assert torch.equal(out, expected)
    with pytest.raises(gm.GraphValueError, match="expected 0 features per edge"):
        pna(graph, x, torch.empty(2, 1))
    with pytest.raises(gm.GraphValueError, match="expected 0 features per edge"):
        egnn(graph, x, x, torch.empty(2, 1))


def test_types_may_be_floats_that_hold_integers() -> None:
    graph, x, types = gm.graph(([0, 1], [1, 2])), torch.randn(3, 4), torch.tensor([1, 0])
    layer = gnn.RelGraphConv(4, 2, 2)
    assert torch.equal(layer(graph, x, types.double()), layer(graph, x, types))
    linear = gnn.TypedLinear(4, 2, 2)
    assert torch.equal(linear(x[:2], types.float()), linear(x[:2], types))
    for wrong in (torch.tensor([0.5, 1.0]), torch.tensor([torch.nan, 1.0])):
        with pytest.raises(gm.GraphTypeError, match="etypes: expected integers"):
            layer(graph, x, wrong)


def test_ends_of_bipartite_graphs_have_prefixed_names() -> None:
    graph = gm.heterograph({("a", "x", "b"): ([0, 1], [2, 0])})
    graph.nodes["SRC/a"].data["h"] = torch.ones(2)
    graph.nodes["DST/b"].data["h"] = torch.zeros(3)
    assert (graph.num_nodes("SRC/a"), graph.num_nodes("DST/b")) == (2, 3)
    assert graph.nodes("DST/b").tolist() == [0, 1, 2]
    assert graph.has_nodes([2], "SRC/a").tolist() == [False]
    assert (graph.get_ntype_id("SRC/a"), graph.get_ntype_id("DST/b")) == (0, 1)
    assert graph.filter_nodes(lambda nodes: nodes.data["h"], ntype="SRC/a").tolist() == [0, 1]
    for wrong in ("SRC/b", "DST/a", "SRC/c"):
        with pytest.raises(gm.GraphKeyError, match=r"no (source|destination) node type"):
            graph.num_nodes(wrong)
    with pytest.raises(gm.GraphKeyError, match="'SRC/a'"):
        gm.heterograph(EDGES).num_nodes("SRC/a")


def test_reverse_edges_of_more_types_than_the_seeds_are_taken() -> None:
    reverse = {"x": torch.tensor([1, 0]), "y": torch.tensor([0])}
    sampler = as_edge_prediction_sampler(NeighborSampler([-1]), "reverse_id", reverse)
    _, pairs, (block,) = sampler.sample(gm.heterograph(EDGES), {"x": torch.tensor([0])})
    assert pairs.num_edges("x") == 1
    assert block.num_edges("x") == 0


def test_types_nodes_and_parts_that_are_named_twice_count_once() -> None:
    graph, twice = gm.heterograph(EDGES), torch.tensor([1, 1, 2])
    assert gm.edge_type_subgraph(graph, ["x", ("a", "x", "b")]).etypes == ["x"]
    assert gm.node_type_subgraph(graph, ["b", "b"]).ntypes == ["b"]
    ring = gm.graph(([0, 1, 2], [1, 2, 0]))
    assert gm.compact_graphs(ring, always_preserve=twice).ndata[gm.NID].tolist() == [1, 2, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GraphWarning)  # pymetis need not be installed
        sampler = ClusterGCNSampler(ring, 1, cache_path=None)
    assert sampler.sample(ring, torch.tensor([0, 0])).num_nodes() == 3


NO_GRAPH: Any = 3
NAMES: dict[str, Callable[[], Any]] = {
    "graphs of batch": lambda: gm.batch(NO_GRAPH),
    "graphs of compact_graphs": lambda: gm.compact_graphs(NO_GRAPH),
    "graph of to_block": lambda: gm.to_block(NO_GRAPH),
    "graph of to_homogeneous": lambda: gm.to_homogeneous(NO_GRAPH),
    "graph of to_bidirected": lambda: gm.to_bidirected(NO_GRAPH),
    "features of to_homogeneous": lambda: gm.to_homogeneous(gm.heterograph(EDGES), ndata=NO_GRAPH),
    "fields of batch": lambda: gm.batch([gm.graph(([0], [1]))], ndata=NO_GRAPH),
    "formats": lambda: gm.graph(([0], [1])).formats(NO_GRAPH),
    "seed": lambda: gm.seed("a"),  # type: ignore[arg-type]
}


@each("call", NAMES)
def test_something_else_than_graphs_or_names_is_an_error_of_graphmp(
    call: Callable[[], Any],
) -> None:
    with pytest.raises(gm.GraphTypeError, match=r"[Ee]xpected"):
        call()


def test_one_name_stands_for_a_list_of_it() -> None:
    graph = featured()
    assert set(gm.to_homogeneous(graph, ndata="h", edata="w").ndata) == {"h", "_TYPE", "_ID"}
    assert list(gm.batch([gm.edge_type_subgraph(graph, ["y"])], ndata="h").ndata) == ["h"]
