"""Linear maps by torch, into memory that is reused.

A product of a few hundred columns takes little longer than the system takes to map and clear new
memory for its result.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .runtime.memory import empty


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
