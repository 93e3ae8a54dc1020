"""The gradient of a sum of products with a number for each edge and head."""

from __future__ import annotations

import triton
import triton.language as tl

from .scores import load_heads, store_sum


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
    row = tl.load(rows + tl.program_id(0)).to(tl.int64)
    if row >= 0:
        size = size // ALIGN * ALIGN
        DTYPE: tl.constexpr = partials.dtype.element_ty
        start, end = tl.load(starts + tl.program_id(0)), tl.load(ends + tl.program_id(0))
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        element, is_head = tl.arange(0, SIZE), (head < heads)[None, :]
        own_row = tl.zeros((1,), tl.int64) + row
        x = load_heads(left, own_row, own_row >= 0, head, heads, element, size, DTYPE)
        total = tl.zeros((EDGES, HEADS, SIZE), DTYPE)
        for first in range(start, end, EDGES):
            is_edge = first + lane < end
            other = tl.load(indices + first + lane, mask=is_edge, other=0).to(tl.int64)
            e = tl.load(eids + first + lane, mask=is_edge, other=0).to(tl.int64)
            at, mask = e[:, None] * heads + head[None, :], is_edge[:, None] & is_head
            g = load_heads(grad, other, is_edge, head, heads, element, size, DTYPE)
            product = tl.sum(x * g, 2).to(out_weight.dtype.element_ty)
            tl.store(out_weight + at, product, mask=mask)
            factor = tl.load(weight + at, mask=mask, other=0).to(DTYPE)
            total += tl.where(mask, factor, 0)[:, :, None] * g
        slot = tl.load(slots + tl.program_id(0)).to(tl.int64)
        if slot < 0:
            store_sum(out, row, total, heads, size, head, element)
        else:
            store_sum(partials, slot, total, heads, size, head, element)
