"""From a maximum to the edges that gave it: reading there, and adding there, differentiable.

``chosen`` holds for each element of a result the position in a grouped layout of the one edge that
gave it, or -1 where no edge enters; ``places`` the column of an operand that each element read.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import kernels
from ..adjacency import Compressed
from ..kernels.contract import accumulator


def _rows_of(form: Compressed, end: str, chosen: Tensor) -> Tensor:
    """The rows at one end of chosen edges: (rows, size), 0 where none was chosen."""
    if end == "v":
        return torch.arange(len(chosen), device=chosen.device).view(-1, 1).expand_as(chosen)
    ids = form.indices if end == "u" else form.eids
    return ids[chosen.clamp(min=0).long()].long() if len(ids) else chosen.long()


def taken(form: Compressed, end: str, operand: Tensor, chosen: Tensor, places: Tensor) -> Tensor:
    """What an operand gave to chosen edges: (rows, size), 1 where none was chosen."""
    flat = operand.reshape(operand.shape[0], operand.shape[1:].numel())
    if not flat.numel():
        return flat.new_ones(chosen.shape)
    return torch.where(chosen >= 0, flat[_rows_of(form, end, chosen), places], 1)


def put(
    form: Compressed,
    end: str,
    values: Tensor,
    chosen: Tensor,
    places: Tensor,
    shape: torch.Size,
) -> Tensor:
    """Sum values (rows, size) into the operand's rows at chosen edges: of ``shape``."""
    flat = (shape[0], shape[1:].numel())
    if torch.is_grad_enabled() and values.requires_grad:
        return _Scatter.apply(form, end, values, chosen, places, flat).view(shape)  # type: ignore[no-untyped-call,no-any-return]
    return _scattered(form, end, values, chosen, places, flat).view(shape)


def _scattered(
    form: Compressed,
    end: str,
    values: Tensor,
    chosen: Tensor,
    places: Tensor,
    shape: tuple[int, int],
) -> Tensor:
    if end != "v":
        ids = form.indices if end == "u" else form.eids
        return kernels.scatter(values, chosen, ids, places, shape)
    kept = torch.where(chosen >= 0, values, 0).to(accumulator(values.dtype))
    out = kept.new_zeros(shape).index_add(1, places, kept)
    return out.to(values.dtype)


class _Scatter(torch.autograd.Function):
    """Values summed where chosen edges lead; its gradient is taken from there."""

    @staticmethod
    def forward(
        ctx: Any,
        form: Compressed,
        end: str,
        values: Tensor,
        chosen: Tensor,
        places: Tensor,
        shape: tuple[int, int],
    ) -> Tensor:
        ctx.form, ctx.end = form, end
        ctx.save_for_backward(chosen, places)
        return _scattered(form, end, values, chosen, places, shape)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        chosen, places = ctx.saved_tensors
        read = taken(ctx.form, ctx.end, grads[0], chosen, places)
        return None, None, torch.where(chosen >= 0, read, 0), None, None, None
