"""Entries grouped by position: sums of entries at the same position, and unions of entries."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .. import kernels
from .._storage.adjacency import Adjacency
from ..kernels.contract import Csr
from ..kernels.segments import distinct
from ..ops.spmm import spmm
from .entries import Entries, Matrix


class Groups(NamedTuple):
    """Entries grouped by their position in a matrix.

    Attributes:
        positions: the distinct positions, by row and then by column, an edge for each from its
            column to its row.
        entries: edges from entries to their position; for each position in order of entries.
    """

    positions: Adjacency
    entries: Adjacency


def group(row: Tensor, col: Tensor, shape: tuple[int, int]) -> Groups:
    """Group entries by position.

    Args:
        row: (n,) the row of each entry.
        col: (n,) its column.
        shape: the numbers of rows and columns.
    """
    csr = kernels.sort_pairs(row, col, *shape)
    rows, cols, limits = distinct(csr)
    positions = Adjacency.from_coo(cols, rows, shape[1], shape[0])
    entries = Csr(limits, csr.edge_ids, csr.edge_ids)
    return Groups(positions, Adjacency.from_compressed(entries, len(row), len(rows), "csc"))


def group_own(A: Entries) -> Groups:
    """Group the entries of one matrix; cached with its layouts."""
    return A._adjacency.cached("groups", lambda: group(A.row, A.col, A.shape))


def sum_groups(groups: Groups, val: Tensor) -> Tensor:
    """Sums of the values at each position, differentiable."""
    return spmm(groups.entries, None, "sum", val, None, ("e", "e"))


def has_duplicate(A: Entries) -> bool:
    """Whether several entries have the same position.

    Args:
        A: sparse matrix.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.spmatrix(torch.tensor([[0, 0], [1, 1]])).has_duplicate()
        True
    """
    return group_own(A).positions.num_edges < A.nnz


def coalesce(A: Matrix) -> Matrix:
    """Add the entries at the same position, and sort them by row and then by column.

    Args:
        A: sparse matrix.

    Returns:
        Sparse matrix with one entry at each position; differentiable.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.spmatrix(torch.tensor([[1, 0, 1], [0, 1, 0]])).coalesce()
        SparseMatrix(indices=tensor([[0, 1],
                                     [1, 0]]),
                     values=tensor([1., 2.]),
                     shape=(2, 2), nnz=2)
    """
    groups = group_own(A)
    return type(A)(groups.positions, sum_groups(groups, A.val))


def is_diag(A: Entries) -> bool:
    """Whether there is one entry at each position of the main diagonal, and no other.

    Args:
        A: sparse matrix.

    Example:
        >>> import graphmp.sparse as dglsp
        >>> dglsp.identity((2, 3)).is_diag()
        True
    """
    if A.nnz != min(A.shape):
        return False
    return A._adjacency.cached("is diagonal", lambda: _is_diag(A))


def _is_diag(A: Entries) -> bool:
    return torch.equal(A.row, A.col) and len(torch.unique(A.row)) == A.nnz


def union(A: Entries, B: Entries) -> Groups:
    """Group the entries of two matrices of one shape; those of ``B`` count after those of ``A``."""
    row, col = torch.cat([A.row, B.row]), torch.cat([A.col, B.col])
    return group(row, col, A.shape)


def pairs(groups: Groups, num_left: int) -> tuple[Tensor, Tensor, Tensor]:
    """The positions at which both matrices of a union have an entry, if neither has duplicates.

    Args:
        groups: a :func:`union`.
        num_left: the number of entries of the first matrix.

    Returns:
        The positions, and for each the entry of the first matrix and that of the second.
    """
    indptr, order, _ = groups.entries.csc
    both = (indptr.diff() == 2).nonzero().view(-1)
    first = indptr[both].long()
    return both, order[first].long(), order[first + 1].long() - num_left
