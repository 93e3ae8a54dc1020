"""Messages in plain torch; all messages of a call are stored, (E, elements)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..contract import EDGE, OTHER, ROW, Csr, Operand, accumulator
from ..plan import Plan, plan
from ..segments import rows_of
from .adding import add_rows

_FORMULAS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
}


def spmm(
    csr: Csr,
    op: str,
    reduce: str,
    divisor: Tensor | bool,
    lhs: Operand,
    rhs: Operand | None,
    plan: Plan,
    wants_arg: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Compute messages and reduce them into rows; see the contract."""
    num_rows, num_edges, dtype = csr.indptr.numel() - 1, len(csr.edge_ids), lhs.data.dtype
    ids = _ids_of_ends(csr)
    row = ids[ROW].long()
    messages = _messages(op, lhs, rhs, plan, ids).reshape(num_edges, plan.out_size)
    out = messages.new_zeros(num_rows, plan.out_size)
    if reduce == "sum":
        add_rows(out, row, messages)
        if divisor is not False:
            count = csr.indptr.diff().clamp(min=1) if divisor is True else divisor
            out /= count.view(-1, 1)
        return out.to(dtype).view(num_rows, *plan.out_shape), None
    out, arg = _extreme(messages, row.view(-1, 1).expand_as(messages), out, reduce)
    arg = torch.where(arg < num_edges, arg, -1)
    return out.to(dtype).view(num_rows, *plan.out_shape), arg if wants_arg else None


def sddmm(csr: Csr, op: str, lhs: Operand, rhs: Operand | None, plan: Plan) -> Tensor:
    """Compute messages and keep them at the edges; see the contract."""
    messages = _messages(op, lhs, rhs, plan, _ids_of_ends(csr)).to(lhs.data.dtype)
    out = messages.new_empty(len(messages), *plan.out_shape)
    out[csr.edge_ids.long()] = messages.reshape(out.shape)
    return out


def product_gradient(csr: Csr, own: Tensor, weight: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    """Both gradients of a sum of products; see the contract."""
    return compose_product_gradient(spmm, sddmm, csr, own, weight, grad)


def compose_product_gradient(
    spmm: Any, sddmm: Any, csr: Csr, own: Tensor, weight: Tensor, grad: Tensor
) -> tuple[Tensor, Tensor]:
    """Both gradients of a sum of products, by two other primitives of a backend.

    Args:
        spmm: the backend's primitive.
        sddmm: the backend's primitive.
        csr: the edges.
        own: (rows, heads * head size).
        weight: (E, heads).
        grad: like ``own``, at the other ends.
    """
    heads = weight.shape[1]
    by_head, one = (heads, own.shape[1] // max(heads, 1)), (heads, 1)
    own_rows = Operand(own.view(len(own), *by_head), ROW)
    grad_rows = Operand(grad.view(len(grad), *by_head), OTHER)
    weights = Operand(weight.view(len(weight), *one), EDGE)
    of_own, _ = spmm(csr, "mul", "sum", False, grad_rows, weights, plan(by_head, one, by_head))
    of_weight = sddmm(csr, "mul", own_rows, grad_rows, plan(by_head, by_head, one))
    return of_own.view(own.shape), of_weight.view(weight.shape)


def scatter(
    csr: Csr,
    end: int,
    values: Tensor,
    arg: Tensor,
    columns: Tensor,
    shape: tuple[int, int],
) -> Tensor:
    """Scatter values to the edges that gave a maximum; see the contract."""
    ids = csr.indices if end == OTHER else csr.edge_ids
    row, column = (arg >= 0).nonzero(as_tuple=True)
    index = ids[arg[row, column].long()].long() * shape[1] + columns[column]
    flat = values[row, column].to(accumulator(values.dtype))
    out = add_rows(flat.new_zeros(shape[0] * shape[1]), index, flat)
    return out.to(values.dtype).view(shape)


def _ids_of_ends(csr: Csr) -> dict[int, Tensor]:
    """For each end of an operand the row that each position reads: (E,) each."""
    rows = rows_of(csr.indptr, len(csr.edge_ids))
    return {ROW: rows, OTHER: csr.indices, EDGE: csr.edge_ids}


def _messages(
    op: str, lhs: Operand, rhs: Operand | None, plan: Plan, ids: dict[int, Tensor]
) -> Tensor:
    """Messages summed to the result's shape, in the accumulator's dtype: (E, *out_shape)."""
    dtype, rank = accumulator(lhs.data.dtype), len(plan.full)

    def rows(operand: Operand, shape: tuple[int, ...]) -> Tensor:
        data = operand.data.index_select(0, ids[operand.end]).to(dtype)
        return data.reshape(len(data), *_padded(shape, rank))

    messages = rows(lhs, plan.lhs_shape)
    if rhs is not None:
        messages = _FORMULAS[op](messages, rows(rhs, plan.rhs_shape))
    messages = messages.expand(len(messages), *plan.full)
    out = _padded(plan.out_shape, rank)
    summed = [i + 1 for i, (o, f) in enumerate(zip(out, plan.full, strict=True)) if o == 1 != f]
    return messages.sum(summed, keepdim=True, dtype=dtype) if summed else messages


def _padded(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return (1,) * (rank - len(shape)) + shape


def _extreme(messages: Tensor, index: Tensor, zeros: Tensor, reduce: str) -> tuple[Tensor, Tensor]:
    """The extreme of each row, and the position that gave it, the first among equals."""
    amax_or_amin = {"max": "amax", "min": "amin"}[reduce]
    values = messages.to(torch.uint8) if messages.dtype == torch.bool else messages
    out = zeros.to(values.dtype)
    out = out.scatter_reduce(0, index, values, amax_or_amin, include_self=False)
    extreme = out.gather(0, index)
    is_extreme = (values == extreme) | (values.isnan() & extreme.isnan())
    num_edges = len(values)
    position = torch.arange(num_edges, device=values.device).view(-1, 1)
    candidates = torch.where(is_extreme, position, num_edges)
    arg = index.new_full(zeros.shape, num_edges).scatter_reduce(0, index, candidates, "amin")
    return out.to(messages.dtype), arg
