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
