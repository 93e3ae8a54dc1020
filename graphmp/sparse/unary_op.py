"""Operations of one sparse matrix."""

from __future__ import annotations

from ..errors import GraphValueError
from .entries import Matrix, val_like, values
from .merging import is_diag


def neg(A: Matrix) -> Matrix:
    """The matrix with the opposite values, ``-A``.

    Args:
        A: sparse matrix.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.neg(dglsp.diag(torch.tensor([1, 2]))).val
        tensor([-1, -2])
    """
    return val_like(A, -values(A))


def inv(A: Matrix) -> Matrix:
    """The inverse of a square diagonal matrix.

    Args:
        A: sparse matrix with values (nnz,).

    Returns:
        Sparse matrix with entries at the same positions.

    Raises:
        GraphValueError: not square, not diagonal, or values that are vectors.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.inv(dglsp.diag(torch.tensor([1.0, 2.0]))).val
        tensor([1.0000, 0.5000])
    """
    val = values(A)
    if A.shape[0] != A.shape[1] or not is_diag(A):
        raise GraphValueError(
            f"inv: expected a square diagonal matrix, got one of shape {A.shape} with {A.nnz} "
            "entries; invert its dense form with torch.linalg.inv."
        )
    if val.ndim != 1:
        raise GraphValueError(
            f"inv: expected values (nnz,), got shape {tuple(val.shape)}; call val_like with "
            "1 / A.val instead."
        )
    return val_like(A, 1 / val)
