"""Rows added up in one order on every device."""

from __future__ import annotations

from torch import Tensor


def add_rows(out: Tensor, rows: Tensor, values: Tensor) -> Tensor:
    """Add each row of ``values`` to a row of ``out``, and give ``out``.

    Args:
        out: (N, …).
        rows: (k,) int64.
        values: (k, …).
    """
    if out.is_cpu:
        return out.scatter_add_(
            0, rows.view(-1, *(1,) * (values.ndim - 1)).expand_as(values), values
        )
    # Other devices scatter in any order, but sort what they accumulate by an index.
    return out.index_put_((rows,), values, accumulate=True)
