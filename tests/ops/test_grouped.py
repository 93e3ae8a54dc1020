"""Products of rows with a matrix for each segment, or for each id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.laws import assert_same_with_gradients
from torch import Tensor

import graphmp as gm
from graphmp import ops
from graphmp.ops.grouped_op import segment_products

LENGTHS: tuple[list[int], ...] = ([0], [0, 0], [1], [3, 0, 1, 0, 2], [0, 4, 0])
IDS: tuple[list[int], ...] = ([], [0], [2, 0, 2, 2, 1], [1, 1], [0, 2])


def rows(count: int, size: int = 3) -> Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(0)).double()


def matrices(count: int, rows: int = 3, columns: int = 2) -> Tensor:
    return torch.randn(count, rows, columns, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64], ids=str)
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_a_segment_is_multiplied_by_its_matrix(lengths: list[int], dtype: torch.dtype) -> None:
    owners = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    assert_same_with_gradients(
        lambda a, b: ops.segment_mm(a, b, torch.tensor(lengths, dtype=dtype)),
        lambda a, b: torch.einsum("ni,nio->no", a, b[owners]),
        rows(sum(lengths)),
        matrices(len(lengths)),
    )


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64], ids=str)
@pytest.mark.parametrize("ids", IDS, ids=str)
def test_a_row_is_multiplied_by_the_matrix_of_its_id(ids: list[int], dtype: torch.dtype) -> None:
    index = torch.tensor(ids, dtype=dtype)
    assert_same_with_gradients(
        lambda a, b: ops.gather_mm(a, b, idx_b=index),
        lambda a, b: torch.einsum("ni,nio->no", a, b[index.long()]),
        rows(len(ids)),
        matrices(3),
    )


@pytest.mark.parametrize("blocks", [1, 3])
def test_products_have_derivatives_of_second_order(blocks: int) -> None:
    lengths = torch.tensor([3, 0, 1, 2])
    x, weights = rows(6, 3 * blocks), torch.stack([matrices(blocks)] * 4)
    assert torch.autograd.gradgradcheck(
        lambda x, weights: segment_products(x, lengths, weights),
        (x.requires_grad_(), weights.requires_grad_()),
    )


def test_matrices_without_rows_get_a_gradient_of_0() -> None:
    b = matrices(3).requires_grad_()
    ops.gather_mm(rows(2), b, idx_b=[1, 1]).sum().backward()  # type: ignore[no-untyped-call]
    assert b.grad is not None
    assert b.grad[[0, 2]].abs().sum() == 0 < b.grad[1].abs().sum()


def test_autocast_multiplies_in_half_precision() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert ops.segment_mm(rows(2).float(), matrices(1).float(), [2]).dtype == torch.bfloat16


A, B = rows(3), matrices(2)
WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: ops.segment_mm(A, B, [1, 1]), gm.GraphValueError, "sum to the 3 rows, got 2"),
    (lambda: ops.segment_mm(A, B, [4, -1]), gm.GraphValueError, "at least 0, got -1"),
    (lambda: ops.segment_mm(A, B, [3]), gm.GraphValueError, "one for each matrix of b, 2, got 1"),
    (lambda: ops.segment_mm(A, B, torch.ones(2)), gm.GraphTypeError, "seglen: expected int32"),
    (lambda: ops.segment_mm(A, B[0], [3]), gm.GraphValueError, r"got \(3, 3\) and \(3, 2\)"),
    (lambda: ops.segment_mm(A, B[:0], []), gm.GraphValueError, "R of at least 1"),
    (lambda: ops.segment_mm(A[:, :2], B, [1, 2]), gm.GraphValueError, r"got \(3, 2\)"),
    (lambda: ops.segment_mm(A.float(), B, [1, 2]), gm.GraphTypeError, "of one dtype, got"),
    (lambda: ops.segment_mm(A.long(), B, [1, 2]), gm.GraphTypeError, "a: expected a floating"),
    (lambda: ops.segment_mm(A, [1.0], [1, 2]), gm.GraphTypeError, "b: expected .* got"),  # type: ignore[arg-type]
    (lambda: ops.segment_mm(A.to("meta"), B, [1, 2]), gm.GraphValueError, "on one device"),
    (lambda: ops.gather_mm(A, B, idx_b=[0, 1]), gm.GraphValueError, "each row of a, 3, got 2"),
    (lambda: ops.gather_mm(A, B, idx_b=[0, 1, 2]), gm.GraphIndexError, "idx_b"),
    (lambda: ops.gather_mm(A, B, idx_b=[0, -1, 0]), gm.GraphIndexError, "idx_b"),
    (lambda: ops.gather_mm(A, B, idx_b=torch.ones(3)), gm.GraphTypeError, "idx_b"),
]


@pytest.mark.parametrize(("call", "error", "text"), WRONG)
def test_wrong_arguments_are_refused(
    call: Callable[[], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        call()
