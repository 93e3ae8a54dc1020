"""Rows of tensors, gathered differentiably; the gradient is summed in one order."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.compiler import is_compiling

from .. import kernels
from ..kernels.contract import EDGE, Csr, Operand
from ..kernels.plan import plan

_LARGE = 1 << 20  # elements from which a gather is worth a backend's call


def gather(data: Tensor, ids: Tensor) -> Tensor:
    """``data[ids]``; :func:`graphmp.ops.gather` checks its arguments and calls this.

    Args:
        data: (N, *feature).
        ids: (k,) rows, of an integer dtype that torch indexes with.

    Returns:
        (k, *feature).
    """
    wants_gradient = data.requires_grad and torch.is_grad_enabled()
    # On other devices than the CPU, torch sums the gradient of its own gather in any order.
    is_small = ids.numel() * data.shape[1:].numel() < _LARGE
    if is_compiling() or (is_small and (data.is_cpu or not wants_gradient)):
        return data.index_select(0, ids)
    if wants_gradient:
        return _Gather.apply(data, ids)  # type: ignore[no-untyped-call,no-any-return]
    return kernels.take(data, ids)


class _Gather(torch.autograd.Function):
    """A gather, whose gradient is a sum over equal ids."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, ids: Tensor) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.num_rows = data.shape[0]
        return kernels.take(data.detach(), ids).data  # not a view, see Operation

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        (ids,) = ctx.saved_tensors
        return _SumById.apply(grads[0], ids, ctx.num_rows), None  # type: ignore[no-untyped-call]


class _SumById(torch.autograd.Function):
    """Rows of equal ids summed after a sort of the ids: in parallel, and always in one order."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, ids: Tensor, num_rows: int) -> Tensor:
        ctx.save_for_backward(ids)
        indptr, order = kernels.group(ids, num_rows)
        csr, shape = Csr(indptr, order, order), tuple(rows.shape[1:])
        features = plan(shape, (), shape)
        operand = Operand(rows, EDGE)
        out = kernels.spmm(csr, "copy", "sum", False, operand, None, features)[0]
        return out.data  # not a view, see Operation

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        (ids,) = ctx.saved_tensors
        return gather(grads[0], ids), None, None
