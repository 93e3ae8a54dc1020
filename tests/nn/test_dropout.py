"""Layers drop by the library's own dropout."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from support.layers import LAYERS, made
from torch import nn

import graphmp as gm
from graphmp.nn import pooling, transformer


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_has_the_dropout_of_the_library(name: str) -> None:
    kinds = {type(module) for module in made(name).modules() if isinstance(module, nn.Dropout)}
    assert kinds <= {gm.nn.Dropout}


@pytest.mark.parametrize(
    "layer",
    [
        transformer.egt_layer.EGTLayer(4, 4, 2, 1),
        transformer.graphormer_layer.GraphormerLayer(4, 4, 2),
        pooling.set_transformer.SetTransformerEncoder(4, 2, 2, 4),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_so_have_the_transformers(layer: nn.Module) -> None:
    drops = [module for module in layer.modules() if isinstance(module, nn.Dropout)]
    assert drops
    assert {type(module) for module in drops} == {gm.nn.Dropout}


def test_copies_and_pickles_drop_too() -> None:
    layer, x = gm.nn.Dropout(0.3), torch.ones(100)
    torch.manual_seed(1)
    wanted = layer(x)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        torch.manual_seed(1)
        assert torch.equal(other(x), wanted)


@pytest.mark.parametrize("is_training", [True, False])
def test_a_relu_comes_first(is_training: bool) -> None:
    layer, x = gm.nn.Dropout(0.3, activation="relu").train(is_training), torch.randn(100)
    torch.manual_seed(1)
    made = layer(x)
    torch.manual_seed(1)
    assert torch.equal(made, gm.nn.Dropout(0.3).train(is_training)(x.relu()))
    assert repr(layer) == "Dropout(p=0.3, inplace=False, activation='relu')"


def test_another_activation_is_an_error() -> None:
    with pytest.raises(gm.GraphOptionError, match="activation: expected one of relu"):
        gm.nn.Dropout(0.3, activation="elu")


def test_a_layers_dropout_with_a_relu_rectifies_in_evaluation() -> None:
    g, x = gm.rand_graph(5, 20), torch.randn(5, 3)
    layer = gm.nn.SAGEConv(3, 2, "mean").eval()
    expected = layer(g, x.relu())
    layer.feat_drop = gm.nn.Dropout(0.3, activation="relu").eval()
    assert torch.equal(layer(g, x), expected)
