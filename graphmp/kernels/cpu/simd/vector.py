"""SIMD primitives for loops: a tile is a few vectors of eight numbers that stay in registers.

Numba leaves accumulators of unknown width in memory; a :class:`Tile` has its width in its type, so
LLVM keeps it in registers. A tile holds float32 or float64. It is loaded from rows of float32,
float64, bfloat16 (arrays of uint16) or float16 (arrays of int16), which are widened on the way.

Every function takes the tile's shape as a tuple whose *length* is the number of vectors, since the
length of a tuple is part of its type. A tile of one vector is loaded and stored with a mask of its
first ``lanes`` numbers; of a larger one every lane counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

from . import llvm
from .llvm import LANES


def primitive(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that loops call, without its first argument, and that becomes LLVM code."""
    made: Callable[..., Any] = intrinsic(function)
    return made


class Tile(types.Type):
    """The Numba type of a tile: ``count`` vectors of ``dtype``."""

    def __init__(self, dtype: Any, count: int) -> None:
        self.dtype, self.count = dtype, count
        super().__init__(name=f"Tile({dtype}, {count})")


@register_model(Tile)
class _TileModel(models.PrimitiveModel):
    def __init__(self, manager: Any, tile: Tile) -> None:
        super().__init__(manager, tile, ir.ArrayType(llvm.vector_of(tile.dtype), tile.count))


def _of(array: Any) -> Any:
    """The dtype of a tile that is loaded from ``array``."""
    return types.float64 if array.dtype == types.float64 else types.float32


def pack(builder: Any, tile: Tile, vectors: list[Any]) -> Any:
    """A tile of so many vectors."""
    packed = ir.Constant(ir.ArrayType(llvm.vector_of(tile.dtype), tile.count), ir.Undefined)
    for place, vector in enumerate(vectors):
        packed = builder.insert_value(packed, vector, place)
    return packed


def each(builder: Any, tile: Tile, value: Any) -> list[Any]:
    """The vectors of a tile."""
    return [builder.extract_value(value, place) for place in range(tile.count)]


# ---- making tiles


@primitive
def fill(typing: Any, array: Any, shape: Any, value: Any) -> Any:
    """A tile of one value, of the dtype that ``array`` is widened to."""
    tile = Tile(_of(array), len(shape))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.cast(builder, args[2], signature.args[2], tile.dtype)
        return pack(builder, tile, [llvm.splat(builder, number)] * tile.count)

    return tile(array, shape, value), generate


class _Source:
    """Where the vectors of a tile come from: a row of an array, from a column on."""

    def __init__(self, context: Any, builder: Any, array: Any, args: Any, lanes: Any) -> None:
        self.builder, self.array = builder, array
        value, row, self.column = args
        self.row = llvm.element(context, builder, array, value, row, llvm.I64(0))
        self.lanes = lanes  # None: all

    def one_by_one(self, place: int) -> Any:
        """Vector ``place`` of consecutive numbers."""
        at = self.builder.add(self.column, llvm.I64(place * LANES))
        mask = None if self.lanes is None else llvm.first_lanes(self.builder, self.lanes)
        return llvm.load(self.builder, self.builder.gep(self.row, [at]), self.array.dtype, mask)

    def in_blocks(self, place: int, places: Any) -> Any:
        """Vector ``place`` of eight times one number, whose column is in ``places``."""
        at = self.builder.add(self.column, llvm.I64(place * LANES))
        return llvm.splat(self.builder, self._number(places, at))

    def by_places(self, place: int, places: Any) -> Any:
        """Vector ``place`` of numbers whose columns are in ``places``."""
        builder = self.builder
        vector = ir.Constant(llvm.vector_of(_of(self.array)), ir.Undefined)
        for lane in range(LANES):
            at = builder.add(self.column, llvm.I64(place * LANES + lane))
            if self.lanes is not None:  # stay inside the row: lanes beyond repeat the last
                last = builder.sub(builder.add(self.column, self.lanes), llvm.I64(1))
                at = builder.select(builder.icmp_signed("<", at, last), at, last)
            vector = builder.insert_element(vector, self._number(places, at), llvm.I32(lane))
        return vector

    def _number(self, places: Any, at: Any) -> Any:
        column = self.builder.sext(self.builder.load(self.builder.gep(places, [at])), llvm.I64)
        return llvm.load_one(self.builder, self.builder.gep(self.row, [column]), self.array.dtype)


