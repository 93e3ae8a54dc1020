"""Messages made of two operands, a tile of [edges, heads, width] at once.

An operand is given as a tuple: its data; a table; at which end it lies, as in the contract; and the
elements of its rows. ``LEFT`` and ``RIGHT`` say how these lie, as in :mod:`..features`, and the
result has one number for each head if ``SUMMED``. ``sign`` is 1, or -1 for a difference.
"""

from __future__ import annotations

import triton
import triton.language as tl

# Arguments that are not compiled for.
NUMBERS = ("heads", "width", "left_size", "right_size", "left_at", "right_at", "sign")


@triton.jit
def quotient(x, y):
    """Division rounded as torch rounds it."""
    if x.dtype == tl.float32:
        return tl.div_rn(x, y)
    else:
        return x / y


@triton.jit
def ids_at(ids, position, end, left, right, END: tl.constexpr):
    """Ids at positions before ``end``; none is loaded if no operand lies at that end of edges."""
    limit = tl.where((left[2] == END) | (right[2] == END), end, 0)
    return tl.load(ids + position, mask=position < limit, other=0)


@triton.jit
def others_and_edges(indices, eids, position, end, left, right, OP: tl.constexpr):
    """The other end and the id of edges, as far as operands lie there; a copy reads only one."""
    other = ids_at(indices, position, end, left, right, 1)
    if OP == "copy":
        return other, other
    else:
        return other, ids_at(eids, position, end, left, right, 2)


@triton.jit
def operand(given, ends, inside, head, feature, shape, KIND: tl.constexpr, ALIGN: tl.constexpr):
    """Elements of an operand; [edges, heads, 1] if it has one for each head."""
    data, table, at, size = given
    row, other, edge = ends
    heads, width = shape
    index = tl.where(at == 0, row, tl.where(at == 1, other, edge)).to(tl.int64)
    is_one = head < heads
    place = head
    if KIND != "head":
        is_one = is_one & (feature < width)
        place = head * width + feature
    if KIND == "table":
        place = tl.load(table + place, mask=is_one, other=0)
    if KIND == "whole":
        size = size // ALIGN * ALIGN
    return tl.load(data + index * size + place, mask=inside & is_one, other=0)


@triton.jit
def message(
    left,
    right,
    ends,
    inside,
    head,
    feature,
    shape,
    sign,
    DTYPE: tl.constexpr,
    OP: tl.constexpr,
    LEFT: tl.constexpr,
    RIGHT: tl.constexpr,
    ALIGN: tl.constexpr,
):
    """One tile of messages, 0 where ``inside`` is false."""
    x = operand(left, ends, inside, head, feature, shape, LEFT, ALIGN).to(DTYPE)
    if OP != "copy":
        y = operand(right, ends, inside, head, feature, shape, RIGHT, ALIGN).to(DTYPE)
        if OP == "add":
            x = x + y * sign.to(DTYPE)
        elif OP == "mul":
            x = x * y
        else:
            x = tl.where(inside, quotient(x, y), 0)
    return x


@triton.jit
def made(
    left,
    right,
    ends,
    inside,
    head,
    first,
    shape,
    sign,
    DTYPE: tl.constexpr,
    OP: tl.constexpr,
    LEFT: tl.constexpr,
    RIGHT: tl.constexpr,
    SUMMED: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """Messages of edges: those of each ``WIDTH`` elements added up if they are summed."""
    lane = tl.arange(0, WIDTH)[None, None, :]
    total = tl.zeros((EDGES, HEADS, WIDTH), DTYPE)
    if SUMMED:
        for start in range(0, shape[1], WIDTH):
            feature = start + lane
            value = message(
                left, right, ends, inside, head, feature, shape, sign, DTYPE, OP, LEFT, RIGHT, ALIGN
            )
            total += tl.where(feature < shape[1], value, 0)
    else:
        total += message(
            left,
            right,
            ends,
            inside,
            head,
            first + lane,
            shape,
            sign,
            DTYPE,
            OP,
            LEFT,
            RIGHT,
            ALIGN,
        )
    return total


@triton.jit
def place_of(shape, SUMMED: tl.constexpr, HEADS: tl.constexpr, WIDTH: tl.constexpr):
    """The heads and first feature of a program's tile, and where its results lie in their rows."""
    heads, width = shape
    tiles = 1 if SUMMED else tl.cdiv(width, WIDTH)
    head = tl.program_id(1) // tiles * HEADS + tl.arange(0, HEADS)[None, :, None]
    first = tl.program_id(1) % tiles * WIDTH
    if SUMMED:
        return head, first, head, head < heads, heads.to(tl.int64)
    else:
        feature = first + tl.arange(0, WIDTH)[None, None, :]
        inside = (head < heads) & (feature < width)
        return head, first, head * width + feature, inside, (heads * width).to(tl.int64)
