"""Sums, products, quotients and powers, of matrices, numbers and dense rows or columns."""

from __future__ import annotations

import operator
from typing import Any

import pytest
import torch
from support.sparse import dense, positions, sparse_matrix

import graphmp as gm
import graphmp.sparse as dglsp

PAIRS = [(None, False), (2, False), (None, True)]


@pytest.mark.parametrize(("width", "repeats"), PAIRS)
def test_sums_and_differences_are_those_of_dense_matrices(width: Any, repeats: bool) -> None:
    A = sparse_matrix(4, 5, 9, width, repeats=repeats)
    B = sparse_matrix(4, 5, 7, width, repeats=repeats, seed=1)
    for C, D in ((A + B, dense(A) + dense(B)), (A - B, dense(A) - dense(B))):
        assert torch.allclose(C.to_dense(), D)
        assert positions(C) == sorted(set(positions(A)) | set(positions(B)))


@pytest.mark.parametrize("width", [None, 2])
def test_products_have_the_common_positions(width: int | None) -> None:
    A, B = sparse_matrix(4, 5, 9, width), sparse_matrix(4, 5, 12, width, seed=1)
    C = A * B
    assert torch.allclose(C.to_dense(), dense(A) * dense(B))
    assert positions(C) == sorted(set(positions(A)) & set(positions(B)))


def test_quotients_need_the_same_positions_in_any_order() -> None:
    A = sparse_matrix(4, 5, 9)
    order = torch.randperm(9)
    B = dglsp.spmatrix(A.indices()[:, order], A.val[order] * 2, A.shape)
    assert torch.equal((A / B).val, torch.full((9,), 0.5))
    assert positions(A / B) == positions(A)
    with pytest.raises(gm.GraphValueError, match="same positions, got 9 and 9 entries"):
        A / sparse_matrix(4, 5, 9, seed=1)


def test_numbers() -> None:
    A = sparse_matrix(4, 5, 9)
    for number in (2, 2.0, torch.tensor(2.0)):
        for B in (A * number, number * A, dglsp.mul(number, A), dglsp.sp_mul(A, number)):
            assert torch.equal(B.val, A.val * 2)
        assert torch.equal((A / number).val, A.val / 2)
        assert torch.equal((A**number).val, A.val**2)
    assert torch.equal((-A).val, -A.val)
    assert torch.equal(A.neg().val, -A.val)
    assert dglsp.diag(torch.tensor([1, 2])).__truediv__(2).val.tolist() == [0.5, 1]


def test_functions_are_the_operators() -> None:
    A = sparse_matrix(4, 5, 9)
    for name in ("add", "sub", "mul", "truediv"):
        short = name.removeprefix("true")
        expected = getattr(operator, name)(A, A).val
        for function in (getattr(dglsp, short), getattr(dglsp, f"sp_{short}")):
            assert torch.equal(function(A, A).val, expected)
    assert torch.equal(dglsp.spsp_add(A, A).val, (A + A).val)
    assert torch.equal(dglsp.power(A, 2).val, dglsp.sp_power(A, 2).val)


def test_mixed_dtypes_promote() -> None:
    A, B = sparse_matrix(4, 5, 9), sparse_matrix(4, 5, 9, dtype=torch.float64)
    assert (A + B).dtype == (A * B).dtype == (A / B).dtype == torch.float64


def test_the_inverse_of_a_diagonal() -> None:
    D = dglsp.diag(torch.tensor([1.0, 2.0, 4.0]))
    assert torch.equal(D.inv().to_dense(), torch.linalg.inv(D.to_dense()))
    turned = dglsp.spmatrix(torch.tensor([[1, 0], [1, 0]]), torch.tensor([2.0, 4.0]))
    assert torch.equal(dglsp.inv(turned).to_dense(), torch.linalg.inv(turned.to_dense()))


def test_is_diag_wants_every_position_of_the_diagonal_once() -> None:
    def is_diag(rows: list[int], cols: list[int], shape: tuple[int, int]) -> bool:
        return dglsp.spmatrix(torch.tensor([rows, cols]), shape=shape).is_diag()

    assert is_diag([1, 0], [1, 0], (2, 3))
    assert not is_diag([0], [0], (2, 2))
    assert not is_diag([0, 0], [0, 0], (2, 2))
    assert not is_diag([0, 1], [0, 2], (2, 3))
    assert (dglsp.identity((2, 3)).T * 2).is_diag()


