"""Entries at the same position."""

from __future__ import annotations

import pytest
import torch
from support.sparse import dense, positions, sparse_matrix


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
@pytest.mark.parametrize("width", [None, 2])
def test_coalesce_adds_and_sorts(idtype: torch.dtype, width: int | None) -> None:
    A = sparse_matrix(4, 5, 30, width, repeats=True, idtype=idtype)
    B = A.coalesce()
    assert positions(B) == sorted(set(positions(A)))
    assert torch.allclose(B.to_dense(), dense(A))
    assert B.row.dtype == idtype
    assert (A.has_duplicate(), B.has_duplicate()) == (True, False)


def test_a_matrix_without_entries_has_no_duplicates() -> None:
    A = sparse_matrix(3, 4, 0)
    assert not A.has_duplicate()
    assert (A.coalesce().nnz, A.coalesce().shape) == (0, (3, 4))
    assert (A + A).nnz == (A * A).nnz == (A / A).nnz == 0


def test_gradients_reach_every_merged_entry() -> None:
    A = sparse_matrix(2, 2, 9, repeats=True)
    A.val.requires_grad_()
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    (grad,) = torch.autograd.grad((A.coalesce().to_dense() * weight).sum(), A.val)
    assert torch.equal(grad, weight[A.row, A.col])
