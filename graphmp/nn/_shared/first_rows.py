"""The first of some rows, whose gradient takes no memory."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from ...ops.eager import is_eager


def with_first_rows(rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return rows, and the first of them, whose gradient is added to theirs in place.

    The gradient of a slice would be filled up with zeros, and added in a pass over all rows.

    Args:
        rows: (N, *).
        count: how many are the first.

    Returns:
        (N, *), read by one operation, whose gradient is new memory; and (count, *).

    Example:
        >>> x = torch.ones(3, requires_grad=True)
        >>> rows, first = with_first_rows(x, 1)
        >>> torch.autograd.grad((2 * rows).sum() + first.sum(), x)
        (tensor([3., 2., 2.]),)
    """
    if rows.requires_grad and torch.is_grad_enabled() and is_eager():
        return _FirstRows.apply(rows, count)  # type: ignore[no-untyped-call,no-any-return]
    return rows, rows[:count]


class _FirstRows(torch.autograd.Function):
    """Rows, and the first of them."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        ctx.more = rows.shape[0] - count
        return rows.view_as(rows), rows[:count]

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, None]:
        whole, first = grads
        if first is None:
            return whole, None
        if whole is None:
            return _padded(first, ctx.more), None
        if torch.is_grad_enabled():  # for second derivatives
            return whole + _padded(first, ctx.more), None
        whole[: first.shape[0]].add_(first)
        return whole, None


def _padded(first: Tensor, more: int) -> Tensor:
    """Zeros for more rows after the first."""
    return pad(first, (*(0, 0) * (first.ndim - 1), 0, more))
