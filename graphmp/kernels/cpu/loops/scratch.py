"""Scratch arrays for values of edges and heads, which stay in the cache.

Loops that pass several times over the edges of a row do so for a block of rows at a time. A block
has at most ``MAX_EDGES`` edges, or is one longer row; its values lie in scratch arrays
(edges, heads), in which an edge's index is its position in the layout minus the ``base`` of the
block. Rows of a scratch array are whole vectors, since a load would have to wait for an earlier
masked store to the same address; what lies beyond the heads is not used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import inner
from ..simd.llvm import LANES

MAX_EDGES = 512  # of a block, unless one row has more


@inner
def new(edges: int, heads: int, like: Any) -> Any:
    """A scratch array of the dtype of ``like``, not initialised."""
    return np.empty((edges, (heads + LANES - 1) // LANES * LANES), like.dtype)


@inner
def large_enough(array: Any, edges: int, heads: int) -> Any:
    """``array``, or a new scratch array if it has fewer than ``edges`` rows."""
    return array if edges <= len(array) else new(max(edges, MAX_EDGES), heads, array)


@inner
def end_of_block(indptr: Any, first: int, last: int) -> int:
    """The end of the block that starts at row ``first``, at most ``last``."""
    stop = first + 1
    while stop < last and np.int64(indptr[stop + 1]) - np.int64(indptr[first]) <= MAX_EDGES:
        stop += 1
    return stop
