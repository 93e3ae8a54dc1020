"""Rows of a tensor, whose gradient is the same on every run."""

from __future__ import annotations

from torch import Tensor


def gathered(data: Tensor, ids: Tensor) -> Tensor:
    """``data[ids]``; each of torch's two gathers adds up its gradient in order on some devices.

    Args:
        data: (N, …).
        ids: (k,) integers.

    Example:
        >>> import torch
        >>> gathered(torch.tensor([1.0, 2.0]), torch.tensor([1, 1, 0]))
        tensor([2., 2., 1.])
    """
    return data.index_select(0, ids) if data.is_cpu else data[ids]
