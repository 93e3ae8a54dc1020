"""The loops of dropout and of its gradient after a ReLU, over blocks of elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...philox import BLOCK, COUNTERS
from ..runtime.jit import inline, jit
from ..simd import philox, vector
from ..simd.llvm import LANES


@jit
def drop(
    x: Any, seed: int, least: int, change: Any, out: Any, shape: Any, first: int, last: int
) -> None:
    """Scale elements, after a ReLU or without one, or drop them, as their random words say.

    Four masks of a tile belong to elements that are ``COUNTERS`` apart.

    Args:
        x: (1, n).
        seed: the key.
        least: the least word whose element is not dropped.
        change: ``(relu, factor)``, where ``relu`` is ``(0,)`` or ``()``.
        out: (1, n).
        shape: of a tile; one vector for a block that is shorter than the others.
        first: the first block.
        last: one past the last block.
    """
    n, step, (relu, factor) = np.int64(x.shape[1]), LANES * len(shape), change
    factors, zero = vector.fill(x, shape, factor), vector.fill(x, shape, 0)
    for block in range(first, last):
        start = np.int64(block) * BLOCK
        for j in range(0, min(COUNTERS, n - start), step):
            masks = philox.at_least(shape, seed, np.int64(block) * COUNTERS + j, least)
            a, b = start + j, start + j + COUNTERS
            c, d = b + COUNTERS, b + 2 * COUNTERS
            tile = _dropped(masks[0], vector.load(x, shape, 0, a, n - a), relu, factors, zero)
            vector.store(out, 0, a, tile, n - a)
            tile = _dropped(masks[1], vector.load(x, shape, 0, b, n - b), relu, factors, zero)
            vector.store(out, 0, b, tile, n - b)
            tile = _dropped(masks[2], vector.load(x, shape, 0, c, n - c), relu, factors, zero)
            vector.store(out, 0, c, tile, n - c)
            tile = _dropped(masks[3], vector.load(x, shape, 0, d, n - d), relu, factors, zero)
            vector.store(out, 0, d, tile, n - d)


@inline
def _dropped(mask: Any, tile: Any, relu: Any, factors: Any, zero: Any) -> Any:
    """The numbers of a tile where a mask says so, scaled, else 0; NaN survives a ReLU."""
    if len(relu):
        tile = vector.choose(vector.is_better(tile, zero, (), (0,)), tile, zero)
    return vector.choose(mask, vector.mul(tile, factors), zero)


@jit
def scale_positive(
    values: Any, grads: Any, factor: float, out: Any, shape: Any, first: int, last: int
) -> None:
    """``out = grads * factor`` where ``values`` are positive or NaN, else 0.

    Args:
        values: (1, n).
        grads: (1, n).
        factor: a number.
        out: (1, n).
        shape: as in :func:`drop`.
        first: the first block.
        last: one past the last block.
    """
    n, step = np.int64(out.shape[1]), LANES * len(shape)
    zero, factors = vector.fill(out, shape, 0), vector.fill(out, shape, factor)
    for i in range(np.int64(first) * BLOCK, min(np.int64(last) * BLOCK, n), step):
        value = vector.load(values, shape, 0, i, n - i)
        grad = vector.mul(vector.load(grads, shape, 0, i, n - i), factors)
        is_positive = vector.is_better(value, zero, (), (0,))
        vector.store(out, 0, i, vector.choose(is_positive, grad, zero), n - i)
