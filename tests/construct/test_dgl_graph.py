"""DGLGraph: a class whose call makes a graph."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from scipy import sparse

import graphmp as gm


def pairs(g: gm.Graph) -> list[tuple[int, int]]:
    return list(zip(*(ends.tolist() for ends in g.edges()), strict=True))


def test_every_graph_is_an_instance_and_nothing_else_is() -> None:
    g = gm.graph(([0], [1]))
    assert isinstance(g, gm.DGLGraph)
    assert isinstance(gm.to_block(g), gm.DGLGraph)
    assert not isinstance(torch.ones(1), gm.DGLGraph)
    assert issubclass(gm.Graph, gm.DGLGraph)
    assert not issubclass(int, gm.DGLGraph)
    assert gm.DGLHeteroGraph is gm.DGLGraph
    assert type(gm.DGLGraph(([0], [1]))) is gm.Graph


@pytest.mark.parametrize("data", [None, [], ([], [])], ids=str)
def test_a_graph_without_nodes_grows(data: object) -> None:
    g = gm.DGLGraph(data)
    assert g.num_nodes() == g.num_edges() == 0
    g.add_nodes(3, {"x": torch.ones(3)})
    g.add_edges([0, 1], [1, 2])
    assert pairs(g) == [(0, 1), (1, 2)]
    assert g.ndata["x"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "data",
    [
        ([0, 1], [1, 2]),
        [(0, 1), (1, 2)],
        nx.DiGraph([(0, 1), (1, 2)]),
        sparse.coo_matrix((np.ones(2), ([0, 1], [1, 2])), (3, 3)),
    ],
    ids=["ends", "pairs", "networkx", "scipy"],
)
def test_edges_come_in_any_form(data: object) -> None:
    g = gm.DGLGraph(data, multigraph=True, readonly=True)
    assert pairs(g) == [(0, 1), (1, 2)]
    assert g.num_nodes() == 3


def test_a_graph_is_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"a graph already; call .clone\(\)"):
        gm.DGLGraph(gm.graph(([0], [1])))


def test_the_edges_of_a_block_lie_between_types_of_other_names() -> None:
    words = gm.heterograph({("word", "", "doc"): ([0, 3, 3], [0, 1, 0])}, {"word": 5, "doc": 2})
    words.nodes["word"].data["x"] = torch.ones(5)
    _, _, (block,) = gm.dataloading.MultiLayerFullNeighborSampler(1).sample(words, {"doc": [0]})
    g = gm.DGLGraph(block._graph, ["_", "word", "doc", "_"], block.etypes)
    assert not g.is_block
    assert (g.ntypes, g.canonical_etypes) == (["doc", "word"], [("word", "", "doc")])
    assert {ntype: g.num_nodes(ntype) for ntype in g.ntypes} == {"doc": 1, "word": 2}
    assert pairs(g) == [(0, 0), (1, 0)]
    assert not g.nodes["word"].data
    assert gm.reverse(g).canonical_etypes == [("doc", "", "word")]


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_the_edges_of_a_graph_lie_between_types_of_other_names(idtype: torch.dtype) -> None:
    edges = {("b", "r", "a"): ([0], [1]), ("a", "q", "a"): ([1, 0], [0, 0])}
    old = gm.heterograph(edges, {"a": 2, "b": 3, "c": 4}, idtype=idtype)
    g = gm.DGLGraph(old, ntypes=["z", "y", "x"], etypes=["of", "in"])
    assert g.idtype == idtype
    assert (g.ntypes, g.num_nodes("x"), g.num_nodes("y")) == (["x", "y", "z"], 4, 3)
    assert [end.tolist() for end in g.edges(etype=("z", "of", "z"))] == [[1, 0], [0, 0]]
    assert [end.tolist() for end in g.edges(etype=("y", "in", "z"))] == [[0], [1]]
    assert pickle.loads(pickle.dumps(g)).ntypes == g.ntypes


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        ((["a"], ["r"]), gm.GraphValueError, "names of 2 node types and 1 edge types, got"),
        ((["a", "a"], ["r"]), gm.GraphValueError, "different names of the types that have edges"),
        ((["a", 1], ["r"]), gm.GraphTypeError, "names of types as strings"),
        (("ab", ["r"]), gm.GraphTypeError, "Expected ntypes in a list"),
        ((["a", "b"], None), gm.GraphTypeError, "a graph already"),
    ],
)
def test_other_names_of_types_must_fit(
    names: tuple[Any, Any], error: type[Exception], message: str
) -> None:
    g = gm.heterograph({("a", "r", "b"): ([0], [1])})
    with pytest.raises(error, match=message):
        gm.DGLGraph(g, *names)
    with pytest.raises(gm.GraphTypeError, match="a graph whose types have the names, got tuple"):
        gm.DGLGraph(([0], [1]), ["a"], ["r"])


def test_edges_said_to_be_sorted_make_the_same_graph() -> None:
    g = gm.graph(([1, 0], [0, 1]), row_sorted=True, col_sorted=True)
    assert pairs(g) == [(1, 0), (0, 1)]
    assert g.in_degrees().tolist() == [1, 1]


class Labelled(gm.DGLGraph):
    """A program's own class of graphs."""

    def __init__(self, edges: object, labels: list[str]) -> None:
        super().__init__(edges)
        self.labels = labels


def test_a_program_derives_a_class_of_its_own() -> None:
    g = Labelled(([0, 1], [1, 2]), ["a", "b"])
    assert isinstance(g, Labelled)
    assert not isinstance(gm.graph(([0], [1])), Labelled)
    assert not issubclass(gm.Graph, Labelled)
    assert pairs(g) == [(0, 1), (1, 2)]
    assert pairs(g.reverse()) == [(1, 0), (2, 1)]
    for copied in (g.int(), g.clone(), pickle.loads(pickle.dumps(g)), copy.copy(g)):
        assert type(copied) is Labelled
        assert copied.labels == ["a", "b"]


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'labels'"):
        gm.DGLGraph([], labels=[])  # type: ignore[call-arg]
