"""Sparse matrices on other devices and of other dtypes."""

from __future__ import annotations

from typing import Any

import torch

from .. import _checks
from .entries import Matrix, val_like


def to(A: Matrix, device: Any = None, dtype: torch.dtype | None = None) -> Matrix:
    """Convert a matrix to another device or dtype.

    Args:
        A: sparse matrix.
        device: the device of the result; that of ``A`` by default.
        dtype: the dtype of the values; that of ``A`` by default.

    Returns:
        ``A`` itself if nothing changes.

    Raises:
        GraphValueError: a device that torch cannot use.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.identity((2, 2)).to(dtype=torch.int32).dtype
        torch.int32
    """
    place = A.device if device is None else _checks.device(device)
    val = A.val.to(place, A.dtype if dtype is None else dtype)
    if place == A.device:
        return A if val is A.val else val_like(A, val)
    return type(A)(A._adjacency.to(place), val)


def cuda(A: Matrix) -> Matrix:
    """Move a matrix to the current GPU; see :func:`to`."""
    return to(A, "cuda")


def cpu(A: Matrix) -> Matrix:
    """Move a matrix to the CPU; see :func:`to`."""
    return to(A, "cpu")


def to_float(A: Matrix) -> Matrix:
    """Convert the values to float32; see :func:`to`."""
    return to(A, dtype=torch.float32)


def to_double(A: Matrix) -> Matrix:
    """Convert the values to float64; see :func:`to`."""
    return to(A, dtype=torch.float64)


def to_int(A: Matrix) -> Matrix:
    """Convert the values to int32; see :func:`to`."""
    return to(A, dtype=torch.int32)


def to_long(A: Matrix) -> Matrix:
    """Convert the values to int64; see :func:`to`."""
    return to(A, dtype=torch.int64)
