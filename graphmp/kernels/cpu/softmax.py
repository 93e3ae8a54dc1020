"""Softmax over the edges of each row, on the CPU."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

from ..contract import Csr, accumulator
from . import loops
from .messages import TILED, as_array, result, run


def softmax(csr: Csr, logits: Tensor, with_grouped: bool) -> tuple[Tensor, Tensor | None]:
    """Softmax over the edges of each row; see the contract."""
    stats: tuple[Any, ...] = ()
    loop, dtype = loops.softmax.softmax_plain, accumulator(logits.dtype)
    if logits.dtype in TILED:
        loop, dtype, stats = loops.softmax.softmax_rows, logits.dtype, (_no_rows(logits.dtype),)
    out, array = _like(logits, dtype)
    grouped, grouped_array = _like(logits if with_grouped else logits[:0], dtype)
    indptr, eids, arrays = csr.indptr.numpy(), csr.edge_ids.numpy(), (array, grouped_array)
    run(loop, indptr, logits.numel(), indptr, eids, as_array(logits.to(dtype)), arrays, *stats)
    weights = out.to(logits.dtype).view(logits.shape)
    return weights, grouped.to(logits.dtype).view(logits.shape) if with_grouped else None


def softmax_gradient(csr: Csr, grouped: Tensor, grads: Tensor) -> Tensor:
    """The gradient of the softmax; see the contract."""
    loop, dtype = loops.softmax.softmax_gradient_plain, accumulator(grads.dtype)
    if grads.dtype in TILED:
        loop, dtype = loops.softmax.softmax_gradient_rows, grads.dtype
    out, array = _like(grads, dtype)
    indptr, eids = csr.indptr.numpy(), csr.edge_ids.numpy()
    operands = [as_array(values.to(dtype)) for values in (grouped, grads)]
    run(loop, indptr, grads.numel(), indptr, eids, *operands, array)
    return out.to(grads.dtype).view(grads.shape)


def _like(values: Tensor, dtype: torch.dtype) -> tuple[Tensor, Any]:
    """A new tensor (rows, elements) for as many values, and its array."""
    return result(len(values), values.shape[1:].numel(), dtype)


@cache
def _no_rows(dtype: torch.dtype) -> Any:
    """An array without rows, of the accumulator's dtype."""
    return as_array(torch.zeros(0, 1, dtype=accumulator(dtype), device="cpu"))
