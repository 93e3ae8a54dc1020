from __future__ import annotations

from typing import Any

import pytest
import torch
from support.agreement import Formula, Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import MIXED, Corner, each_corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import GraphConv
from graphmp.ops.normalized import normalized_messages

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))


def formula_of(corner: Corner, norm: str) -> Formula:
    """``D_in^-p A D_out^-q X W + b`` with dense matrices."""
    leaves, enters = ends_of(corner)
    left = {"both": -0.5, "left": -1.0}.get(norm, 0.0)
    right = {"both": -0.5, "right": -1.0}.get(norm, 0.0)

    def formula(p: Parameters, source: Tensor, _: Tensor, weight: Tensor | None) -> Tensor:
        weights = torch.ones(len(leaves), 1) if weight is None else weight.view(-1, 1)
        adjacency = enters.T @ (weights * leaves)
        out_scale = leaves.sum(0).clamp(min=1) ** left
        in_scale = enters.sum(0).clamp(min=1) ** right
        return (in_scale.diag() @ adjacency @ out_scale.diag() @ source) @ p["weight"] + p["bias"]

    return formula


@pytest.mark.parametrize("sizes", [(4, 2), (2, 4)], ids=["shrinking", "growing"])
@pytest.mark.parametrize("norm", ["both", "none", "left", "right"])
@each_corner
def test_it_agrees_with_the_dense_formula(
    corner: Corner, norm: str, sizes: tuple[int, int]
) -> None:
    layer = drawn(GraphConv(*sizes, norm=norm, allow_zero_in_degree=True))
    inputs = features(corner, (sizes[0], 7))  # the destinations' features are not read
    for weight in (None, corner.feature("e", (), torch.float64)):
        assert_agrees(layer, formula_of(corner, norm), corner.graph(), inputs, weight)


def test_edge_weights_may_have_a_dimension_of_one() -> None:
    layer, x, w = GraphConv(3, 2), torch.randn(3, 3), torch.rand(4)
    assert_close(layer(RING, x, edge_weight=w.view(4, 1)), layer(RING, x, edge_weight=w))


@pytest.mark.parametrize(("in_feats", "out_feats", "travels"), [(5, 2, 2), (2, 5, 2), (3, 3, 3)])
def test_the_smaller_features_travel(
    in_feats: int, out_feats: int, travels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def recording(*args: Any) -> Tensor:
        seen.append(args[1].shape[-1])
        return normalized_messages(*args)

    monkeypatch.setattr("graphmp.nn._shared.aggregation.normalized_messages", recording)
    assert GraphConv(in_feats, out_feats)(RING, torch.ones(3, in_feats)).shape == (3, out_feats)
    assert seen == [travels]


def test_a_weight_can_come_with_the_call() -> None:
    layer, x, weight = (
        GraphConv(3, 2, weight=False, bias=False),
        torch.randn(3, 3),
        torch.rand(3, 2),
    )
    own = GraphConv(3, 2, bias=False)
    own.load_state_dict({"weight": weight})
    assert_close(layer(RING, x, weight), own(RING, x))
    assert_close(layer(RING, x) @ weight, own(RING, x))


def test_a_layer_with_a_weight_refuses_another() -> None:
    with pytest.raises(
        gm.GraphValueError, match=r"its own.*for edge weights write edge_weight=.*weight=False"
    ):
        GraphConv(3, 2)(RING, torch.ones(3, 3), torch.ones(3, 2))


def test_a_long_list_is_cut_in_an_error_and_says_so() -> None:
    with pytest.raises(gm.GraphValueError, match=r"got list \[0\.5, 0\.5, .*…\]; "):
        GraphConv(3, 2)(RING, torch.ones(3, 3), [0.5] * 40)


@pytest.mark.parametrize("out_feats", [2, 5])
def test_a_factor_for_each_feature_multiplies_the_features_that_are_summed(out_feats: int) -> None:
    layer, x = GraphConv(3, out_feats, norm="none"), torch.randn(3, 3)
    assert layer.weight is not None
    factors = torch.rand(4, min(3, out_feats))
    if out_feats < 3:
        expected = gm.ops.u_mul_e_sum(RING, x @ layer.weight, factors)
    else:
        expected = gm.ops.u_mul_e_sum(RING, x, factors) @ layer.weight
    assert_close(layer(RING, x, edge_weight=factors), expected)


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="both, none, left, right, got 'mean'"):
        GraphConv(3, 2, norm="mean")


