"""Entries: layouts, dense form, transpose, copies and pickles."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from support.sparse import dense, positions, sparse_matrix

import graphmp as gm
import graphmp.sparse as dglsp


def test_layouts_group_the_entries() -> None:
    A = dglsp.spmatrix(torch.tensor([[1, 0, 2, 0], [0, 3, 2, 1]]))
    assert [array.tolist() for array in A.csr() if array is not None] == [
        [0, 2, 3, 4],
        [3, 1, 0, 2],
        [1, 3, 0, 2],
    ]
    assert [array.tolist() for array in A.csc() if array is not None] == [
        [0, 1, 2, 3, 4],
        [1, 0, 2, 0],
        [0, 3, 2, 1],
    ]
    assert [array.tolist() for array in A.coo()] == [[1, 0, 2, 0], [0, 3, 2, 1]]


@pytest.mark.parametrize("width", [None, 2])
def test_the_dense_form_adds_entries_at_one_position(width: int | None) -> None:
    A = sparse_matrix(3, 4, 20, width, repeats=True)
    assert torch.allclose(A.to_dense(), dense(A))
    B = dglsp.val_like(A, torch.ones(20, dtype=torch.int64))
    assert B.to_dense().sum() == 20


def test_the_transpose_keeps_the_order_of_entries_and_shares_layouts() -> None:
    A = sparse_matrix(3, 4, 5)
    for B in (A.T, A.t(), A.transpose()):
        assert (B.shape, positions(B)) == ((4, 3), [(c, r) for r, c in positions(A)])
        assert B.val is A.val
        assert B.csc()[0] is A.csr()[0]


def test_a_matrix_is_shown_with_its_indices_values_and_shape() -> None:
    A = dglsp.spmatrix(torch.tensor([[1, 1], [2, 4]]), torch.tensor([[1], [2]]))
    assert repr(A) == (
        "SparseMatrix(indices=tensor([[1, 1],\n"
        "                             [2, 4]]),\n"
        "             values=tensor([[1],\n"
        "                            [2]]),\n"
        "             shape=(2, 5), nnz=2, val_size=(1,))"
    )


def test_other_dtypes_and_devices() -> None:
    A = sparse_matrix(3, 4, 5)
    assert A.to() is A.cpu() is A.float() is A.to("cpu", torch.float32) is A
    dtypes = [A.double().dtype, A.int().dtype, A.long().dtype, A.to(dtype=torch.half).dtype]
    assert dtypes == [torch.float64, torch.int32, torch.int64, torch.float16]
    there = A.to("meta")
    assert (there.device.type, there.val.device.type, there.shape) == ("meta", "meta", (3, 4))
    with pytest.raises(gm.GraphValueError, match="device"):
        A.to("nowhere")


def test_copies_and_pickles_are_equal_and_independent() -> None:
    A = sparse_matrix(3, 4, 5, 2)
    A.csr()
    for B in (copy.deepcopy(A), pickle.loads(pickle.dumps(A))):
        assert isinstance(B, dglsp.SparseMatrix)
        assert torch.equal(B.to_dense(), A.to_dense())
        assert positions(B) == positions(A)
        assert B.val.data_ptr() != A.val.data_ptr()


def test_a_pickle_with_too_few_values_is_refused() -> None:
    adjacency = sparse_matrix(3, 4, 5)._adjacency
    with pytest.raises(gm.GraphValueError, match="5 rows"):
        dglsp.SparseMatrix(adjacency, torch.ones(4))


@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr, torch.sparse_csc])
@pytest.mark.parametrize("width", [None, 2])
def test_torch_has_the_same_matrices(layout: torch.layout, width: int | None) -> None:
    A = sparse_matrix(3, 4, 6, width)
    to = {
        torch.sparse_coo: dglsp.to_torch_sparse_coo,
        torch.sparse_csr: dglsp.to_torch_sparse_csr,
        torch.sparse_csc: dglsp.to_torch_sparse_csc,
    }[layout]
    tensor = to(A)
    assert tensor.layout == layout
    B = dglsp.from_torch_sparse(tensor)
    assert torch.equal(B.to_dense(), dense(A))
    if width is None:
        assert torch.equal(tensor.to_dense(), dense(A))
    if layout == torch.sparse_coo:
        assert positions(B) == positions(A)


def test_gradients_reach_a_sparse_tensor_of_torch_and_return() -> None:
    val = torch.tensor([1.0, 2.0], requires_grad=True)
    A = dglsp.spmatrix(torch.tensor([[0, 1], [1, 0]]), val)
    B = dglsp.from_torch_sparse(dglsp.to_torch_sparse_coo(A).coalesce())
    (grad,) = torch.autograd.grad((B.val * torch.tensor([3.0, 5.0])).sum(), val)
    assert grad.tolist() == [3, 5]


def test_other_tensors_of_torch_are_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"COO, CSR or CSC layout, got torch.strided"):
        dglsp.from_torch_sparse(torch.eye(2))
    with pytest.raises(gm.GraphTypeError, match="got list"):
        dglsp.from_torch_sparse([1])
    with pytest.raises(gm.GraphValueError, match="two sparse"):
        dglsp.from_torch_sparse(torch.ones(2, 2, 2).to_sparse())
    with pytest.raises(gm.GraphTypeError, match="spmat: expected a sparse matrix"):
        dglsp.to_torch_sparse_coo(torch.eye(2))  # type: ignore[arg-type]
