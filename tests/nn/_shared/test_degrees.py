"""Divisors made of degrees, and rows divided by them."""

from __future__ import annotations

import torch
from support.laws import assert_close

import graphmp as gm
from graphmp.ops.normalized import divided


def test_a_degree_of_zero_counts_as_one() -> None:
    edges = gm.graph(([0, 0, 0, 0, 0], [2, 2, 2, 2, 1])).adjacency
    assert edges.divisors(torch.float32, 0.5).tolist() == [1.0, 1.0, 2.0]
    assert edges.reversed.divisors(torch.float32).tolist() == [5.0, 1.0, 1.0]
    assert edges.divisors(torch.float32, more=1).tolist() == [1.0, 2.0, 5.0]


def test_divisors_are_made_once_for_each_kind() -> None:
    edges = gm.graph(([0, 1], [1, 0])).adjacency
    assert edges.divisors(torch.float32) is edges.divisors(torch.bfloat16)
    assert edges.divisors(torch.float32) is not edges.divisors(torch.float32, 0.5)
    assert edges.divisors(torch.float64).dtype == torch.float64


def test_rows_of_any_rank_are_divided() -> None:
    made = divided(torch.ones(3, 2, 2), torch.tensor([1.0, 2.0, 4.0]))
    assert made[:, 1, 1].tolist() == [1.0, 0.5, 0.25]
    assert divided(torch.ones(3), torch.tensor([1.0, 2.0, 4.0])).tolist() == [1.0, 0.5, 0.25]


def test_half_precision_rounds_no_degree() -> None:
    degrees = torch.tensor([100_000.0, 257.0])
    expected = 1 / degrees.double()
    for dtype in (torch.float16, torch.bfloat16):
        made = divided(torch.ones(2, dtype=dtype), degrees)
        assert made.dtype == dtype
        assert_close(made, expected.to(dtype))


def test_integer_features_become_floats() -> None:
    assert divided(torch.ones(1, dtype=torch.int64), torch.tensor([4.0])).item() == 0.25
