"""Products with dense and sparse matrices, and products of dense ones at entries."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
import torch
from support.sparse import dense, positions, sparse_matrix

import graphmp as gm
import graphmp.sparse as dglsp


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
@pytest.mark.parametrize("shape", [(5,), (5, 3)])
def test_sparse_times_dense(shape: tuple[int, ...], idtype: torch.dtype) -> None:
    A, X = sparse_matrix(4, 5, 30, repeats=True, idtype=idtype), torch.randn(shape)
    for Y in (A @ X, dglsp.spmm(A, X), dglsp.matmul(A, X)):
        torch.testing.assert_close(Y, dense(A) @ X)


def test_a_batch_of_products() -> None:
    A, X = sparse_matrix(4, 5, 9, 2), torch.randn(5, 3, 2)
    expected = torch.einsum("lmk,mnk->lnk", dense(A), X)
    torch.testing.assert_close(dglsp.bspmm(A, X), expected)
    torch.testing.assert_close(A @ X, expected)


def test_products_without_entries_rows_or_columns() -> None:
    assert (sparse_matrix(4, 5, 0) @ torch.ones(5, 2)).tolist() == [[0, 0]] * 4
    assert (sparse_matrix(0, 5, 0) @ torch.ones(5)).shape == (0,)
    assert (sparse_matrix(4, 0, 0) @ torch.ones(0, 2)).tolist() == [[0, 0]] * 4
    assert (sparse_matrix(4, 0, 0) @ sparse_matrix(0, 3, 0)).shape == (4, 3)
    assert (sparse_matrix(4, 5, 9) @ torch.ones(5, 0)).shape == (4, 0)


def test_products_promote_dtypes() -> None:
    A = sparse_matrix(4, 5, 9)
    assert (A @ torch.ones(5, dtype=torch.float64)).dtype == torch.float64
    assert (A.long() @ torch.ones(5)).dtype == torch.float32


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_sparse_times_sparse(idtype: torch.dtype) -> None:
    A, B = sparse_matrix(4, 5, 9, idtype=idtype), sparse_matrix(5, 6, 14, seed=1, idtype=idtype)
    for C in (A @ B, dglsp.spspmm(A, B), dglsp.matmul(A, B)):
        torch.testing.assert_close(C.to_dense(), dense(A) @ dense(B))
        assert positions(C) == sorted(set(positions(C)))
        assert C.row.dtype == idtype


@pytest.mark.parametrize("size", [1, 3, 20])
def test_blocks_of_rows_make_the_same_product(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("graphmp.sparse.spspmm"), "_PRODUCTS", size)
    for seed in range(8):
        A = sparse_matrix(seed, 5, min(3 * seed, 5 * seed), seed=seed)
        B = sparse_matrix(5, 6, 14, seed=seed + 1)
        val = A.val.requires_grad_()
        C, D = A @ B, A.to_dense() @ dense(B)
        torch.testing.assert_close(C.to_dense(), D)
        assert positions(C) == sorted(set(positions(C)))
        weight = torch.rand(D.shape)
        grads = [torch.autograd.grad((M * weight).sum(), val)[0] for M in (C.to_dense(), D)]
        torch.testing.assert_close(*grads)


def test_diagonal_factors_keep_the_entries_of_the_other() -> None:
    A, D = sparse_matrix(4, 5, 9), dglsp.diag(torch.rand(4) + 1)
    E = dglsp.spmatrix(torch.tensor([[4, 2, 0, 1, 3]] * 2), torch.rand(5) + 1)
    torch.testing.assert_close((D @ A @ E).to_dense(), dense(D) @ dense(A) @ dense(E))
    assert positions(D @ A @ E) == positions(A)
    wide = dglsp.diag(torch.ones(4), (4, 6))
    torch.testing.assert_close((A.T @ wide).to_dense(), dense(A).T @ dense(wide))


def test_dense_products_at_entries() -> None:
    A, X, Y = sparse_matrix(4, 5, 9), torch.randn(4, 3), torch.randn(3, 5)
    B = dglsp.sddmm(A, X, Y)
    torch.testing.assert_close(B.to_dense(), dense(A) * (X @ Y))
    assert positions(B) == positions(A)
    outer = dglsp.sddmm(A, X[:, 0], Y[0])
    torch.testing.assert_close(outer.to_dense(), dense(A) * torch.outer(X[:, 0], Y[0]))


@pytest.mark.parametrize("width", [None, 2])
def test_a_batch_of_dense_products_at_entries(width: int | None) -> None:
    A, X, Y = sparse_matrix(4, 5, 9, width), torch.randn(4, 3, 2), torch.randn(3, 5, 2)
    full = dense(A) if width else dense(A)[..., None]
    expected = full * torch.einsum("lmk,mnk->lnk", X, Y)
    torch.testing.assert_close(dglsp.bsddmm(A, X, Y).to_dense(), expected)
    torch.testing.assert_close(dglsp.sddmm(A, X, Y).to_dense(), expected)


def test_dense_products_at_no_entries() -> None:
    assert dglsp.sddmm(sparse_matrix(4, 5, 0), torch.ones(4, 3), torch.ones(3, 5)).nnz == 0
    B = dglsp.sddmm(sparse_matrix(4, 5, 9), torch.ones(4, 0), torch.ones(0, 5))
    assert B.val.tolist() == [0] * 9


def doubled(A: dglsp.SparseMatrix) -> dglsp.SparseMatrix:
    return A.double()


A, B = doubled(sparse_matrix(4, 5, 9)), doubled(sparse_matrix(5, 3, 8, seed=1))
V = doubled(sparse_matrix(4, 5, 9, 2))
D = dglsp.diag(torch.rand(4, dtype=torch.float64) + 1)
X, Y, X3, Y3 = (
    torch.rand(shape, dtype=torch.float64) for shape in [(5, 2), (2, 5), (4, 3, 2), (3, 5, 2)]
)
FUNCTIONS: dict[str, tuple[Callable[..., torch.Tensor], tuple[torch.Tensor, ...]]] = {
    "spmm": (lambda a, x: dglsp.val_like(A, a) @ x, (A.val, X)),
    "spmv": (lambda a, x: dglsp.val_like(A, a) @ x, (A.val, X[:, 0])),
    "bspmm": (lambda a, x: dglsp.val_like(V, a) @ x, (V.val, Y3.transpose(0, 1))),
    "spspmm": (lambda a, b: (dglsp.val_like(A, a) @ dglsp.val_like(B, b)).val, (A.val, B.val)),
    "diagonal": (lambda d, a: (dglsp.diag(d) @ dglsp.val_like(A, a)).val, (D.val, A.val)),
    "sddmm": (
        lambda a, x, y: dglsp.sddmm(dglsp.val_like(A, a), x, y).val,
        (A.val, X3[..., 0], Y3[..., 0]),
    ),
    "bsddmm": (lambda a, x, y: dglsp.sddmm(dglsp.val_like(V, a), x, y).val, (V.val, X3, Y3)),
    "add": (lambda a, b: (dglsp.val_like(A, a) + dglsp.val_like(A.T @ D, b).T).val, (A.val, A.val)),
    "mul": (lambda a, b: (dglsp.val_like(A, a) * dglsp.val_like(A, b)).val, (A.val, A.val)),
    "div": (lambda a, b: (dglsp.val_like(A, a) / dglsp.val_like(A, b)).val, (A.val, A.val)),
    "softmax": (lambda a: dglsp.val_like(V, a).softmax().val, (V.val,)),
    "sprod": (lambda a: dglsp.val_like(A, a).sprod(0), (A.val,)),
    "smax": (lambda a: dglsp.val_like(A, a).smax(1), (A.val,)),
    "broadcast": (lambda a, v: dglsp.sp_div_v(dglsp.val_like(V, a), v).val, (V.val, X[:, 0] + 1)),
    "index_select": (
        lambda a: dglsp.val_like(A, a).index_select(1, torch.tensor([2, 2, 0])).val,
        (A.val,),
    ),
    "to_dense": (lambda a: dglsp.val_like(A, a).to_dense(), (A.val,)),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", FUNCTIONS)
def test_first_and_second_derivatives_are_those_of_finite_differences(name: str) -> None:
    function, inputs = FUNCTIONS[name]
    leaves = [x.detach().clone().requires_grad_() for x in inputs]
    assert torch.autograd.gradcheck(function, leaves)
    assert torch.autograd.gradgradcheck(function, leaves)


def test_gradients_are_those_of_dense_matrices() -> None:
    val, X, Y = (torch.rand(s, requires_grad=True) for s in [(9,), (5, 3), (4, 3)])
    A = dglsp.val_like(sparse_matrix(4, 5, 9), val)
    full = torch.zeros(4, 5).index_put((A.row, A.col), val)
    for one, other in (
        (A @ X, full @ X),
        (dglsp.sddmm(A, Y, X.T).to_dense(), full * (Y @ X.T)),
        ((A @ A.T).to_dense(), full @ full.T),
    ):
        weight, inputs = torch.rand(one.shape), (val, X, Y)
        first = torch.autograd.grad((one * weight).sum(), inputs, allow_unused=True)
        second = torch.autograd.grad(
            (other * weight).sum(), inputs, allow_unused=True, retain_graph=True
        )
        for a, b in zip(first, second, strict=True):
            torch.testing.assert_close(a, b)


REFUSED: dict[str, tuple[Callable[[Any], object], type[gm.GraphError], str]] = {
    "list": (lambda A: A @ [1.0] * 5, gm.GraphTypeError, "list"),
    "rows": (lambda A: A @ torch.ones(4), gm.GraphValueError, r"\(5,\) or \(5, N\).*got \(4,\)"),
    "no batch": (lambda A: A @ torch.ones(5, 2, 3), gm.GraphValueError, r"got \(5, 2, 3\)"),
    "batch": (
        lambda A: sparse_matrix(4, 5, 9, 2) @ torch.ones(5, 2),
        gm.GraphValueError,
        r"\(5, N, 2\)",
    ),
    "another batch": (
        lambda A: sparse_matrix(4, 5, 9, 2) @ torch.ones(5, 2, 1),
        gm.GraphValueError,
        r"\(5, N, 2\)",
    ),
    "dense times sparse": (
        lambda A: dglsp.matmul(torch.ones(4, 4), A),
        gm.GraphTypeError,
        "after a dense one",
    ),
    "spmm of tensors": (
        lambda A: dglsp.spmm(torch.ones(4, 4), torch.ones(4)),  # type: ignore[arg-type]
        gm.GraphTypeError,
        "A: expected a sparse matrix",
    ),
    "columns": (lambda A: A @ A, gm.GraphValueError, r"columns in A as rows in B"),
    "vectors": (
        lambda A: A @ sparse_matrix(5, 4, 9, 2),
        gm.GraphValueError,
        r"values \(nnz,\), got .*\(9, 2\)",
    ),
    "duplicates": (
        lambda A: A @ sparse_matrix(5, 4, 30, repeats=True),
        gm.GraphValueError,
        "coalesce",
    ),
    "indices": (
        lambda A: A @ sparse_matrix(5, 4, 9, idtype=torch.int32),
        gm.GraphTypeError,
        "one dtype",
    ),
    "sddmm": (
        lambda A: dglsp.sddmm(A, torch.ones(4, 3), torch.ones(5, 3)),
        gm.GraphValueError,
        r"got \(4, 3\) and \(5, 3\)",
    ),
    "sddmm of vectors": (
        lambda A: dglsp.sddmm(sparse_matrix(4, 5, 9, 2), torch.ones(4, 3), torch.ones(3, 5)),
        gm.GraphValueError,
        "sddmm: expected",
    ),
    "sddmm of a list": (lambda A: dglsp.sddmm(A, [1.0], torch.ones(5)), gm.GraphTypeError, "X1"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", REFUSED)
def test_operands_that_do_not_fit_are_errors(name: str) -> None:
    call, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        call(sparse_matrix(4, 5, 9))
