"""What follows attention: a bias and an activation, in one pass where they are many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.laws import assert_close
from torch import Tensor, nn
from torch.nn.functional import elu

import graphmp as gm
from graphmp.ops import eager


@pytest.fixture(params=[0, 1 << 40], ids=["many", "few"])
def many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all numbers count as many, or as few."""
    monkeypatch.setattr(eager, "_MANY", request.param)


def twice(x: Tensor) -> Tensor:
    return 2 * x


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize(
    "activation",
    [None, elu, nn.ELU(), nn.ELU(0.5), nn.ELU(inplace=True), twice, torch.relu],
    ids=lambda f: str(getattr(f, "__name__", f)),
)
@pytest.mark.parametrize("shape", [(9, 4), (9, 2, 4)], ids=str)
def test_a_layer_activates_what_it_gives_without(
    shape: tuple[int, ...],
    activation: Callable[[Tensor], Tensor] | None,
    residual: bool,
    bias: bool,
) -> None:
    torch.manual_seed(0)
    g = gm.add_self_loop(gm.rand_graph(9, 30))
    options: dict[str, Any] = {"residual": residual, "bias": bias}
    layer = gm.nn.GATConv(4, 3, 2, activation=activation, **options).double()
    plain = gm.nn.GATConv(4, 3, 2, **options).double()
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(shape).double().requires_grad_()
    out, expected = layer(g, x), plain(g, x)
    expected = expected if activation is None else activation(expected.clone())
    assert_close(out, expected)
    upstream = torch.randn_like(out)
    leaves = [x, *layer.parameters()]
    grads = torch.autograd.grad(out, leaves, upstream)
    others = torch.autograd.grad(expected, [x, *plain.parameters()], upstream)
    for grad, other in zip(grads, others, strict=True):
        assert_close(grad, other)


@pytest.mark.usefixtures("many")
def test_second_derivatives_and_changes_in_place() -> None:
    g = gm.add_self_loop(gm.rand_graph(4, 6))
    layer = gm.nn.GATConv(3, 2, 2, activation=elu).double()
    x = torch.randn(4, 3).double().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: layer(g, x), x)
    (expected,) = torch.autograd.grad(layer(g, x).sum(), x)
    out = layer(g, x)
    out += 1
    assert_close(torch.autograd.grad(out.sum(), x)[0], expected)


@pytest.mark.usefixtures("many")
def test_an_elu_with_hooks_is_called() -> None:
    calls = []
    function = nn.ELU()
    function.register_forward_hook(lambda *_: calls.append(1))
    g = gm.add_self_loop(gm.rand_graph(4, 6))
    gm.nn.GATConv(3, 2, 2, activation=function)(g, torch.randn(4, 3))
    assert calls == [1]


@pytest.mark.usefixtures("many")
def test_autocast_gives_half_precision() -> None:
    g = gm.add_self_loop(gm.rand_graph(4, 6))
    layer = gm.nn.GATConv(3, 2, 2, activation=elu)
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(g, torch.randn(4, 3))
    assert out.dtype == torch.bfloat16
    torch.autograd.backward(out.float().sum())
    assert layer.bias is not None
    assert layer.bias.grad is not None
    assert layer.bias.grad.dtype == torch.float32
