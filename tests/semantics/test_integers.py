"""Means of integers do not wrap, booleans are counted, and every reducer reads integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import ops

LARGE = {torch.int8: 100, torch.uint8: 200, torch.int64: 1_700_000_000_000_000_000}
DTYPES = [pytest.param(dtype, id=str(dtype)) for dtype in LARGE]
STAR = gm.graph(([0, 1, 2, 3, 4, 5], [6] * 6))
TWO = {("a", "x", "b"): ([0, 1], [0, 0]), ("b", "y", "b"): ([0, 0], [0, 0])}


def large(rows: int, dtype: torch.dtype) -> Tensor:
    return torch.full((rows,), LARGE[dtype], dtype=dtype)


def field(call: Any, feature: Tensor) -> Tensor:
    graph = STAR.local_var()
    graph.ndata["h"] = feature
    graph.update_all(fn.copy_u("h", "m"), call("m", "o"))
    result: Tensor = graph.ndata["o"][6:]
    return result


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_mean_of_integers_does_not_wrap(dtype: torch.dtype) -> None:
    h = large(7, dtype)
    batch = STAR.local_var()
    batch.ndata["h"] = h
    for mean in (
        field(fn.mean, h),
        ops.copy_u_mean(STAR, h)[6:],
        ops.u_mul_e_mean(STAR, h, torch.ones(6, dtype=dtype))[6:],
        ops.segment_reduce([7], h, "mean"),
        gm.mean_nodes(batch, "h"),
        gm.nn.AvgPooling()(batch, h),
    ):
        torch.testing.assert_close(mean, torch.tensor([float(LARGE[dtype])]))


def greatest(nodes: Any) -> dict[str, Tensor]:
    return {"o": nodes.mailbox["m"].amax(1)}


def over_types(call: Callable[[gm.Graph], None], dtype: torch.dtype) -> Tensor:
    graph = gm.heterograph(TWO)
    graph.ndata["h"] = {"a": large(2, dtype), "b": large(1, dtype)}
    call(graph)
    result: Tensor = graph.nodes["b"].data["o"]
    return result


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_mean_of_integers_over_types_does_not_wrap(dtype: torch.dtype) -> None:
    message = fn.copy_u("h", "m")
    maxima = dict.fromkeys(TWO, (message, greatest))
    means = dict.fromkeys(TWO, (message, fn.mean("m", "o")))
    for call in (
        lambda graph: graph.update_all(message, fn.mean("m", "o")),
        lambda graph: graph.multi_update_all(maxima, "mean"),
        lambda graph: graph.multi_update_all(means, "mean"),
    ):
        mean = over_types(call, dtype)
        torch.testing.assert_close(mean, torch.tensor([float(LARGE[dtype])]))


def test_sums_of_booleans_over_types_count() -> None:
    graph = gm.heterograph(TWO)
    graph.ndata["h"] = {"a": torch.ones(2, dtype=torch.bool), "b": torch.ones(1, dtype=torch.bool)}
    maxima = dict.fromkeys(TWO, (fn.copy_u("h", "m"), greatest))
    for reducer, value in (("sum", torch.tensor([2])), ("mean", torch.tensor([1.0]))):
        graph.multi_update_all(maxima, reducer)
        torch.testing.assert_close(graph.nodes["b"].data["o"], value)


@pytest.mark.parametrize("name", ["std", "var", "logsumexp"])
def test_formulas_read_integers_and_booleans_in_the_default_float_dtype(name: str) -> None:
    reducer = getattr(fn, name)
    for dtype in (torch.int8, torch.int64, torch.bool):
        h = torch.tensor([0, 1, 1, 0, 1, 3, 0]).to(dtype)
        torch.testing.assert_close(field(reducer, h), field(reducer, h.float()))
