"""Linear maps by every backend."""

from __future__ import annotations

import pytest
import torch
from support.backends import each_backend_and_dtype
from support.corner_graphs import FLOATS
from support.laws import assert_close

from graphmp import kernels


@each_backend_and_dtype(FLOATS, "linear")
@pytest.mark.parametrize("rows", [0, 1, 300])
@pytest.mark.parametrize("sizes", [(5,), (5, 3), (0,)], ids=str)
@pytest.mark.parametrize("has_bias", [False, True])
def test_a_sum_of_products_and_a_bias(
    backend: str, dtype: torch.dtype, rows: int, sizes: tuple[int, ...], has_bias: bool
) -> None:
    factors = [(torch.randn(rows, k).to(dtype), torch.randn(4, k).to(dtype)) for k in sizes]
    bias = torch.randn(4).to(dtype) if has_bias else None
    out = kernels.linear(factors, bias)
    expected = sum(
        (x.double() @ weight.double().t() for x, weight in factors), torch.zeros(rows, 4)
    )
    expected = expected if bias is None else expected + bias.double()
    assert (out.shape, out.dtype) == ((rows, 4), dtype)
    assert_close(out, expected.to(dtype))


@each_backend_and_dtype(FLOATS, "column_sums")
@pytest.mark.parametrize("shape", [(0, 3), (1, 5), (513, 40), (1500, 16), (3, 0)], ids=str)
def test_sums_of_columns(backend: str, dtype: torch.dtype, shape: tuple[int, int]) -> None:
    x = torch.randn(shape).to(dtype)
    out = kernels.column_sums(x)
    assert (out.shape, out.dtype) == (shape[1:], dtype)
    assert_close(out, x.double().sum(0).to(dtype))


@each_backend_and_dtype((torch.float32,), "column_sums")
def test_a_long_column_of_ones_is_counted(backend: str, dtype: torch.dtype) -> None:
    many = (1 << 24) + 5
    assert kernels.column_sums(torch.ones(1, dtype=dtype).expand(many, 1)).item() == many - 1


@each_backend_and_dtype((torch.float32,), "column_sums")
def test_threads_do_not_change_the_sums_of_columns(backend: str, dtype: torch.dtype) -> None:
    x = torch.randn(200_000, 24).to(dtype)
    threads = torch.get_num_threads()
    try:
        sums = []
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            sums.append(kernels.column_sums(x))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(sums[0], sums[1])
    assert torch.equal(sums[0], sums[2])
