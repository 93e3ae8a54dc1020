"""Arguments whose meaning is clear are accepted, as DGL accepts them."""

from __future__ import annotations

import pytest
import torch

import graphmp as gm
import graphmp.function as fn

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
