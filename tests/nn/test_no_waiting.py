"""No layer makes the host wait for a device, on a graph that it has seen before.

What would wait is refused on the CPU, by plain torch; ``tests/gpu`` asks a real device.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from support.corner_graphs import MIXED, Corner, each_corner, feature
from support.layers import IN, LAYERS, call, edge_input, made
from support.synchronisation import elsewhere, none_allowed
from torch import nn

import graphmp as gm
from graphmp import kernels

POOLINGS: dict[str, nn.Module] = {
    "SumPooling": gm.nn.SumPooling(),
    "AvgPooling": gm.nn.AvgPooling(),
    "MaxPooling": gm.nn.MaxPooling(),
    "SortPooling": gm.nn.SortPooling(2),
    "WeightAndSum": gm.nn.WeightAndSum(IN),
    "SetTransformerEncoder": gm.nn.SetTransformerEncoder(IN, 2, 2, 4, 1, "isab", 2),
    "SetTransformerDecoder": gm.nn.SetTransformerDecoder(IN, 2, 2, 4, 1, 2),
    "Set2Set": gm.nn.Set2Set(IN, 2, 1),
    "GlobalAttentionPooling": gm.nn.GlobalAttentionPooling(nn.Linear(IN, 1)),
}


@pytest.fixture(autouse=True)
def plain_torch() -> Iterator[None]:
    """The backend of devices that have no other."""
    with kernels.using("reference"):
        yield


@pytest.mark.parametrize(
    ("name", "with_edges"),
    [(n, edges) for n, row in LAYERS.items() for edges in {row.needed, row.edge != ""}],
)
def test_no_layer_waits(name: str, with_edges: bool) -> None:
    layer, graph = made(name), MIXED.graph()
    graph.create_formats_()
    x = feature(MIXED.num_src, (IN,)).requires_grad_()
    edge = edge_input(name, graph).abs() if with_edges else None
    with elsewhere():
        call(name, layer, graph, x, edge)
    with none_allowed():
        call(name, layer, graph, x, edge)


@pytest.mark.parametrize("name", POOLINGS)
def test_no_pooling_waits(name: str) -> None:
    graph, x = gm.batch([MIXED.graph(), MIXED.graph()]), feature(2 * MIXED.num_src, (IN,))
    with elsewhere():
        POOLINGS[name](graph, x.requires_grad_())
    with none_allowed():
        POOLINGS[name](graph, x.requires_grad_())


@each_corner
def test_a_graph_that_is_moved_knows_whether_a_node_has_no_edge(corner: Corner) -> None:
    graph = corner.graph()
    graph.create_formats_()
    moved = graph.adjacency.to(torch.device("meta"))  # which gives no number to any host
    assert moved.has_zero_in_degree == graph.adjacency.has_zero_in_degree
    assert moved.reversed.has_zero_in_degree == graph.adjacency.reversed.has_zero_in_degree


def test_what_waits_is_refused() -> None:
    x = torch.tensor([1.0, 0.0])
    for wait in (
        lambda: bool(x[0]),
        lambda: x.tolist(),
        lambda: x.nonzero(),
        lambda: x[x > 0],
        lambda: torch.tensor([1]),
        lambda: x.repeat_interleave(torch.ones_like(x).long()),
    ):
        with none_allowed(), pytest.raises(AssertionError, match="makes the host wait"):
            wait()
    assert x.is_cpu


def test_types_that_were_changed_are_read_again() -> None:
    layer, graph = made("RelGraphConv"), MIXED.graph()
    x, types = feature(MIXED.num_src, (IN,)), edge_input("RelGraphConv", graph)
    with elsewhere():
        before = layer(graph, x, types)
        types.add_(1).remainder_(4)
        after = layer(graph, x, types)
    assert not torch.equal(before, after)
    assert torch.equal(after, layer(graph, x, types.clone()))
