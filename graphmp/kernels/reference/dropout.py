"""Dropout, and its gradient after a ReLU, in plain torch."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import accumulator
from ..philox import block_words, scale_of, threshold


def dropout(x: Tensor, probability: float, seed: int, relu: bool) -> Tensor:
    """Drop elements at random and scale the others; see the contract."""
    words = block_words(seed, x.numel(), x.device).view(x.shape)
    wide = (x.relu() if relu else x).to(accumulator(x.dtype)) * scale_of(probability)
    return torch.where(words >= threshold(probability), wide, 0).to(x.dtype)


def dropout_gradient(out: Tensor, grad: Tensor, probability: float) -> Tensor:
    """The gradient of a dropout after a ReLU; see the contract."""
    wide = grad.to(accumulator(grad.dtype)) * scale_of(probability)
    return torch.where(out <= 0, 0, wide).to(grad.dtype)
