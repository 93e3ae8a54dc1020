"""Sums, products and quotients of two sparse matrices, element by element."""

from __future__ import annotations

import torch

from ..errors import GraphTypeError, GraphValueError
from ..ops.gather import gather_rows
from .entries import Entries, Matrix, checked, val_like
from .merging import has_duplicate, pairs, sum_groups, union


def spsp_add(A: Matrix, B: Matrix) -> Matrix:
    """Add two sparse matrices; see :func:`graphmp.sparse.add`.

    Args:
        A: sparse matrix.
        B: sparse matrix of the same shape.

    Raises:
        GraphTypeError: not a sparse matrix.
        GraphValueError: other shapes or devices.

    Example:
        >>> import graphmp.sparse as dglsp
        >>> dglsp.spsp_add(dglsp.identity((2, 2)), dglsp.identity((2, 2))).val
        tensor([2., 2.])
    """
    _check_pair(A, B, "add")
    groups = union(A, B)
    return type(A)(groups.positions, sum_groups(groups, torch.cat([A.val, B.val])))


def spsp_mul(A: Matrix, B: Matrix) -> Matrix:
    """Multiply two sparse matrices element by element; see :func:`graphmp.sparse.mul`.

    Args:
        A: sparse matrix without duplicate positions.
        B: sparse matrix of the same shape, likewise.

    Raises:
        GraphTypeError: not a sparse matrix.
        GraphValueError: other shapes or devices, or duplicate positions.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> A = dglsp.spmatrix(torch.tensor([[0, 1], [1, 1]]), torch.tensor([2.0, 3.0]))
        >>> dglsp.spsp_mul(A, dglsp.identity((2, 2))).to_dense()
        tensor([[0., 0.],
                [0., 3.]])
    """
    _check_pair(A, B, "mul", distinct=True)
    groups = union(A, B)
    both, left, right = pairs(groups, A.nnz)
    return type(A)(
        groups.positions.subset(both), gather_rows(A.val, left) * gather_rows(B.val, right)
    )


def spsp_div(A: Matrix, B: Matrix) -> Matrix:
    """Divide two sparse matrices element by element; see :func:`graphmp.sparse.div`.

    Args:
        A: sparse matrix without duplicate positions.
        B: sparse matrix with entries at the same positions, in any order.

    Raises:
        GraphTypeError: not a sparse matrix.
        GraphValueError: other shapes, devices or positions, or duplicate positions.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> A = dglsp.diag(torch.tensor([2.0, 6.0]))
        >>> dglsp.spsp_div(A, dglsp.diag(torch.tensor([1.0, 3.0]))).val
        tensor([2., 2.])
    """
    _check_pair(A, B, "div", distinct=True)
    both, left, right = pairs(union(A, B), A.nnz)
    if not len(both) == A.nnz == B.nnz:
        raise GraphValueError(
            f"div: expected entries at the same positions, got {A.nnz} and {B.nnz} entries, "
            f"{len(both)} of them in common."
        )
    matching = torch.empty_like(right)
    matching[left] = right
    return val_like(A, A.val / gather_rows(B.val, matching))


def _check_pair(A: Entries, B: Entries, name: str, distinct: bool = False) -> None:
    checked(A, name)
    checked(B, name)
    check_together(A, B, name)
    if A.shape != B.shape or A.val.shape[1:] != B.val.shape[1:]:
        raise GraphValueError(
            f"{name}: expected matrices of one shape, got {A.shape} with values of shape "
            f"{tuple(A.val.shape)}, and {B.shape} with {tuple(B.val.shape)}."
        )
    if distinct and (has_duplicate(A) or has_duplicate(B)):
        raise GraphValueError(
            f"{name}: expected matrices without duplicate positions, got one with several entries "
            "at one position; call .coalesce() on it."
        )


def check_together(A: Entries, B: Entries, name: str) -> None:
    """Check that two matrices have indices of one dtype on one device.

    Args:
        A: sparse matrix.
        B: sparse matrix.
        name: of the operation.

    Raises:
        GraphTypeError: indices of two dtypes.
        GraphValueError: two devices.
    """
    if A.device != B.device:
        raise GraphValueError(
            f"{name}: expected matrices on one device, got {A.device} and {B.device}."
        )
    if A._adjacency.idtype != B._adjacency.idtype:
        raise GraphTypeError(
            f"{name}: expected indices of one dtype, got {A._adjacency.idtype} and "
            f"{B._adjacency.idtype}."
        )
