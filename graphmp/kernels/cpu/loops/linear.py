"""The loop of the gradient of a bias, over blocks of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit
from ..simd import vector
from ..simd.llvm import LANES
from ..simd.sums import BLOCK


@jit
def block_sums(x: Any, out: Any, shape: Any, first: int, last: int) -> None:
    """``out[b]`` is the sum of the rows of a block.

    Args:
        x: (rows, size).
        out: (blocks, size).
        shape: of a tile; one vector unless ``size`` is a multiple of the tile's.
        first: the first block.
        last: one past the last block.
    """
    rows, size, step = np.int64(x.shape[0]), np.int64(x.shape[1]), LANES * len(shape)
    for block in range(first, last):
        start = np.int64(block) * BLOCK
        for f in range(0, size, step):
            total = vector.fill(x, shape, 0)
            for r in range(start, min(start + BLOCK, rows)):
                total = vector.add(total, vector.load(x, shape, r, f, size - f))
            vector.store(out, block, f, total, size - f)
