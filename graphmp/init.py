"""Initializers: functions that fill rows of features without values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

__all__ = ["Initializer", "zero_initializer"]

Initializer: TypeAlias = Callable[[tuple[int, ...], torch.dtype, torch.device, slice], Tensor]


def zero_initializer(
    shape: tuple[int, ...],
    dtype: torch.dtype,
    ctx: torch.device,
    id_range: slice,  # noqa: ARG001
) -> Tensor:
    """Fill rows without values with zeros.

    Args:
        shape: the shape of the rows to fill, the number of rows first.
        dtype: the dtype.
        ctx: the device.
        id_range: the range of the rows in the frame.

    Returns:
        A tensor of zeros.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0], [1]))
        >>> g.set_n_initializer(gm.init.zero_initializer)
    """
    return torch.zeros(shape, dtype=dtype, device=ctx)
