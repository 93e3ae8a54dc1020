"""Random words in SIMD registers: Philox 4x32-10, as in :mod:`graphmp.kernels.philox`."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from ...philox import MULTIPLIERS, ROUNDS, STEPS
from . import llvm
from .llvm import I64, LANES
from .vector import Tile, pack, primitive

WORDS = 4


@primitive
def at_least(typing: Any, shape: Any, seed: Any, counter: Any, least: Any) -> Any:
    """Four masks of where the first, second, third and fourth word is not below ``least``.

    The counters are consecutive: one for each number of a tile, from ``counter`` on. A word is
    held in 64 bits, since the instructions that multiply numbers of 32 bits give 64.
    """
    tile = Tile(types.boolean, len(shape))
    masks = types.UniTuple(tile, WORDS)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, key, first, bound = args
        bounds, columns = llvm.splat(builder, bound), []
        for index in range(tile.count):
            places = llvm.ints(list(range(index * LANES, (index + 1) * LANES)), I64)
            counters = builder.add(llvm.splat(builder, first), places)
            words = _words(builder, key, counters, llvm.ints([0] * LANES, I64))
            columns.append([builder.icmp_signed(">=", word, bounds) for word in words])
        rows = zip(*columns, strict=True)
        return context.make_tuple(builder, masks, [pack(builder, tile, list(r)) for r in rows])

    i = types.int64
    return masks(shape, i, i, i), generate


@primitive
def store_factors(
    typing: Any, out: Any, row: Any, column: Any, numbers: Any, edges: Any, dropout: Any
) -> Any:
    """Write the dropout factors of eight edges for up to four heads, from ``out[row, column]`` on.

    An edge has a row; those beyond the last edge are written, too. ``column`` is the first head, a
    multiple of four. Of ``numbers``, ``(heads, edges)``, more than four and eight do not count.
    ``edges`` is ``(eids, position)``: the ids, and where those of these edges begin. ``dropout`` is
    ``(seed, least, factor)``: the key, the least word that is not dropped, and what is written for
    it; for other words 0 is.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        heads, count = cgutils.unpack_tuple(builder, args[3])
        eids, position = cgutils.unpack_tuple(builder, args[4])
        seed, least, factor = cgutils.unpack_tuple(builder, args[5])
        ids = context.make_array(edges[0])(context, builder, eids).data
        mask = llvm.first_lanes(builder, count)
        ids = llvm.load_ints(builder, builder.gep(ids, [position]), edges[0].dtype, mask)
        group = llvm.splat(builder, builder.sdiv(args[2], I64(WORDS)))
        bounds = llvm.splat(builder, least)
        number = llvm.splat(builder, context.cast(builder, factor, dropout[2], out.dtype))
        zeros = ir.Constant(number.type, None)
        factors = [
            builder.select(builder.icmp_signed(">=", word, bounds), number, zeros)
            for word in _words(builder, seed, ids, group)
        ]
        mask = llvm.first_lanes(builder, heads)
        for edge, vector in enumerate(_transposed(builder, factors)):
            at = builder.add(args[1], I64(edge))
            start = llvm.element(context, builder, out, args[0], at, args[2])
            llvm.store(builder, start, out.dtype, vector, mask)
        return context.get_dummy_value()

    i = types.int64
    return types.void(out, i, i, types.UniTuple(i, 2), edges, dropout), generate


def _transposed(builder: Any, vectors: list[Any]) -> list[Any]:
    """For each of eight lanes a vector that begins with the numbers of four vectors there."""
    rows, half = [], LANES // 2
    for first in (0, half):
        places = range(first, first + half)
        order = llvm.ints([at for place in places for at in (place, place + LANES)])
        a, b = (builder.shuffle_vector(*vectors[at : at + 2], order) for at in (0, 2))
        for place in range(0, LANES, 2):
            order = llvm.ints([place, place + 1, place + LANES, place + LANES + 1] * 2)
            rows.append(builder.shuffle_vector(a, b, order))
    return rows


def _words(builder: Any, seed: Any, counters: Any, group: Any) -> tuple[Any, ...]:
    """The four words of eight counters and groups, as vectors of 64 bits."""

    def constant(value: int) -> Any:
        return llvm.ints([value] * LANES, I64)

    def low(vector: Any) -> Any:
        return builder.and_(vector, constant(0xFFFFFFFF))

    def high(vector: Any) -> Any:
        return builder.lshr(vector, constant(32))

    keys = llvm.splat(builder, seed)
    k0, k1 = low(keys), high(keys)
    a, b, c, d = low(counters), high(counters), low(group), constant(0)
    for _ in range(ROUNDS):
        x, y = builder.mul(a, constant(MULTIPLIERS[0])), builder.mul(c, constant(MULTIPLIERS[1]))
        a, b = builder.xor(builder.xor(high(y), b), k0), low(y)
        c, d = builder.xor(builder.xor(high(x), d), k1), low(x)
        k0, k1 = low(builder.add(k0, constant(STEPS[0]))), low(builder.add(k1, constant(STEPS[1])))
    return a, b, c, d
