"""Linear maps, and the gradients of their weight and bias, in plain torch."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn.functional import linear as product

from ..contract import accumulator


def linear(factors: Sequence[tuple[Tensor, Tensor]], bias: Tensor | None) -> Tensor:
    """Sum the products of features and weights; see the contract."""
    (x, weight), *rest = factors
    total = product(x, weight, bias)
    for x, weight in rest:
        total.addmm_(x, weight.t())
    return total


def weight_gradient(x: Tensor, grad: Tensor) -> Tensor:
    """Sum outer products of rows; see the contract."""
    return grad.t() @ x


def column_sums(x: Tensor) -> Tensor:
    """Sum rows; see the contract."""
    return x.sum(0, dtype=accumulator(x.dtype)).to(x.dtype)
