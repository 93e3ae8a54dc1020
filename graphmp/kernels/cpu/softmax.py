"""Softmax over the edges of each row, on the CPU."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

from ..contract import Csr, accumulator
from . import loops
from .messages import TILED, as_array, result, run


def softmax(csr: Csr, logits: Tensor) -> Tensor:
    """Softmax over the edges of each row; see the contract."""
    dtype = logits.dtype
    if dtype in TILED:
        return _run(csr, loops.softmax.softmax_rows, dtype, (logits,), (_no_rows(dtype),))
    return _run(csr, loops.softmax.softmax_plain, accumulator(dtype), (logits,))


def softmax_gradient(csr: Csr, weights: Tensor, grads: Tensor) -> Tensor:
    """The gradient of the softmax; see the contract."""
    dtype, operands = weights.dtype, (weights, grads)
    if dtype in TILED:
        loop = loops.softmax.softmax_gradient_rows
        return _run(csr, loop, dtype, operands, (_no_rows(dtype),))
    return _run(csr, loops.softmax.softmax_gradient_plain, accumulator(dtype), operands)


def _run(
    csr: Csr,
    loop: Any,
    dtype: torch.dtype,
    operands: tuple[Tensor, ...],
    stats: tuple[Any, ...] = (),
) -> Tensor:
    """Run a loop from values of edges to values of edges, in arrays of ``dtype``."""
    indptr, eids, first = csr.indptr.numpy(), csr.edge_ids.numpy(), operands[0]
    out, array = result(len(first), first.shape[1:].numel(), dtype)
    arrays = [as_array(values.to(dtype)) for values in operands]
    run(loop, indptr, first.numel(), indptr, eids, *arrays, array, *stats)
    return out.to(first.dtype).view(first.shape)


@cache
def _no_rows(dtype: torch.dtype) -> Any:
    """An array without rows, of the accumulator's dtype."""
    return as_array(torch.zeros(0, 1, dtype=accumulator(dtype), device="cpu"))
