"""Linear maps by torch, into memory that is reused, and the gradient of their bias.

A product of a few hundred columns takes little longer than the system takes to map and clear new
memory for its result.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..contract import accumulator
from . import loops
from .messages import as_array, even_shape, result, run
from .runtime.memory import empty
from .simd.sums import BLOCK


def linear(factors: Sequence[tuple[Tensor, Tensor]], bias: Tensor | None) -> Tensor:
    """Sum the products of features and weights; see the contract."""
    (x, weight), *rest = factors
    total = empty((x.shape[0], weight.shape[0]), x.dtype)
    if bias is None:
        torch.mm(x, weight.t(), out=total)
    else:
        torch.addmm(bias, x, weight.t(), out=total)
    for x, weight in rest:
        total.addmm_(x, weight.t())
    return total


def column_sums(x: Tensor) -> Tensor:
    """Sum rows, a block of rows at a time; see the contract."""
    rows, size = x.shape
    blocks = -(-rows // BLOCK)
    out, array = result(blocks, size, accumulator(x.dtype))
    arguments = (as_array(x.contiguous()), array, even_shape(size))
    run(loops.linear.block_sums, blocks, x.numel(), *arguments)
    return out.sum(0, dtype=torch.float64).to(x.dtype)
