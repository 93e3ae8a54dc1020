from __future__ import annotations

import torch
from laws import assert_close

from graphmp.nn.degrees import degree_factor


def test_a_degree_of_zero_counts_as_one() -> None:
    factor = degree_factor(torch.tensor([0, 1, 4]), -0.5, torch.ones(3, 2, 2))
    assert factor.shape == (3, 1, 1)
    assert factor.view(-1).tolist() == [1.0, 1.0, 0.5]


def test_half_precision_rounds_no_degree() -> None:
    degrees = torch.tensor([100_000, 257], dtype=torch.int32)
    expected = degrees.double() ** -0.5
    for dtype in (torch.float16, torch.bfloat16):
        factor = degree_factor(degrees, -0.5, torch.ones(2, dtype=dtype))
        assert factor.dtype == dtype
        assert_close(factor, expected.to(dtype))


def test_double_precision_stays() -> None:
    factor = degree_factor(torch.tensor([3]), -1.0, torch.ones(1, dtype=torch.float64))
    assert_close(factor, torch.tensor([1 / 3], dtype=torch.float64))


def test_integer_features_get_a_float_factor() -> None:
    assert degree_factor(torch.tensor([4]), -1.0, torch.ones(1, dtype=torch.int64)).item() == 0.25
