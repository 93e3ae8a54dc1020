"""Dropout, and its gradient after a ReLU, on the GPU."""

from __future__ import annotations

import torch
from torch import Tensor

from ..philox import BLOCK, COUNTERS, halves, threshold
from .launch import launch
from .programs.dropout import drop, scale_positive


def dropout(x: Tensor, probability: float, seed: int, relu: bool) -> Tensor:
    """Drop elements at random and scale the others; see the contract."""
    x = x.contiguous()
    out, total = torch.empty_like(x), x.numel()
    numbers = (*halves(seed), *halves(threshold(probability)), total)
    launch(drop, (-(-total // BLOCK),), x, out, *numbers, COUNTERS=COUNTERS, RELU=relu)
    return out


def dropout_gradient(out: Tensor, grad: Tensor, probability: float) -> Tensor:
    """The gradient of a dropout after a ReLU; see the contract."""
    grad = grad.contiguous()
    result, total = torch.empty_like(grad), grad.numel()
    numbers = (*halves(threshold(probability)), total)
    grid = (-(-total // BLOCK),)
    launch(scale_positive, grid, out.contiguous(), grad, result, *numbers, BLOCK=BLOCK)
    return result
