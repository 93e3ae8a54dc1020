"""Reductions and softmax over rows and columns."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.sparse import sparse_matrix
from torch import Tensor

import graphmp as gm
import graphmp.sparse as dglsp

FORMULAS: dict[str, Any] = {
    "sum": lambda v: v.sum(0),
    "smin": lambda v: v.amin(0),
    "smax": lambda v: v.amax(0),
    "smean": lambda v: v.mean(0),
    "sprod": lambda v: v.prod(0),
}


def by_row(A: dglsp.SparseMatrix, formula: Any) -> Tensor:
    """A reduction of the entries of each row; 0 without entries."""
    rows = [A.val[A.row == r] for r in range(A.shape[0])]
    return torch.stack([formula(v) if len(v) else v.new_zeros(v.shape[1:]) for v in rows])


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("width", [None, 2])
def test_reductions_of_rows_columns_and_all_entries(name: str, width: int | None) -> None:
    A = -sparse_matrix(5, 6, 9, width)  # a maximum is not the 0 of other positions
    formula, function = FORMULAS[name], getattr(dglsp, name)
    for dim, expected in ((1, by_row(A, formula)), (0, by_row(A.T, formula))):
        torch.testing.assert_close(function(A, dim), expected)
        torch.testing.assert_close(getattr(A, name)(dim), expected)
        torch.testing.assert_close(dglsp.reduce(A, dim, name), expected)
    torch.testing.assert_close(A.reduce(rtype=name), formula(A.val))


@pytest.mark.parametrize("name", FORMULAS)
def test_reductions_of_no_entries_are_0(name: str) -> None:
    A = sparse_matrix(2, 3, 0)
    results = [A.reduce(dim, name).tolist() for dim in (None, 0, 1)]
    assert results == [0, [0, 0, 0], [0, 0]]


@pytest.mark.loops
def test_integers_keep_their_dtype_but_for_means() -> None:
    A = dglsp.spmatrix(torch.tensor([[0, 0], [0, 1]]), torch.tensor([1, 2]))
    assert A.sum(1).tolist() == [3]
    assert A.sum(1).dtype == A.smax(1).dtype == torch.int64
    assert A.smean(1).tolist() == [1.5]
    assert A.smean().item() == 1.5


@pytest.mark.parametrize("width", [None, 2])
def test_softmax_of_rows_and_columns(width: int | None) -> None:
    A = sparse_matrix(5, 6, 12, width)
    for dim in (0, 1):
        ends = A.row if dim == 1 else A.col
        for node in ends.tolist():
            torch.testing.assert_close(
                A.softmax(dim).val[ends == node], A.val[ends == node].softmax(0)
            )
    assert torch.equal(A.softmax().val, dglsp.softmax(A, 1).val)


def test_other_dimensions_and_reductions_are_errors() -> None:
    A = sparse_matrix(2, 3, 4)
    for dim in (2, -1, "row", True):
        with pytest.raises(gm.GraphValueError, match="dim: expected 0 or 1"):
            A.sum(dim)  # type: ignore[arg-type]
        with pytest.raises(gm.GraphValueError, match="dim: expected 0 or 1"):
            A.softmax(dim)  # type: ignore[arg-type]
    with pytest.raises(gm.GraphValueError, match=r"rtype: expected one of sum, .* got 'mean'"):
        A.reduce(1, "mean")
    with pytest.raises(gm.GraphTypeError, match="input: expected a sparse matrix"):
        dglsp.sum(torch.eye(2))  # type: ignore[arg-type]
    with pytest.raises(gm.GraphTypeError, match="val: expected floating point"):
        A.long().softmax()
    for each in (None, 1):
        with pytest.raises(gm.GraphTypeError, match="smax: expected real numbers"):
            A.to(dtype=torch.complex64).smax(each)