def test_right_averages_and_left_shares() -> None:
    g, x = MIXED.graph(), MIXED.feature("u", (1,))
    options: dict[str, Any] = {"weight": False, "bias": False, "allow_zero_in_degree": True}
    right = GraphConv(1, 1, norm="right", **options)
    assert_close(right(g, x), gm.ops.copy_u_mean(g, x))
    left = GraphConv(1, 1, norm="left", **options)
    sends = g.out_degrees() > 0
    assert_close(left(g, x).sum(), x[sends].sum())


def test_without_parameters_scalar_features_will_do() -> None:
    layer = GraphConv(1, 1, norm="none", weight=False, bias=False)
    assert_close(layer(RING, torch.tensor([1.0, 2.0, 4.0])), torch.tensor([4.0, 1.0, 3.0]))


def test_features_may_have_more_dimensions() -> None:
    layer, x = GraphConv(3, 2), torch.randn(3, 5, 3)
    for w in (None, torch.rand(4), torch.rand(4, 1)):
        out = layer(RING, x, edge_weight=w)
        assert_close(out, torch.stack([layer(RING, x[:, i], edge_weight=w) for i in range(5)], 1))


def test_the_activation_comes_last() -> None:
    layer = GraphConv(3, 2, activation=lambda h: h * 0 + 7)
    assert layer(RING, torch.ones(3, 3)).tolist() == [[7, 7]] * 3


def test_initial_parameters_are_glorots_and_zeros() -> None:
    layer = GraphConv(30, 50)
    assert layer.weight is not None
    assert layer.bias is not None
    limit = (6 / 80) ** 0.5
    assert 0.95 * limit < float(layer.weight.detach().abs().max()) <= limit
    assert not layer.bias.any()


def test_a_seed_decides_the_initial_parameters() -> None:
    torch.manual_seed(5)
    first = GraphConv(4, 3).state_dict()
    torch.manual_seed(5)
    wanted = torch.nn.init.xavier_uniform_(torch.empty(4, 3))
    assert torch.equal(first["weight"], wanted)


def test_repr_tells_the_sizes_and_the_norm() -> None:
    assert repr(GraphConv(3, 2)) == "GraphConv(in=3, out=2, normalization=both, activation=None)"
    assert "activation=" in repr(GraphConv(3, 2, activation=torch.relu))


def test_the_norm_of_a_graph_is_computed_once_for_each_dtype(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, pow_of = [], Tensor.pow

    def recording(degrees: Tensor, power: float) -> Tensor:
        asked.append((degrees.tolist(), power, degrees.dtype))
        return pow_of(degrees, power)

    monkeypatch.setattr(Tensor, "pow", recording)
    g, layer, x = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2])), GraphConv(3, 2), torch.randn(3, 3)
    made = [layer(g, x) for _ in range(3)]
    single = [([2, 1, 1], 0.5, torch.float32), ([1, 1, 2], 0.5, torch.float32)]
    assert asked == single
    assert_close(made[2], made[0])
    assert layer.double()(g, x.double()).dtype == torch.float64
    assert asked[2:] == [(*rest, torch.float64) for *rest, _ in single]


def test_a_graph_first_used_in_inference_mode_serves_in_training() -> None:
    g, layer, x = gm.graph(([0, 1], [1, 0])), GraphConv(3, 2), torch.randn(2, 3)
    with torch.inference_mode():
        layer(g, x)
    layer(g, x).sum().backward()
    assert all(parameter.grad is not None for parameter in layer.parameters())
