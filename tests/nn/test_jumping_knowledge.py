from __future__ import annotations

from typing import Any

import pytest
import torch
from support.laws import assert_close
from torch import nn

import graphmp as gm
from graphmp.nn import JumpingKnowledge

LAYERS = [torch.randn(5, 3) for _ in range(4)]


def test_layers_are_put_side_by_side() -> None:
    assert_close(JumpingKnowledge()(LAYERS), torch.cat(LAYERS, 1))


def test_or_their_maximum_is_taken() -> None:
    expected = LAYERS[0]
    for layer in LAYERS[1:]:
        expected = torch.where(layer > expected, layer, expected)
    assert_close(JumpingKnowledge("max")(LAYERS), expected)


def test_or_they_are_weighed_by_an_lstm() -> None:
    merge = JumpingKnowledge("lstm", 3, 4)
    out = merge(LAYERS)
    for node in range(5):
        states = merge.lstm(torch.stack([layer[node] for layer in LAYERS]))[0]
        assert states.shape == (4, 12)
        weights = (states @ merge.att.weight[0] + merge.att.bias).exp()
        weights = weights / weights.sum()
        expected = torch.stack([w * layer[node] for w, layer in zip(weights, LAYERS, strict=True)])
        assert_close(out[node], expected.sum(0))
    out.sum().backward()
    assert all(parameter.grad is not None for parameter in merge.parameters())


def test_parameters_are_drawn_anew() -> None:
    merge = JumpingKnowledge("lstm", 3, 4)
    before = [parameter.clone() for parameter in merge.parameters()]
    merge.reset_parameters()
    assert not any(torch.equal(a, b) for a, b in zip(before, merge.parameters(), strict=True))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("mean",), "cat, max, lstm, got 'mean'"),
        (("lstm",), "in_feats, num_layers: expected sizes"),
        (("lstm", 3), "in_feats, num_layers: expected sizes"),
    ],
    ids=str,
)
def test_wrong_modes_are_refused(options: tuple[Any, ...], message: str) -> None:
    with pytest.raises(gm.GraphValueError, match=message):
        JumpingKnowledge(*options)


def test_names_of_parameters_are_those_of_dgl() -> None:
    shapes = {
        name: tuple(p.shape) for name, p in JumpingKnowledge("lstm", 3, 4).state_dict().items()
    }
    one = {
        "weight_ih_l0": (24, 3),
        "weight_hh_l0": (24, 6),
        "bias_ih_l0": (24,),
        "bias_hh_l0": (24,),
    }
    both = {f"lstm.{name}{end}": shape for end in ("", "_reverse") for name, shape in one.items()}
    assert shapes == {**both, "att.weight": (1, 12), "att.bias": (1,)}
    assert isinstance(JumpingKnowledge(), nn.Module)


def test_one_tensor_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match="list of the outputs of layers, got one"):
        JumpingKnowledge("cat")(torch.ones(3, 2))


def test_layers_of_another_dtype_are_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match="feat_list: expected the parameters' dtype"):
        JumpingKnowledge("lstm", 2, 2)([torch.ones(3, 2).double()] * 2)
