"""Dropout, and its gradient after a ReLU, on the CPU."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from torch import Tensor

from ..philox import BLOCK, scale_of, threshold
from . import loops
from .messages import SHAPES, as_array, result, run

_SHAPE = SHAPES[4]  # two vectors take twice as long where an array is aligned to 16 bytes alone


def dropout(x: Tensor, probability: float, seed: int, relu: bool) -> Tensor:
    """Drop elements at random and scale the others; see the contract."""
    arguments = (_one_row(x), seed, *_numbers(probability, relu))
    return _each_block(loops.dropout.drop, arguments, x)


def dropout_gradient(out: Tensor, grad: Tensor, probability: float) -> Tensor:
    """The gradient of a dropout after a ReLU; see the contract."""
    arguments = (_one_row(out), _one_row(grad), scale_of(probability))
    return _each_block(loops.dropout.scale_positive, arguments, grad)


@lru_cache(maxsize=256)
def _numbers(probability: float, relu: bool) -> tuple[int, tuple[tuple[int, ...], float]]:
    """The threshold, the flag and the factor that the loop takes."""
    return threshold(probability), ((0,) if relu else (), scale_of(probability))


def _each_block(loop: Any, arguments: tuple[Any, ...], like: Tensor) -> Tensor:
    """Run a loop over whole blocks, then over the rest, into a result like a tensor."""
    rows, size = like.shape if like.ndim == 2 else (1, like.numel())
    out, array = result(rows, size, like.dtype)
    array, (blocks, rest) = array.reshape(1, -1), divmod(array.size, BLOCK)
    if blocks:
        run(loop, blocks, array.size, *arguments, array, _SHAPE)
    if rest:
        loop(*arguments, array, SHAPES[1], blocks, blocks + 1)
    return out if like.ndim == 2 else out.view(like.shape)


def _one_row(x: Tensor) -> Any:
    """A tensor as an array (1, n); to view an array is faster than to view a tensor."""
    return as_array(x).reshape(1, -1) if x.ndim == 2 else as_array(x.reshape(1, -1))
