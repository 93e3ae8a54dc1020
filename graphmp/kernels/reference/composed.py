"""Primitives that are made of others, for backends that do not make them in one pass."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..contract import EDGE, OTHER, ROW, Csr, Operand
from ..plan import plan


def product_gradient(
    spmm: Any,
    sddmm: Any,
    csr: Csr,
    own: Tensor,
    weight: Tensor,
    grad: Tensor,
) -> tuple[Tensor, Tensor]:
    """The gradient of a sum of products, at both; see the contract.

    Args:
        spmm: the backend's primitive.
        sddmm: the backend's primitive.
        csr: the layout.
        own: (rows, heads * size of a head).
        weight: (E, heads).
        grad: like ``own``, at the other ends.
    """
    heads = weight.shape[1]
    by_head, number = (heads, own.shape[1] // max(heads, 1)), (heads, 1)
    rows, others = (Operand(x.view(len(x), *by_head), at) for x, at in ((own, ROW), (grad, OTHER)))
    factors, sums = Operand(weight.view(len(weight), *number), EDGE), plan(by_head, number, by_head)
    of_own, _ = spmm(csr, "mul", "sum", False, others, factors, sums)
    of_weight = sddmm(csr, "mul", rows, others, plan(by_head, by_head, number))
    return of_own.view(own.shape), of_weight.view(weight.shape)
