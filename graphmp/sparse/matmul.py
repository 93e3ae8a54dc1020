"""Products of sparse matrices with dense and with sparse ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphTypeError, GraphValueError
from ..function import BINARY_OPS
from ..ops.broadcast import autocast
from ..ops.spmm import spmm as sum_messages
from .entries import Entries, checked
from .spspmm import spspmm


def spmm(A: Entries, X: Tensor) -> Tensor:
    """Multiply a sparse matrix by a dense one, ``A @ X``.

    Args:
        A: sparse matrix of shape (L, M).
        X: (M,) or (M, N) for values (nnz,); (M, N, K) for values (nnz, K), each of whose K elements
            is a matrix of its own.

    Returns:
        (L,), (L, N) or (L, N, K). Mixed dtypes promote as in torch.

    Raises:
        GraphTypeError: not a sparse matrix and a tensor.
        GraphValueError: shapes that do not fit, or another device.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.spmm(dglsp.identity((2, 3)), torch.tensor([1.0, 2.0, 3.0]))
        tensor([1., 2.])
    """
    _check_dense(checked(A, "A"), X)
    val = A.val if A.val.ndim == 1 else A.val.unsqueeze(1)
    operands = autocast(X), autocast(val)
    return sum_messages(A._adjacency, BINARY_OPS["mul"], "sum", *operands, ("u", "e"))


def bspmm(A: Entries, X: Tensor) -> Tensor:
    """Multiply a batch of sparse matrices by a batch of dense ones; see :func:`spmm`.

    Args:
        A: sparse matrix of shape (L, M) with values (nnz, K).
        X: (M, N, K).

    Returns:
        (L, N, K).

    Raises:
        GraphTypeError: not a sparse matrix and a tensor.
        GraphValueError: shapes that do not fit, or another device.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.bspmm(dglsp.identity((2, 3), d=4), torch.ones(3, 5, 4)).shape
        torch.Size([2, 5, 4])
    """
    return spmm(A, X)


def matmul(A: Any, B: Any) -> Any:
    """Multiply two matrices, ``A @ B``.

    Args:
        A: sparse matrix; or a tensor, if ``B`` is one too.
        B: sparse matrix or tensor.

    Returns:
        A tensor if ``B`` is one, see :func:`spmm` and :func:`torch.matmul`; else a sparse matrix,
        see :func:`spspmm`.

    Raises:
        GraphTypeError: a dense times a sparse matrix, or neither.
        GraphValueError: shapes that do not fit, or another device.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> D = dglsp.diag(torch.tensor([1.0, 2.0]))
        >>> dglsp.matmul(D, torch.ones(2)), dglsp.matmul(D, D).val
        (tensor([1., 2.]), tensor([1., 4.]))
    """
    if isinstance(A, Tensor):
        if not isinstance(B, Tensor):
            raise GraphTypeError(
                f"Expected a dense matrix after a dense one, got {type(B).__name__}; compute "
                "(B.T @ A.T).T instead."
            )
        return torch.matmul(A, B)
    return spmm(A, B) if isinstance(B, Tensor) else spspmm(A, B)


def _check_dense(A: Entries, X: Any) -> None:
    if not isinstance(X, Tensor):
        raise GraphTypeError(f"X: expected a tensor, got {_checks.kind(X)}.")
    if X.device != A.device:
        raise GraphValueError(
            f"X: expected a tensor on the matrix's device {A.device}, got one on {X.device}."
        )
    is_batch = A.val.ndim == 2
    fits = X.ndim == 3 and X.shape[2] == A.val.shape[1] if is_batch else X.ndim in (1, 2)
    if not fits or X.shape[0] != A.shape[1]:
        rows = A.shape[1]
        shapes = f"({rows}, N, {A.val.shape[1]})" if is_batch else f"({rows},) or ({rows}, N)"
        raise GraphValueError(
            f"X: expected a tensor of shape {shapes} for a sparse matrix of shape {A.shape} with "
            f"values {tuple(A.val.shape)}, got {tuple(X.shape)}."
        )
