"""Initializers: what fills rows of features that nobody wrote."""

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
    """Fill rows that nobody wrote with zeros.

    Args:
        shape: shape of the rows to fill, the number of rows first.
        dtype: their dtype.
        ctx: their device.
        id_range: which rows of the frame they are.

    Returns:
        A tensor of zeros.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0], [1]))
        >>> g.set_n_initializer(gm.init.zero_initializer)
    """
    return torch.zeros(shape, dtype=dtype, device=ctx)
