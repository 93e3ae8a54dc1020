"""Layers call what a user put in the place of a child; plain maps are added in one result."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from support.laws import assert_close
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook
from torch.nn.utils import parametrize

import graphmp as gm
from graphmp.nn._shared.activations import activate
from graphmp.nn._shared.aggregation import maps_first
from graphmp.nn._shared.products import is_plain

GRAPH = gm.rand_graph(8, 30)
KINDS = ("mean", "gcn", "pool", "lstm")


class Doubled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


def sage(kind: str, out_feats: int) -> gm.nn.SAGEConv:
    return gm.nn.SAGEConv(4, out_feats, kind, bias=False, activation=nn.ReLU())


def children(layer: nn.Module) -> list[tuple[str, nn.Linear]]:
    return [(n, child) for n, child in layer.named_children() if isinstance(child, nn.Linear)]


@pytest.mark.parametrize("out_feats", [2, 6], ids=["shrinking", "growing"])
@pytest.mark.parametrize("kind", KINDS)
def test_hooks_of_a_child_are_called_and_may_change_its_result(kind: str, out_feats: int) -> None:
    layer, x = sage(kind, out_feats), torch.randn(8, 4)
    for _, child in children(layer):
        before = layer(GRAPH, x)
        hook = child.register_forward_hook(lambda _module, _inputs, out: out + 1000)
        assert not torch.equal(layer(GRAPH, x), before)
        hook.remove()
        assert_close(layer(GRAPH, x), before)


@pytest.mark.parametrize("out_feats", [2, 6], ids=["shrinking", "growing"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_results_that_hooks_see_are_not_changed_afterwards(kind: str, out_feats: int) -> None:
    layer, x, seen = sage(kind, out_feats), torch.randn(8, 4), []
    for _, child in children(layer):
        child.register_forward_hook(lambda _module, _inputs, out: seen.append((out, out.clone())))
    layer(GRAPH, x)
    assert len(seen) == len(children(layer))
    assert all(torch.equal(out, copy) for out, copy in seen)


@pytest.mark.parametrize("kind", KINDS)
def test_a_backward_hook_sees_the_gradient(kind: str) -> None:
    for name, _ in children(sage(kind, 6)):
        layer, calls = sage(kind, 6), []
        child = layer.get_submodule(name)
        child.register_full_backward_hook(lambda *_: calls.append(1))  # noqa: B023
        layer(GRAPH, torch.randn(8, 4, requires_grad=True)).sum().backward()
        assert calls == [1]


def test_a_child_may_be_replaced_by_any_module() -> None:
    layer, x = sage("mean", 6), torch.randn(8, 4)
    expected = layer(GRAPH, x)
    for name, child in children(layer):
        other = nn.Sequential(child)
        other.weight = child.weight  # which layers read for its dtype
        setattr(layer, name, other)
    assert_close(layer(GRAPH, x), expected)


def test_a_child_may_have_a_bias_where_the_layer_makes_none() -> None:
    layer, x = gm.nn.SAGEConv(4, 6, "mean"), torch.randn(8, 4)
    expected = layer(GRAPH, x) + 1
    weight, layer.fc_neigh = layer.fc_neigh.weight, nn.Linear(4, 6)
    layer.fc_neigh.weight = weight
    nn.init.ones_(layer.fc_neigh.bias)
    assert_close(layer(GRAPH, x), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_parametrized_children_are_used(kind: str) -> None:
    layer, x = sage(kind, 6), torch.randn(8, 4)
    doubled = sage(kind, 6)
    doubled.load_state_dict({name: value.clone() for name, value in layer.state_dict().items()})
    with torch.no_grad():
        for _, child in children(doubled):
            child.weight.mul_(2)
    for _, child in children(layer):
        parametrize.register_parametrization(child, "weight", Doubled())
    assert_close(layer(GRAPH, x), doubled(GRAPH, x))


def test_hooks_of_all_modules_are_called() -> None:
    layer, seen = sage("mean", 6), []
    hook = register_module_forward_hook(lambda module, _inputs, _out: seen.append(type(module)))
    try:
        layer(GRAPH, torch.randn(8, 4))
    finally:
        hook.remove()
    assert seen.count(nn.Linear) == 2


def test_a_forward_of_the_instance_and_a_subclass_are_not_plain() -> None:
    class Other(nn.Linear):
        pass

    patched = nn.Linear(2, 3)
    assert is_plain(patched)
    patched.forward = Doubled().forward  # type: ignore[assignment,method-assign]
    assert not is_plain(patched)
    assert not is_plain(Other(2, 3))
    assert not is_plain(nn.Linear(2, 3), patched)


@pytest.mark.parametrize("make", [nn.ReLU, lambda: torch.relu, lambda: nn.functional.relu])
def test_a_relu_is_written_over_the_result(make: Callable[[], Callable[[Tensor], Tensor]]) -> None:
    out = torch.tensor([-1.0, 2.0])
    assert activate(make(), out) is out
    assert out.tolist() == [0, 2]


def test_hooks_of_an_activation_are_called() -> None:
    layer, out, seen = nn.ReLU(), torch.tensor([-1.0, 2.0]), []
    layer.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    assert activate(layer, out).tolist() == [0, 2]
    assert seen[0].tolist() == [-1, 2]


def test_the_order_of_map_and_sum_follows_its_cost() -> None:
    x, trained = torch.ones(100, 6), torch.ones(100, 6, requires_grad=True)
    square = gm.rand_graph(100, 1000).adjacency
    assert maps_first(square, trained, 4)
    assert not maps_first(square, trained, 6)
    assert not maps_first(square, x, 4)  # a sum of constants has no gradient
    assert maps_first(square, x, 2)
    with torch.no_grad():
        assert maps_first(square, trained, 4)
        assert maps_first(square, x, 4)
    few = gm.create_block((torch.arange(100), torch.arange(100) % 5), 100, 5).adjacency
    assert not maps_first(few, torch.ones(100, 64, requires_grad=True), 48)
    # A weight for each feature has the smaller size.
    wide = torch.ones(100, 48)
    assert maps_first(few, torch.ones(100, 64), 48, wide)
