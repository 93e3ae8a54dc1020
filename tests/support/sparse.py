"""Small sparse matrices, and dense ones to compare with."""

from __future__ import annotations

import torch
from torch import Tensor

import graphmp.sparse as dglsp


def sparse_matrix(
    rows: int,
    cols: int,
    nnz: int,
    width: int | None = None,
    *,
    seed: int = 0,
    repeats: bool = False,
    idtype: torch.dtype = torch.int64,
    dtype: torch.dtype = torch.float32,
) -> dglsp.SparseMatrix:
    """A random matrix with positive values, whose entries are in no order.

    Args:
        rows: number of rows.
        cols: number of columns.
        nnz: number of entries.
        width: the length of values; None for numbers.
        seed: seed of positions and values.
        repeats: whether positions may repeat.
        idtype: dtype of the indices.
        dtype: dtype of the values.
    """
    draw = torch.Generator().manual_seed(seed)
    if repeats:
        keys = torch.randint(max(rows * cols, 1), (nnz,), generator=draw)
    else:
        keys = torch.randperm(rows * cols, generator=draw)[:nnz]
    size = (nnz,) if width is None else (nnz, width)
    val = torch.rand(size, generator=draw, dtype=torch.float64) + 0.5
    indices = torch.stack([keys // max(cols, 1), keys % max(cols, 1)]).to(idtype)
    return dglsp.spmatrix(indices, val.to(dtype), (rows, cols))


def dense(A: dglsp.SparseMatrix) -> Tensor:
    """The dense form, an entry after the other."""
    out = torch.zeros(*A.shape, *A.val.shape[1:], dtype=A.dtype)
    for r, c, value in zip(A.row.tolist(), A.col.tolist(), A.val.detach(), strict=True):
        out[r, c] += value
    return out


def positions(A: dglsp.SparseMatrix) -> list[tuple[int, int]]:
    """The row and column of each entry, in order."""
    return list(zip(A.row.tolist(), A.col.tolist(), strict=True))
