"""Sums of linear maps: as torch's, whichever way they are computed."""

from __future__ import annotations

import pytest
import torch
from support.laws import assert_close
from support.products import SizesOfProducts
from torch import Tensor
from torch.nn.functional import linear

from graphmp.ops import linear as module
from graphmp.ops.linear import linear_maps, product, sum_of_linear


@pytest.fixture(params=[0, 1 << 40], ids=["large", "small"])
def many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every matrix count as large, or none."""
    for name in ("_MANY", "_MANY_HALVES"):
        monkeypatch.setattr(module, name, request.param)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("out_feats", [2, 6])
@pytest.mark.parametrize("shape", [(5,), (5, 3), (0,), (5, 0)], ids=str)
def test_a_sum_is_one_product_side_by_side(
    out_feats: int, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    inputs = [torch.randn(*shape, size).to(dtype).requires_grad_() for size in (4, 3, 4)]
    weights = [torch.randn(out_feats, size).to(dtype).requires_grad_() for size in (4, 3, 4)]
    bias = torch.randn(out_feats).to(dtype).requires_grad_()
    leaves = [*inputs, *weights, bias]
    total = sum_of_linear(zip(inputs, weights, strict=True), bias)
    expected = linear(torch.cat(inputs, -1), torch.cat(weights, 1), bias)
    upstream = torch.randn_like(expected)
    assert_close(total, expected)
    grads = torch.autograd.grad(total, leaves, upstream)
    for grad, other in zip(grads, torch.autograd.grad(expected, leaves, upstream), strict=True):
        assert_close(grad, other)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("shape", [(5,), (5, 3), (0,), (5, 0)], ids=str)
@pytest.mark.parametrize("is_cast", [False, True])
def test_a_product_is_a_linear_map(shape: tuple[int, ...], has_bias: bool, is_cast: bool) -> None:
    x, matrix = torch.randn(*shape, 4, requires_grad=True), torch.randn(4, 3, requires_grad=True)
    bias = torch.randn(3, requires_grad=True) if has_bias else None
    leaves = [leaf for leaf in (x, matrix, bias) if leaf is not None]
    with torch.autocast("cpu", enabled=is_cast):
        out, expected = product(x, matrix, bias), linear(x, matrix.t(), bias)
    assert out.dtype == expected.dtype
    assert_close(out, expected)
    grads = torch.autograd.grad(out.sum(), leaves)
    for grad, other in zip(grads, torch.autograd.grad(expected.sum(), leaves), strict=True):
        assert_close(grad, other)


def test_a_small_product_looks_at_the_matrix_as_it_is() -> None:
    x, matrix = torch.randn(5, 4), torch.randn(4, 3, requires_grad=True)
    for bias in (None, torch.randn(3)):
        grad_fn = product(x, matrix, bias).grad_fn
        assert grad_fn is not None
        assert "AccumulateGrad" in [type(f).__name__ for f, _ in grad_fn.next_functions]


@pytest.mark.usefixtures("many")
def test_a_sum_has_second_derivatives() -> None:
    leaves = [torch.randn(3, 2).double(), torch.randn(4, 2).double(), torch.randn(4).double()]

    def function(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return sum_of_linear([(x, weight), (x, weight)], bias) ** 2

    assert torch.autograd.gradgradcheck(function, [leaf.requires_grad_() for leaf in leaves])


@pytest.mark.usefixtures("many")
def test_a_sum_runs_under_vmap() -> None:
    x, weight, plain = (torch.randn(size, 2).double() for size in (3, 4, 3))
    many = torch.func.vmap(lambda own: sum_of_linear([(own, weight)]))(x.expand(5, 3, 2))
    assert_close(many[4], sum_of_linear([(x, weight)]))
    # The second product alone is of a batch.
    out = torch.func.vmap(lambda own: sum_of_linear([(plain, weight), (own, weight)]))(
        x.expand(5, 3, 2)
    )
    assert_close(out[0], sum_of_linear([(plain, weight), (x, weight)]))


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("needed", [0, 1, 2])
def test_only_the_gradients_that_are_needed_are_computed(needed: int) -> None:
    leaves = [torch.randn(5, 2), torch.randn(3, 2), torch.randn(3)]
    leaves[needed].requires_grad_()
    x, weight, bias = leaves
    torch.autograd.backward(sum_of_linear([(x, weight)], bias).sum())
    assert [leaf.grad is not None for leaf in leaves] == [i == needed for i in range(3)]


@pytest.mark.usefixtures("many")
def test_a_sum_follows_autocast() -> None:
    x, weight, bias = torch.randn(5, 2), torch.randn(3, 2), torch.randn(3)
    weight.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        out = sum_of_linear([(x, weight), (x.bfloat16(), weight)], bias)
    assert out.dtype == torch.bfloat16
    torch.autograd.backward(out.float().sum())
    assert weight.grad is not None
    assert weight.grad.dtype == torch.float32


@pytest.mark.usefixtures("many")
def test_the_result_may_be_changed_in_place() -> None:
    x, weight = torch.randn(5, 2, requires_grad=True), torch.randn(3, 2)
    out = torch.relu_(sum_of_linear([(x, weight)]))
    expected = torch.relu(linear(x, weight))
    assert_close(out, expected)
    for made in (out, expected):
        torch.autograd.backward(made.sum())
    assert x.grad is not None
    assert_close(x.grad, 2 * torch.autograd.grad(torch.relu(linear(x, weight)).sum(), x)[0])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("shape", [(5,), (5, 3), (0,), (5, 0)], ids=str)
@pytest.mark.parametrize("used", [(0, 1), (1,)], ids=str)
def test_maps_of_one_input_are_linear(
    shape: tuple[int, ...], used: tuple[int, ...], dtype: torch.dtype
) -> None:
    x = torch.randn(*shape, 4).to(dtype).requires_grad_()
    weights = [torch.randn(size, 4).to(dtype).requires_grad_() for size in (3, 6)]
    outs, expected = linear_maps(x, weights), [linear(x, weight) for weight in weights]
    for out, other in zip(outs, expected, strict=True):
        assert_close(out, other)
    leaves = [x, *(weights[place] for place in used)]
    grads = torch.autograd.grad([outs[place].sum() for place in used], leaves)
    others = torch.autograd.grad([expected[place].sum() for place in used], leaves)
    for grad, other in zip(grads, others, strict=True):
        assert_close(grad, other)


def test_maps_of_one_input_have_second_derivatives() -> None:
    leaves = [torch.randn(*shape).double().requires_grad_() for shape in ((3, 2), (4, 2), (1, 2))]

    def function(x: Tensor, *weights: Tensor) -> Tensor:
        first, second = linear_maps(x, weights)
        return first**2 * second

    assert torch.autograd.gradgradcheck(function, leaves)


def test_maps_of_one_input_run_under_autocast_and_vmap() -> None:
    x, weights = torch.randn(5, 3, 2), [torch.randn(4, 2), torch.randn(1, 2)]
    with torch.autocast("cpu"):
        assert [out.dtype for out in linear_maps(x[0], weights)] == [torch.bfloat16] * 2
    for out, other in zip(
        torch.func.vmap(lambda own: linear_maps(own, weights))(x),
        linear_maps(x, weights),
        strict=True,
    ):
        assert_close(out, other)


def test_batches_of_any_size_under_autocast_have_products_of_few_sizes() -> None:
    weight = torch.randn(20, 30, requires_grad=True)
    with SizesOfProducts() as sizes:
        for rows in range(4000, 4200):
            x = torch.randn(rows, 30, requires_grad=True)
            with torch.autocast("cpu", torch.bfloat16):
                out = sum_of_linear([(x, weight)])
            torch.autograd.backward(out, torch.ones_like(out))
    assert 3 < len(sizes.seen) < 75  # of three products, forward and backward
