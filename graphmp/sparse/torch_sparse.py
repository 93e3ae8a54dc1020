"""Sparse matrices from and to sparse tensors of torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphTypeError, GraphValueError
from .creation import from_csc, from_csr, spmatrix
from .entries import Entries, checked
from .sparse_matrix import SparseMatrix


def from_torch_sparse(torch_sparse_tensor: Any) -> SparseMatrix:
    """Make a sparse matrix of a sparse tensor of torch.

    Args:
        torch_sparse_tensor: of layout COO, CSR or CSC; two sparse dimensions, and at most one dense
            dimension.

    Returns:
        Sparse matrix whose entries are in the same order.

    Raises:
        GraphTypeError: not a sparse tensor of these layouts.
        GraphValueError: another number of dimensions.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.from_torch_sparse(torch.eye(2).to_sparse()).shape
        (2, 2)
    """
    tensor = torch_sparse_tensor
    if not isinstance(tensor, Tensor) or tensor.layout not in _READERS:
        layout = tensor.layout if isinstance(tensor, Tensor) else _checks.kind(tensor)
        raise GraphTypeError(
            f"Expected a sparse tensor of torch in COO, CSR or CSC layout, got {layout}; call "
            ".to_sparse() on it."
        )
    if tensor.ndim - tensor.dense_dim() != 2 or tensor.dense_dim() > 1:
        raise GraphValueError(
            "Expected a sparse tensor with two sparse and at most one dense dimension, got shape "
            f"{tuple(tensor.shape)} with {tensor.dense_dim()} dense dimensions."
        )
    return _READERS[tensor.layout](tensor)  # type: ignore[no-any-return]


def to_torch_sparse_coo(spmat: Entries) -> Tensor:
    """Make a sparse tensor of torch in COO layout.

    Args:
        spmat: sparse matrix.

    Returns:
        Sparse tensor whose entries are in the same order.

    Example:
        >>> import graphmp.sparse as dglsp
        >>> dglsp.to_torch_sparse_coo(dglsp.identity((2, 2))).layout
        torch.sparse_coo
    """
    shape = (*checked(spmat, "spmat").shape, *spmat.val.shape[1:])
    ends = spmat.indices().long()
    return torch.sparse_coo_tensor(ends, spmat.val, shape, check_invariants=False)


def to_torch_sparse_csr(spmat: Entries) -> Tensor:
    """Make a sparse tensor of torch in CSR layout; its entries are in order of rows.

    Args:
        spmat: sparse matrix.

    Returns:
        Sparse tensor.

    Example:
        >>> import graphmp.sparse as dglsp
        >>> dglsp.to_torch_sparse_csr(dglsp.identity((2, 2))).layout
        torch.sparse_csr
    """
    return _compressed(spmat, torch.sparse_csr)


def to_torch_sparse_csc(spmat: Entries) -> Tensor:
    """Make a sparse tensor of torch in CSC layout; its entries are in order of columns.

    Args:
        spmat: sparse matrix.

    Returns:
        Sparse tensor.

    Example:
        >>> import graphmp.sparse as dglsp
        >>> dglsp.to_torch_sparse_csc(dglsp.identity((2, 2))).layout
        torch.sparse_csc
    """
    return _compressed(spmat, torch.sparse_csc)


def _compressed(spmat: Any, layout: torch.layout) -> Tensor:
    matrix: Entries = checked(spmat, "spmat")
    by_row = layout == torch.sparse_csr
    indptr, indices, order = matrix.csr() if by_row else matrix.csc()
    val = matrix.val if order is None else matrix.val[order.long()]
    shape = (*matrix.shape, *val.shape[1:])
    return torch.sparse_compressed_tensor(
        indptr, indices, val, shape, layout=layout, check_invariants=False
    )


def _from_coo(tensor: Tensor) -> SparseMatrix:
    val = tensor.values() if tensor.is_coalesced() else tensor._values()
    return spmatrix(tensor._indices(), val, tensor.shape[:2])


_READERS: dict[torch.layout, Any] = {
    torch.sparse_coo: _from_coo,
    torch.sparse_csr: lambda t: from_csr(
        t.crow_indices(), t.col_indices(), t.values(), t.shape[:2]
    ),
    torch.sparse_csc: lambda t: from_csc(
        t.ccol_indices(), t.row_indices(), t.values(), t.shape[:2]
    ),
}
