"""Values that depend on a tensor are computed once, and again when it changes."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

import graphmp as gm
from graphmp.nn._shared import typed_sources
from graphmp.nn._shared.cached_by_tensor import cached_by_tensor
from graphmp.nn.pooling.set_attention import sets_of


class Sums:
    """Sums of tensors, cached; and how many were computed."""

    def __init__(self) -> None:
        self.cache: Any = WeakTensorKeyDictionary()
        self.count = 0

    def __call__(self, tensor: Tensor) -> int:
        def compute() -> int:
            self.count += 1
            return int(tensor.sum())

        return cached_by_tensor(self.cache, tensor, compute)


def test_a_value_is_computed_once() -> None:
    sums, types = Sums(), torch.tensor([1, 2])
    assert [sums(types), sums(types)] == [3, 3]
    assert sums.count == 1


def test_a_change_in_shared_memory_is_noticed() -> None:
    sums, types = Sums(), torch.tensor([1, 2])
    array = types.numpy()
    assert sums(types) == 3
    array[0] = 5  # which torch does not count
    assert sums(types) == 7


def test_a_value_of_an_inference_tensor_is_not_cached() -> None:
    sums = Sums()
    with torch.inference_mode():
        types = torch.tensor([1, 2])
        assert [sums(types), sums(types)] == [3, 3]
    assert sums.count == 2


def test_an_entry_is_freed_with_its_tensor() -> None:
    sums, types = Sums(), torch.tensor([1, 2])
    sums(types)
    del types
    assert len(sums.cache) == 0


def test_sets_do_not_hold_their_sizes() -> None:
    sizes = torch.tensor([2, 1])
    sets_of(sizes, 3)
    alive = weakref.ref(sizes)
    del sizes
    gc.collect()
    assert alive() is None


def test_layers_of_one_graph_share_the_order_of_types(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, types, calls = gm.rand_graph(6, 12), torch.arange(12) % 3, []
    original = typed_sources._pairs

    def counted(*args: Any) -> Any:
        calls.append(1)
        return original(*args)

    monkeypatch.setattr(typed_sources, "_pairs", counted)
    first, second = (gm.nn.RelGraphConv(4, 4, 3) for _ in range(2))
    x = torch.ones(6, 4)
    before = second(graph, first(graph, x, types), types)
    assert len(calls) == 1
    types.copy_(types.flip(0))
    assert not torch.equal(second(graph, first(graph, x, types), types), before)
    assert len(calls) == 2
