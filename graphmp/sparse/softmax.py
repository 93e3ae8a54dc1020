"""Softmax over the entries of each row or column."""

from __future__ import annotations

from ..ops.edge_softmax import softmax as softmax_into_nodes
from .entries import Matrix, check_dim, checked, val_like


def softmax(input: Matrix, dim: int = 1) -> Matrix:
    """Normalise the entries of each row, or of each column.

    Args:
        input: sparse matrix with floating point values (nnz,) or (nnz, D); each of the D elements
            is normalised for itself.
        dim: 1 normalises each row, 0 each column.

    Returns:
        Sparse matrix with entries at the same positions.

    Raises:
        GraphTypeError: values that are not floating point.
        GraphValueError: another dimension.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> A = dglsp.spmatrix(torch.tensor([[0, 0, 1], [0, 1, 1]]))
        >>> dglsp.softmax(A).val
        tensor([0.5000, 0.5000, 1.0000])
    """
    by_row = check_dim(dim)
    adjacency = checked(input, "input")._adjacency
    logits = adjacency if by_row else adjacency.reversed
    return val_like(input, softmax_into_nodes(logits, input.val, "val"))
