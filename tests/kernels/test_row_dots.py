"""The dot products of rows, head by head, by every backend, against sums in float64."""

from __future__ import annotations

import pytest
import torch
from support.backends import each_backend_and_dtype
from support.corner_graphs import feature
from support.laws import assert_close

from graphmp import kernels

# Heads, and the elements of each: also none, and more or fewer than a vector or a tile has.
SIZES = ((0, 0), (1, 0), (1, 1), (1, 5), (1, 40), (1, 300), (3, 8), (2, 41), (9, 16), (20, 3))
WIDE = (torch.float32, torch.float64)


@pytest.mark.parametrize("heads_and_width", SIZES)
@each_backend_and_dtype(WIDE, "row_dots")
def test_each_head_has_its_own_sum(
    backend: str, dtype: torch.dtype, heads_and_width: tuple[int, int]
) -> None:
    heads, width = heads_and_width
    left, right = (feature(7, (heads * width,), dtype, seed) for seed in (1, 2))
    made = kernels.row_dots(left, right, heads)
    assert made.dtype == dtype
    products = (left.double() * right.double()).view(7, heads, width)
    assert_close(made, products.sum(-1))


@each_backend_and_dtype((torch.bfloat16, torch.float16), "row_dots")
def test_the_right_rows_may_be_in_half_precision(backend: str, dtype: torch.dtype) -> None:
    left, right = feature(3, (12,), seed=1), feature(3, (12,), dtype, seed=2)
    made = kernels.row_dots(left, right, 4)
    assert made.dtype == torch.float32
    assert_close(made, (left.double() * right.double()).view(3, 4, 3).sum(-1))


@each_backend_and_dtype(WIDE, "row_dots")
def test_no_rows_have_no_products(backend: str, dtype: torch.dtype) -> None:
    nothing = torch.ones(0, 6, dtype=dtype)
    assert kernels.row_dots(nothing, nothing, 2).shape == (0, 2)
