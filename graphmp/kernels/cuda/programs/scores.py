"""Parts of attention's programs: loads and sums of heads, scores, and dropout."""

from __future__ import annotations

import triton
import triton.language as tl

from .philox import philox


@triton.jit
def from_halves(high, low, DTYPE: tl.constexpr):
    """A number of float64 from two of float32, since kernels take no number of float64."""
    return tl.cast(high, DTYPE) + tl.cast(low, DTYPE)


@triton.jit
def aligned_width(width, KIND: tl.constexpr, ALIGN: tl.constexpr):
    """The size of a head, which the compiler sees is a multiple of ``ALIGN`` unless it is 1."""
    return width if KIND == "add" else width // ALIGN * ALIGN


@triton.jit
def load_heads(data, row, is_row, head, heads, element, size, DTYPE: tl.constexpr):
    """Rows by head, 0 outside: (rows, heads, elements)."""
    inside = is_row[:, None, None] & (head < heads)[None, :, None] & (element < size)[None, None, :]
    at = (row * (heads * size))[:, None, None] + (head * size)[None, :, None]
    return tl.load(data + at + element[None, None, :], mask=inside, other=0).to(DTYPE)


@triton.jit
def load_row(data, row, head, heads, element, size, DTYPE: tl.constexpr):
    """One row by head, 0 outside: (1, heads, elements)."""
    row = tl.zeros((1,), tl.int64) + row
    return load_heads(data, row, row >= 0, head, heads, element, size, DTYPE)


@triton.jit
def load_edges(indices, eids, position, end):
    """Which positions are before ``end``, and the other ends and ids of their edges, as int64."""
    is_edge = position < end
    other = tl.load(indices + position, mask=is_edge, other=0).to(tl.int64)
    return is_edge, other, tl.load(eids + position, mask=is_edge, other=0).to(tl.int64)


@triton.jit
def store_row(data, row, values, heads, size, head, element):
    """Store one row by head: (heads, elements)."""
    inside = (head < heads)[:, None] & (element < size)[None, :]
    at = data + row * heads * size + head[:, None] * size + element[None, :]
    tl.store(at, values.to(data.dtype.element_ty), mask=inside)


@triton.jit
def store_piece(out, partials, row, slot, values, heads, size, head, element):
    """Store the sum over the lanes in its row, or in the slot of a piece of a long row."""
    total = tl.sum(values, 0)
    if slot < 0:
        store_row(out, row.to(tl.int64), total, heads, size, head, element)
    else:
        store_row(partials, slot.to(tl.int64), total, heads, size, head, element)


@triton.jit
def load_edge_terms(data, e, is_edge, head, heads, operand_heads, default):
    """A number for each edge and head, ``default`` outside; without data ``operand_heads`` is 0."""
    mask = is_edge[:, None] & (head < operand_heads)[None, :]
    return tl.load(data + e[:, None] * heads + head[None, :], mask=mask, other=default)


@triton.jit
def leaky_relu(x, slope):
    """The leaky ReLU."""
    return tl.where(x > 0, x, x * slope)


@triton.jit
def scores(x, y, attn, edge, e, is_edge, head, heads, edge_heads, slope, KIND: tl.constexpr):
    """Scores by edge and head; for kind ``"add"`` before the leaky ReLU."""
    if KIND == "add":
        score = tl.sum(x + y, 2)
    elif KIND == "dot":
        score = tl.sum(x * y, 2)
    else:
        score = tl.sum(leaky_relu(x + y, slope) * attn, 2)
    return score + load_edge_terms(edge, e, is_edge, head, heads, edge_heads, 0.0).to(score.dtype)


@triton.jit
def dropout_mask(e, key_low, key_high, threshold, scale, EDGES: tl.constexpr, HEADS: tl.constexpr):
    """The factors of dropout by edge and head: 0 or ``scale``; see :mod:`graphmp.kernels.philox`.

    Four heads share one counter. A program's heads are some of one four, or whole fours.
    """
    factor = tl.full((EDGES, HEADS), 1, scale.dtype)
    if threshold != 0:
        GROUPS: tl.constexpr = (HEADS + 3) // 4
        first = tl.program_id(1) * HEADS
        group = first // 4 + tl.arange(0, GROUPS)
        zeros = tl.zeros((EDGES, GROUPS), tl.int32)
        a, b, c, d = philox(key_low, key_high, e[:, None] + zeros, group[None, :] + zeros, 0)
        if HEADS >= 4:
            bits = tl.join(tl.join(a, c), tl.join(b, d)).reshape(EDGES, HEADS)
        else:
            nth = ((first + tl.arange(0, HEADS)) % 4)[None, :]
            bits = tl.where(nth < 2, tl.where(nth == 0, a, b), tl.where(nth == 2, c, d))
        factor = tl.where(bits >= threshold.to(tl.uint32), scale, 0).to(scale.dtype)
    return factor