@primitive
def load(typing: Any, array: Any, shape: Any, row: Any, column: Any, lanes: Any) -> Any:
    """The tile that starts at ``array[row, column]``."""
    tile = Tile(_of(array), len(shape))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        masked = args[4] if tile.count == 1 else None
        source = _Source(context, builder, array, (args[0], args[2], args[3]), masked)
        return pack(builder, tile, [source.one_by_one(place) for place in range(tile.count)])

    return tile(array, shape, types.int64, types.int64, types.int64), generate


@primitive
def load_operand(
    typing: Any, array: Any, shape: Any, row: Any, kind: Any, places: Any, column: Any, lanes: Any
) -> Any:
    """The tile of an operand, which meets the result as ``kind`` says.

    0: one by one. 1: one number for each vector, at ``places``. 2: one by one, at ``places``. This
    is no function of loops, since handing arrays to one counts references at every call.
    """
    tile = Tile(_of(array), len(shape))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        masked = args[6] if tile.count == 1 else None
        source = _Source(context, builder, array, (args[0], args[2], args[5]), masked)
        at = context.make_array(places)(context, builder, args[4]).data
        kinds = [
            source.one_by_one,
            lambda place: source.in_blocks(place, at),
            lambda place: source.by_places(place, at),
        ]
        blocks = [builder.append_basic_block(f"kind{number}") for number in range(len(kinds))]
        join = builder.append_basic_block("join")
        switch = builder.switch(args[3], blocks[0])
        for number, block in enumerate(blocks[1:], 1):
            switch.add_case(ir.Constant(args[3].type, number), block)
        made = []
        for block, make in zip(blocks, kinds, strict=True):
            builder.position_at_end(block)
            made.append([make(place) for place in range(tile.count)])
            builder.branch(join)
        builder.position_at_end(join)
        vectors = []
        for choices in zip(*made, strict=True):
            vector = builder.phi(llvm.vector_of(tile.dtype))
            for block, choice in zip(blocks, choices, strict=True):
                vector.add_incoming(choice, block)
            vectors.append(vector)
        return pack(builder, tile, vectors)

    i = types.int64
    return tile(array, shape, i, i, places, i, i), generate


