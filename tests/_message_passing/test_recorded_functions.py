"""Functions of one's own on kernels: the same results, and every gradient, or the same calls."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from support.corner_graphs import BIPARTITE, HUB, ISOLATED, MIXED, PARALLEL, SELF_LOOP, Corner
from support.own_functions import (
    ATTENTION,
    CALLS,
    ELEMENTWISE,
    MESSAGES,
    MODULES,
    REDUCTIONS,
    STATE,
    UNCHANGED,
    Counter,
    Function,
)
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import kernels
from graphmp._message_passing.recording.fusion import REFUSED
from graphmp._message_passing.recording.lazy import LazyTensor
from graphmp._message_passing.recording.values import Leaf

WITH_EDGES = (SELF_LOOP, ISOLATED, PARALLEL, BIPARTITE, MIXED, HUB)
PARAMETERS = [*MODULES.parameters(), ATTENTION]


@pytest.fixture(autouse=True)
def nothing_is_known() -> None:
    """Functions are recorded, and checked, in every test."""
    REFUSED._facts.clear()


def featured(corner: Corner) -> tuple[gm.Graph, list[Tensor]]:
    """A graph with features, and its inputs."""
    g = corner.graph()
    generator = torch.Generator().manual_seed(1)
    inputs = []
    for data, name, shape in (
        (g.srcdata, "x", (g.num_src_nodes(), 6)),
        (g.dstdata, "x", (g.num_dst_nodes(), 6)),
        (g.edata, "w", (g.num_edges(), 1)),
    ):
        inputs.append(torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_())
        data[name] = inputs[-1]
    return g, inputs


def run(
    corner: Corner, message: Any, reduce: Any, is_fused: bool
) -> tuple[dict[str, Tensor], list[Tensor]]:
    """The results of update_all, and the gradients of all inputs and parameters."""
    g, inputs = featured(corner)
    torch.manual_seed(2)
    random.seed(2)
    before = set(g.dstdata)
    with gm.fuse_functions(is_fused):
        g.update_all(message, reduce)
    results = {name: g.dstdata[name] for name in sorted(set(g.dstdata) - before)}
    total = sum(
        (y * torch.linspace(-1, 2, y.numel(), dtype=y.dtype).view_as(y)).sum()
        for y in results.values()
    )
    wanted = [*inputs, *PARAMETERS]
    if not isinstance(total, Tensor) or not total.requires_grad:
        return results, []
    return results, list(
        torch.autograd.grad(total, wanted, allow_unused=True, materialize_grads=True)
    )


def assert_same(corner: Corner, message: Any, reduce: Any) -> None:
    """Fused or not, results and gradients are the same."""
    results, grads = run(corner, message, reduce, True)
    expected, expected_grads = run(corner, message, reduce, False)
    assert results.keys() == expected.keys()
    torch.testing.assert_close(results, expected, equal_nan=True)
    torch.testing.assert_close(grads, expected_grads, equal_nan=True)


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("corner", WITH_EDGES, ids=str)
def test_messages_are_what_the_function_gives(corner: Corner, name: str) -> None:
    with kernels.using("reference"):
        for reducer in (fn.sum, fn.mean, fn.max):
            assert_same(corner, MESSAGES[name], reducer("m", "y"))


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("corner", WITH_EDGES, ids=str)
def test_reductions_are_what_the_function_gives(corner: Corner, name: str) -> None:
    with kernels.using("reference"):
        assert_same(corner, MESSAGES["copy"], REDUCTIONS[name])
        assert_same(corner, MESSAGES["GatedGCN"], REDUCTIONS[name])
        assert_same(corner, fn.u_mul_e("x", "w", "m"), REDUCTIONS[name])


@pytest.mark.parametrize("name", MESSAGES)
def test_kernels_compute_messages(name: str) -> None:
    assert_same(MIXED, MESSAGES[name], fn.sum("m", "y"))


@pytest.mark.parametrize("name", ["attention", "PNA", "std", "logsumexp", "from the node"])
def test_kernels_reduce_messages(name: str) -> None:
    assert_same(MIXED, MESSAGES["copy"], REDUCTIONS[name])


@pytest.mark.parametrize("text", ELEMENTWISE)
def test_functions_of_numbers_are_expressions(text: str) -> None:
    function = eval(f"lambda x, y: {text}", {"torch": torch, "F": F})

    def message(edges: Any) -> dict[str, Any]:
        u, v = edges.src["x"], edges.dst["x"]
        return {"m": function(u - v, u * v)}

    with kernels.using("reference"):
        assert_same(MIXED, message, fn.sum("m", "y"))
        assert_same(MIXED, message, fn.max("m", "y"))
    g, _ = featured(MIXED)
    with gm.fuse_functions():
        assert gm.explain(g, message, fn.sum("m", "y")).is_fused


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_are_not_stored(name: str) -> None:
    g, _ = featured(MIXED)
    kinds: list[Any] = []

    def spied(edges: Any) -> dict[str, Any]:
        messages = MESSAGES[name](edges)
        kinds.extend(messages.values())
        return messages

    with gm.fuse_functions(check=False):
        g.update_all(spied, fn.sum("m", "y"))
    (message,) = kinds
    is_of_edges = not isinstance(message, LazyTensor)  # computed from the edges' own feature
    assert is_of_edges == (name == "weight alone")
    if isinstance(message, LazyTensor):
        assert not (isinstance(message.value, Leaf) and message.value.end == "e")


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_are_called_once(name: str) -> None:
    g, _ = featured(HUB)
    calls: list[int] = []

    def spied(nodes: Any) -> dict[str, Any]:
        result = REDUCTIONS[name](nodes)
        calls_of_spy(calls)
        return result

    with gm.fuse_functions(check=False):
        g.update_all(MESSAGES["copy"], REDUCTIONS[name])
    assert REFUSED.get((REDUCTIONS[name], MESSAGES["copy"]), None) is None
    g.update_all(MESSAGES["copy"], spied)  # which changes a list, and so is called for each degree
    assert len(calls) == len(g.in_degrees().unique()) - int((g.in_degrees() == 0).any())


def calls_of_spy(calls: list[int]) -> None:
    calls.append(1)


@pytest.mark.parametrize("name", UNCHANGED)
@pytest.mark.parametrize("corner", [ISOLATED, MIXED, HUB], ids=str)
def test_other_functions_run_as_they_are(corner: Corner, name: str) -> None:
    effects = []
    for is_fused in (True, False):
        CALLS.clear()
        STATE["calls"] = Counter.calls = 0
        effects.append(
            (run(corner, MESSAGES["copy"], UNCHANGED[name], is_fused), list(CALLS), dict(STATE))
        )
        effects[-1] = (*effects[-1], Counter.calls)  # type: ignore[assignment]
    (fused, *state), (plain, *plain_state) = effects
    torch.testing.assert_close(fused, plain, equal_nan=True, rtol=0, atol=0)
    assert state == plain_state


@pytest.mark.parametrize("function", list(UNCHANGED.values()), ids=list(UNCHANGED))
def test_the_reason_is_known(function: Function) -> None:
    g, _ = featured(MIXED)
    with gm.fuse_functions():
        g.update_all(MESSAGES["copy"], function)
    assert REFUSED.get((function, MESSAGES["copy"]), None)
