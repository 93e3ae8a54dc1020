"""Messages stored at the edges."""

from __future__ import annotations

import triton
import triton.language as tl

from .messages import NUMBERS, load_ids, tile_of_messages, tile_of_program


@triton.jit(do_not_specialize=[*NUMBERS, "num_edges"])
def store_at_edges(
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
    left_end,
    right_end,
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
    """Store the messages of ``EDGES`` positions, computed in the dtype of ``like``."""
    dtype: tl.constexpr = like.dtype.element_ty
    tile, column, is_column, size = tile_of_program(heads, width, SUMMED, ALIGN, HEADS, WIDTH)
    x, y = (left, left_table, left_end, left_size), (right, right_table, right_end, right_size)
    position = tl.program_id(0).to(tl.int64) * EDGES + tl.arange(0, EDGES)[:, None, None]
    inside = position < num_edges
    row = load_ids(row_ids, position, num_edges, x, y, 0)
    other = load_ids(indices, position, num_edges, x, y, 1)
    edge = tl.load(eids + position, mask=inside, other=0).to(tl.int64)
    result = tile_of_messages(
        x, y, (row, other, edge), inside, tile, sign, dtype, OP, LEFT, RIGHT, SUMMED, ALIGN
    )
    if SUMMED:
        result = tl.sum(result, 2, keep_dims=True)
    tl.store(out + edge * size + column, result.to(out.dtype.element_ty), mask=inside & is_column)
