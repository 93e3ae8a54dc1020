"""The functions of ``dgl.backend`` that read and write rows of tensors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import ops

__all__ = [
    "boolean_mask",
    "gather_mm",
    "gather_row",
    "index_add_inplace",
    "narrow_row",
    "nonzero_1d",
    "pack_padded_tensor",
    "pad_packed_tensor",
    "scatter_add",
    "scatter_row",
    "scatter_row_inplace",
    "segment_reduce",
    "slice_axis",
    "take",
]


def gather_row(data: Tensor, row_index: Tensor) -> Tensor:
    """Rows by number."""
    return data.index_select(0, row_index.long())


def gather_mm(
    A: Tensor,  # noqa: N803
    B: Tensor,  # noqa: N803
    idx_A: Tensor | None = None,  # noqa: N803
    idx_B: Tensor | None = None,  # noqa: N803
) -> Tensor:
    """Products of rows with matrices, either of which may be read by number.

    Args:
        A: (n, m), the rows.
        B: (r, m, k), the matrices.
        idx_A: (e,), the row of each product; None for each row in turn.
        idx_B: (e,), the matrix of each product; None for each matrix in turn.

    Returns:
        (e, k).
    """
    rows = A if idx_A is None else gather_row(A, idx_A)
    ids = torch.arange(len(B), device=B.device) if idx_B is None else idx_B
    return ops.gather_mm(rows, B, idx_b=ids)


def narrow_row(x: Tensor, start: int, stop: int) -> Tensor:
    """A range of rows."""
    return x[start:stop]


def slice_axis(data: Tensor, axis: int, begin: int, end: int) -> Tensor:
    """A range along a dimension."""
    return data.narrow(axis, begin, end - begin)


def take(data: Tensor, indices: Tensor, dim: int) -> Tensor:
    """Elements along a dimension by number; ``indices`` may have several dimensions."""
    shape = (*data.shape[:dim], *indices.shape, *data.shape[dim + 1 :])
    return data.index_select(dim, indices.reshape(-1)).reshape(shape)


def scatter_row(data: Tensor, row_index: Tensor, value: Tensor) -> Tensor:
    """A copy with other values in some rows."""
    return data.index_copy(0, row_index.long(), value)


def scatter_row_inplace(data: Tensor, row_index: Tensor, value: Tensor) -> None:
    """Write rows."""
    data[row_index.long()] = value


def index_add_inplace(data: Tensor, row_idx: Tensor, value: Tensor) -> None:
    """Add to rows, which may be repeated."""
    data.index_add_(0, row_idx, value)


def scatter_add(x: Tensor, idx: Tensor, m: int) -> Tensor:
    """The sums of the rows with each number below ``m``."""
    return x.new_zeros(m, *x.shape[1:]).index_add(0, idx, x)


def segment_reduce(op: str, x: Tensor, offsets: Tensor) -> Tensor:
    """Reduce ranges of rows: ``"sum"``, ``"max"`` or ``"min"``; ``offsets`` are their ends."""
    return ops.segment_reduce(offsets.diff(), x, op)


def boolean_mask(input: Tensor, mask: Tensor) -> Tensor:  # noqa: A002
    """The rows where a mask holds."""
    return input[mask.bool()]


def nonzero_1d(input: Tensor) -> Tensor:  # noqa: A002
    """The positions of the elements of a vector that are not 0."""
    return input.nonzero().reshape(-1)


def _is_used(lengths: Any, width: int, device: torch.device) -> Tensor:
    """Which places of padded sequences hold an element, (number of sequences, width)."""
    lengths = torch.as_tensor(lengths, device=device)
    used: Tensor = torch.arange(width, device=device) < lengths.unsqueeze(1)
    return used


def pad_packed_tensor(
    input: Tensor,  # noqa: A002
    lengths: Any,
    value: float,
    l_min: int | None = None,
) -> Tensor:
    """Sequences of several lengths, padded to one.

    Args:
        input: (N, …), one sequence after another.
        lengths: their lengths.
        value: what fills the other places.
        l_min: the least length of the result.

    Returns:
        (number of sequences, greatest length, …).
    """
    longest = max(int(torch.as_tensor(lengths).max()), l_min or 0)
    used = _is_used(lengths, longest, input.device)
    padded = input.new_full((*used.shape, *input.shape[1:]), value)
    padded[used] = input
    return padded


def pack_padded_tensor(input: Tensor, lengths: Any) -> Tensor:  # noqa: A002
    """The reverse of :func:`pad_packed_tensor`.

    Args:
        input: (number of sequences, greatest length, …).
        lengths: their lengths.

    Returns:
        (N, …), one sequence after another.
    """
    return input[_is_used(lengths, input.shape[1], input.device)]
