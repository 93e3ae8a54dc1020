"""Biases and activations by every backend, against float64."""

from __future__ import annotations

import pytest
import torch
from support.backends import each_backend_and_dtype
from support.corner_graphs import FLOATS
from support.laws import assert_close
from torch import Tensor

from graphmp import kernels

each_kind = pytest.mark.parametrize("kind", ["", "elu"])
each_bias = pytest.mark.parametrize("has_bias", [False, True])


def numbers(rows: int, size: int, dtype: torch.dtype, has_bias: bool) -> tuple[Tensor, ...]:
    """Features, a bias or zeros, and their sum in float64."""
    x, bias = torch.randn(rows, size).to(dtype), torch.randn(size).to(dtype)
    bias = bias if has_bias else torch.zeros_like(bias)
    return x, bias, x.double() + bias.double()


@each_kind
@each_bias
@pytest.mark.parametrize("size", [1, 3, 8, 40, 100])
@pytest.mark.parametrize("rows", [0, 1, 30])
@each_backend_and_dtype(FLOATS, "activate")
def test_a_bias_and_an_activation(
    backend: str, dtype: torch.dtype, rows: int, size: int, has_bias: bool, kind: str
) -> None:
    x, bias, total = numbers(rows, size, dtype, has_bias)
    out = kernels.activate(x, bias if has_bias else None, kind)
    expected = torch.nn.functional.elu(total) if kind else total
    assert_close(out, expected.to(dtype))
    grad = torch.randn(rows, size).to(dtype)
    back = kernels.activation_gradient(x, bias if has_bias else None, grad, kind)
    slope = torch.where(total > 0, 1, total.exp()) if kind else 1
    assert_close(back, (grad * slope).to(dtype))
    assert out is not x
    assert back is not grad


@pytest.mark.usefixtures("backend")
def test_an_elu_keeps_its_digits_near_zero_and_its_limits_far_away() -> None:
    x = -torch.logspace(-30, 3, 4000).view(-1, 8)
    expected = torch.expm1(x.double())
    error = (kernels.activate(x, None, "elu") - expected).abs() / expected.abs()
    assert float(error.max()) < 4e-7
    far = torch.tensor([[torch.inf, -torch.inf, torch.nan, 0.0, -0.0]])
    expected = torch.tensor([[torch.inf, -1.0, torch.nan, 0.0, 0.0]])
    assert torch.equal(kernels.activate(far, None, "elu").nan_to_num(), expected.nan_to_num())


def test_the_result_does_not_depend_on_the_threads() -> None:
    pytest.importorskip("numba", reason="needs Numba: pip install numba")
    x, bias = torch.randn(3000, 70), torch.randn(70)
    before, found = torch.get_num_threads(), []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(kernels.activate(x, bias, "elu"))
    torch.set_num_threads(before)
    assert all(torch.equal(found[0], other) for other in found[1:])
