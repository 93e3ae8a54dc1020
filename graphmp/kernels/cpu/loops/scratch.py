"""Scratch arrays for values of edges and heads, which stay in the cache.

Loops that pass several times over the edges of a row do so for a block of rows at a time. A block
has at most ``MAX_EDGES`` edges and rows, or is one longer row; its values lie in scratch arrays, in
which an edge's index is its position in the layout minus the ``base`` of the block.

A scratch array is (edges, numbers of an edge). One, two or four heads lie without gaps, so that a
vector has the numbers of several edges and a pass over all of them is as fast as with eight heads;
other numbers of heads are rounded up to whole vectors, and what lies beyond the heads is not used.
Beyond the last edge there is room for a vector.

``heads`` is a pair, ``(number, exact)``: a loop is compiled for the number of heads if ``exact`` is
a tuple as long, so that no vector is masked; else it is ``()``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import inline, inner
from ..simd.llvm import LANES

MAX_EDGES = 512  # and rows of a block, unless one row has more


@inline
def number_of(heads: Any) -> Any:
    """The number of heads."""
    number, exact = heads
    return np.int64(len(exact)) if len(exact) > 0 else number


@inline
def stride_of(heads: Any) -> Any:
    """How many numbers an edge has in scratch arrays."""
    number = number_of(heads)
    dense = number in (1, 2, 4)
    return number if dense else (number + LANES - 1) // LANES * LANES


@inner
def new(edges: int, heads: Any, like: Any) -> Any:
    """A scratch array of zeros, of the dtype of ``like``."""
    return np.zeros((edges + LANES, stride_of(heads)), like.dtype)


@inner
def large_enough(array: Any, edges: int, heads: Any) -> Any:
    """``array``, or a new scratch array if it has fewer than ``edges`` rows."""
    return array if edges + LANES <= len(array) else new(max(edges, MAX_EDGES), heads, array)


@inner
def end_of_block(indptr: Any, first: int, last: int) -> int:
    """The end of the block that starts at row ``first``, at most ``last``."""
    stop, begin = first + 1, np.int64(indptr[first])
    last = min(last, first + MAX_EDGES)
    while stop < last and np.int64(indptr[stop + 1]) - begin <= MAX_EDGES:
        stop += 1
    return stop
