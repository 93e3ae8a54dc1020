"""Products of two sparse matrices."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import GraphValueError
from ..function import BINARY_OPS
from ..kernels.segments import positions_of
from ..ops.gather import gather_rows
from ..ops.spmm import spmm
from .elementwise_op_sp import check_together
from .entries import Entries, Matrix, checked, val_like
from .merging import group, has_duplicate, is_diag


def spspmm(A: Matrix, B: Matrix) -> Matrix:
    """Multiply two sparse matrices, ``A @ B``.

    Args:
        A: sparse matrix of shape (L, M) with values (nnz,), without duplicate positions.
        B: sparse matrix of shape (M, N), likewise.

    Returns:
        Sparse matrix of shape (L, N), differentiable, with an entry wherever a product is added:
        sorted by row and then by column; times a square diagonal matrix, in order of the other
        one's entries.

    Raises:
        GraphTypeError: not a sparse matrix, or indices of two dtypes.
        GraphValueError: shapes that do not fit, values that are vectors, duplicate positions, or
            two devices.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> A = dglsp.spmatrix(torch.tensor([[0, 0], [0, 1]]), torch.tensor([2.0, 3.0]))
        >>> B = dglsp.spmatrix(torch.tensor([[0, 1], [0, 0]]), torch.tensor([5.0, 7.0]))
        >>> dglsp.spspmm(A, B)
        SparseMatrix(indices=tensor([[0],
                                     [0]]),
                     values=tensor([31.]),
                     shape=(1, 1), nnz=1)
    """
    _check_pair(A, B)
    if A.shape[0] == A.shape[1] and is_diag(A):
        return val_like(B, _on_diagonal(A, B.row) * B.val)
    if B.shape[0] == B.shape[1] and is_diag(B):
        return val_like(A, A.val * _on_diagonal(B, A.col))
    return _product(A, B)


def _check_pair(A: Entries, B: Entries) -> None:
    checked(A, "A")
    checked(B, "B")
    check_together(A, B, "matmul")
    if A.shape[1] != B.shape[0]:
        raise GraphValueError(
            f"matmul: expected as many columns in A as rows in B, got shapes {A.shape} and "
            f"{B.shape}."
        )
    for M in (A, B):
        if M.val.ndim != 1:
            raise GraphValueError(
                "matmul: expected sparse matrices with values (nnz,), got values of shape "
                f"{tuple(M.val.shape)}; multiply one element of the values after the other."
            )
        if has_duplicate(M):
            raise GraphValueError(
                "matmul: expected sparse matrices without duplicate positions, got one with "
                "several entries at one position; call .coalesce() on it."
            )


def _on_diagonal(D: Entries, ids: Tensor) -> Tensor:
    """Elements of the diagonal of a diagonal matrix."""
    return gather_rows(D.val, D._adjacency.csc.edge_ids[ids.long()])


def _product(A: Matrix, B: Matrix) -> Matrix:
    """Every entry of A times each entry of B in the row of its column, grouped by position."""
    indptr, columns, entries = B._adjacency.csc
    counts = indptr.diff()[A.col.long()].long()
    right = positions_of(indptr, A.col)
    every = torch.arange(A.nnz, device=A.device)
    left = torch.repeat_interleave(every, counts, output_size=len(right))
    groups = group(A.row[left], columns[right], (A.shape[0], B.shape[1]))
    factors = gather_rows(A.val, left), gather_rows(B.val, entries[right])
    val = spmm(groups.entries, BINARY_OPS["mul"], "sum", *factors, ("e", "e"))
    return type(A)(groups.positions, val)
