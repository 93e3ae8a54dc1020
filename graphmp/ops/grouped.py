"""Products of rows with matrices: a matrix for each segment of rows, or chosen by each row's id."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from ..errors import GraphTypeError, GraphValueError
from .grouped_op import segment_products
from .segment import checked_lengths


def segment_mm(a: Tensor, b: Tensor, seglen_a: Any) -> Tensor:
    """Multiply consecutive rows by the matrix of their segment.

    There is one matrix product for each segment.

    Args:
        a: (N, in).
        b: (R, in, out), the matrix of each segment.
        seglen_a: (R,) int tensor or list, the length of each segment; they sum to N.

    Returns:
        (N, out).

    Raises:
        GraphTypeError: operands that are not tensors of one floating point dtype.
        GraphValueError: shapes that do not fit, no matrix, lengths that are negative or do not
            sum to N, or not a length for each matrix.

    Example:
        >>> import torch, graphmp as gm
        >>> b = torch.tensor([[[1.0]], [[2.0]]])
        >>> gm.ops.segment_mm(torch.ones(3, 1), b, [1, 2]).flatten()
        tensor([1., 2., 2.])
    """
    _check_operands(a, b)
    lengths = checked_lengths(seglen_a, a)
    _check_one_each(lengths, len(b), "seglen_a", "matrix of b")
    return segment_products(a, lengths.cpu(), b)


def gather_mm(a: Tensor, b: Tensor, *, idx_b: Any) -> Tensor:
    """Multiply each row by the matrix that its id names: row i is ``a[i] @ b[idx_b[i]]``.

    Rows are sorted by their ids, so that there is one product for each matrix.

    Args:
        a: (N, in).
        b: (R, in, out).
        idx_b: (N,) int32 or int64 tensor or list of ids below R.

    Returns:
        (N, out).

    Raises:
        GraphIndexError: an id that is not below R.
        GraphTypeError: operands that are not tensors of one floating point dtype, or ids that are
            not integers.
        GraphValueError: shapes that do not fit, no matrix, or not an id for each row.

    Example:
        >>> import torch, graphmp as gm
        >>> b = torch.tensor([[[1.0]], [[2.0]]])
        >>> gm.ops.gather_mm(torch.ones(3, 1), b, idx_b=[1, 0, 1]).flatten()
        tensor([2., 1., 2.])
    """
    _check_operands(a, b)
    dtype = idx_b.dtype if isinstance(idx_b, Tensor) else torch.int64
    ids = _checks.ids(idx_b, _checks.id_dtype(dtype, "idx_b"), a.device, len(b), "idx_b")
    _check_one_each(ids, len(a), "idx_b", "row of a")
    lengths, order = grouped_rows(ids, len(b))
    return indexed_products(a, order, lengths, b)


def grouped_rows(ids: Tensor, num_ids: int) -> tuple[Tensor, Tensor]:
    """Sort rows stably by their ids.

    Args:
        ids: (N,) integers below ``num_ids``, already checked.
        num_ids: the number of ids.

    Returns:
        (num_ids,) how often each id occurs, on the CPU; and (N,) the rows in order.

    Example:
        >>> import torch
        >>> grouped_rows(torch.tensor([2, 0, 2]), 3)
        (tensor([1, 0, 2]), tensor([1, 0, 2]))
    """
    indptr, order = kernels.group(ids, num_ids)
    return indptr.diff().cpu(), order


def indexed_products(x: Tensor, order: Tensor, lengths: Tensor, weights: Tensor) -> Tensor:
    """Compute :func:`gather_mm` of arguments that are already checked.

    Args:
        x: (N, in).
        order: (N,) the rows, in the order of their ids.
        lengths: (R,) how often each id occurs, on the CPU.
        weights: as in :func:`.segment_products`.

    Returns:
        (N, out).
    """
    out = segment_products(x.index_select(0, order), lengths, weights)
    return torch.empty_like(out).index_copy(0, order.long(), out)


def _check_operands(a: Any, b: Any) -> None:
    for name, operand in (("a", a), ("b", b)):
        if not isinstance(operand, Tensor) or not operand.is_floating_point():
            got = operand.dtype if isinstance(operand, Tensor) else _checks.kind(operand)
            raise GraphTypeError(f"{name}: expected a floating point tensor, got {got}.")
    if a.ndim != 2 or b.ndim != 3 or len(b) == 0 or a.shape[1] != b.shape[1]:
        raise GraphValueError(
            "Expected a of shape (N, in) and b of shape (R, in, out) with R of at least 1, got "
            f"{tuple(a.shape)} and {tuple(b.shape)}."
        )
    if a.device != b.device:
        raise GraphValueError(f"Expected a and b on one device, got {a.device} and {b.device}.")
    if a.dtype != b.dtype and not torch.is_autocast_enabled(a.device.type):
        raise GraphTypeError(
            f"Expected a and b of one dtype, got {a.dtype} and {b.dtype}; cast one of them."
        )


def _check_one_each(values: Tensor, count: int, name: str, owner: str) -> None:
    if len(values) != count:
        raise GraphValueError(f"{name}: expected one for each {owner}, {count}, got {len(values)}.")
