"""Random words in SIMD registers: Philox 4x32-10, as in :mod:`graphmp.kernels.philox`."""

from __future__ import annotations

from typing import Any

from numba.core import types

from ...philox import MULTIPLIERS, ROUNDS, STEPS
from . import llvm
from .llvm import I64, LANES
from .vector import Tile, pack, primitive

_WORDS = 4


@primitive
def at_least(typing: Any, shape: Any, seed: Any, counter: Any, least: Any) -> Any:
    """Four masks of where the first, second, third and fourth word is not below ``least``.

    The counters are consecutive: one for each number of a tile, from ``counter`` on. A word is
    held in 64 bits, since the instructions that multiply numbers of 32 bits give 64.
    """
    tile = Tile(types.boolean, len(shape))
    masks = types.UniTuple(tile, _WORDS)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, key, first, bound = args
        bounds, columns = llvm.splat(builder, bound), []
        for index in range(tile.count):
            places = llvm.ints(list(range(index * LANES, (index + 1) * LANES)), I64)
            words = _words(builder, key, builder.add(llvm.splat(builder, first), places))
            columns.append([builder.icmp_signed(">=", word, bounds) for word in words])
        rows = zip(*columns, strict=True)
        return context.make_tuple(builder, masks, [pack(builder, tile, list(r)) for r in rows])

    i = types.int64
    return masks(shape, i, i, i), generate


def _words(builder: Any, seed: Any, counters: Any) -> tuple[Any, ...]:
    """The four words of eight counters, as vectors of 64 bits."""

    def constant(value: int) -> Any:
        return llvm.ints([value] * LANES, I64)

    def low(vector: Any) -> Any:
        return builder.and_(vector, constant(0xFFFFFFFF))

    def high(vector: Any) -> Any:
        return builder.lshr(vector, constant(32))

    keys = llvm.splat(builder, seed)
    k0, k1 = low(keys), high(keys)
    a, b, c, d = low(counters), high(counters), constant(0), constant(0)
    for _ in range(ROUNDS):
        x, y = builder.mul(a, constant(MULTIPLIERS[0])), builder.mul(c, constant(MULTIPLIERS[1]))
        a, b = builder.xor(builder.xor(high(y), b), k0), low(y)
        c, d = builder.xor(builder.xor(high(x), d), k1), low(x)
        k0, k1 = low(builder.add(k0, constant(STEPS[0]))), low(builder.add(k1, constant(STEPS[1])))
    return a, b, c, d
