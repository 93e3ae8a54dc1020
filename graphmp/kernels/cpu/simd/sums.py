"""Sums inside a tile, of several vectors and of the numbers of each vector; and long sums of tiles.

The more terms a sum has, the more its rounding errors matter: beyond 2**24, a float32 sum of ones
no longer grows. So loops sum a block of ``BLOCK`` edges in a tile and add the tiles in float64:
``new_total`` before the first block, ``add_block`` after each but the last, ``whole`` at the end.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from . import llvm
from .llvm import LANES
from .vector import Tile, each, pack, primitive

BLOCK = 512  # edges whose terms are added in the dtype of the tile


@primitive
def totals(typing: Any, tile: Any) -> Any:
    """A tile of one vector, whose lane ``p`` is the sum of vector ``p`` of at most eight."""
    result = Tile(tile.dtype, 1)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors = each(builder, tile, args[0])
        vectors += [ir.Constant(vectors[0].type, None)] * (LANES - len(vectors))
        for width in (1, 2, 4):  # numbers that are already summed
            order = [
                p + half + step
                for p in range(0, LANES, 2 * width)
                for half in (0, LANES)
                for step in range(width)
            ]
            evens, odds = llvm.ints(order), llvm.ints([q + width for q in order])
            vectors = [
                builder.fadd(
                    builder.shuffle_vector(a, b, evens), builder.shuffle_vector(a, b, odds)
                )
                for a, b in zip(vectors[::2], vectors[1::2], strict=True)
            ]
        return pack(builder, result, vectors)

    return result(tile), generate


@primitive
def combined(typing: Any, tile: Any, numbers: Any) -> Any:
    """A tile of as many vectors as ``numbers`` is long, each the sum of an equal share.

    This is the gradient of :func:`.vector.repeat`.
    """
    result = Tile(tile.dtype, len(numbers))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors, share = each(builder, tile, args[0]), tile.count // result.count
        sums = vectors[::share]
        for nth in range(1, share):
            sums = [builder.fadd(a, b) for a, b in zip(sums, vectors[nth::share], strict=True)]
        return pack(builder, result, sums)

    return result(tile, numbers), generate


@primitive
def new_total(typing: Any, array: Any, shape: Any) -> Any:
    """A tile in float64, not initialised; arguments as in :mod:`.vector`."""
    total = Tile(types.float64, len(shape))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        undefined = ir.Constant(llvm.vector_of(total.dtype), ir.Undefined)
        return pack(builder, total, [undefined] * total.count)

    return total(array, shape), generate


@primitive
def add_block(typing: Any, total: Any, tile: Any, is_first: Any) -> Any:
    """``total + tile`` in float64, or ``tile`` alone for the first block."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors = []
        for a, b in zip(each(builder, total, args[0]), each(builder, tile, args[1]), strict=True):
            wide = b if b.type == a.type else builder.fpext(b, a.type)
            vectors.append(builder.select(args[2], wide, builder.fadd(a, wide)))
        return pack(builder, total, vectors)

    return total(total, tile, types.boolean), generate


@primitive
def rounded(typing: Any, total: Any, tile: Any) -> Any:
    """``total`` in the dtype of ``tile``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        narrow, vectors = llvm.vector_of(tile.dtype), each(builder, total, args[0])
        if total.dtype != tile.dtype:
            vectors = [builder.fptrunc(vector, narrow) for vector in vectors]
        return pack(builder, tile, vectors)

    return tile(total, tile), generate
