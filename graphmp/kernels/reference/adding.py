"""Scatter-add of rows in a fixed order, on every device."""

from __future__ import annotations

import torch
from torch import Tensor

_WITHOUT_FLOAT64 = ("mps",)


def add_rows(out: Tensor, rows: Tensor, values: Tensor) -> Tensor:
    """Add each row of ``values`` to a row of ``out``, in place; returns ``out``.

    float32 is added in float64 where the device has it, so that long sums are exact.

    Args:
        out: (N, …).
        rows: (k,) int64.
        values: (k, …).
    """
    if out.dtype == torch.float32 and out.device.type not in _WITHOUT_FLOAT64:
        return out.copy_(add_rows(out.double(), rows, values.double()))
    if out.is_cpu:
        index = rows.view(-1, *(1,) * (values.ndim - 1)).expand_as(values)
        return out.scatter_add_(0, index, values)
    # On other devices scatter_add_ has no fixed order; index_put_ sorts by index first.
    return out.index_put_((rows,), values, accumulate=True)
