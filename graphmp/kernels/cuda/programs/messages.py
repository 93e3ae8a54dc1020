"""Messages of two operands, computed by tiles of [edges, heads, width].

An operand is a tuple of its data, a table, the end of an edge that it is read at (``ROW``,
``OTHER`` or ``EDGE`` of the contract) and the number of elements of its rows. ``LEFT`` and
``RIGHT`` say where the elements are, as in :mod:`..features`; with ``SUMMED`` the result has one
number for each head. ``sign`` is 1, or -1 for a difference.

A tile is a tuple of its heads, its features, and the numbers of all heads and features.
"""

from __future__ import annotations

import triton
import triton.language as tl

# Arguments that are not compiled for.
NUMBERS = ("heads", "width", "left_size", "right_size", "left_end", "right_end", "sign")


@triton.jit
def divide(x, y):
    """Division rounded as torch rounds it."""
    if x.dtype == tl.float32:
        return tl.div_rn(x, y)
    else:
        return x / y


@triton.jit
def load_ids(ids, position, end, left, right, END: tl.constexpr):
    """Ids at positions before ``end``; nothing is loaded if no operand is read at ``END``."""
    limit = tl.where((left[2] == END) | (right[2] == END), end, 0)
    return tl.load(ids + position, mask=position < limit, other=0)


@triton.jit
def load_ends(indices, eids, position, end, left, right, OP: tl.constexpr):
    """The other ends and the ids of edges, as far as operands need them; a copy reads only one."""
    other = load_ids(indices, position, end, left, right, 1)
    if OP == "copy":
        return other, other
    else:
        return other, load_ids(eids, position, end, left, right, 2)


@triton.jit
def load_operand(source, ends, inside, tile, KIND: tl.constexpr, ALIGN: tl.constexpr):
    """Elements of an operand; [edges, heads, 1] if it has one number for each head."""
    data, table, end, size = source
    row, other, edge = ends
    index = tl.where(end == 0, row, tl.where(end == 1, other, edge))
    return load_elements(data, table, index, size, inside, tile, KIND, ALIGN)


@triton.jit
def load_elements(data, table, index, size, inside, tile, KIND: tl.constexpr, ALIGN: tl.constexpr):
    """Elements of the rows at ``index``, of ``size`` elements each."""
    head, feature, heads, width = tile
    is_feature = head < heads
    column = head
    if KIND != "head":
        is_feature = is_feature & (feature < width)
        column = head * width + feature
    if KIND == "table":
        column = tl.load(table + column, mask=is_feature, other=0)
    if KIND == "whole":
        size = size // ALIGN * ALIGN
    return tl.load(data + index.to(tl.int64) * size + column, mask=inside & is_feature, other=0)


@triton.jit
def message(
    left,
    right,
    ends,
    inside,
    tile,
    sign,
    DTYPE: tl.constexpr,
    OP: tl.constexpr,
    LEFT: tl.constexpr,
    RIGHT: tl.constexpr,
    ALIGN: tl.constexpr,
):
    """One tile of messages, 0 where ``inside`` is false."""
    x = load_operand(left, ends, inside, tile, LEFT, ALIGN).to(DTYPE)
    if OP != "copy":
        y = load_operand(right, ends, inside, tile, RIGHT, ALIGN).to(DTYPE)
        if OP == "add":
            x = x + y * sign.to(DTYPE)
        elif OP == "mul":
            x = x * y
        else:
            x = tl.where(inside, divide(x, y), 0)
    return x


@triton.jit
def tile_of_messages(
    left,
    right,
    ends,
    inside,
    tile,
    sign,
    DTYPE: tl.constexpr,
    OP: tl.constexpr,
    LEFT: tl.constexpr,
    RIGHT: tl.constexpr,
    SUMMED: tl.constexpr,
    ALIGN: tl.constexpr,
):
    """The messages of edges; with ``SUMMED``, added up over all tiles of a head's width."""
    head, feature, heads, width = tile
    WIDTH: tl.constexpr = feature.shape[2]
    total = tl.zeros((inside.shape[0], head.shape[1], WIDTH), DTYPE)
    if SUMMED:
        for start in range(0, width, WIDTH):
            part = (head, start + feature, heads, width)
            value = message(left, right, ends, inside, part, sign, DTYPE, OP, LEFT, RIGHT, ALIGN)
            total += tl.where(start + feature < width, value, 0)
    else:
        total += message(left, right, ends, inside, tile, sign, DTYPE, OP, LEFT, RIGHT, ALIGN)
    return total


@triton.jit
def tile_of_program(
    heads,
    width,
    SUMMED: tl.constexpr,
    ALIGN: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """The tile of a program, and the columns of its results, which exist, and how many do."""
    width = width // ALIGN * ALIGN
    tiles = 1 if SUMMED else tl.cdiv(width, WIDTH)
    head = tl.program_id(1) // tiles * HEADS + tl.arange(0, HEADS)[None, :, None]
    feature = tl.program_id(1) % tiles * WIDTH + tl.arange(0, WIDTH)[None, None, :]
    tile = (head, feature, heads, width)
    if SUMMED:
        return tile, head, head < heads, heads.to(tl.int64)
    else:
        inside = (head < heads) & (feature < width)
        return tile, head * width + feature, inside, (heads * width).to(tl.int64)
