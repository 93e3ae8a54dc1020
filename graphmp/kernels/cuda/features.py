"""How the features of messages and of heads lie in the tiles of programs, and the sizes of tiles.

A message is (heads, width) elements. An operand has all of them, or one number for each head, or
its elements are listed in a table. A result has all of them, or the sum over the width of each
head.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..contract import accumulator
from ..plan import Plan
from ..plan import plan as plan_of

# One warp works on a tile of messages: its edges are added in registers, without synchronisation.
WARPS = 1
LANES = 32
ROW_BYTES = 512  # of an accumulated row: the lanes of a warp load 16 bytes each
TILE_BYTES = 4096  # of an accumulated tile
LEAST_EDGES, MOST_EDGES = 4, 128  # of a tile of messages

WARP_BYTES = 2048  # of a tile of heads, for each warp
MOST_EDGES_OF_HEADS = 32  # of a tile of heads


class FeatureLayout(NamedTuple):
    """How the features of operands meet in a message.

    Attributes:
        heads: the number of heads.
        width: the number of elements of a head.
        is_summed: whether the result has one number for each head.
        kinds: for each operand ``"whole"``, ``"head"`` or ``"table"``: where its elements are.
        tables: for each operand of kind ``"table"`` (heads * width,) int32 columns.
    """

    heads: int
    width: int
    is_summed: bool
    kinds: tuple[str, ...]
    tables: tuple[Tensor, ...]


class MessageTile(NamedTuple):
    """The sizes of a tile of messages, powers of two.

    Attributes:
        edges: the number of edges that are loaded at once.
        heads: the number of heads.
        width: the number of elements of each head.
        align: a divisor of the width with which loads have 16 bytes, or 1.
        number: the number of tiles that cover a row of the result.
    """

    edges: int
    heads: int
    width: int
    align: int
    number: int


class HeadTile(NamedTuple):
    """The sizes of a tile of heads, powers of two.

    Rows of many small heads are read whole, wide heads one by one.

    Attributes:
        edges: the number of edges.
        heads: the number of heads.
        size: the number of elements of each head.
        warps: the number of warps that work on it.
    """

    edges: int
    heads: int
    size: int
    warps: int

    def constants(self, **more: int | str) -> dict[str, Any]:
        """The constants that programs are compiled for, and ``more``."""
        return {"EDGES": self.edges, "HEADS": self.heads, "warps": self.warps, **more}


@lru_cache(maxsize=4096)
def feature_layout(plan: Plan, device: torch.device) -> FeatureLayout:
    """How the features of a plan meet; cached."""
    is_summed = plan.size != plan.out_size
    if plan.width:
        kinds = tuple("whole" if is_wide else "head" for is_wide in plan.wide[:2])
        none = torch.zeros(1, dtype=torch.int32, device=device)
        return FeatureLayout(plan.size // plan.width, plan.width, is_summed, kinds, (none, none))
    *columns, out_columns = plan.maps
    order = torch.argsort(out_columns, stable=True)  # terms of one sum become neighbours
    with torch.inference_mode(False):
        tables = tuple(table[order].to(device, torch.int32) for table in columns)
    heads = plan.out_size if is_summed else 1
    width = plan.size // max(heads, 1)
    return FeatureLayout(heads, width, is_summed, ("table", "table"), tables)


@lru_cache(maxsize=4096)
def expression_layout(
    shapes: tuple[tuple[int, ...], ...],
    shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    device: torch.device,
) -> FeatureLayout:
    """How operands of ``shapes`` meet in a message of ``shape``; cached.

    Args:
        shapes: of the operands; they broadcast to ``shape``.
        shape: of a message.
        out_shape: ``shape``, or the same with 1 in its last dimensions, which are summed.
        device: where tables lie.
    """
    plans = [plan_of(own, shape, shape) for own in shapes]
    size, heads = math.prod(shape), math.prod(out_shape)
    is_summed = size != heads
    if not is_summed:  # heads are as wide as the narrowest blocks
        blocks = [plan.width for plan in plans if plan.width and not plan.wide[0]]
        heads = size // min(blocks) if blocks else 1
    width, kinds, tables = size // max(heads, 1), [], []
    for plan in plans:
        is_head = plan.width == width
        kind = "whole" if plan.wide[0] else "head" if is_head else "table"
        columns = plan.maps[0] if kind == "table" else torch.zeros(1)
        kinds.append(kind)
        tables.append(columns.to(device, torch.int32))
    return FeatureLayout(heads, width, is_summed, tuple(kinds), tuple(tables))


def message_tile(
    layout: FeatureLayout, dtype: torch.dtype, mean: int, most_bytes: int = TILE_BYTES
) -> MessageTile:
    """The tile of messages for rows of ``mean`` edges, of about ``most_bytes``."""
    itemsize = max(accumulator(dtype).itemsize, 4)
    most = ROW_BYTES // itemsize
    width = min(power_of_two(layout.width), most)
    if layout.width > most and -layout.width % most > -layout.width % (most // 2):
        width = most // 2  # fewer lanes are idle
    heads = min(power_of_two(layout.heads), most // width)
    vector = 16 // dtype.itemsize
    is_aligned = "whole" in layout.kinds and width >= vector
    align = vector if is_aligned and layout.width % vector == 0 else 1
    block = heads * width
    least = max(LEAST_EDGES, LANES * align // block)  # each lane loads at least 16 bytes
    edges = max(most_bytes // (itemsize * block), least)
    edges = min(max(power_of_two(mean), least), MOST_EDGES, edges)
    number = -(-layout.heads // heads) * (1 if layout.is_summed else -(-layout.width // width))
    return MessageTile(edges, heads, width, align, number)


def head_tile(heads: int, size: int, dtype: torch.dtype) -> HeadTile:
    """The tile of heads: ``WARP_BYTES`` for each warp; more warps if four edges need more.

    Args:
        heads: the number of heads.
        size: the number of elements of a head.
        dtype: of the accumulator.
    """
    elements, size = WARP_BYTES // dtype.itemsize, power_of_two(size)
    heads = min(power_of_two(heads), max(128 // size, 1))
    row = heads * size  # elements of an edge
    edges = min(max(elements // row, min(4, 4096 // row), 1), MOST_EDGES_OF_HEADS)
    return HeadTile(edges, heads, size, min(max(edges * row // elements, 1), 8))


def power_of_two(number: int) -> int:
    """The least power of two that is not less than ``number``."""
    return 1 << max(number - 1, 0).bit_length()