@primitive
def repeat(typing: Any, array: Any, shape: Any, row: Any, column: Any, numbers: Any) -> Any:
    """A tile of a few numbers of a row, each repeated in as many vectors as the others.

    They start at ``column``; the length of the tuple ``numbers`` says how many they are.
    """
    tile, distinct = Tile(_of(array), len(shape)), len(numbers)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = llvm.element(context, builder, array, args[0], args[2], args[3])
        made = []
        for place in range(distinct):
            number = llvm.load_one(builder, builder.gep(start, [llvm.I64(place)]), array.dtype)
            made += [llvm.splat(builder, number)] * (tile.count // distinct)
        return pack(builder, tile, made)

    return tile(array, shape, types.int64, types.int64, numbers), generate


@primitive
def load_blocks(
    typing: Any, array: Any, shape: Any, row: Any, block: Any, blocks: Any, width: Any, lanes: Any
) -> Any:
    """A tile whose vector ``p`` starts where block ``block + p`` of a row does, ``width`` apart.

    ``block`` is a pair: the first block and how far into each block. Vectors beyond the last of
    the ``blocks`` repeat it. Only the first ``lanes`` numbers of each count; the others are 0.
    """
    tile = Tile(_of(array), len(shape))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first, into = cgutils.unpack_tuple(builder, args[3])
        last = builder.sub(args[4], llvm.I64(1))
        start = llvm.element(context, builder, array, args[0], args[2], into)
        mask, made = llvm.first_lanes(builder, args[6]), []
        for place in range(tile.count):
            at = builder.add(first, llvm.I64(place))
            at = builder.select(builder.icmp_signed("<", at, last), at, last)
            pointer = builder.gep(start, [builder.mul(at, args[5])])
            made.append(llvm.load(builder, pointer, array.dtype, mask))
        return pack(builder, tile, made)

    i = types.int64
    return tile(array, shape, i, types.UniTuple(i, 2), i, i, i), generate


# ---- using tiles


@primitive
def store(typing: Any, array: Any, row: Any, column: Any, tile: Any, lanes: Any) -> Any:
    """Write a tile to where it starts, ``array[row, column]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = llvm.element(context, builder, array, args[0], args[1], args[2])
        mask = llvm.first_lanes(builder, args[4]) if tile.count == 1 else None
        for place, vector in enumerate(each(builder, tile, args[3])):
            at = builder.gep(start, [llvm.I64(place * LANES)])
            llvm.store(builder, at, array.dtype, vector, mask)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64, tile, types.int64), generate


def _binary(instruction: str) -> Callable[..., Any]:
    def operation(typing: Any, first: Any, second: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit = getattr(builder, instruction)
            pairs = zip(each(builder, first, args[0]), each(builder, first, args[1]), strict=True)
            flags = ("contract",)
            return pack(builder, first, [emit(a, b, flags=flags) for a, b in pairs])

        return first(first, first), generate

    return primitive(operation)


add = _binary("fadd")
sub = _binary("fsub")
mul = _binary("fmul")
div = _binary("fdiv")


def _bent(keep: bool) -> Callable[..., Any]:
    def operation(typing: Any, tile: Any, slope: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            number = context.cast(builder, args[1], signature.args[1], tile.dtype)
            steepness, made = llvm.splat(builder, number), []
            for x in each(builder, tile, args[0]):
                positive = builder.fcmp_ordered(">", x, ir.Constant(x.type, None))
                above = x if keep else ir.Constant(x.type, [1.0] * LANES)
                below = builder.fmul(x, steepness) if keep else steepness
                made.append(builder.select(positive, above, below))
            return pack(builder, tile, made)

        return tile(tile, slope), generate

    return primitive(operation)


leaky = _bent(keep=True)  # leaky(tile, slope): each number, times the slope unless it is positive
steep = _bent(keep=False)  # steep(tile, slope): the derivative of that


# ---- choosing between tiles


@primitive
def places(typing: Any, shape: Any, value: Any) -> Any:
    """A tile of int32, all ``value``: which edge gave each number of another tile."""
    tile = Tile(types.int32, len(shape))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.cast(builder, args[1], signature.args[1], types.int32)
        return pack(builder, tile, [llvm.splat(builder, number)] * tile.count)

    return tile(shape, value), generate


@primitive
def beats(typing: Any, new: Any, old: Any, smallest: Any, careful: Any) -> Any:
    """Where ``new`` is larger than ``old``; smaller, if ``smallest`` is (0,).

    If ``careful`` is (0,), also where ``new`` is the first NaN.
    """
    tile, sign = Tile(types.boolean, new.count), "<" if len(smallest) else ">"

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        made = []
        for a, b in zip(each(builder, new, args[0]), each(builder, new, args[1]), strict=True):
            wins = builder.fcmp_ordered(sign, a, b)
            if len(careful):
                is_nan = builder.fcmp_unordered("uno", a, a)
                first_nan = builder.and_(is_nan, builder.fcmp_ordered("ord", b, b))
                wins = builder.or_(wins, first_nan)
            made.append(wins)
        return pack(builder, tile, made)

    return tile(new, new, smallest, careful), generate


@primitive
def choose(typing: Any, mask: Any, new: Any, old: Any) -> Any:
    """The numbers of ``new`` where ``mask`` is set, else of ``old``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits, fresh, kept = (
            each(builder, tile, value) for tile, value in zip((mask, new, new), args, strict=True)
        )
        made = [builder.select(m, a, b) for m, a, b in zip(bits, fresh, kept, strict=True)]
        return pack(builder, new, made)

    return new(mask, new, new), generate


@primitive
def store_places(
    typing: Any, array: Any, row: Any, column: Any, tile: Any, begin: Any, lanes: Any
) -> Any:
    """Write ``begin`` plus each of a tile's places, from ``array[row, column]`` on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = llvm.element(context, builder, array, args[0], args[1], args[2])
        mask = llvm.first_lanes(builder, args[5]) if tile.count == 1 else None
        kind, first = llvm.I32, builder.trunc(args[4], llvm.I32)
        if array.dtype == types.int64:
            kind, first = llvm.I64, args[4]
        for place, vector in enumerate(each(builder, tile, args[3])):
            wide = vector if kind == llvm.I32 else builder.sext(vector, ir.VectorType(kind, LANES))
            value = builder.add(wide, llvm.splat(builder, first))
            llvm.put(builder, builder.gep(start, [llvm.I64(place * LANES)]), value, mask)
        return context.get_dummy_value()

    i = types.int64
    return types.void(array, i, i, tile, i, i), generate


@primitive
def exp(typing: Any, tile: Any) -> Any:
    """The exponential of each number.

    Results below the normal numbers are 0, above the largest number infinite; the relative error
    is below two units in the last place.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return pack(
            builder, tile, [llvm.exp(builder, tile.dtype, v) for v in each(builder, tile, args[0])]
        )

    return tile(tile), generate
