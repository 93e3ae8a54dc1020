"""Sums of products: when both gradients are made in one pass, and what they are."""

from __future__ import annotations

from unittest import mock

import pytest
import torch
from support.corner_graphs import MIXED, TINY
from support.laws import assert_close, assert_differentiable_twice
from torch import Tensor

import graphmp as gm
from graphmp import kernels, ops

SHAPES = (
    ((3,), (1,)),
    ((3,), ()),
    ((2, 3), (2, 1)),
    ((2, 3), (1, 1)),
    ((2, 2, 3), (2, 2, 1)),
)


def passes(work: object, *leaves: Tensor) -> int:
    """How often a backward pass makes both gradients at once."""
    with mock.patch.object(kernels, "product_gradient", wraps=kernels.product_gradient) as both:
        torch.autograd.grad(work(*leaves).square().sum(), leaves)  # type: ignore[operator]
    return both.call_count


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["u_mul_e_sum", "u_mul_e_mean"])
@pytest.mark.usefixtures("backend")
def test_both_gradients_in_one_pass(name: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    graph, operation = MIXED.graph(), getattr(ops, name)
    u, e = (MIXED.feature(end, shape) for end, shape in zip("ue", shapes, strict=True))
    u.requires_grad_()
    e.requires_grad_()
    assert passes(lambda u, e: operation(graph, u, e), u, e) == 1
    assert passes(lambda u: operation(graph, u, e.detach()), u) == 0
    upstream = torch.randn(operation(graph, u, e).shape)
    both = torch.autograd.grad(operation(graph, u, e), (u, e), upstream)
    for leaf, made in zip((u, e), both, strict=True):
        others = (u, e.detach()) if leaf is u else (u.detach(), e)
        (alone,) = torch.autograd.grad(operation(graph, *others), leaf, upstream)
        assert_close(made, alone)


@pytest.mark.usefixtures("backend")
def test_operands_in_the_other_order_and_edges_turned_round() -> None:
    graph = MIXED.graph()
    u, e = MIXED.feature("u", (2, 3)), MIXED.feature("e", (2, 1))
    u.requires_grad_()
    e.requires_grad_()
    assert passes(lambda u, e: ops.e_mul_u_sum(graph, e, u), u, e) == 1
    turned = gm.reverse(graph)
    v = MIXED.feature("v", (2, 3)).requires_grad_()
    assert passes(lambda v, e: ops.u_mul_e_sum(turned, v, e), v, e) == 1


@pytest.mark.parametrize("left", [(3,), (2, 1)], ids=str)
@pytest.mark.usefixtures("backend")
def test_other_products_take_a_pass_for_each_gradient(left: tuple[int, ...]) -> None:
    u, e = MIXED.feature("u", left), MIXED.feature("e", (2, 3))
    u.requires_grad_()
    e.requires_grad_()
    assert passes(lambda u, e: ops.u_mul_e_sum(MIXED.graph(), u, e), u, e) == 0


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_second_derivatives(shapes: tuple[tuple[int, ...], ...]) -> None:
    graph = TINY.graph()
    u, e = (TINY.feature(end, s, torch.float64) for end, s in zip("ue", shapes, strict=True))
    assert_differentiable_twice(lambda u, e: ops.u_mul_e_sum(graph, u, e).square(), u, e)


def test_derivatives_that_reach_one_gradient_alone() -> None:
    graph = TINY.graph()
    u, e = TINY.feature("u", (2,), torch.float64), TINY.feature("e", (1,), torch.float64)

    def of_weight(u: Tensor, e: Tensor) -> Tensor:
        made = ops.u_mul_e_sum(graph, u, e).square().sum()
        return torch.autograd.grad(made, (u, e), create_graph=True)[1]

    def of_feat(u: Tensor, e: Tensor) -> Tensor:
        made = ops.u_mul_e_sum(graph, u, e).square().sum()
        return torch.autograd.grad(made, (u, e), create_graph=True)[0]

    leaves = (u.requires_grad_(), e.requires_grad_())
    assert torch.autograd.gradcheck(of_weight, leaves)
    assert torch.autograd.gradcheck(of_feat, leaves)