OPERATORS: dict[str, Any] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "truediv": torch.div,
}


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("width", [None, 2])
def test_dense_rows_and_columns_broadcast(op: str, width: int | None) -> None:
    A = sparse_matrix(3, 4, 7, width)
    named = getattr(dglsp, f"sp_{op.removeprefix('true')}_v")
    for v in (torch.rand(4) + 1, torch.rand(1, 4) + 1, torch.rand(3, 1) + 1):
        other = v.expand(3, 4)[..., None] if width else v.expand(3, 4)
        expected = OPERATORS[op](A.to_dense(), other)[A.row, A.col]
        assert torch.equal(dglsp.sp_broadcast_v(A, v, op).val, expected)
        assert torch.equal(named(A, v).val, expected)


REFUSED: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "add a number": (
        lambda A: A + 1,
        gm.GraphTypeError,
        "add: expected a sparse matrix, got int 1",
    ),
    "subtract a tensor": (lambda A: A - torch.ones(3), gm.GraphTypeError, "sparse matrix"),
    "oppose a tensor": (lambda A: dglsp.neg(torch.ones(3)), gm.GraphTypeError, "sparse matrix"),  # type: ignore[type-var]
    "invert a tensor": (lambda A: dglsp.inv(torch.ones(3)), gm.GraphTypeError, "sparse matrix"),  # type: ignore[type-var]
    "power of a tensor": (
        lambda A: dglsp.power(torch.ones(3), 2),  # type: ignore[type-var]
        gm.GraphTypeError,
        "sparse matrix",
    ),
    "two numbers": (lambda A: dglsp.mul(2, 3), gm.GraphTypeError, "sparse matrix"),
    "times a tensor": (lambda A: A * torch.ones(3), gm.GraphTypeError, "mul: expected"),
    "by a tensor": (lambda A: A / torch.ones(3), gm.GraphTypeError, "div: expected"),
    "to a matrix": (lambda A: A**A, gm.GraphTypeError, "power: expected a number"),
    "shapes": (lambda A: A + A.T, gm.GraphValueError, "matrices of one shape"),
    "values": (lambda A: A * sparse_matrix(3, 4, 5, 2), gm.GraphValueError, "one shape"),
    "indices": (
        lambda A: A + sparse_matrix(3, 4, 5, idtype=torch.int32),
        gm.GraphTypeError,
        "indices of one dtype",
    ),
    "duplicates": (
        lambda A: A * sparse_matrix(3, 4, 20, repeats=True),
        gm.GraphValueError,
        "duplicate positions.*coalesce",
    ),
    "duplicates of a quotient": (
        lambda A: sparse_matrix(3, 4, 20, repeats=True) / A,
        gm.GraphValueError,
        "duplicate positions",
    ),
    "inverse": (lambda A: A.inv(), gm.GraphValueError, "square diagonal"),
    "inverse of vectors": (
        lambda A: dglsp.identity((2, 2), d=3).inv(),
        gm.GraphValueError,
        r"\(2, 3\)",
    ),
    "v": (lambda A: dglsp.sp_add_v(A, torch.ones(3)), gm.GraphValueError, r"got \(3,\)"),
    "v of two dimensions": (
        lambda A: dglsp.sp_add_v(A, torch.ones(3, 4)),
        gm.GraphValueError,
        r"got \(3, 4\)",
    ),
    "v that is no tensor": (
        lambda A: dglsp.sp_add_v(A, [1.0]),  # type: ignore[arg-type]
        gm.GraphTypeError,
        "list",
    ),
    "operator": (
        lambda A: dglsp.sp_broadcast_v(A, torch.ones(4), "pow"),
        gm.GraphValueError,
        "add, sub, mul, truediv, got 'pow'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_operands_are_errors(name: str) -> None:
    call, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        call(sparse_matrix(3, 4, 5))
