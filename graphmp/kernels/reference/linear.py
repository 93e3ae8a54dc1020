"""Linear maps, in plain torch."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn.functional import linear as product


def linear(factors: Sequence[tuple[Tensor, Tensor]], bias: Tensor | None) -> Tensor:
    """Sum the products of features and weights; see the contract."""
    (x, weight), *rest = factors
    total = product(x, weight, bias)
    for x, weight in rest:
        total.addmm_(x, weight.t())
    return total
