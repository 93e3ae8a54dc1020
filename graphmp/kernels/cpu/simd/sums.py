"""Sums across a tile: of vectors that belong together, and of the numbers of each vector."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from . import llvm
from .llvm import LANES
from .vector import Tile, each, pack, primitive


@primitive
def totals(typing: Any, tile: Any) -> Any:
    """A tile of one vector: the sum of vector ``p``, of at most eight, in place ``p``."""
    made = Tile(tile.dtype, 1)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors = each(builder, tile, args[0])
        vectors += [ir.Constant(vectors[0].type, None)] * (LANES - len(vectors))
        for width in (1, 2, 4):  # numbers that already belong together
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
        return pack(builder, made, vectors)

    return made(tile), generate


@primitive
def joined(typing: Any, tile: Any, numbers: Any) -> Any:
    """A tile of as many vectors as ``numbers`` has: each the sum of as many of the others.

    What :func:`.vector.repeat` gave to several vectors comes together again.
    """
    made = Tile(tile.dtype, len(numbers))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors, together = each(builder, tile, args[0]), tile.count // made.count
        sums = vectors[::together]
        for nth in range(1, together):
            sums = [builder.fadd(a, b) for a, b in zip(sums, vectors[nth::together], strict=True)]
        return pack(builder, made, sums)

    return made(tile, numbers), generate
