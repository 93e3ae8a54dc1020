"""Sums, means, products and extremes of the entries of each row or column."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..errors import GraphTypeError, GraphValueError
from ..function import REDUCERS
from ..ops import reduce_messages
from .entries import Entries, check_dim, checked

_ROWS = {"sum": "sum", "smin": "min", "smax": "max", "smean": "mean", "sprod": "prod"}
_WHOLE: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": lambda val: val.sum(0),
    "smin": lambda val: val.amin(0),
    "smax": lambda val: val.amax(0),
    "smean": lambda val: _floating(val).mean(0),
    "sprod": lambda val: val.prod(0),
}


def reduce(input: Entries, dim: int | None = None, rtype: str = "sum") -> Tensor:
    """Reduce the entries of each row or column, or all of them.

    Only entries count: the maximum of a row with the entries -1 and -2 is -1.

    Args:
        input: sparse matrix.
        dim: 1 reduces each row, 0 each column, None all entries.
        rtype: ``"sum"``, ``"smin"``, ``"smax"``, ``"smean"`` or ``"sprod"``.

    Returns:
        (rows,), (columns,) or (), followed by the shape of a value; 0 without entries. A mean of
        integers has the default float dtype.

    Raises:
        GraphTypeError: not a sparse matrix.
        GraphValueError: another dimension or reduction.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> A = dglsp.spmatrix(torch.tensor([[0, 1, 1], [0, 0, 2]]), torch.tensor([1, 1, 2]))
        >>> dglsp.reduce(A, 1, "smax"), dglsp.reduce(A, rtype="sum")
        (tensor([1, 2]), tensor(4))
    """
    val, adjacency = checked(input, "input").val, input._adjacency
    if rtype not in _ROWS:
        raise GraphValueError(f"rtype: expected one of {', '.join(_ROWS)}, got {rtype!r}.")
    if val.is_complex() and rtype in ("smin", "smax"):
        raise GraphTypeError(f"{rtype}: expected real numbers, got {val.dtype}; reduce abs().")
    if dim is None:
        return _WHOLE[rtype](
            val if len(val) else torch.cat([val, val.new_zeros(1, *val.shape[1:])])
        )
    edges = adjacency if check_dim(dim) else adjacency.reversed
    return reduce_messages(edges, None, REDUCERS[_ROWS[rtype]], val, None, ("e", "e"))


def sum(input: Entries, dim: int | None = None) -> Tensor:
    """Sums of the entries; see :func:`reduce`."""
    return reduce(input, dim, "sum")


def smin(input: Entries, dim: int | None = None) -> Tensor:
    """Minima of the entries; see :func:`reduce`."""
    return reduce(input, dim, "smin")


def smax(input: Entries, dim: int | None = None) -> Tensor:
    """Maxima of the entries; see :func:`reduce`."""
    return reduce(input, dim, "smax")


def smean(input: Entries, dim: int | None = None) -> Tensor:
    """Means of the entries; see :func:`reduce`."""
    return reduce(input, dim, "smean")


def sprod(input: Entries, dim: int | None = None) -> Tensor:
    """Products of the entries; see :func:`reduce`."""
    return reduce(input, dim, "sprod")


def _floating(val: Tensor) -> Tensor:
    is_number = val.dtype.is_floating_point or val.dtype.is_complex
    return val if is_number else val.to(torch.get_default_dtype())
