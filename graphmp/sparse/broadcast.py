"""Operations of a sparse matrix and a dense row or column."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from torch import Tensor

from .. import _checks
from ..errors import GraphTypeError, GraphValueError
from ..ops.gather import gather_rows
from .entries import Entries, Matrix, checked, val_like

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
}


def sp_broadcast_v(A: Matrix, v: Tensor, op: str) -> Matrix:
    """Combine each entry with the element of a dense row or column at its position.

    Args:
        A: sparse matrix.
        v: a row, (columns,) or (1, columns), or a column, (rows, 1).
        op: ``"add"``, ``"sub"``, ``"mul"`` or ``"truediv"``.

    Returns:
        Sparse matrix with entries at the same positions. Values that are vectors are combined with
        the element as a whole.

    Raises:
        GraphTypeError: ``v`` is not a tensor.
        GraphValueError: ``v`` of another shape or device, or an unknown operator.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> A = dglsp.spmatrix(torch.tensor([[0, 1], [1, 0]]), torch.tensor([10, 20]))
        >>> dglsp.sp_broadcast_v(A, torch.tensor([1, 2]), "add").val
        tensor([12, 21])
        >>> dglsp.sp_broadcast_v(A, torch.tensor([[1], [2]]), "add").val
        tensor([11, 22])
    """
    if op not in _OPERATORS:
        raise GraphValueError(f"op: expected one of {', '.join(_OPERATORS)}, got {op!r}.")
    at_entries = _at_entries(checked(A, "A"), v)
    if A.val.ndim > 1:
        at_entries = at_entries.view(-1, 1)
    return val_like(A, _OPERATORS[op](A.val, at_entries))


def sp_add_v(A: Matrix, v: Tensor) -> Matrix:
    """Add a dense row or column to the entries; see :func:`sp_broadcast_v`."""
    return sp_broadcast_v(A, v, "add")


def sp_sub_v(A: Matrix, v: Tensor) -> Matrix:
    """Subtract a dense row or column from the entries; see :func:`sp_broadcast_v`."""
    return sp_broadcast_v(A, v, "sub")


def sp_mul_v(A: Matrix, v: Tensor) -> Matrix:
    """Multiply the entries by a dense row or column; see :func:`sp_broadcast_v`."""
    return sp_broadcast_v(A, v, "mul")


def sp_div_v(A: Matrix, v: Tensor) -> Matrix:
    """Divide the entries by a dense row or column; see :func:`sp_broadcast_v`."""
    return sp_broadcast_v(A, v, "truediv")


def _at_entries(A: Entries, v: Any) -> Tensor:
    """The element of a row or column at each entry."""
    if not isinstance(v, Tensor):
        raise GraphTypeError(f"v: expected a tensor, got {_checks.kind(v)}.")
    if v.device != A.device:
        raise GraphValueError(
            f"v: expected a tensor on the matrix's device {A.device}, got one on {v.device}."
        )
    rows, cols = A.shape
    shape = tuple(v.shape)
    if shape in ((cols,), (1, cols)):
        return gather_rows(v.reshape(-1), A.col)
    if shape == (rows, 1):
        return gather_rows(v.reshape(-1), A.row)
    raise GraphValueError(
        f"v: expected a row of shape ({cols},) or (1, {cols}), or a column of shape ({rows}, 1), "
        f"got {shape}."
    )
