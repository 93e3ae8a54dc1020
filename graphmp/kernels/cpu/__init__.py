"""Kernels for the CPU, compiled by Numba: no message is ever stored beyond the row it enters."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract import OPS, At, Call, Plan, accumulator
from . import loops, parallel

name = "cpu"

_SUPPORTED = (
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
)
_EMPTY = tuple(np.zeros(0, np.int64) for _ in range(3))


def why_not(call: Call) -> str | None:
    """A reason why this backend cannot run ``call``, or None when it can."""
    if call.device != "cpu":
        return f"it runs on the CPU, not on {call.device}"
    if call.dtype not in _SUPPORTED:
        return f"it has no loops for {call.dtype}"
    if call.primitive == "sddmm" and call.op == "copy":
        return "a plain gather is as fast in torch"
    return None


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    indptr, order = ids.new_empty(num_rows + 1), torch.empty_like(ids)
    loops.group(ids.numpy(), indptr.numpy(), order.numpy())
    return indptr, order


def spmm(
    form: tuple[Tensor, Tensor, Tensor],
    op: str,
    reduce: str,
    per_degree: bool,
    lhs: At,
    rhs: At | None,
    plan: Plan,
) -> tuple[Tensor, Tensor | None]:
    """Make messages and reduce them into rows; see the contract."""
    indptr, indices, eids = form[0].numpy(), form[1].numpy(), form[2].numpy()
    rows, size = len(indptr) - 1, plan.out_size
    dtype = accumulator(lhs.data.dtype)
    out = torch.empty((rows, size), dtype=dtype)
    arg = None if reduce == "sum" else torch.empty((rows, size), dtype=torch.int64)
    work = len(indices) * max(plan.size, 1)
    if arg is None:
        args = (*_operands(op, lhs, rhs, plan, dtype), per_degree, out.numpy())
        _run(loops.spmm_sum, indptr, work, indptr, indices, eids, *args)
    else:
        args = (*_operands(op, lhs, rhs, plan, dtype), reduce == "max", out.numpy(), arg.numpy())
        _run(loops.spmm_extreme, indptr, work, indptr, indices, eids, *args)
    return out.to(lhs.data.dtype).view(rows, *plan.out_shape), arg


def sddmm(src: Tensor, dst: Tensor, op: str, lhs: At, rhs: At | None, plan: Plan) -> Tensor:
    """Make messages and keep them at the edges; see the contract."""
    dtype, edges = accumulator(lhs.data.dtype), src.shape[0]
    out = torch.empty((edges, plan.out_size), dtype=dtype)
    operands = _operands(op, lhs, rhs, plan, dtype)
    work = edges * max(plan.size, 1)
    args = (src.numpy(), dst.numpy(), *operands, out.numpy())
    _run(loops.sddmm, edges, work, *args)
    return out.to(lhs.data.dtype).view(edges, *plan.out_shape)


def softmax(form: tuple[Tensor, Tensor, Tensor], logits: Tensor) -> Tensor:
    """Softmax over the edges of each row; see the contract."""
    indptr, eids = form[0].numpy(), form[2].numpy()
    values = _flat(logits, accumulator(logits.dtype))
    out = torch.empty(values.shape, dtype=accumulator(logits.dtype))
    _run(loops.softmax, indptr, values.size, indptr, eids, values, out.numpy())
    return out.to(logits.dtype).view(logits.shape)


def _operands(op: str, lhs: At, rhs: At | None, plan: Plan, dtype: torch.dtype) -> tuple[Any, ...]:
    """What the loops take to make a message: operands, operator, layout."""
    left = _flat(lhs.data, dtype)
    right, right_at = (left, lhs.where) if rhs is None else (_flat(rhs.data, dtype), rhs.where)
    maps = _EMPTY if plan.width else tuple([m.numpy() for m in plan.maps])
    return left, lhs.where, right, right_at, OPS.index(op), plan.width, plan.wide, maps


def _run(kernel: Any, limits: Any, work: int, *args: Any) -> None:
    """Call a kernel for all rows: here when there is little work, else on threads."""
    if work < parallel.SMALL:
        kernel(*args, 0, limits if isinstance(limits, int) else len(limits) - 1)
    else:
        parallel.run(kernel, limits, *args)


def _flat(tensor: Tensor, dtype: torch.dtype) -> Any:
    """A tensor as a (rows, elements) array of ``dtype``."""
    rows = tensor.shape[0]
    width = tensor.numel() // rows if rows else torch.Size(tensor.shape[1:]).numel()
    return tensor.detach().to(dtype).contiguous().view(rows, width).numpy()
