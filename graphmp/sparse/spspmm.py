"""Products of two sparse matrices."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from .. import kernels
from .._storage.adjacency import Adjacency
from ..errors import GraphValueError
from ..function import BINARY_OPS
from ..kernels.segments import rows_of
from ..ops.gather import gather_rows
from ..ops.spmm import spmm
from .elementwise_op_sp import check_together
from .entries import Entries, Matrix, checked, val_like
from .merging import group, has_duplicate, is_diag

_PRODUCTS, _PRODUCTS_ON_DEVICE = 1 << 18, 1 << 24  # of a block: on a CPU they stay in its caches


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
    return gather_rows(D.val, D._adjacency.csc.edge_ids.index_select(0, ids))


def _product(A: Matrix, B: Matrix) -> Matrix:
    """The product, a block of rows after the other."""
    shape = A.shape[0], B.shape[1]
    indptr, columns, entries = A._adjacency.csc
    counts = B._adjacency.csc.indptr.diff().index_select(0, columns).long()
    limits = _limits(indptr, counts)
    ends = indptr[limits].tolist()
    sizes = [end - start for start, end in pairwise(ends)]
    factors = torch.split(gather_rows(A.val, entries), sizes)
    blocks = []
    for (first, last), (start, end), factor in zip(
        pairwise(limits), pairwise(ends), factors, strict=True
    ):
        rows = rows_of(indptr[first : last + 1] - start, end - start)
        products = _Products(rows, columns[start:end], factor)
        positions, val = _merged(products, B, (last - first, shape[1]))
        blocks.append((positions.dst + first, positions.src, val))
    row, col, val = (torch.cat(parts) for parts in zip(*blocks, strict=True))
    return type(A)(Adjacency.from_coo(col, row, shape[1], shape[0]), val)


class _Products(NamedTuple):
    """Entries of some rows of the first matrix, in order of rows.

    Attributes:
        row: the row of each entry, counted from the first.
        col: its column.
        val: its value.
    """

    row: Tensor
    col: Tensor
    val: Tensor


def _merged(A: _Products, B: Entries, shape: tuple[int, int]) -> tuple[Adjacency, Tensor]:
    """The positions and values of a block of rows of the product."""
    left, columns, right = kernels.edges_of(B._adjacency.csc, A.col)
    groups = group(A.row.index_select(0, left), columns, shape)
    factors = gather_rows(A.val, left), gather_rows(B.val, right)
    val = spmm(groups.entries, BINARY_OPS["mul"], "sum", *factors, ("e", "e"))
    return groups.positions, val


def _limits(indptr: Tensor, counts: Tensor) -> list[int]:
    """Where blocks of rows start and end, of about as many products each."""
    before = torch.cat([counts.new_zeros(1), counts.cumsum(0)])[indptr.long()]
    size = _PRODUCTS if indptr.is_cpu else _PRODUCTS_ON_DEVICE
    steps = torch.arange(size, max(int(before[-1]), size), size, device=indptr.device)
    inner = torch.unique(torch.searchsorted(before, steps))
    rows = len(indptr) - 1
    return [0, *(limit for limit in inner.tolist() if 0 < limit < rows), rows]
