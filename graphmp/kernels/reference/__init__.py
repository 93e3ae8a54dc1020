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

from ..contract import EDGE, OTHER, ROW, At, Call, Plan, accumulator
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
    form: tuple[Tensor, Tensor, Tensor],
    op: str,
    reduce: str,
    divisor: Tensor | bool,
    lhs: At,
    rhs: At | None,
    plan: Plan,
    wants_arg: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Make messages and reduce them into rows; see the contract."""
    indptr, _, eids = form
    num_rows, dtype, at = indptr.numel() - 1, lhs.data.dtype, _found(form)
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


def sddmm(
    form: tuple[Tensor, Tensor, Tensor], op: str, lhs: At, rhs: At | None, plan: Plan
) -> Tensor:
    """Make messages and keep them at the edges; see the contract."""
    made = _messages(op, lhs, rhs, plan, _found(form)).to(lhs.data.dtype)
    out = made.new_empty(len(made), *plan.out_shape)
    out[form[2].long()] = made.reshape(out.shape)
    return out


def product_gradient(
    form: tuple[Tensor, Tensor, Tensor], own: Tensor, weight: Tensor, grad: Tensor
) -> tuple[Tensor, Tensor]:
    """The gradient of a sum of products, at both; see the contract."""
    return composed.product_gradient(spmm, sddmm, form, own, weight, grad)


def arange(count: int, like: Tensor) -> Tensor:
    """Ids in turn; see the contract."""
    return torch.arange(count, dtype=like.dtype, device=like.device)


def take(data: Tensor, ids: Tensor) -> Tensor:
    """Rows of a tensor; see the contract."""
    return data.index_select(0, ids)


def softmax(form: tuple[Tensor, Tensor, Tensor], logits: Tensor) -> Tensor:
    """Softmax over the edges of each row; see the contract."""
    row, flat = _rows_by_edge(form), _wide(logits)
    index = row.view(-1, 1).expand_as(flat)
    zeros = flat.new_zeros(form[0].numel() - 1, flat.shape[1])
    shift = zeros.scatter_reduce(0, index, flat, "amax", include_self=False)
    weights = (flat - shift[row]).exp()
    total = add_rows(zeros, row, weights)
    return (weights / total[row]).to(logits.dtype).view(logits.shape)


def softmax_gradient(form: tuple[Tensor, Tensor, Tensor], weights: Tensor, grads: Tensor) -> Tensor:
    """The gradient of the softmax; see the contract."""
    row, flat, upstream = _rows_by_edge(form), _wide(weights), _wide(grads)
    zeros = flat.new_zeros(form[0].numel() - 1, flat.shape[1])
    total = add_rows(zeros, row, flat * upstream)
    return (flat * (upstream - total[row])).to(weights.dtype).view(weights.shape)


def _rows_by_edge(form: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """The row of each edge, in edge id order: (E,) int64."""
    indptr, _, eids = form
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
    form: tuple[Tensor, Tensor, Tensor],
    where: int,
    values: Tensor,
    arg: Tensor,
    places: Tensor,
    shape: tuple[int, int],
) -> Tensor:
    """Add values where chosen edges lead; see the contract."""
    ids = form[1] if where == OTHER else form[2]
    chosen = (arg >= 0).nonzero(as_tuple=True)
    index = ids[arg[chosen].long()].long() * shape[1] + places[chosen[1]]
    flat = values[chosen].to(accumulator(values.dtype))
    out = add_rows(flat.new_zeros(shape[0] * shape[1]), index, flat)
    return out.to(values.dtype).view(shape)


def _found(form: tuple[Tensor, Tensor, Tensor]) -> dict[int, Tensor]:
    """For each position of a layout where the operands' rows are: (E,) each."""
    indptr, indices, eids = form
    rows = torch.arange(indptr.numel() - 1, device=indptr.device)
    row = torch.repeat_interleave(rows, indptr.diff().long(), output_size=len(eids))
    return {ROW: row, OTHER: indices, EDGE: eids}


def _messages(op: str, lhs: At, rhs: At | None, plan: Plan, at: dict[int, Tensor]) -> Tensor:
    """Messages summed to the result's shape, in the accumulator's dtype: (E, *out_shape)."""
    dtype, rank = accumulator(lhs.data.dtype), len(plan.full)

    def rows(operand: At, shape: tuple[int, ...]) -> Tensor:
        found = operand.data.index_select(0, at[operand.where])
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
