"""Dropout, and its gradient after a ReLU, on the CPU."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from torch import Tensor

from ..philox import BLOCK, scale_of, threshold
from . import loops
from .messages import SHAPES, as_array, result, run

_SHAPE = SHAPES[4]  # two vectors take twice as long where an array is aligned to 16 bytes alone


def dropout(x: Tensor, probability: float, seed: int, relu: bool) -> Tensor:
    """Drop elements at random and scale the others; see the contract."""
    arguments = (as_array(x.reshape(1, -1)), seed, *_numbers(probability, relu))
    return _each_block(loops.dropout.drop, arguments, x)


def dropout_gradient(out: Tensor, grad: Tensor, probability: float) -> Tensor:
    """The gradient of a dropout after a ReLU; see the contract."""
    arrays = (as_array(out.reshape(1, -1)), as_array(grad.reshape(1, -1)))
    return _each_block(loops.dropout.scale_positive, (*arrays, scale_of(probability)), grad)


@lru_cache(maxsize=256)
def _numbers(probability: float, relu: bool) -> tuple[int, tuple[float, float]]:
    """The threshold, the floor and the factor that the loop takes."""
    return threshold(probability), (0.0 if relu else -math.inf, scale_of(probability))


def _each_block(loop: Any, arguments: tuple[Any, ...], like: Tensor) -> Tensor:
    """Run a loop over whole blocks, then over the rest, into a result like a tensor."""
    n = like.numel()
    (out, array), (blocks, rest) = result(1, n, like.dtype), divmod(n, BLOCK)
    if blocks:
        run(loop, blocks, n, *arguments, array, _SHAPE)
    if rest:
        loop(*arguments, array, SHAPES[1], blocks, blocks + 1)
    return out.view(like.shape)
