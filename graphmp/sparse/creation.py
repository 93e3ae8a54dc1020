"""Sparse matrices from coordinates, compressed rows or columns, and diagonals."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._storage.adjacency import Adjacency
from ..errors import GraphIndexError, GraphTypeError, GraphValueError
from ..kernels.contract import Csr
from .entries import in_order
from .sparse_matrix import SparseMatrix


def spmatrix(indices: Tensor, val: Tensor | None = None, shape: Any = None) -> SparseMatrix:
    """Make a sparse matrix of the coordinates of its entries.

    Args:
        indices: (2, nnz) int32 or int64: rows and columns. Positions may repeat.
        val: (nnz,) or (nnz, D); ones by default.
        shape: the numbers of rows and columns; by default the least that fit.

    Returns:
        Sparse matrix whose entries are in the same order.

    Raises:
        GraphTypeError: indices that are not an integer tensor, or values that are not a tensor.
        GraphIndexError: an index that is negative or does not fit ``shape``.
        GraphValueError: tensors of another shape or device, or a shape that is not two counts.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.spmatrix(torch.tensor([[1, 1, 2], [2, 4, 3]]), torch.tensor([1.0, 2.0, 3.0]))
        SparseMatrix(indices=tensor([[1, 1, 2],
                                     [2, 4, 3]]),
                     values=tensor([1., 2., 3.]),
                     shape=(3, 5), nnz=3)
    """
    if not isinstance(indices, Tensor):
        raise GraphTypeError(f"indices: expected a tensor (2, nnz), got {_checks.kind(indices)}.")
    if indices.ndim != 2 or len(indices) != 2:
        raise GraphValueError(
            f"indices: expected a tensor (2, nnz), got shape {tuple(indices.shape)}."
        )
    return from_coo(indices[0], indices[1], val, shape)


def from_coo(
    row: Tensor, col: Tensor, val: Tensor | None = None, shape: Any = None
) -> SparseMatrix:
    """Make a sparse matrix of the rows and columns of its entries.

    Args:
        row: (nnz,) int32 or int64.
        col: (nnz,) of the same dtype.
        val: (nnz,) or (nnz, D); ones by default.
        shape: the numbers of rows and columns; by default the least that fit.

    Returns:
        Sparse matrix whose entries are in the same order.

    Raises:
        GraphTypeError: indices that are not integer tensors of one dtype.
        GraphIndexError: an index that is negative or does not fit ``shape``.
        GraphValueError: tensors of another shape or device, or a shape that is not two counts.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.from_coo(torch.tensor([0, 1]), torch.tensor([2, 0])).to_dense()
        tensor([[0., 0., 1.],
                [1., 0., 0.]])
    """
    row, col = _ids(row, "row"), _ids(col, "col")
    _check_alike(row, col, ("row", "col"))
    if len(row) != len(col):
        raise GraphValueError(f"Expected as many rows as columns, got {len(row)} and {len(col)}.")
    rows, cols = _sizes(shape)
    rows, cols = _fitting(row, rows, "row"), _fitting(col, cols, "col")
    return SparseMatrix(Adjacency.from_coo(col, row, cols, rows), _values(val, row))


def from_csr(
    indptr: Tensor, indices: Tensor, val: Tensor | None = None, shape: Any = None
) -> SparseMatrix:
    """Make a sparse matrix of compressed rows.

    Args:
        indptr: (rows + 1,) int32 or int64, where each row starts.
        indices: (nnz,) of the same dtype, the column of each entry.
        val: (nnz,) or (nnz, D); ones by default.
        shape: the numbers of rows and columns; by default the least that fit.

    Returns:
        Sparse matrix whose entries are in the same order.

    Raises:
        GraphTypeError: ``indptr`` and ``indices`` are not integer tensors of one dtype.
        GraphIndexError: a column that is negative or does not fit ``shape``.
        GraphValueError: an ``indptr`` that does not start with 0, decreases, or does not end with
            nnz; another number of rows; tensors of another shape or device.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.from_csr(torch.tensor([0, 1, 3]), torch.tensor([1, 0, 2])).to_dense()
        tensor([[0., 1., 0.],
                [1., 0., 1.]])
    """
    rows, cols = _sizes(shape)
    return _compressed(indptr, indices, val, (rows, cols), ("rows", "column"))


def from_csc(
    indptr: Tensor, indices: Tensor, val: Tensor | None = None, shape: Any = None
) -> SparseMatrix:
    """Make a sparse matrix of compressed columns.

    Args:
        indptr: (columns + 1,) int32 or int64, where each column starts.
        indices: (nnz,) of the same dtype, the row of each entry.
        val: (nnz,) or (nnz, D); ones by default.
        shape: the numbers of rows and columns; by default the least that fit.

    Returns:
        Sparse matrix whose entries are in the same order.

    Raises:
        GraphTypeError: ``indptr`` and ``indices`` are not integer tensors of one dtype.
        GraphIndexError: a row that is negative or does not fit ``shape``.
        GraphValueError: as :func:`from_csr`.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.from_csc(torch.tensor([0, 1, 3]), torch.tensor([1, 0, 2])).to_dense()
        tensor([[0., 1.],
                [1., 0.],
                [0., 1.]])
    """
    rows, cols = _sizes(shape)
    return _compressed(indptr, indices, val, (cols, rows), ("columns", "row")).transpose()


def diag(val: Any, shape: Any = None) -> SparseMatrix:
    """Make a diagonal matrix.

    Args:
        val: (N,) or (N, D), the values on the diagonal.
        shape: the numbers of rows and columns, the smaller of which is N; (N, N) by default.

    Returns:
        Sparse matrix.

    Raises:
        GraphTypeError: values that are not a tensor.
        GraphValueError: values of another number, or of more than two dimensions.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.diag(torch.tensor([1, 2]), shape=(2, 3)).to_dense()
        tensor([[1, 0, 0],
                [0, 2, 0]])
    """
    if not isinstance(val, Tensor) or val.ndim == 0:
        raise GraphTypeError(f"val: expected a tensor with rows, got {_checks.kind(val)}.")
    rows, cols = (len(val), len(val)) if shape is None else _counts(shape)
    if len(val) != min(rows, cols):
        raise GraphValueError(
            f"val: expected {min(rows, cols)} values on the diagonal of a matrix of shape "
            f"{(rows, cols)}, got {len(val)}."
        )
    every = torch.arange(len(val), device=val.device)
    adjacency = Adjacency.from_coo(every, every, cols, rows)
    in_order(adjacency.reversed)
    return SparseMatrix(in_order(adjacency), val)


def identity(
    shape: Any, d: int | None = None, dtype: torch.dtype | None = None, device: Any = None
) -> SparseMatrix:
    """Make a matrix with ones on the diagonal.

    Args:
        shape: the numbers of rows and columns.
        d: the length of the values, which are then vectors of ones.
        dtype: dtype of the values.
        device: the device of the matrix.

    Returns:
        Sparse matrix.

    Raises:
        GraphValueError: a shape that is not two counts, or a negative ``d``.

    Example:
        >>> import graphmp.sparse as dglsp
        >>> dglsp.identity((2, 3)).to_dense()
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    size = () if d is None else (_checks.count(d, "d"),)
    return diag(torch.ones(min(_counts(shape)), *size, dtype=dtype, device=device), shape)


