"""Creation: coordinates, compressed rows and columns, diagonals; and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from scipy import sparse
from support.sparse import dense, positions, sparse_matrix

import graphmp as gm
import graphmp.sparse as dglsp

IDS = [torch.int32, torch.int64]


@pytest.mark.parametrize("idtype", IDS)
def test_entries_keep_their_order_and_values(idtype: torch.dtype) -> None:
    indices = torch.tensor([[1, 0, 1], [2, 4, 2]], dtype=idtype)
    A = dglsp.spmatrix(indices, torch.tensor([1.0, 2.0, 3.0]))
    assert (A.shape, A.nnz, A.dtype) == ((2, 5), 3, torch.float32)
    assert positions(A) == [(1, 2), (0, 4), (1, 2)]
    assert torch.equal(A.indices(), indices)
    assert A.val.tolist() == [1, 2, 3]
    assert A.row.dtype == idtype


def test_values_are_ones_by_default_and_may_be_vectors() -> None:
    row, col = torch.tensor([0, 1]), torch.tensor([1, 0])
    assert dglsp.from_coo(row, col).val.tolist() == [1, 1]
    A = dglsp.from_coo(row, col, torch.tensor([[1, 2], [3, 4]]), (3, 3))
    assert A.to_dense()[1, 0].tolist() == [3, 4]
    assert A.to_dense().shape == (3, 3, 2)


def test_indices_are_copied_and_values_are_not() -> None:
    indices, val = torch.tensor([[0, 1], [1, 0]]), torch.ones(2)
    A = dglsp.spmatrix(indices, val)
    indices.fill_(99)
    val.fill_(5)
    assert positions(A) == [(0, 1), (1, 0)]
    assert A.val.tolist() == [5, 5]


@pytest.mark.parametrize("idtype", IDS)
def test_compressed_rows_and_columns_are_those_of_scipy(idtype: torch.dtype) -> None:
    A = sparse_matrix(4, 6, 9, idtype=idtype)
    csr, csc = sparse.csr_matrix(dense(A).numpy()), sparse.csc_matrix(dense(A).numpy())
    for make, matrix in ((dglsp.from_csr, csr), (dglsp.from_csc, csc)):
        indptr, indices = (torch.from_numpy(a).to(idtype) for a in (matrix.indptr, matrix.indices))
        B = make(indptr, indices, torch.from_numpy(matrix.data), A.shape)
        assert torch.equal(B.to_dense(), dense(A))
        assert torch.equal(B.val, torch.from_numpy(matrix.data))
    assert dglsp.from_csr(torch.tensor([0, 1, 1]), torch.tensor([3])).shape == (2, 4)
    assert dglsp.from_csc(torch.tensor([0, 1, 1]), torch.tensor([3])).shape == (4, 2)


def test_the_layouts_of_a_matrix_make_it_again() -> None:
    A = sparse_matrix(4, 6, 9, 2)
    indptr, columns, order = A.csr()
    assert order is not None
    B = dglsp.from_csr(indptr, columns, A.val[order], A.shape)
    assert torch.equal(B.to_dense(), dense(A))
    assert B.csr()[2] is None  # its entries are in this order already
    assert dglsp.identity((2, 3)).T.csr()[2] is None
    indptr, rows, order = A.csc()
    assert order is not None
    assert torch.equal(dglsp.from_csc(indptr, rows, A.val[order], A.shape).to_dense(), dense(A))


def test_diagonals() -> None:
    val = torch.tensor([1.0, 2.0])
    assert torch.equal(dglsp.diag(val).to_dense(), torch.diag(val))
    assert dglsp.diag(val, (2, 3)).shape == (2, 3)
    assert dglsp.diag(val, [3, 2]).to_dense().tolist() == [[1, 0], [0, 2], [0, 0]]
    assert torch.equal(dglsp.identity((3, 3)).to_dense(), torch.eye(3))
    A = dglsp.identity((2, 4), d=3, dtype=torch.int32)
    assert (A.shape, tuple(A.val.shape), A.dtype) == ((2, 4), (2, 3), torch.int32)


def test_a_matrix_may_be_empty() -> None:
    none = torch.zeros(2, 0, dtype=torch.int64)
    assert dglsp.spmatrix(none).shape == (0, 0)
    assert dglsp.spmatrix(none, shape=(2, 3)).to_dense().tolist() == [[0] * 3] * 2
    assert dglsp.diag(torch.ones(0)).nnz == 0
    assert dglsp.from_csr(torch.tensor([0]), torch.zeros(0, dtype=torch.int64)).shape == (0, 0)


def test_other_values_share_the_positions() -> None:
    A = sparse_matrix(3, 4, 5)
    B = dglsp.val_like(A, torch.arange(5))
    assert torch.equal(B.indices(), A.indices())
    assert (B.shape, B.val.tolist()) == (A.shape, [0, 1, 2, 3, 4])
    assert B.csr()[0] is A.csr()[0]


T = torch.tensor
A = sparse_matrix(3, 4, 5)
REFUSED: dict[str, tuple[Callable[[], object], type[gm.GraphError], str]] = {
    "row": (lambda: dglsp.spmatrix(T([[3], [0]]), shape=(3, 4)), gm.GraphIndexError, "row.*got 3"),
    "column": (
        lambda: dglsp.from_coo(T([0]), T([4]), shape=(3, 4)),
        gm.GraphIndexError,
        "col.*got 4",
    ),
    "negative": (lambda: dglsp.spmatrix(T([[-1], [0]])), gm.GraphIndexError, "got -1"),
    "list": (lambda: dglsp.spmatrix([[0], [1]]), gm.GraphTypeError, "tensor"),  # type: ignore[arg-type]
    "floats": (lambda: dglsp.spmatrix(T([[0.0], [1.0]])), gm.GraphTypeError, "int64"),
    "one row": (lambda: dglsp.spmatrix(T([[0, 1]])), gm.GraphValueError, r"\(1, 2\)"),
    "lengths": (lambda: dglsp.from_coo(T([0]), T([0, 1])), gm.GraphValueError, "1 and 2"),
    "dtypes": (lambda: dglsp.from_coo(T([0]), T([0]).int()), gm.GraphTypeError, "one dtype"),
    "values": (lambda: dglsp.spmatrix(T([[0], [0]]), torch.ones(2)), gm.GraphValueError, "2 rows"),
    "deep values": (
        lambda: dglsp.spmatrix(T([[0], [0]]), torch.ones(1, 2, 2)),
        gm.GraphValueError,
        r"\(1, 2, 2\)",
    ),
    "no tensor": (
        lambda: dglsp.spmatrix(T([[0], [0]]), [1.0]),  # type: ignore[arg-type]
        gm.GraphTypeError,
        "list",
    ),
    "shape": (lambda: dglsp.spmatrix(T([[0], [0]]), shape=(1,)), gm.GraphValueError, "shape"),
    "shape of -1": (lambda: dglsp.identity((2, -1)), gm.GraphValueError, "-1"),
    "descending": (lambda: dglsp.from_csr(T([0, 2, 1]), T([0])), gm.GraphValueError, "decreases"),
    "first": (lambda: dglsp.from_csr(T([1, 1]), T([0])), gm.GraphValueError, "starts with 0"),
    "last": (lambda: dglsp.from_csc(T([0, 2]), T([0])), gm.GraphValueError, "ends with"),
    "no indptr": (
        lambda: dglsp.from_csr(T([0])[:0], T([0])[:0]),
        gm.GraphValueError,
        "starts with 0",
    ),
    "rows": (
        lambda: dglsp.from_csr(T([0, 1]), T([0]), shape=(2, 1)),
        gm.GraphValueError,
        "2 rows, as in the shape, got 1",
    ),
    "columns": (
        lambda: dglsp.from_csr(T([0, 1]), T([5]), shape=(1, 2)),
        gm.GraphIndexError,
        "column.*got 5",
    ),
    "diagonal": (lambda: dglsp.diag(torch.ones(3), (3, 2)), gm.GraphValueError, "2 values"),
    "diagonal of a number": (lambda: dglsp.diag(T(1.0)), gm.GraphTypeError, "rows"),
    "val_like": (lambda: dglsp.val_like(A, torch.ones(4)), gm.GraphValueError, "5 rows"),
    "val_like of a list": (lambda: dglsp.val_like([1], torch.ones(1)), gm.GraphTypeError, "list"),  # type: ignore[type-var]
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_an_error_that_says_what_was_expected(name: str) -> None:
    call, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        call()
