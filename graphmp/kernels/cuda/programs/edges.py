"""Messages kept at the edges."""

from __future__ import annotations

import triton
import triton.language as tl

from .messages import NUMBERS, ids_at, made, place_of


@triton.jit(do_not_specialize=[*NUMBERS, "num_edges"])
def keep_edges(
    row_ids,
    indices,
    eids,
    left,
    right,
    left_table,
    right_table,
    like,
    out,
    heads,
    width,
    left_size,
    right_size,
    left_at,
    right_at,
    sign,
    num_edges,
    OP: tl.constexpr,
    LEFT: tl.constexpr,
    RIGHT: tl.constexpr,
    SUMMED: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """Write the messages of ``EDGES`` positions; they are made in the dtype of ``like``."""
    dtype: tl.constexpr = like.dtype.element_ty
    shape = (heads, width // ALIGN * ALIGN)
    head, first, place, is_one, size = place_of(shape, SUMMED, HEADS, WIDTH)
    x, y = (left, left_table, left_at, left_size), (right, right_table, right_at, right_size)
    position = tl.program_id(0).to(tl.int64) * EDGES + tl.arange(0, EDGES)[:, None, None]
    inside = position < num_edges
    row = ids_at(row_ids, position, num_edges, x, y, 0)
    other = ids_at(indices, position, num_edges, x, y, 1)
    edge = tl.load(eids + position, mask=inside, other=0).to(tl.int64)
    result = made(
        x,
        y,
        (row, other, edge),
        inside,
        head,
        first,
        shape,
        sign,
        dtype,
        OP,
        LEFT,
        RIGHT,
        SUMMED,
        ALIGN,
        EDGES,
        HEADS,
        WIDTH,
    )
    if SUMMED:
        result = tl.sum(result, 2, keep_dims=True)
    tl.store(out + edge * size + place, result.to(out.dtype.element_ty), mask=inside & is_one)
