"""Linear maps by every backend."""

from __future__ import annotations

import pytest
import torch
from support.backends import each_backend_and_dtype
from support.corner_graphs import FLOATS
from support.laws import assert_close
from support.products import SizesOfProducts

from graphmp import kernels
from graphmp.kernels import cpu


@each_backend_and_dtype(FLOATS, "linear")
@pytest.mark.parametrize("rows", [0, 1, 63, 65, 300, 4097])
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


@each_backend_and_dtype(FLOATS, "weight_gradient")
@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 300, 1024, 4097])
@pytest.mark.parametrize("sizes", [(3, 5), (5, 3), (0, 4)], ids=str)
def test_sums_of_outer_products(
    backend: str, dtype: torch.dtype, rows: int, sizes: tuple[int, int]
) -> None:
    x, grad = (torch.randn(rows, size).to(dtype) for size in sizes)
    out = kernels.weight_gradient(x, grad)
    assert (out.shape, out.dtype) == (sizes[::-1], dtype)
    assert_close(out, (grad.double().t() @ x.double()).to(dtype))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_many_numbers_of_rows_are_few_sizes_of_products(dtype: torch.dtype) -> None:
    weight = torch.randn(3, 2).to(dtype)
    with SizesOfProducts() as sizes:
        for rows in range(4000, 5000):
            x = torch.randn(rows, 2).to(dtype)
            cpu.linear([(x, weight), (x, weight)], None)
            cpu.weight_gradient(x, x)
    assert 1 < len(sizes.seen) < 80  # 5 of the first block and 33 of the second, of two products


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
