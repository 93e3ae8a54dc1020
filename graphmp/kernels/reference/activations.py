"""Biases and activations, in plain torch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import elu

from ..contract import accumulator


def activate(x: Tensor, bias: Tensor | None, kind: str) -> Tensor:
    """Add a bias and apply an activation; see the contract."""
    wide = _shifted(x, bias)
    out = elu(wide) if kind else wide
    return out.to(x.dtype, copy=out is x)


def activation_gradient(x: Tensor, bias: Tensor | None, grad: Tensor, kind: str) -> Tensor:
    """The gradient of an activation; see the contract."""
    if not kind:
        return grad.clone()
    wide = _shifted(x, bias)
    return (grad * torch.where(wide > 0, 1, wide.exp())).to(grad.dtype)


def _shifted(x: Tensor, bias: Tensor | None) -> Tensor:
    """The sum, in the accumulator's dtype."""
    wide = x.to(accumulator(x.dtype))
    return wide if bias is None else wide + bias
