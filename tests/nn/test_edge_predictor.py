from __future__ import annotations

import pytest
import torch
from support.agreement import drawn
from support.laws import assert_close, assert_same_with_gradients
from torch import Tensor

import graphmp as gm
from graphmp.nn import EdgePredictor

U, V = torch.randn(2, 7, 3).double()


def by_hand(op: str, u: Tensor, v: Tensor) -> Tensor:
    dot = (u * v).sum(1, keepdim=True)
    if op == "cos":
        return dot / (u.square().sum(1) * v.square().sum(1)).sqrt().view(-1, 1)
    return {"dot": dot, "ele": u * v, "cat": torch.cat([u, v], 1)}[op]


@pytest.mark.parametrize("op", ["dot", "cos", "ele", "cat"])
def test_scores_of_pairs(op: str) -> None:
    assert_same_with_gradients(EdgePredictor(op), lambda u, v: by_hand(op, u, v), U, V)
    assert_close(EdgePredictor(op, in_feats=3)(U, V), by_hand(op, U, V))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("op", "size"), [("dot", 1), ("cos", 1), ("ele", 3), ("cat", 6)])
def test_a_linear_map_follows_if_both_sizes_are_given(op: str, size: int, bias: bool) -> None:
    layer = drawn(EdgePredictor(op, 3, 2, bias))
    shapes = {name: tuple(p.shape) for name, p in layer.state_dict().items()}
    assert shapes == {"linear.weight": (2, size)} | ({"linear.bias": (2,)} if bias else {})
    expected = by_hand(op, U, V) @ layer.state_dict()["linear.weight"].T
    assert_close(layer(U, V), expected + layer.state_dict().get("linear.bias", 0.0))


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="dot, cos, ele, cat, got 'add'"):
        EdgePredictor("add")


def test_repr_tells_the_operator() -> None:
    assert repr(EdgePredictor("dot")) == "EdgePredictor(op=dot)"
