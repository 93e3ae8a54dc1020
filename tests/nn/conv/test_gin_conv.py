from __future__ import annotations

import pytest
import torch
from support import dense
from support.agreement import Formula, Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import Corner, each_corner
from support.laws import assert_close
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import GINConv, GINEConv
from graphmp.nn.functional.convolutions import AGGREGATORS

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))


def linear(p: Parameters, h: Tensor) -> Tensor:
    return h @ p["apply_func.weight"].T + p["apply_func.bias"]


def gin(kind: str, corner: Corner) -> Formula:
    leaves, _ = ends_of(corner)

    def formula(p: Parameters, source: Tensor, own: Tensor, weight: Tensor | None) -> Tensor:
        inbox = leaves @ source
        inbox = inbox if weight is None else inbox * weight.view(-1, 1)
        around = dense.reduce(kind, inbox, corner.dst, corner.num_dst)
        return linear(p, (1 + p.get("eps", 0.5)) * own + around).clamp(min=0)

    return formula


@pytest.mark.parametrize("learnt", [True, False], ids=["learnt", "fixed"])
@pytest.mark.parametrize("kind", AGGREGATORS)
@each_corner
def test_it_agrees_with_the_dense_formula(corner: Corner, kind: str, learnt: bool) -> None:
    layer = drawn(GINConv(nn.Linear(3, 2), kind, 0.5, learnt, torch.relu))
    for weight in (None, corner.feature("e", (), torch.float64)):
        inputs = features(corner, (3, 3))
        assert_agrees(layer, gin(kind, corner), corner.graph(), inputs, weight)


@pytest.mark.parametrize("learnt", [True, False], ids=["learnt", "fixed"])
@each_corner
def test_with_edges_it_agrees_with_the_dense_formula(corner: Corner, learnt: bool) -> None:
    layer, (leaves, enters) = drawn(GINEConv(nn.Linear(3, 2), 0.5, learnt)), ends_of(corner)

    def formula(p: Parameters, source: Tensor, own: Tensor, _: None, edge_feat: Tensor) -> Tensor:
        around = enters.T @ (leaves @ source + edge_feat).clamp(min=0)
        return linear(p, (1 + p.get("eps", 0.5)) * own + around)

    edges = corner.feature("e", (3,), torch.float64)
    assert_agrees(layer, formula, corner.graph(), features(corner, (3, 3)), edge_feat=edges)


def test_without_a_function_the_sum_is_the_result() -> None:
    x, e = torch.randn(3, 2), torch.randn(4, 2)
    assert_close(GINConv()(RING, x), x + gm.ops.copy_u_sum(RING, x))
    messages = gm.ops.u_add_e(RING, x, e).relu()
    assert_close(GINEConv()(RING, x, e), x + gm.ops.copy_e_sum(RING, messages))


def test_features_may_have_other_dimensions() -> None:
    layer, x = GINConv(nn.Linear(3, 2)), torch.randn(3, 5, 3)
    assert_close(layer(RING, x), torch.stack([layer(RING, x[:, i]) for i in range(5)], 1))
    assert_close(GINConv()(RING, torch.tensor([1.0, 2.0, 4.0])), torch.tensor([5.0, 3.0, 7.0]))


def test_any_function_will_do() -> None:
    assert bool((GINConv(lambda h: h * 0 + 7)(RING, torch.ones(3, 2)) == 7).all())


def test_a_fixed_epsilon_moves_with_the_layer_and_is_not_learnt() -> None:
    layer = GINConv(init_eps=0.5).double()
    assert layer.eps.dtype == torch.float64
    assert not list(layer.parameters())


def test_an_unknown_aggregator_is_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="sum, max, mean, got 'add'"):
        GINConv(aggregator_type="add")


def test_edges_of_another_size_than_the_nodes_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match=r"size of node_feat, \(3,\), got \(1,\)"):
        GINEConv()(RING, torch.ones(3, 3), torch.ones(4, 1))
