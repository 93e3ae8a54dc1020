"""Rows in the order of their types."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from torch import Tensor
from torch.compiler import is_compiling
from torch.utils.weak import WeakTensorKeyDictionary

from ...ops.grouped import grouped_rows
from .cached_by_tensor import cached_by_tensor

_GROUPS: Any = defaultdict(WeakTensorKeyDictionary)  # by the number of types, and the tensor


def rows_by_type(types: Tensor, num_types: int) -> tuple[Tensor, Tensor]:
    """Sort rows stably by type; once per tensor of types.

    Args:
        types: (N,) integers from 0 to ``num_types - 1``, already checked.
        num_types: the number of types.

    Returns:
        (num_types,) how many rows each type has, on the CPU; and (N,) the rows in order.

    Example:
        >>> import torch
        >>> rows_by_type(torch.tensor([2, 0, 2]), 3)
        (tensor([1, 0, 2]), tensor([1, 0, 2]))
    """
    if is_compiling():  # the check of types may have been left out of the program
        return grouped_rows(types.clamp(0, num_types - 1), num_types)
    return cached_by_tensor(_GROUPS[num_types], types, lambda: grouped_rows(types, num_types))
