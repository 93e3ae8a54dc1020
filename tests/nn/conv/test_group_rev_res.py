"""GroupRevRes agrees with its formula, and stores no input."""

from __future__ import annotations

import weakref
from typing import Any

import pytest
import torch
from support.agreement import Parameters, assert_agrees, drawn
from support.corner_graphs import MIXED, SMALL_CORNERS, Corner
from support.laws import assert_close
from torch import Tensor, nn
from torch.func import functional_call

import graphmp as gm
from graphmp.nn import GraphConv, GroupRevRes


class Layer(nn.Module):
    """A layer with dropout, statistics and weights of edges."""

    def __init__(self, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm, self.dropout = nn.BatchNorm1d(size), nn.Dropout(dropout)
        self.conv = GraphConv(size, size, allow_zero_in_degree=True)

    def forward(self, graph: gm.Graph, x: Tensor, edge_weight: Any = None) -> Tensor:
        h = self.dropout(self.norm(x))
        out: Tensor = self.conv(graph, h, edge_weight=edge_weight)
        return torch.tanh(out)


def plain(layer: Any, graph: gm.Graph, x: Tensor, *args: Tensor) -> Tensor:
    """What a layer does, in plain autograd."""
    split = [arg.chunk(layer.groups, -1) for arg in args]
    parts = x.chunk(layer.groups, -1)
    h, outs = sum(parts[1:], torch.zeros(())), []
    for i, part in enumerate(parts):
        h = part + layer.gnn_modules[i](graph, h, *(own[i] for own in split))
        outs.append(h)
    return torch.cat(outs, -1)


def stack(depth: int = 3, groups: int = 2, dropout: float = 0.0) -> nn.ModuleList:
    torch.manual_seed(0)
    layers = [GroupRevRes(Layer(2, dropout), groups) for _ in range(depth)]
    return nn.ModuleList(layers).double()


def run(call: Any, layers: nn.ModuleList, x: Tensor, *args: Tensor) -> list[Tensor]:
    """The output of a stack of layers, and the gradients of everything."""
    torch.manual_seed(5)
    h, g = x, MIXED.graph()
    for layer in layers:
        h = call(layer, g, h, *args)
    leaves = [t for t in (x, *args, *layers.parameters()) if t.requires_grad]
    grads = torch.autograd.grad((h * torch.arange(h.shape[1])).square().sum(), leaves)
    return [h, *grads]


def given(groups: int = 2) -> Tensor:
    return torch.randn(6, 2 * groups, generator=torch.Generator().manual_seed(1)).double()


def reversible(layer: Any, *args: Any) -> Any:
    return layer(*args)


@pytest.mark.parametrize("groups", [2, 3])
@pytest.mark.parametrize(
    "corner", [corner for corner in SMALL_CORNERS if not corner.bipartite], ids=str
)
def test_it_agrees_with_the_formula(corner: Corner, groups: int) -> None:
    inner = GraphConv(2, 2, allow_zero_in_degree=True)

    def formula(p: Parameters, source: Tensor, *_: Any) -> Tensor:
        parts = source.chunk(groups, -1)
        h, outs = sum(parts[1:], torch.zeros(())), []
        for i, part in enumerate(parts):
            own = {name: p[f"gnn_modules.{i}.{name}"] for name in ("weight", "bias")}
            h = part + functional_call(inner.double(), own, (corner.graph(), h))
            outs.append(h)
        return torch.cat(outs, -1)

    feat = corner.feature("u", (2 * groups,), torch.float64)
    layer = drawn(GroupRevRes(GraphConv(2, 2, allow_zero_in_degree=True), groups))
    assert_agrees(layer, formula, corner.graph(), (feat,))


@pytest.mark.parametrize("groups", [2, 3])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_stack_has_the_gradients_of_plain_autograd(groups: int, dropout: float) -> None:
    layers = stack(groups=groups, dropout=dropout)
    x = given(groups).requires_grad_()
    expected = run(plain, layers, x)
    for one, two in zip(run(reversible, layers, x), expected, strict=True):
        assert_close(one, two)


def test_other_arguments_are_split_and_have_gradients() -> None:
    layers, x = stack(), given().requires_grad_()
    weight = torch.rand(9, 2).double().requires_grad_()
    expected = run(plain, layers, x, weight)
    for one, two in zip(run(reversible, layers, x, weight), expected, strict=True):
        assert_close(one, two)
    fixed = run(reversible, layers, x, weight.detach())
    assert_close(fixed[0], expected[0])
    assert_close(fixed[1], expected[1])


def test_running_statistics_change_once() -> None:
    layers = stack(1)
    before = {name: b.clone() for name, b in layers.named_buffers()}
    run(plain, layers, given().requires_grad_())
    expected = {name: b.clone() for name, b in layers.named_buffers()}
    for name, buffer in layers.named_buffers():
        buffer.copy_(before[name])
    run(reversible, layers, given().requires_grad_())
    for name, buffer in layers.named_buffers():
        assert_close(buffer, expected[name])


def test_random_numbers_go_on_after_the_backward_pass() -> None:
    layers, x = stack(1, dropout=0.5), given().requires_grad_()
    torch.manual_seed(5)
    out = layers[0](MIXED.graph(), x)
    wanted = torch.get_rng_state()
    torch.autograd.backward(out.sum())
    assert torch.equal(torch.get_rng_state(), wanted)


def test_outputs_between_layers_are_not_stored() -> None:
    layers, g, h = stack(), MIXED.graph(), given().requires_grad_()
    outs = []
    for layer in layers:
        h = layer(g, h)
        outs.append(weakref.ref(h))
    assert [out() is None for out in outs] == [True, True, False]
    activation: Any = h.grad_fn
    assert activation.activation.value.data_ptr() == h.data_ptr()
    assert activation.producer.value is None
    torch.autograd.backward(h.sum())
    assert activation.activation.value is None


def test_an_output_that_others_read_keeps_its_numbers() -> None:
    layers, g, x = stack(), MIXED.graph(), given().requires_grad_()
    outs = [x]
    for layer in layers:
        outs.append(layer(g, outs[-1]))
    mine = torch.autograd.grad(torch.cat(outs).square().sum(), x)[0]
    outs = [x]
    for layer in layers:
        outs.append(plain(layer, g, outs[-1]))
    assert_close(mine, torch.autograd.grad(torch.cat(outs).square().sum(), x)[0])


def test_an_output_whose_consumer_is_not_in_the_loss_is_computed_again() -> None:
    layers, g, x = stack(), MIXED.graph(), given().requires_grad_()
    first = layers[0](g, x)
    unused = layers[2](g, layers[1](g, first))
    mine = torch.autograd.grad(first.square().sum(), x)[0]
    assert unused.requires_grad
    assert_close(mine, torch.autograd.grad(plain(layers[0], g, x).square().sum(), x)[0])


def test_two_layers_may_read_one_output() -> None:
    layers, g, x = stack(), MIXED.graph(), given().requires_grad_()
    grads = []
    for call in (reversible, plain):
        h = call(layers[0], g, x)
        both = call(layers[1], g, h) * call(layers[2], g, h)
        grads.append(torch.autograd.grad(both.sum(), x)[0])
    assert_close(*grads)


def test_a_second_backward_pass_is_refused() -> None:
    layers, x = stack(1), given().requires_grad_()
    out = layers[0](MIXED.graph(), x).sum()
    out.backward(retain_graph=True)
    with pytest.raises(gm.GraphRuntimeError, match="one backward pass through GroupRevRes"):
        out.backward()


def test_a_change_in_place_is_noticed() -> None:
    layers, x = stack(2), given().requires_grad_()
    out = layers[0](MIXED.graph(), x)
    out.mul_(2)
    with pytest.raises(gm.GraphRuntimeError, match="changed in place"):
        out.sum().backward()


def test_without_gradients_it_is_the_plain_formula() -> None:
    layers, x = stack(1), given()
    with torch.no_grad():
        out = layers[0].eval()(MIXED.graph(), x)
    assert out.grad_fn is None
    assert_close(out, plain(layers[0], MIXED.graph(), x).detach())


def test_the_first_copy_is_the_layer_itself() -> None:
    inner = GraphConv(2, 2)
    layer = GroupRevRes(inner, 3)
    assert layer.gnn_modules[0] is inner
    assert len({id(module) for module in layer.gnn_modules}) == 3
    assert list(layer.state_dict())[:2] == ["gnn_modules.0.weight", "gnn_modules.0.bias"]


def test_under_autocast_the_backward_pass_computes_in_its_dtype() -> None:
    layer = GroupRevRes(GraphConv(2, 2, allow_zero_in_degree=True))
    x = torch.randn(6, 4, requires_grad=True)
    expected = torch.autograd.grad(plain(layer, MIXED.graph(), x).sum(), x)[0]
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(MIXED.graph(), x)
    (grad,) = torch.autograd.grad(out.sum(), x)
    torch.testing.assert_close(grad, expected, rtol=0.05, atol=0.1)


def test_wrong_inputs_are_refused() -> None:
    g, layer = MIXED.graph(), GroupRevRes(GraphConv(2, 2, allow_zero_in_degree=True))
    with pytest.raises(gm.GraphValueError, match="last dimension that 2 groups divide"):
        layer(g, torch.ones(6, 5))
    with pytest.raises(gm.GraphTypeError, match=r"args\[0\]: expected a tensor, got None"):
        layer(g, torch.ones(6, 4), None)
    with pytest.raises(gm.GraphValueError, match="groups: expected at least 2, got 1"):
        GroupRevRes(GraphConv(2, 2), 1)
    with pytest.raises(gm.GraphTypeError, match="gnn_module: expected a module, got"):
        GroupRevRes(torch.relu)  # type: ignore[arg-type]
    with pytest.raises(gm.GraphValueError, match=r"shape of its input, \(6, 2\), got \(6, 3\)"):
        GroupRevRes(GraphConv(2, 3, allow_zero_in_degree=True))(g, torch.ones(6, 4))
