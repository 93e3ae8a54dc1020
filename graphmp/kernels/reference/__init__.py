"""Plain torch: runs on every device and dtype, comes last, and is the oracle of the others.

Files:
    adding: Deterministic scatter-add of rows.
    attention: Attention and its gradients.
    composed: Primitives that are composed of others.
    labor: LABOR sampling.
    sampling: Neighbour sampling, top-k and relabelling.
    walking: Random walks.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..contract import EDGE, OTHER, ROW, Call, Csr, Operand, accumulator
from ..plan import Plan
from . import composed
from .adding import add_rows
from .attention import attention, attention_gradient, score_gradient
from .labor import labor
from .sampling import greatest, relabel, sample
from .walking import walk

name = "reference"

__all__ = [
    "arange",
    "attention",
    "attention_gradient",
    "greatest",
    "group",
    "labor",
    "name",
    "product_gradient",
    "relabel",
    "sample",
    "scatter",
    "score_gradient",
    "sddmm",
    "softmax",
    "softmax_gradient",
    "spmm",
    "take",
    "walk",
    "why_not",
]

_FORMULAS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
}


def why_not(call: Call) -> str | None:  # noqa: ARG001
    """Nothing: this backend runs every call."""
    return None


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    ordered, order = torch.sort(ids, stable=True)
    rows = torch.arange(num_rows + 1, dtype=ids.dtype, device=ids.device)
    return torch.searchsorted(ordered, rows).to(ids.dtype), order.to(ids.dtype)


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
    """Make messages and reduce them into rows; see the contract."""
    indptr, _, eids = csr
    num_rows, dtype, at = indptr.numel() - 1, lhs.data.dtype, _found(csr)
    row = at[ROW]
    messages = _messages(op, lhs, rhs, plan, at).reshape(len(eids), plan.out_size)
    index = row.view(-1, 1).expand_as(messages)
    out = messages.new_zeros(num_rows, plan.out_size)
    if reduce == "sum":
        add_rows(out, row, messages)
        if divisor is not False:
            by = indptr.diff().clamp(min=1) if divisor is True else divisor
            out /= by.view(-1, 1)
        return out.to(dtype).view(num_rows, *plan.out_shape), None
    out, arg = _extreme(messages, index, out, reduce)
    arg = torch.where(arg < len(eids), arg, -1)
    return out.to(dtype).view(num_rows, *plan.out_shape), arg if wants_arg else None


def sddmm(csr: Csr, op: str, lhs: Operand, rhs: Operand | None, plan: Plan) -> Tensor:
    """Make messages and keep them at the edges; see the contract."""
    made = _messages(op, lhs, rhs, plan, _found(csr)).to(lhs.data.dtype)
    out = made.new_empty(len(made), *plan.out_shape)
    out[csr.edge_ids.long()] = made.reshape(out.shape)
    return out


def product_gradient(csr: Csr, own: Tensor, weight: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient of a sum of products, at both; see the contract."""
    return composed.product_gradient(spmm, sddmm, csr, own, weight, grad)


def arange(count: int, like: Tensor) -> Tensor:
    """Ids in turn; see the contract."""
    return torch.arange(count, dtype=like.dtype, device=like.device)


def take(data: Tensor, ids: Tensor) -> Tensor:
    """Rows of a tensor; see the contract."""
    return data.index_select(0, ids)


def softmax(csr: Csr, logits: Tensor) -> Tensor:
    """Softmax over the edges of each row; see the contract."""
    row, flat = _rows_by_edge(csr), _wide(logits)
    index = row.view(-1, 1).expand_as(flat)
    zeros = flat.new_zeros(csr.indptr.numel() - 1, flat.shape[1])
    shift = zeros.scatter_reduce(0, index, flat, "amax", include_self=False)
    weights = (flat - shift[row]).exp()
    total = add_rows(zeros, row, weights)
    return (weights / total[row]).to(logits.dtype).view(logits.shape)


