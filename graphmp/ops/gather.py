"""Gather rows of a tensor, with a gradient of fixed order."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.compiler import is_compiling

from .. import _checks
from .._storage.gather import gather as gather_rows
from ..errors import GraphTypeError

__all__ = ["gather", "gather_rows"]  # gather_rows is for callers that checked the ids


def gather(data: Tensor, ids: Any) -> Tensor:
    """Gather rows, ``data[ids]``, with the same bits in the gradient on every run and device.

    Args:
        data: (N, *feature).
        ids: (k,) rows: an int32 or int64 tensor, or a list of ints; rows may repeat.

    Returns:
        (k, *feature).

    Raises:
        GraphIndexError: an id outside 0 to N - 1.
        GraphTypeError: ``data`` is not a tensor with rows, or ids that are not integers.
        GraphValueError: ids of more than one dimension, or on another device.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.ops.gather(torch.tensor([1.0, 2.0]), torch.tensor([1, 1, 0]))
        tensor([2., 2., 1.])
    """
    _check_data(data)
    if is_compiling():
        return gather_rows(data, ids)
    dtype = ids.dtype if isinstance(ids, Tensor) else _checks.ID_DTYPES[1]
    dtype = _checks.id_dtype(dtype, "The ids of gather")
    return gather_rows(data, _checks.ids(ids, dtype, data.device, len(data), "The ids of gather"))


def _check_data(data: Any) -> None:
    if not isinstance(data, Tensor) or data.ndim == 0:
        raise GraphTypeError(
            f"data: expected a tensor with rows, got {_checks.kind(data)}; pass a tensor (N, …)."
        )
