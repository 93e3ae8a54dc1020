"""Operations element by element: of two sparse matrices, or of one and a number."""

from __future__ import annotations

from typing import Any

from .. import _checks
from ..errors import GraphTypeError
from .elementwise_op_sp import spsp_add, spsp_div, spsp_mul
from .entries import Matrix, is_scalar, val_like, values
from .unary_op import neg


def add(A: Matrix, B: Matrix) -> Matrix:
    """Add two sparse matrices, ``A + B``.

    Args:
        A: sparse matrix.
        B: sparse matrix of the same shape.

    Returns:
        Sparse matrix with an entry at each position where either has one, sorted by row and then
        by column. Entries at the same position are added.

    Raises:
        GraphTypeError: not a sparse matrix.
        GraphValueError: other shapes or devices.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> A = dglsp.spmatrix(torch.tensor([[1, 0], [0, 1]]), torch.tensor([10, 20]))
        >>> dglsp.add(A, dglsp.diag(torch.tensor([1, 2]))).to_dense()
        tensor([[ 1, 20],
                [10,  2]])
    """
    return spsp_add(A, B)


def sub(A: Matrix, B: Matrix) -> Matrix:
    """Subtract two sparse matrices, ``A - B``; see :func:`add`.

    Args:
        A: sparse matrix.
        B: sparse matrix of the same shape.

    Raises:
        GraphTypeError: not a sparse matrix.
        GraphValueError: other shapes or devices.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> D = dglsp.diag(torch.tensor([1, 2]))
        >>> dglsp.sub(D, D).val
        tensor([0, 0])
    """
    return spsp_add(A, neg(B))


def mul(A: Any, B: Any) -> Any:
    """Multiply element by element, ``A * B``.

    Args:
        A: sparse matrix, or a number.
        B: sparse matrix of the same shape, or a number. Two matrices have no duplicate positions.

    Returns:
        For a number, a matrix with entries at the same positions; else one with an entry where both
        have one, sorted by row and then by column.

    Raises:
        GraphTypeError: neither a sparse matrix nor a number.
        GraphValueError: other shapes or devices, or duplicate positions.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> D = dglsp.diag(torch.tensor([1, 2]))
        >>> dglsp.mul(D, 3).val, dglsp.mul(D, D).val
        (tensor([3, 6]), tensor([1, 4]))
    """
    if is_scalar(A):
        A, B = B, A
    return val_like(A, values(A) * B) if is_scalar(B) else spsp_mul(A, B)


def div(A: Matrix, B: Any) -> Matrix:
    """Divide element by element, ``A / B``.

    Args:
        A: sparse matrix.
        B: a number; or a sparse matrix with entries at the same positions, in any order and without
            duplicates.

    Returns:
        Sparse matrix with entries at the positions of ``A``, in their order.

    Raises:
        GraphTypeError: neither a sparse matrix nor a number.
        GraphValueError: other shapes, devices or positions, or duplicate positions.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.div(dglsp.diag(torch.tensor([1, 2])), 2).val
        tensor([0.5000, 1.0000])
    """
    return val_like(A, values(A) / B) if is_scalar(B) else spsp_div(A, B)


def power(A: Matrix, scalar: Any) -> Matrix:
    """Raise each value to a power, ``A ** scalar``.

    Args:
        A: sparse matrix.
        scalar: a number.

    Returns:
        Sparse matrix with entries at the same positions.

    Raises:
        GraphTypeError: not a number.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.power(dglsp.diag(torch.tensor([2, 3])), 2).val
        tensor([4, 9])
    """
    if not is_scalar(scalar):
        raise GraphTypeError(f"power: expected a number, got {_checks.kind(scalar)}.")
    return val_like(A, values(A) ** scalar)


sp_add, sp_sub, sp_mul, sp_div, sp_power = add, sub, mul, div, power
