"""Sums with a divisor for each source and each destination."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support import dense
from support.corner_graphs import FLOATS, SHAPES, Corner, each_corner
from support.laws import assert_close, assert_same_with_gradients
from torch import Tensor
from torch.autograd import gradgradcheck

import graphmp as gm
from graphmp import ops

PATH = gm.graph(([0, 1, 2], [1, 2, 0]))


def divisors(rows: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Numbers that differ from row to row and are exact in every dtype."""
    return (torch.arange(rows) % 3 + 1).to(dtype) / 2


def quotient(x: Tensor, divisor: Tensor | None) -> Tensor:
    """Rows of features, divided."""
    return x if divisor is None else x / divisor.view(-1, *(1,) * (x.ndim - 1))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("sides", ["", "left", "right", "left right"])
@each_corner
@pytest.mark.usefixtures("backend")
def test_it_is_the_sum_of_quotients_divided(
    corner: Corner, sides: str, shape: tuple[int, ...]
) -> None:
    left = divisors(corner.num_src) if "left" in sides else None
    right = divisors(corner.num_dst) if "right" in sides else None

    def formula(x: Tensor) -> Tensor:
        inbox = dense.messages("copy_u", corner.src, corner.dst, quotient(x, left))
        return quotient(dense.reduce("sum", inbox, corner.dst, corner.num_dst), right)

    assert_same_with_gradients(
        lambda x: ops.normalized_sum(corner.graph(), x, left, right),
        formula,
        corner.feature("u", shape, torch.float64),
    )


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [1, 7, 8, 24, 40, 47, 130])
@pytest.mark.usefixtures("backend")
def test_every_width_and_dtype(size: int, dtype: torch.dtype) -> None:
    torch.manual_seed(size)
    src, dst = torch.randint(9, (40,)).tolist(), torch.randint(5, (40,)).tolist()
    g = gm.heterograph({("a", "r", "b"): (src, dst)}, {"a": 9, "b": 5})
    x, left, right = torch.randn(9, size).to(dtype), divisors(9), divisors(5)
    made = ops.normalized_sum(g, x, left, right)
    inbox = dense.messages("copy_u", src, dst, quotient(x.double(), left))
    assert made.dtype == dtype
    assert_close(made, quotient(dense.reduce("sum", inbox, dst, 5), right))


@pytest.mark.usefixtures("backend")
def test_a_mean_is_a_sum_divided_by_degrees() -> None:
    g = gm.graph(([0, 1, 2, 2], [1, 2, 0, 2]))
    x = torch.randn(3, 4)
    degrees = g.in_degrees().float()
    assert torch.equal(ops.normalized_sum(g, x, right=degrees), ops.copy_u_mean(g, x))


def test_it_has_second_derivatives() -> None:
    x = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    left, right = divisors(3), divisors(3) + 1
    assert gradgradcheck(lambda h: ops.normalized_sum(PATH, h, left, right) ** 2, (x,))


def test_integers_stay_integers_unless_they_are_divided() -> None:
    x = torch.tensor([1, 2, 3])
    assert ops.normalized_sum(PATH, x).tolist() == [3, 1, 2]
    made = ops.normalized_sum(PATH, x, left=torch.tensor([2, 2, 2]))
    assert made.dtype == torch.float32
    assert made.tolist() == [1.5, 0.5, 1.0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"left": torch.ones(2)}, "'left': expected 3 rows, one for each of the source nodes"),
        (
            {"right": torch.ones(4)},
            "'right': expected 3 rows, one for each of the destination nodes",
        ),
        ({"left": torch.ones(3, 1)}, r"one number for each of the source nodes, \(3,\), got"),
        ({"right": torch.ones(3, requires_grad=True)}, r"pass right\.detach\(\)"),
        ({"left": [1.0, 1.0, 1.0]}, "expected a tensor"),
    ],
)
def test_divisors_that_do_not_fit(given: dict[str, Any], message: str) -> None:
    with pytest.raises((gm.GraphValueError, gm.GraphTypeError), match=message):
        ops.normalized_sum(PATH, torch.ones(3, 2), **given)
