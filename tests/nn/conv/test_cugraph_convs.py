"""The layers of cuGraph agree with GATConv, SAGEConv and RelGraphConv on the same weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.laws import assert_close
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import (
    CuGraphGATConv,
    CuGraphRelGraphConv,
    CuGraphSAGEConv,
    GATConv,
    RelGraphConv,
    SAGEConv,
)

GRAPH = gm.graph(([0, 1, 2, 0, 3, 1], [1, 2, 0, 2, 2, 1]), num_nodes=4)  # 3 has in-degree 0
BLOCK = gm.to_block(gm.in_subgraph(GRAPH, [2, 3]), torch.tensor([3, 2]))
TYPES = torch.tensor([0, 2, 1, 2, 2, 0])
each_graph = pytest.mark.parametrize("graph", [GRAPH, BLOCK], ids=["graph", "block"])


def load(layer: nn.Module, **weights: Tensor | None) -> nn.Module:
    layer.load_state_dict({name.replace("__", "."): weight for name, weight in weights.items()})
    return layer


def features(graph: gm.Graph) -> Tensor:
    return torch.randn(graph.num_src_nodes(), 3)


@each_graph
@pytest.mark.parametrize("sizes", [(2, 4), (3, 1)], ids=["residual map", "residual"])
def test_attention_is_that_of_gatconv(graph: gm.Graph, sizes: tuple[int, int]) -> None:
    layer = CuGraphGATConv(3, *sizes, residual=True, negative_slope=0.3, activation=torch.tanh)
    nn.init.normal_(layer.bias)  # type: ignore[arg-type]
    same = GATConv(3, *sizes, 0, 0, 0.3, True, torch.tanh, True, bias=True)
    left, right = layer.attn_weights.view(2, 1, sizes[1], sizes[0])
    weights = {"fc__weight": layer.fc.weight, "attn_l": left, "attn_r": right}
    if isinstance(layer.res_fc, nn.Linear):
        weights |= {"res_fc__weight": layer.res_fc.weight, "res_fc__bias": layer.bias}
    else:
        weights |= {"bias": layer.bias}
    feat = features(graph)
    assert_close(layer(graph, feat, max_in_degree=3), load(same, **weights)(graph, feat))


@each_graph
def test_mean_is_that_of_sageconv(graph: gm.Graph) -> None:
    layer, feat = CuGraphSAGEConv(3, 2), features(graph)
    neighbours, own = layer.linear.weight[:, :3], layer.linear.weight[:, 3:]
    weights = {"fc_neigh__weight": neighbours, "fc_self__weight": own}
    same = load(SAGEConv(3, 2, "mean"), **weights, fc_self__bias=layer.linear.bias)
    assert_close(layer(graph, feat, max_in_degree=3), same(graph, feat))


@pytest.mark.parametrize("kind", ["max", "min", "sum"])
def test_other_aggregators_reduce_the_neighbours(kind: str) -> None:
    layer, feat = CuGraphSAGEConv(3, 2, kind, bias=False), features(GRAPH)
    neighbours = gm.ops.gspmm(GRAPH, "copy_lhs", kind, feat, None)
    assert_close(layer(GRAPH, feat), torch.cat([neighbours, feat], 1) @ layer.linear.weight.T)


@each_graph
@pytest.mark.parametrize("bases", [None, 2])
@pytest.mark.parametrize("loop", [True, False])
def test_types_are_those_of_relgraphconv(graph: gm.Graph, bases: int | None, loop: bool) -> None:
    kind = "basis" if bases else None
    types = TYPES[graph.edata["_ID"]] if graph.is_block else TYPES
    layer = CuGraphRelGraphConv(3, 2, 3, kind, bases, self_loop=loop)
    nn.init.normal_(layer.bias)  # type: ignore[arg-type]
    weights: dict[str, Any] = {"h_bias": layer.bias, "linear_r__W": layer.W[: bases or 3]}
    weights |= {"loop_weight": layer.W[-1]} if loop else {}
    weights |= {"linear_r__coeff": layer.coeff} if bases else {}
    same = load(RelGraphConv(3, 2, 3, kind, bases, self_loop=loop), **weights)
    feat = features(graph)
    assert_close(layer(graph, feat, types, max_in_degree=3), same(graph, feat, types))


def test_the_norm_counts_edges_of_a_type_into_a_node() -> None:
    layer, feat = CuGraphRelGraphConv(3, 2, 3, self_loop=False, apply_norm=True), features(GRAPH)
    norm = torch.tensor([1 / 2, 1 / 3, 1, 1 / 3, 1 / 3, 1 / 2])
    same = load(RelGraphConv(3, 2, 3, self_loop=False), h_bias=layer.bias, linear_r__W=layer.W)
    assert_close(layer(GRAPH, feat, TYPES), same(GRAPH, feat, TYPES, norm))


def test_unknown_options_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="max, min, mean, sum, got 'pool'"):
        CuGraphSAGEConv(3, 2, "pool")
    with pytest.raises(gm.GraphValueError, match="None or 'basis', got 'bdd'"):
        CuGraphRelGraphConv(3, 2, 3, "bdd", 1)
    with pytest.raises(gm.GraphValueError, match=r"at least 1 .* got None"):
        CuGraphRelGraphConv(3, 2, 3, "basis")


def test_resetting_changes_every_weight() -> None:
    for layer in (CuGraphGATConv(3, 2, 2), CuGraphSAGEConv(3, 2), CuGraphRelGraphConv(3, 2, 3)):
        weights = [parameter.clone() for parameter in layer.parameters() if parameter.any()]
        layer.reset_parameters()
        new = [parameter for parameter in layer.parameters() if parameter.any()]
        assert not any(torch.equal(*pair) for pair in zip(weights, new, strict=True))