def softmax_gradient(csr: Csr, weights: Tensor, grads: Tensor) -> Tensor:
    """The gradient of the softmax; see the contract."""
    row, flat, upstream = _rows_by_edge(csr), _wide(weights), _wide(grads)
    zeros = flat.new_zeros(csr.indptr.numel() - 1, flat.shape[1])
    total = add_rows(zeros, row, flat * upstream)
    return (flat * (upstream - total[row])).to(weights.dtype).view(weights.shape)


def _rows_by_edge(csr: Csr) -> Tensor:
    """The row of each edge, in edge id order: (E,) int64."""
    indptr, _, eids = csr
    row = torch.empty(len(eids), dtype=torch.int64, device=eids.device)
    row[eids.long()] = torch.repeat_interleave(
        torch.arange(indptr.numel() - 1, device=eids.device),
        indptr.diff().long(),
        output_size=len(eids),
    )
    return row


def _wide(tensor: Tensor) -> Tensor:
    """Values as (E, elements), in the accumulator's dtype."""
    flat = tensor.reshape(tensor.shape[0], tensor.shape[1:].numel())
    return flat.to(accumulator(tensor.dtype))


def scatter(
    csr: Csr,
    where: int,
    values: Tensor,
    arg: Tensor,
    places: Tensor,
    shape: tuple[int, int],
) -> Tensor:
    """Add values where chosen edges lead; see the contract."""
    ids = csr.indices if where == OTHER else csr.edge_ids
    chosen = (arg >= 0).nonzero(as_tuple=True)
    index = ids[arg[chosen].long()].long() * shape[1] + places[chosen[1]]
    flat = values[chosen].to(accumulator(values.dtype))
    out = add_rows(flat.new_zeros(shape[0] * shape[1]), index, flat)
    return out.to(values.dtype).view(shape)


def _found(csr: Csr) -> dict[int, Tensor]:
    """For each position of a layout where the operands' rows are: (E,) each."""
    indptr, indices, eids = csr
    rows = torch.arange(indptr.numel() - 1, device=indptr.device)
    row = torch.repeat_interleave(rows, indptr.diff().long(), output_size=len(eids))
    return {ROW: row, OTHER: indices, EDGE: eids}


def _messages(
    op: str, lhs: Operand, rhs: Operand | None, plan: Plan, at: dict[int, Tensor]
) -> Tensor:
    """Messages summed to the result's shape, in the accumulator's dtype: (E, *out_shape)."""
    dtype, rank = accumulator(lhs.data.dtype), len(plan.full)

    def rows(operand: Operand, shape: tuple[int, ...]) -> Tensor:
        found = operand.data.index_select(0, at[operand.end])
        padded = (1,) * (rank - len(shape)) + shape
        return found.to(dtype).reshape(found.shape[0], *padded)

    left = rows(lhs, plan.lhs_shape)
    made = left if rhs is None else _FORMULAS[op](left, rows(rhs, plan.rhs_shape))
    made = made.expand(made.shape[0], *plan.full)
    out = (1,) * (rank - len(plan.out_shape)) + plan.out_shape
    summed = [i + 1 for i, (o, f) in enumerate(zip(out, plan.full, strict=True)) if o == 1 != f]
    return made.sum(summed, keepdim=True, dtype=dtype) if summed else made


def _extreme(messages: Tensor, index: Tensor, zeros: Tensor, reduce: str) -> tuple[Tensor, Tensor]:
    """The extreme of each row, and the position that gave it, the first among equals."""
    kind = {"max": "amax", "min": "amin"}[reduce]
    values = messages.to(torch.uint8) if messages.dtype == torch.bool else messages
    out = zeros.to(values.dtype).scatter_reduce(0, index, values, kind, include_self=False)
    chosen = out.gather(0, index)
    is_it = (values == chosen) | (values.isnan() & chosen.isnan())
    last = len(values)
    position = torch.arange(last, device=values.device).view(-1, 1)
    candidates = torch.where(is_it, position, last)
    arg = index.new_full(zeros.shape, last).scatter_reduce(0, index, candidates, "amin")
    return out.to(messages.dtype), arg
