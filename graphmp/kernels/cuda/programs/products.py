"""The gradient of a sum of products with a number for each edge and head."""

from __future__ import annotations

import triton
import triton.language as tl

from .pieces import load_piece
from .scores import load_edges, load_heads, load_row, store_piece


@triton.jit(do_not_specialize=["heads", "size"])
def gradient_of_products(
    rows,
    starts,
    ends,
    slots,
    indices,
    eids,
    left,
    weight,
    grad,
    partials,
    out,
    out_weight,
    heads,
    size,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    SIZE: tl.constexpr,
):
    """The gradients at a row and at the weights of its edges, of one piece."""
    row, start, end = load_piece(rows, starts, ends)
    if row >= 0:
        size = size // ALIGN * ALIGN
        DTYPE: tl.constexpr = partials.dtype.element_ty
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        element, is_head = tl.arange(0, SIZE), (head < heads)[None, :]
        x = load_row(left, row, head, heads, element, size, DTYPE)
        total = tl.zeros((EDGES, HEADS, SIZE), DTYPE)
        for first in range(start, end, EDGES):
            is_edge, other, e = load_edges(indices, eids, first + lane, end)
            at, mask = e[:, None] * heads + head[None, :], is_edge[:, None] & is_head
            g = load_heads(grad, other, is_edge, head, heads, element, size, DTYPE)
            product = tl.sum(x * g, 2).to(out_weight.dtype.element_ty)
            tl.store(out_weight + at, product, mask=mask)
            factor = tl.load(weight + at, mask=mask, other=0).to(DTYPE)
            total += tl.where(mask, factor, 0)[:, :, None] * g
        slot = tl.load(slots + tl.program_id(0))
        store_piece(out, partials, row, slot, total, heads, size, head, element)
