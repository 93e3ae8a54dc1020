"""Products of dense matrices at the entries of a sparse one."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .. import _checks
from ..errors import GraphTypeError, GraphValueError
from ..function import BINARY_OPS
from ..ops.broadcast import autocast, unsqueeze_like
from ..ops.spmm import sddmm as messages
from .entries import Entries, Matrix, checked, val_like


def sddmm(A: Matrix, X1: Tensor, X2: Tensor) -> Matrix:
    """Multiply two dense matrices at the entries of a sparse one, ``(X1 @ X2) * A``.

    Args:
        A: sparse matrix of shape (L, N) with values (nnz,); in a batch (nnz,) or (nnz, K).
        X1: (L, M); (L,) for an outer product; in a batch (L, M, K).
        X2: (M, N); (N,) for an outer product; in a batch (M, N, K).

    Returns:
        Sparse matrix with entries at the same positions, and values (nnz,) or (nnz, K). Mixed
        dtypes promote as in torch.

    Raises:
        GraphTypeError: not a sparse matrix and tensors.
        GraphValueError: shapes that do not fit, or another device.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> A = dglsp.spmatrix(torch.tensor([[0, 1], [1, 0]]), torch.tensor([1.0, 10.0]))
        >>> dglsp.sddmm(A, torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0, 4.0]])).val
        tensor([ 4., 60.])
    """
    _check_factors(checked(A, "A"), X1, X2)
    products = _products(A, autocast(X1), autocast(X2))
    val = unsqueeze_like(A.val, products) if A.val.ndim == 1 else A.val
    return val_like(A, val * products)


def bsddmm(A: Matrix, X1: Tensor, X2: Tensor) -> Matrix:
    """Multiply batches of dense matrices at the entries of a sparse one; see :func:`sddmm`.

    Args:
        A: sparse matrix of shape (L, N) with values (nnz,) or (nnz, K).
        X1: (L, M, K).
        X2: (M, N, K).

    Returns:
        Sparse matrix with entries at the same positions, and values (nnz, K).

    Raises:
        GraphTypeError: not a sparse matrix and tensors.
        GraphValueError: shapes that do not fit, or another device.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> A = dglsp.identity((2, 3))
        >>> dglsp.bsddmm(A, torch.ones(2, 5, 4), torch.ones(5, 3, 4)).val.shape
        torch.Size([2, 4])
    """
    return sddmm(A, X1, X2)


def _products(A: Entries, X1: Tensor, X2: Tensor) -> Tensor:
    """Dot products of a row and a column for each entry, (nnz,) or (nnz, K)."""
    if X1.ndim > 1:  # what is summed lies together, as kernels read it
        X1, X2 = X1.movedim(1, -1).contiguous(), X2.movedim(0, -1).contiguous()
    dots = messages(A._adjacency, BINARY_OPS["dot"], X1, X2, ("v", "u"))
    return dots.view(A.nnz, *X1.shape[1:-1])


def _check_factors(A: Entries, X1: Any, X2: Any) -> None:
    for name, X in (("X1", X1), ("X2", X2)):
        if not isinstance(X, Tensor):
            raise GraphTypeError(f"{name}: expected a tensor, got {_checks.kind(X)}.")
        if X.device != A.device:
            raise GraphValueError(
                f"{name}: expected a tensor on the matrix's device {A.device}, got one on "
                f"{X.device}."
            )
    if not _fit(A, tuple(X1.shape), tuple(X2.shape)):
        raise GraphValueError(
            "sddmm: expected tensors (L, M) and (M, N), (L,) and (N,), or (L, M, K) and (M, N, K), "
            f"got {tuple(X1.shape)} and {tuple(X2.shape)} for a sparse matrix (L, N) of shape "
            f"{A.shape} with values {tuple(A.val.shape)}."
        )


def _fit(A: Entries, one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    rows, cols = A.shape
    if A.val.ndim == 2 and (len(one) != 3 or one[2] != A.val.shape[1]):
        return False
    if len(one) == 1:
        return one == (rows,) and other == (cols,)
    return len(one) in (2, 3) and one[0] == rows and other == (one[1], cols, *one[2:])
