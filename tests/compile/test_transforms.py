"""Transforms of ``torch.func`` see through layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.compiled import LAYERS, SIZE, whole
from torch import Tensor
from torch.func import functional_call, grad, hessian, jacrev, vmap

pytestmark = pytest.mark.compiler

each_layer = pytest.mark.parametrize("name", ["GraphConv", "GATConv", "GATv2Conv", "GINConv max"])


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    torch.manual_seed(0)


@each_layer
def test_gradients_are_those_of_autograd(name: str) -> None:
    layer, graph, feat = LAYERS[name](), whole(6), torch.randn(6, SIZE)

    def loss(parameters: dict[str, Tensor], feat: Tensor) -> Tensor:
        out: Tensor = functional_call(layer, parameters, (graph, feat)).square().sum()
        return out

    parameters = dict(layer.named_parameters())
    found = grad(loss, (0, 1))({n: p.detach() for n, p in parameters.items()}, feat)
    wanted = torch.autograd.grad(
        loss(parameters, feat.requires_grad_()), [*parameters.values(), feat]
    )
    torch.testing.assert_close([*found[0].values(), found[1]], list(wanted))


@each_layer
def test_a_batch_of_features_is_one_after_the_other(name: str) -> None:
    layer, graph, feats = LAYERS[name](), whole(6), torch.randn(3, 6, SIZE)
    wanted = torch.stack([layer(graph, feat) for feat in feats])
    torch.testing.assert_close(vmap(lambda feat: layer(graph, feat))(feats), wanted)
    last = vmap(lambda feat: layer(graph, feat), in_dims=2)(feats.permute(1, 2, 0))
    torch.testing.assert_close(last, wanted)


@pytest.mark.parametrize("transform", [jacrev, hessian])
@pytest.mark.parametrize("name", ["GraphConv", "GATv2Conv"])
def test_higher_derivatives(name: str, transform: Callable[..., Callable[..., Tensor]]) -> None:
    layer, graph, feat = LAYERS[name]().double(), whole(3), torch.randn(3, SIZE).double()

    def loss(feat: Tensor) -> Tensor:
        out: Tensor = layer(graph, feat).square().sum()
        return out

    plain: dict[Any, Any] = {
        jacrev: torch.autograd.functional.jacobian,
        hessian: torch.autograd.functional.hessian,
    }
    if transform is hessian:
        transform = lambda f: jacrev(jacrev(f))  # noqa: E731 - forward mode is not there
        wanted = plain[hessian](loss, feat)
    else:
        wanted = plain[jacrev](loss, feat)
    torch.testing.assert_close(transform(loss)(feat), wanted)
