"""How the features of a message lie in the tiles of programs, and how large the tiles are.

A message is (heads, width) elements. An operand has all of them, or one number for each head, or
they are found by a table. A result has all of them, or the sum over the width for each head.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from ..contract import Plan, accumulator

# One warp works on a tile, so that its edges are added in registers, with no word to other warps.
WARPS = 1
LANES = 32
ROW_BYTES = 512  # of an accumulated row: the lanes of a warp load 16 bytes each
TILE_BYTES = 4096  # of an accumulated tile
LEAST_EDGES, MOST_EDGES = 4, 128  # of a tile


class Features(NamedTuple):
    """How features meet.

    Attributes:
        heads: how many heads.
        width: elements of a head.
        is_summed: whether the result has one number for each head.
        left: ``"whole"``, ``"head"`` or ``"table"``: where the left operand's elements are.
        right: where the right operand's are.
        left_table: (heads * width,) int32 places in the left operand, for ``"table"``.
        right_table: likewise in the right operand.
    """

    heads: int
    width: int
    is_summed: bool
    left: str
    right: str
    left_table: Tensor
    right_table: Tensor


class Tile(NamedTuple):
    """The sizes of a program's tile, powers of two.

    Attributes:
        edges: how many edges are loaded at once.
        heads: how many heads.
        width: how many elements of each head.
        align: 1, or what divides the width so that loads have 16 bytes.
        number: how many tiles cover a row of the result.
    """

    edges: int
    heads: int
    width: int
    align: int
    number: int


@lru_cache(maxsize=4096)
def features(plan: Plan, device: torch.device) -> Features:
    """How the features of a plan meet; made once."""
    is_summed = plan.size != plan.out_size
    if plan.width:
        left, right = ("whole" if is_wide else "head" for is_wide in plan.wide[:2])
        none = torch.zeros(1, dtype=torch.int32, device=device)
        heads = plan.size // plan.width
        return Features(heads, plan.width, is_summed, left, right, none, none)
    of_left, of_right, of_out = plan.maps
    together = torch.argsort(of_out, stable=True)  # what is summed comes one after the other
    with torch.inference_mode(False):
        tables = [places[together].to(device, torch.int32) for places in (of_left, of_right)]
    heads = plan.out_size if is_summed else 1
    return Features(heads, plan.size // max(heads, 1), is_summed, "table", "table", *tables)


def tile(given: Features, dtype: torch.dtype, mean: int) -> Tile:
    """The tile for rows of ``mean`` edges."""
    held = max(accumulator(dtype).itemsize, 4)
    most = ROW_BYTES // held
    width = min(_power(given.width), most)
    if given.width > most and -given.width % most > -given.width % (most // 2):
        width = most // 2  # fewer lanes would have nothing to do
    heads = min(_power(given.heads), most // width)
    vector = 16 // dtype.itemsize
    is_aligned = "whole" in (given.left, given.right) and width >= vector
    align = vector if is_aligned and given.width % vector == 0 else 1
    block = heads * width
    least = max(LEAST_EDGES, LANES * align // block)  # each lane loads at least 16 bytes
    edges = min(max(_power(mean), least), MOST_EDGES, max(TILE_BYTES // (held * block), least))
    number = -(-given.heads // heads) * (1 if given.is_summed else -(-given.width // width))
    return Tile(edges, heads, width, align, number)


def _power(number: int) -> int:
    """The least power of two that is not below."""
    return 1 << max(number - 1, 0).bit_length()
