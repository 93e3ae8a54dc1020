"""A call that fails changes nothing."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
import torch

import graphmp as gm


def refuse(*_: Any) -> NoReturn:
    raise ValueError("refused")


def test_updating_some_rows_writes_all_columns_or_none() -> None:
    graph = gm.graph(([0, 1], [1, 2]))
    graph.ndata["x"], graph.edata["x"] = torch.zeros(3), torch.zeros(2)
    for data in (graph.nodes[[0]].data, graph.edges[[0]].data):
        for wrong in (torch.ones(2), torch.ones(1, 2), torch.ones(1, dtype=torch.int64)):
            bad = {"x": torch.ones(1), "y": torch.ones(1), "z": torch.ones(2), "w": wrong}
            with pytest.raises(gm.GraphError):
                data.update(bad)
        data.update({"x": torch.ones(1)}, y=torch.ones(1))
    assert graph.ndata["x"].tolist() == graph.ndata["y"].tolist() == [1.0, 0.0, 0.0]
    assert list(graph.edata) == ["x", "y"]


def test_updating_several_types_writes_all_columns_or_none() -> None:
    graph = gm.heterograph({("a", "x", "b"): ([0], [0])})
    right = {"a": torch.ones(1), "b": torch.ones(1)}
    for wrong in ({"a": torch.ones(2)}, torch.ones(1), {"c": torch.ones(1)}):
        with pytest.raises(gm.GraphError):
            graph.ndata.update({"h": right, "q": wrong})
        assert not list(graph.ndata)
    graph.ndata.update({"h": right}, q=right)
    assert list(graph.ndata) == ["h", "q"]


@pytest.mark.parametrize("end", ["a", "b"])
def test_an_initializer_that_fails_adds_neither_nodes_nor_edges(end: str) -> None:
    graph = gm.heterograph({("a", "x", "b"): ([0], [0])})
    graph.nodes[end].data["h"] = torch.zeros(1)
    graph.set_n_initializer(refuse, "h", end)
    with pytest.raises(ValueError, match="refused"):
        graph.add_edges([4], [4])
    with pytest.raises(ValueError, match="refused"):
        graph.add_nodes(1, ntype=end)
    assert (graph.num_nodes("a"), graph.num_nodes("b"), graph.num_edges()) == (1, 1, 1)
    graph.set_n_initializer(lambda shape, dtype, *_: torch.ones(shape, dtype=dtype), "h", end)
    graph.add_edges([4], [4])
    assert (graph.num_nodes("a"), graph.num_nodes("b"), graph.num_edges()) == (5, 5, 2)
    assert graph.nodes[end].data["h"].tolist() == [0.0, 1.0, 1.0, 1.0, 1.0]
