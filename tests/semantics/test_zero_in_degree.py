"""Layers raise on nodes of in-degree 0 unless allowed; the check is cached on the graph."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import graphmp as gm
from graphmp._storage.layouts import Layouts
from graphmp.nn import GATConv, GraphConv

LAYERS: dict[str, Callable[..., Any]] = {
    "GraphConv": lambda **options: GraphConv(3, 2, norm="none", **options),
    "GATConv": lambda **options: GATConv(3, 2, 2, **options),
}
each_layer = pytest.mark.parametrize("name", LAYERS)


def chain() -> gm.Graph:
    return gm.graph(([0, 1], [1, 2]))


def ring() -> gm.Graph:
    return gm.graph(([0, 1, 2], [1, 2, 0]))


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[Layouts]:
    """The layouts whose degrees were read; these layers read them for the check alone."""
    seen: list[Layouts] = []
    read = Layouts.degrees_of

    def counting(self: Layouts, side: int) -> Tensor:
        seen.append(self)
        return read(self, side)

    monkeypatch.setattr(Layouts, "degrees_of", counting)
    return seen


@each_layer
def test_a_node_of_in_degree_zero_is_an_error_with_both_fixes(name: str) -> None:
    g = gm.graph(([0, 0], [0, 2]), num_nodes=5)
    with pytest.raises(gm.DGLError) as raised:
        LAYERS[name]()(g, torch.ones(5, 3))
    assert isinstance(raised.value, gm.GraphValueError)
    said = str(raised.value)
    assert said.startswith(name)
    assert "3 of the 5 destination nodes have in-degree 0, node 1 first" in said
    assert "graphmp.add_self_loop(graph)" in said
    assert "allow_zero_in_degree=True" in said


@each_layer
def test_self_loops_or_the_option_allow_zero_in_degree(name: str) -> None:
    x = torch.ones(3, 3)
    assert LAYERS[name]()(gm.add_self_loop(chain()), x).shape[0] == 3
    assert LAYERS[name](allow_zero_in_degree=True)(chain(), x).shape[0] == 3


@each_layer
def test_the_flag_can_be_changed_later(name: str) -> None:
    layer, x = LAYERS[name](), torch.ones(3, 3)
    layer.set_allow_zero_in_degree(True)
    out = layer(chain(), x)
    assert not out[0].any()
    layer.set_allow_zero_in_degree(False)
    with pytest.raises(gm.GraphValueError, match="in-degree 0"):
        layer(chain(), x)


@each_layer
def test_blocks_and_bipartite_graphs_are_checked_at_their_destinations(name: str) -> None:
    layer = LAYERS[name]()
    pair = (torch.ones(3, 3), torch.ones(2, 3))
    full = gm.create_block(([2, 2], [0, 1]), num_src_nodes=3, num_dst_nodes=2)
    assert layer(full, pair).shape[0] == 2
    for lacking in (
        gm.create_block(([0, 2], [1, 1]), num_src_nodes=3, num_dst_nodes=2),
        gm.heterograph({("a", "to", "b"): ([0, 2], [1, 1])}, {"a": 3, "b": 2}),
    ):
        with pytest.raises(gm.GraphValueError, match="1 of the 2 destination nodes"):
            layer(lacking, pair)


@each_layer
def test_a_graph_without_nodes_passes_the_check(name: str) -> None:
    assert LAYERS[name]()(gm.graph(([], [])), torch.ones(0, 3)).shape[0] == 0


@each_layer
def test_the_check_runs_once_for_each_graph(name: str, searches: list[Layouts]) -> None:
    g, x = ring(), torch.ones(3, 3)
    with torch.no_grad():
        for _ in range(3):
            LAYERS[name]()(g, x)
        for same in (g.clone(), g.local_var(), g.long(), g["_E"]):
            LAYERS[name]()(same, x)
        assert len(searches) == 1
        LAYERS[name]()(ring(), x)
    assert len(searches) == 2


def test_a_negative_result_is_cached_too(searches: list[Layouts]) -> None:
    g = chain()
    assert g.adjacency.has_zero_in_degree
    assert g.adjacency.has_zero_in_degree
    assert len(searches) == 1


def test_layers_that_allow_zero_in_degree_do_not_check(searches: list[Layouts]) -> None:
    with torch.no_grad():
        for make in LAYERS.values():
            make(allow_zero_in_degree=True)(chain(), torch.ones(3, 3))
    assert not searches


def test_the_result_survives_id_dtype_format_and_pickle(searches: list[Layouts]) -> None:
    lonely_source = gm.graph(([0, 1, 1], [0, 0, 2]), num_nodes=3).adjacency
    assert lonely_source.has_zero_in_degree  # node 1
    assert lonely_source.reversed.has_zero_in_degree  # node 2
    assert len(searches) == 2
    for same in (lonely_source.astype(torch.int32), lonely_source.restricted("csr")):
        assert same.has_zero_in_degree
        assert same.reversed.has_zero_in_degree
    assert lonely_source.reversed.reversed.has_zero_in_degree
    assert len(searches) == 2
    assert pickle.loads(pickle.dumps(lonely_source)).has_zero_in_degree


def test_each_end_is_checked_separately() -> None:
    star = gm.graph(([0, 0, 0], [0, 1, 2])).adjacency
    assert not star.has_zero_in_degree
    assert star.reversed.has_zero_in_degree


def test_a_changed_graph_is_checked_again() -> None:
    g, layer, x = chain(), GraphConv(3, 2), torch.ones(3, 3)
    with pytest.raises(gm.GraphValueError, match="node 0 first"):
        layer(g, x)
    g.add_edges(2, 0)
    assert layer(g, x).shape == (3, 2)
    g.add_nodes(1)
    with pytest.raises(gm.GraphValueError, match="node 3 first"):
        layer(g, torch.ones(4, 3))
