"""Layers with ``cached=True`` sum constant features once, and again when anything changes."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.laws import assert_close
from support.versions import compiles
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn._shared import aggregation
from graphmp.nn._shared.cached_aggregates import cached_aggregate

MAKES: dict[str, Callable[[bool], nn.Module]] = {
    "GraphConv both": lambda cached: gm.nn.GraphConv(4, 2, cached=cached),
    "GraphConv growing": lambda cached: gm.nn.GraphConv(4, 6, norm="right", cached=cached),
    "SAGEConv mean": lambda cached: gm.nn.SAGEConv(4, 2, "mean", cached=cached),
    "SAGEConv gcn": lambda cached: gm.nn.SAGEConv(4, 6, "gcn", cached=cached),
}
each_layer = pytest.mark.parametrize("name", MAKES)


def graph() -> gm.Graph:
    return gm.add_self_loop(gm.rand_graph(8, 30))


def pair(name: str) -> tuple[nn.Module, nn.Module]:
    """A layer without and one with a cache, of equal parameters."""
    plain, cached = MAKES[name](False), MAKES[name](True)
    cached.load_state_dict(plain.state_dict())
    return plain, cached


def entries(g: gm.Graph) -> Any:
    """The cache of the only kind of sum."""
    caches = g.adjacency._layouts.cache
    (cache,) = [cache for key, cache in caches.items() if "aggregates" in str(key)]
    return cache


@pytest.fixture
def sums(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one for each sum that is computed for the cache."""
    calls: list[int] = []
    original = cached_aggregate

    def counted(adjacency: Any, feat: Tensor, kind: Any, compute: Any) -> Tensor:
        def count() -> Tensor:
            calls.append(1)
            return compute()  # type: ignore[no-any-return]

        return original(adjacency, feat, kind, count)

    monkeypatch.setattr(aggregation, "cached_aggregate", counted)
    return calls


@each_layer
def test_results_and_gradients_are_those_without(name: str) -> None:
    g, x, (plain, cached) = graph(), torch.randn(8, 4), pair(name)
    for _ in range(2):
        expected, out = plain(g, x), cached(g, x)
        assert_close(out, expected)
        out.square().sum().backward()
        expected.square().sum().backward()
    for one, other in zip(plain.parameters(), cached.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert_close(other.grad, one.grad)


@each_layer
def test_constant_features_are_summed_once(name: str, sums: list[int]) -> None:
    g, x, (_, cached) = graph(), torch.randn(8, 4), pair(name)
    first = cached(g, x)
    with torch.no_grad():
        assert torch.equal(cached(g, x), first)
    assert torch.equal(cached.eval()(g, x), first)
    assert len(sums) == 1


@each_layer
def test_changed_features_and_other_graphs_are_summed_again(name: str, sums: list[int]) -> None:
    g, x, (plain, cached) = graph(), torch.randn(8, 4), pair(name)
    cached(g, x)
    x.mul_(2)
    assert_close(cached(g, x), plain(g, x))
    other = graph()
    assert_close(cached(other, x), plain(other, x))
    assert len(sums) == 3
    g.add_edges([0, 1], [2, 3])
    assert_close(cached(g, x), plain(g, x))
    clone = x.clone()
    assert_close(cached(g, clone), plain(g, clone))
    assert len(sums) == 5


@each_layer
def test_features_with_a_gradient_and_edge_weights_are_not_cached(
    name: str, sums: list[int]
) -> None:
    g, (plain, cached) = graph(), pair(name)
    x, w = torch.randn(8, 4, requires_grad=True), torch.rand(g.num_edges())
    assert_close(cached(g, x), plain(g, x))
    cached(g, x).sum().backward()
    assert x.grad is not None
    assert_close(cached(g, x.detach(), edge_weight=w), plain(g, x.detach(), edge_weight=w))
    assert not sums


def test_dropped_out_features_leave_nothing_behind() -> None:
    g, x = graph(), torch.ones(8, 4)
    layer = gm.nn.SAGEConv(4, 6, "mean", feat_drop=0.5, cached=True)
    assert not torch.equal(layer(g, x), layer(g, x))
    gc.collect()
    caches = [
        value for key, value in g.adjacency._layouts.cache.items() if "aggregates" in str(key)
    ]
    assert len(caches) == 1
    assert len(caches[0]) == 0


def test_neither_graph_nor_features_are_held() -> None:
    g, x = graph(), torch.randn(8, 4)
    layer = gm.nn.GraphConv(4, 6, cached=True)
    layer(g, x)
    out = weakref.ref(next(iter(entries(g).values()))[2])
    del x
    gc.collect()
    assert out() is None
    x = torch.randn(8, 4)
    layer(g, x)
    out, held = weakref.ref(next(iter(entries(g).values()))[2]), weakref.ref(g)
    del g
    gc.collect()
    assert held() is None
    assert out() is None


def test_a_result_that_was_changed_in_place_is_computed_again() -> None:
    g, x = graph(), torch.randn(8, 4)
    layer = gm.nn.GraphConv(4, 6, bias=False, cached=True)
    expected = layer(g, x)
    next(iter(entries(g).values()))[2].zero_()
    assert_close(layer(g, x), expected)


def test_a_layer_without_a_weight_caches_nothing() -> None:
    g, x = graph(), torch.randn(8, 4)
    layer = gm.nn.GraphConv(4, 4, weight=False, bias=False, cached=True)
    first = layer(g, x)
    expected = first.clone()
    first.zero_()
    assert torch.equal(layer(g, x), expected)


def test_autocast_has_an_entry_of_its_own() -> None:
    g, x, (plain, cached) = graph(), torch.randn(8, 4), pair("SAGEConv gcn")
    full = cached(g, x)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(cached(g, x), plain(g, x))
    assert torch.equal(cached(g, x), full)


def test_a_cache_filled_in_inference_mode_serves_training() -> None:
    g, x, (_, cached) = graph(), torch.randn(8, 4), pair("SAGEConv mean")
    with torch.inference_mode():
        cached(g, x)
        cached(g, torch.randn(8, 4))
    cached(g, x).sum().backward()


def test_states_copies_and_pickles_are_those_without() -> None:
    g, x, (plain, cached) = graph(), torch.randn(8, 4), pair("GraphConv both")
    out = cached(g, x)
    assert list(cached.state_dict()) == list(plain.state_dict())
    for other in (copy.deepcopy(cached), pickle.loads(pickle.dumps(cached))):
        assert torch.equal(other(g, x), out)
    assert torch.equal(cached(pickle.loads(pickle.dumps(g)), x), out)


@compiles
@pytest.mark.compiler
@each_layer
def test_a_compiled_layer_caches_nothing(name: str, sums: list[int]) -> None:
    torch.compiler.reset()
    g, x, (plain, cached) = graph(), torch.randn(8, 4), pair(name)
    g.create_formats_()
    compiled: Any = torch.compile(cached, backend="eager", fullgraph=True)
    assert_close(compiled(g, x), plain(g, x))
    assert not sums
