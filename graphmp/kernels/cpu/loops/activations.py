"""The loops of biases and activations, over rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit
from ..simd import vector
from ..simd.llvm import LANES


@jit
def shift(x: Any, bias: Any, kind: Any, out: Any, shape: Any, first: int, last: int) -> None:
    """``out = activation(x + bias)``.

    Args:
        x: (rows, size).
        bias: (1, size).
        kind: ``()`` for no activation, ``(0,)`` for ELU.
        out: (rows, size).
        shape: of a tile; one vector unless ``size`` is a multiple of the tile's.
        first: the first row.
        last: one past the last row.
    """
    size, step, zero = np.int64(x.shape[1]), LANES * len(shape), vector.fill(x, shape, 0)
    for r in range(first, last):
        for f in range(0, size, step):
            value = vector.load(x, shape, r, f, size - f)
            value = vector.add(value, vector.load(bias, shape, 0, f, size - f))
            if len(kind):
                is_positive = vector.is_better(value, zero, (), (0,))  # or NaN
                value = vector.choose(is_positive, value, vector.exp_minus_1(value))
            vector.store(out, r, f, value, size - f)


@jit
def slope(
    x: Any, bias: Any, grads: Any, kind: Any, out: Any, shape: Any, first: int, last: int
) -> None:
    """``out = grads`` times the slope of the activation at ``x + bias``; see :func:`shift`."""
    size, step, zero = np.int64(x.shape[1]), LANES * len(shape), vector.fill(x, shape, 0)
    for r in range(first, last):
        for f in range(0, size, step):
            grad = vector.load(grads, shape, r, f, size - f)
            if len(kind):
                value = vector.load(x, shape, r, f, size - f)
                value = vector.add(value, vector.load(bias, shape, 0, f, size - f))
                is_positive = vector.is_better(value, zero, (), ())
                grad = vector.choose(is_positive, grad, vector.mul(grad, vector.exp(value)))
            vector.store(out, r, f, grad, size - f)
