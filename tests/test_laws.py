"""The laws hold for message passing by every reducer, and by functions of users."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support import laws
from support.corner_graphs import CORNERS, MIXED, Corner, each_corner
from torch import Tensor

import graphmp as gm
import graphmp.function as fn

each_reducer = pytest.mark.parametrize("reducer", fn.reducer_names())
each_whole_corner = pytest.mark.parametrize(
    "corner", [corner for corner in CORNERS if not corner.bipartite], ids=str
)


def with_features(corner: Corner) -> gm.Graph:
    """The graph with ``x`` on nodes and ``w`` on edges; products of a thousand stay small."""
    graph = corner.graph()
    graph.srcdata["x"] = corner.feature("u", (2, 3), torch.float64).abs().clamp(0.9, 1.1)
    graph.edata["w"] = corner.feature("e", (2, 1), torch.float64).clamp(-1, 1)
    return graph


def layer(reducer: str) -> laws.Layer:
    """``x`` times ``w``, reduced at the destinations."""

    def run(graph: gm.Graph) -> Tensor:
        with graph.local_scope():
            graph.update_all(fn.u_mul_e("x", "w", "m"), getattr(fn, reducer)("m", "y"))
            made: Tensor = graph.dstdata["y"]
            return made

    return run


@each_reducer
@each_whole_corner
@pytest.mark.usefixtures("backend")
def test_permuting_nodes_permutes_outputs(corner: Corner, reducer: str) -> None:
    laws.permuting_nodes_permutes_outputs(layer(reducer), with_features(corner))


@each_reducer
@each_whole_corner
def test_one_type_is_homogeneous(corner: Corner, reducer: str) -> None:
    laws.one_type_is_homogeneous(layer(reducer), with_features(corner))


@each_reducer
@each_whole_corner
@pytest.mark.usefixtures("backend")
def test_a_split_relation_is_whole(corner: Corner, reducer: str) -> None:
    laws.a_split_relation_is_whole(layer(reducer), with_features(corner))


@each_reducer
@each_whole_corner
def test_a_block_over_all_nodes_is_the_full_graph(corner: Corner, reducer: str) -> None:
    laws.a_block_over_all_nodes_is_the_full_graph(layer(reducer), with_features(corner))


@each_reducer
def test_a_batch_is_its_graphs(reducer: str) -> None:
    graphs = [with_features(corner) for corner in CORNERS if not corner.bipartite]
    laws.a_batch_is_its_graphs(layer(reducer), graphs)


@each_corner
@pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=str)
def test_reversed_twice_is_itself(corner: Corner, idtype: torch.dtype) -> None:
    laws.reversed_twice_is_itself(corner.graph(idtype))


def multiply(edges: gm.EdgeBatch) -> dict[str, Tensor]:
    return {"m": edges.src["x"] * edges.data["w"]}


FUNCTIONS: dict[str, Any] = {
    "sum": lambda nodes: {"y": nodes.mailbox["m"].sum(1)},
    "mean": lambda nodes: {"y": nodes.mailbox["m"].mean(1)},
    "max": lambda nodes: {"y": nodes.mailbox["m"].amax(1)},
    "std": lambda nodes: {"y": nodes.mailbox["m"].std(1, correction=0)},
}


@pytest.mark.parametrize("corner", [corner for corner in CORNERS if corner.src], ids=str)
@pytest.mark.parametrize("reducer", FUNCTIONS)
@pytest.mark.usefixtures("backend")
def test_a_function_is_the_builtin(corner: Corner, reducer: str) -> None:
    graph = corner.graph()
    graph.srcdata["x"], graph.edata["w"] = corner.feature("u", (2, 3)), corner.feature("e", (2, 1))
    message, reduce = builtins = (fn.u_mul_e("x", "w", "m"), getattr(fn, reducer)("m", "y"))
    function = FUNCTIONS[reducer]
    for functions in ((multiply, function), (multiply, reduce), (message, function)):
        laws.a_function_is_the_builtin(functions, builtins, graph)


def lawless(graph: gm.Graph) -> Tensor:
    """A layer that gives away how nodes are numbered, and what kind of graph it is given."""
    nodes = torch.arange(graph.num_dst_nodes())
    kind = torch.tensor([len(graph.etypes), graph.ntypes == ["_N"], graph.is_block])
    return torch.cat([nodes.view(-1, 1), kind.expand(len(nodes), 3)], 1).double()


@pytest.mark.parametrize(
    "law",
    [
        laws.permuting_nodes_permutes_outputs,
        laws.one_type_is_homogeneous,
        laws.a_split_relation_is_whole,
        laws.a_block_over_all_nodes_is_the_full_graph,
    ],
)
def test_a_layer_that_breaks_a_law_is_seen(law: Any) -> None:
    with pytest.raises(AssertionError):
        law(lawless, with_features(MIXED))


def test_a_batch_that_is_not_its_graphs_is_seen() -> None:
    graphs = [with_features(MIXED), with_features(MIXED)]
    with pytest.raises(AssertionError):
        laws.a_batch_is_its_graphs(lawless, graphs)


def test_a_function_that_is_not_the_builtin_is_seen() -> None:
    builtins = (fn.u_mul_e("x", "w", "m"), fn.sum("m", "y"))
    wrong = (fn.u_add_e("x", "w", "m"), fn.sum("m", "y"))
    with pytest.raises(AssertionError):
        laws.a_function_is_the_builtin(wrong, builtins, with_features(MIXED))
