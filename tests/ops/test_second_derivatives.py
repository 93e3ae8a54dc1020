"""Gradients of gradients, against finite differences in float64."""

from __future__ import annotations

import functools

import pytest
import torch
from support.corner_graphs import TINY, two_relations
from support.laws import assert_differentiable_twice
from torch import Tensor
from torch.autograd import gradgradcheck

import graphmp as gm
import graphmp.function as fn
from graphmp import ops

GRAPH = TINY.graph()
BINARY = [name for name in fn.message_names() if "copy" not in name]


@pytest.mark.parametrize("message", BINARY)
@pytest.mark.usefixtures("backend")
@pytest.mark.thorough
def test_every_binary_message_kept_summed_and_averaged(message: str) -> None:
    left, right = (TINY.feature(message[i], (2,), torch.float64) for i in (0, -1))

    def kept_summed_averaged(*x: Tensor) -> tuple[Tensor, ...]:
        names = (message, f"{message}_sum", f"{message}_mean")
        return tuple(getattr(ops, name)(GRAPH, *x) for name in names)

    assert_differentiable_twice(kept_summed_averaged, left, right)


@pytest.mark.parametrize("op", ["mul", "div", "dot"])
@pytest.mark.usefixtures("backend")
def test_complex_numbers(op: str) -> None:
    u, e = (
        torch.complex(TINY.feature(end, (2,), torch.float64), TINY.feature(end, (2,)).double() + 1)
        for end in "ue"
    )
    assert_differentiable_twice(lambda *x: ops.gspmm(GRAPH, op, "sum", *x), u, e)


@pytest.mark.parametrize("target", "uve")
@pytest.mark.usefixtures("backend")
def test_a_copy_summed_and_averaged(target: str) -> None:
    def squares(x: Tensor) -> tuple[Tensor, ...]:
        names = (f"copy_{target}_sum", f"copy_{target}_mean")
        return tuple(getattr(ops, name)(GRAPH, x).square() for name in names)

    assert_differentiable_twice(squares, TINY.feature(target, (2,), torch.float64))


@pytest.mark.parametrize("reducer", ["max", "min", "prod", "var", "logsumexp"])
@pytest.mark.usefixtures("backend")
def test_the_other_reducers_of_a_product(reducer: str) -> None:
    u, e = (TINY.feature(target, (2,), torch.float64) for target in "ue")
    assert_differentiable_twice(lambda *x: ops.gspmm(GRAPH, "mul", reducer, *x), u, e)


@pytest.mark.parametrize(("left", "right"), [((2, 2), (2, 1)), ((2,), ()), ((2, 1), (1, 2))])
@pytest.mark.parametrize("op", ["sub", "mul", "div"])
@pytest.mark.usefixtures("backend")
@pytest.mark.thorough
def test_features_that_broadcast(op: str, left: tuple[int, ...], right: tuple[int, ...]) -> None:
    u, e = TINY.feature("u", left, torch.float64), TINY.feature("e", right, torch.float64)
    assert_differentiable_twice(lambda *x: ops.gspmm(GRAPH, op, "sum", *x), u, e)


@pytest.mark.parametrize("norm_by", ["dst", "src"])
@pytest.mark.usefixtures("backend")
def test_edge_softmax(norm_by: str) -> None:
    logits = TINY.feature("e", (2,), torch.float64)
    assert_differentiable_twice(lambda z: ops.edge_softmax(GRAPH, z, norm_by=norm_by), logits)


@pytest.mark.usefixtures("backend")
def test_edge_softmax_over_several_relations() -> None:
    graph = two_relations()
    etypes = graph.canonical_etypes

    def jointly(*logits: Tensor) -> tuple[Tensor, ...]:
        return tuple(ops.edge_softmax(graph, dict(zip(etypes, logits, strict=True))).values())

    assert_differentiable_twice(jointly, *(torch.randn(3, 2).double() for _ in etypes))


@pytest.mark.usefixtures("backend")
def test_segments() -> None:
    value = TINY.feature("e", (2,), torch.float64)
    for reducer in ("sum", "mean", "max"):
        assert_differentiable_twice(
            lambda x, reducer=reducer: ops.segment_reduce([2, 0, 3], x, reducer).square(), value
        )
    assert_differentiable_twice(lambda x: ops.segment_softmax([2, 0, 3], x), value)
    weight = TINY.feature("v", (2,), torch.float64)
    weigh = functools.partial(ops.segment_reduce, [2, 0, 2], reducer="sum")
    assert_differentiable_twice(lambda x, w: weigh(x[:4], weight=w).square(), value, weight)
    assert_differentiable_twice(lambda x: ops.segment_broadcast([2, 0, 1, 3], x).square(), weight)


@pytest.mark.usefixtures("backend")
def test_a_deviation_of_equal_messages() -> None:
    g = gm.graph(([0, 2, 2], [1, 0, 0]))  # one message, two equal ones, none
    x = torch.tensor([[2.0], [1.0], [3.0]], dtype=torch.float64, requires_grad=True)
    assert gradgradcheck(lambda h: ops.gspmm(g, "copy_lhs", "std", h, None), (x,))
