"""Sparse matrices of some rows or columns of another one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._storage.adjacency import Adjacency
from ..errors import GraphIndexError, GraphTypeError, GraphValueError
from ..ops.gather import gather_rows
from .entries import Matrix, check_dim, with_rows


def index_select(A: Matrix, dim: int, index: Any) -> Matrix:
    """Select rows or columns; they may repeat.

    Args:
        A: sparse matrix.
        dim: 0 selects rows, 1 columns.
        index: ids of the rows or columns, of the dtype of the matrix's indices.

    Returns:
        Sparse matrix with a row or column for each id; differentiable.

    Raises:
        GraphIndexError: an id out of range.
        GraphTypeError: ids of another dtype.
        GraphValueError: another dimension, or ids on another device.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> D = dglsp.diag(torch.tensor([1, 2, 3]))
        >>> dglsp.SparseMatrix.index_select(D, 0, torch.tensor([2, 0])).to_dense()
        tensor([[0, 0, 3],
                [1, 0, 0]])
    """
    by_row = facing(A, dim)
    ids = checked_ids(by_row, index, "index")
    return facing(_rows(by_row, ids), dim)


def range_select(A: Matrix, dim: int, index: slice) -> Matrix:
    """Select consecutive rows or columns.

    Args:
        A: sparse matrix.
        dim: 0 selects rows, 1 columns.
        index: a slice without a step.

    Returns:
        Sparse matrix; differentiable.

    Raises:
        GraphIndexError: limits that are negative, descending, or beyond the last row or column.
        GraphTypeError: not a slice of ints.
        GraphValueError: another dimension, or a step.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> D = dglsp.diag(torch.tensor([1, 2, 3]))
        >>> D.range_select(1, slice(1, 3)).to_dense()
        tensor([[0, 0],
                [2, 0],
                [0, 3]])
    """
    by_row = facing(A, dim)
    start, stop = _limits(index, by_row.shape[0])
    ids = torch.arange(start, stop, dtype=by_row.row.dtype, device=A.device)
    return facing(_rows(by_row, ids), dim)


def compact(A: Matrix, dim: int, leading_indices: Any = None) -> tuple[Matrix, Tensor]:
    """Remove the rows or columns that have no entry, and renumber the others.

    Args:
        A: sparse matrix.
        dim: 0 removes rows, 1 columns.
        leading_indices: ids, each once, of rows or columns that become the first ones, whether
            they have entries or not. The others are in ascending order.

    Returns:
        The matrix, whose entries are in the same order; and the former id of each row or column.

    Raises:
        GraphIndexError: an id out of range.
        GraphTypeError: ids of another dtype.
        GraphValueError: another dimension, ids that repeat, or ids on another device.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> A = dglsp.spmatrix(torch.tensor([[0, 2], [1, 2]]))
        >>> compacted, rows = A.compact(0)
        >>> compacted.shape, rows
        ((2, 3), tensor([0, 2]))
    """
    by_row = facing(A, dim)
    leading = checked_ids(by_row, () if leading_indices is None else leading_indices, "leading")
    if len(torch.unique(leading)) < len(leading):
        raise GraphValueError("leading_indices: expected each id once, got some several times.")
    is_used = torch.zeros(by_row.shape[0], dtype=torch.bool, device=A.device)
    is_used[by_row.row.long()] = True
    is_used[leading.long()] = False
    ids = torch.cat([leading, is_used.nonzero().view(-1).to(leading.dtype)])
    new = torch.empty(by_row.shape[0], dtype=ids.dtype, device=A.device)
    new[ids.long()] = torch.arange(len(ids), dtype=ids.dtype, device=A.device)
    rows = new[by_row.row.long()]
    adjacency = Adjacency.from_coo(by_row.col, rows, by_row.shape[1], len(ids))
    return facing(type(A)(adjacency, A.val), dim), ids


def facing(A: Matrix, dim: int) -> Matrix:
    """The matrix whose rows are the rows, or the columns, of another one.

    Args:
        A: sparse matrix.
        dim: 0 for rows, 1 for columns.

    Raises:
        GraphValueError: another dimension.
    """
    return A.transpose() if check_dim(dim) else A


def checked_ids(A: Matrix, ids: Any, name: str) -> Tensor:
    """Check ids of rows.

    Args:
        A: sparse matrix.
        ids: the ids.
        name: the argument's name.

    Raises:
        GraphIndexError: an id out of range.
        GraphTypeError: ids of another dtype.
        GraphValueError: more than one dimension, or another device.
    """
    return _checks.ids(ids, A._adjacency.idtype, A.device, A.shape[0], name)


def _rows(A: Matrix, ids: Tensor) -> Matrix:
    """Some rows, which are in range."""
    csr = A._adjacency.csc
    _, columns, entries = kernels.edges_of(csr, ids)
    counts = csr.indptr.diff().index_select(0, ids)
    starts = torch.cat([counts.new_zeros(1), counts.cumsum(0).to(counts.dtype)])
    return with_rows(A, starts, columns, gather_rows(A.val, entries))


def _limits(index: Any, size: int) -> tuple[int, int]:
    if not isinstance(index, slice):
        raise GraphTypeError(f"index: expected a slice, got {_checks.kind(index)}.")
    if index.step not in (None, 1):
        raise GraphValueError(
            f"index: expected a slice without a step, got {index.step}; use index_select."
        )
    start = 0 if index.start is None else _checks.integer(index.start, "index")
    stop = size if index.stop is None else _checks.integer(index.stop, "index")
    if not 0 <= start <= stop <= size:
        raise GraphIndexError(
            f"index: expected ascending limits from 0 to {size}, got {start} and {stop}."
        )
    return start, stop
