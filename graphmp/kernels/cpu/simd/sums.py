"""Sums inside a tile: of several vectors, and of the numbers of each vector."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from . import llvm
from .llvm import LANES
from .vector import Tile, each, pack, primitive


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