def _compressed(
    indptr: Any,
    indices: Any,
    val: Tensor | None,
    sizes: tuple[int | None, int | None],
    names: tuple[str, str],
) -> SparseMatrix:
    """A matrix of compressed rows; names tell them apart from columns in messages."""
    indptr, indices = _ids(indptr, "indptr"), _ids(indices, "indices")
    _check_alike(indptr, indices, ("indptr", "indices"))
    _checks.indptr(indptr, len(indices))
    rows = len(indptr) - 1
    if sizes[0] not in (None, rows):
        raise GraphValueError(
            f"indptr: expected {sizes[0]} {names[0]}, as in the shape, got {rows}."
        )
    others = _fitting(indices, sizes[1], names[1])
    every = torch.arange(len(indices), dtype=indices.dtype, device=indices.device)
    csr = Csr(indptr, indices, every)
    adjacency = Adjacency.from_compressed(csr, others, rows, "csc")
    return SparseMatrix(in_order(adjacency), _values(val, indices))


def _ids(value: Any, name: str) -> Tensor:
    """A copy of indices: what is done to the argument afterwards does not reach the matrix."""
    if not isinstance(value, Tensor):
        raise GraphTypeError(f"{name}: expected a tensor (nnz,), got {_checks.kind(value)}.")
    _checks.id_dtype(value.dtype, name)
    if value.ndim != 1:
        raise GraphValueError(f"{name}: expected one dimension, got shape {tuple(value.shape)}.")
    return value.clone(memory_format=torch.contiguous_format)


def _check_alike(one: Tensor, other: Tensor, names: tuple[str, str]) -> None:
    if one.dtype != other.dtype:
        raise GraphTypeError(
            f"Expected {names[0]} and {names[1]} of one dtype, got {one.dtype} and {other.dtype}."
        )
    if one.device != other.device:
        raise GraphValueError(
            f"Expected {names[0]} and {names[1]} on one device, got {one.device} and "
            f"{other.device}."
        )


def _sizes(shape: Any) -> tuple[int | None, int | None]:
    return (None, None) if shape is None else _counts(shape)


def _counts(shape: Any) -> tuple[int, int]:
    if not isinstance(shape, (tuple, list)) or len(shape) != 2:
        raise GraphValueError(
            f"shape: expected the numbers of rows and columns, got {_checks.kind(shape)}."
        )
    return _checks.count(shape[0], "shape"), _checks.count(shape[1], "shape")


def _fitting(ids: Tensor, size: int | None, name: str) -> int:
    """Check indices along one dimension; the size of the dimension, or the least that fits."""
    if size is not None:
        _checks.in_range(ids, size, name)
        return size
    if len(ids) == 0:
        return 0
    low, high = map(int, torch.aminmax(ids))
    if low < 0:
        raise GraphIndexError(f"{name}: expected indices that are not negative, got {low}.")
    return high + 1


def _values(val: Tensor | None, ids: Tensor) -> Tensor:
    return torch.ones(len(ids), device=ids.device) if val is None else val
