"""What the passes of attention share: rows by head, scores, and dropout."""

from __future__ import annotations

import triton
import triton.language as tl

from .philox import words


@triton.jit
def number(high, low, DTYPE: tl.constexpr):
    """A number of float64 that came in two parts, since a kernel takes numbers of float32 only."""
    return tl.cast(high, DTYPE) + tl.cast(low, DTYPE)


@triton.jit
def aligned(width, KIND: tl.constexpr, ALIGN: tl.constexpr):
    """The size of what scores are made of, known to be a multiple unless it is one number."""
    return width if KIND == "add" else width // ALIGN * ALIGN


@triton.jit
def tile(data, row, is_row, head, heads, place, size, DTYPE: tl.constexpr):
    """Rows by head, 0 outside: (rows, heads, places)."""
    inside = is_row[:, None, None] & (head < heads)[None, :, None] & (place < size)[None, None, :]
    at = (row * (heads * size))[:, None, None] + (head * size)[None, :, None]
    return tl.load(data + at + place[None, None, :], mask=inside, other=0).to(DTYPE)


@triton.jit
def store_sum(data, row, values, heads, size, head, place):
    """Write the sum over the lanes as a row by head."""
    inside = (head < heads)[:, None] & (place < size)[None, :]
    at = data + row * heads * size + head[:, None] * size + place[None, :]
    tl.store(at, tl.sum(values, 0).to(data.dtype.element_ty), mask=inside)


@triton.jit
def of_edges(data, e, is_edge, head, heads, given_heads, default):
    """What belongs to edges and heads, the default outside; ``given_heads`` is 0 for no data."""
    mask = is_edge[:, None] & (head < given_heads)[None, :]
    return tl.load(data + e[:, None] * heads + head[None, :], mask=mask, other=default)


@triton.jit
def scores(x, y, bow, edge, e, is_edge, head, heads, edge_heads, slope, KIND: tl.constexpr):
    """Scores by edge and head; those of kind ``"add"`` still miss their leaky ReLU."""
    if KIND == "add":
        made = tl.sum(x + y, 2)
    elif KIND == "dot":
        made = tl.sum(x * y, 2)
    else:
        bent = tl.where(x + y > 0, x + y, (x + y) * slope)
        made = tl.sum(bent * bow, 2)
    return made + of_edges(edge, e, is_edge, head, heads, edge_heads, 0.0).to(made.dtype)


@triton.jit
def dropped(e, key_low, key_high, least, keep, EDGES: tl.constexpr, HEADS: tl.constexpr):
    """The factors of dropout by edge and head: 0, or ``keep``; see :mod:`graphmp.kernels.philox`.

    Four heads share what a counter draws; those of a program are some of four, or whole fours.
    """
    factor = tl.full((EDGES, HEADS), 1, keep.dtype)
    if least != 0:
        GROUPS: tl.constexpr = (HEADS + 3) // 4
        first = tl.program_id(1) * HEADS
        group = first // 4 + tl.arange(0, GROUPS)
        zeros = tl.zeros((EDGES, GROUPS), tl.int32)
        a, b, c, d = words(key_low, key_high, e[:, None] + zeros, group[None, :] + zeros, 0)
        if HEADS >= 4:
            bits = tl.join(tl.join(a, c), tl.join(b, d)).reshape(EDGES, HEADS)
        else:
            nth = ((first + tl.arange(0, HEADS)) % 4)[None, :]
            bits = tl.where(nth < 2, tl.where(nth == 0, a, b), tl.where(nth == 2, c, d))
        factor = tl.where(bits >= least.to(tl.uint32), keep, 0).to(keep.dtype)
    return factor
