"""Primitives on tiles: load, store, arithmetic and comparison; the package explains tiles.

Common arguments:

- ``array``: (rows, columns), in C order.
- ``shape``: a tuple as long as the tile has vectors.
- ``row``, ``column``: int64, the first element of the tile in ``array``.
- ``lanes``: how many numbers of a tile of one vector count; ignored for larger tiles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

from . import llvm
from .llvm import LANES

# How the elements of an operand meet those of a tile: one by one; one for each vector, at the
# columns that a table names; or one by one, at these columns.
ONE_BY_ONE, IN_BLOCKS, BY_COLUMNS = 0, 1, 2


def primitive(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that loops call, without its first argument, and that emits LLVM code."""
    return intrinsic(function)


class Tile(types.Type):
    """The Numba type of a tile: ``count`` vectors of ``dtype``."""

    def __init__(self, dtype: Any, count: int) -> None:
        self.dtype, self.count = dtype, count
        super().__init__(name=f"Tile({dtype}, {count})")


@register_model(Tile)
class _TileModel(models.PrimitiveModel):
    def __init__(self, manager: Any, tile: Tile) -> None:
        super().__init__(manager, tile, ir.ArrayType(llvm.vector_of(tile.dtype), tile.count))


def _dtype_of(array: Any) -> Any:
    """The dtype of a tile that is loaded from ``array``."""
    return types.float64 if array.dtype == types.float64 else types.float32


def pack(builder: Any, tile: Tile, vectors: list[Any]) -> Any:
    """A tile of these vectors."""
    packed = ir.Constant(ir.ArrayType(llvm.vector_of(tile.dtype), tile.count), ir.Undefined)
    for index, vector in enumerate(vectors):
        packed = builder.insert_value(packed, vector, index)
    return packed


def each(builder: Any, tile: Tile, value: Any) -> list[Any]:
    """The vectors of a tile."""
    return [builder.extract_value(value, index) for index in range(tile.count)]


# ---- making tiles


@primitive
def fill(typing: Any, array: Any, shape: Any, value: Any) -> Any:
    """A tile of one value, of the dtype that ``array`` is widened to."""
    tile = Tile(_dtype_of(array), len(shape))

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

    def one_by_one(self, index: int) -> Any:
        """Vector ``index`` of consecutive numbers."""
        column = self.builder.add(self.column, llvm.I64(index * LANES))
        mask = None if self.lanes is None else llvm.first_lanes(self.builder, self.lanes)
        return llvm.load(self.builder, self.builder.gep(self.row, [column]), self.array.dtype, mask)

    def in_blocks(self, index: int, columns: Any) -> Any:
        """Vector ``index``, eight times one number, whose column is in ``columns``."""
        at = self.builder.add(self.column, llvm.I64(index * LANES))
        return llvm.splat(self.builder, self._number(columns, at))

    def by_columns(self, index: int, columns: Any) -> Any:
        """Vector ``index`` of numbers whose columns are in ``columns``."""
        builder = self.builder
        vector = ir.Constant(llvm.vector_of(_dtype_of(self.array)), ir.Undefined)
        for lane in range(LANES):
            at = builder.add(self.column, llvm.I64(index * LANES + lane))
            if self.lanes is not None:  # stay inside the row: lanes beyond the last repeat it
                last = builder.sub(builder.add(self.column, self.lanes), llvm.I64(1))
                at = builder.select(builder.icmp_signed("<", at, last), at, last)
            vector = builder.insert_element(vector, self._number(columns, at), llvm.I32(lane))
        return vector

    def _number(self, columns: Any, at: Any) -> Any:
        column = self.builder.sext(self.builder.load(self.builder.gep(columns, [at])), llvm.I64)
        return llvm.load_one(self.builder, self.builder.gep(self.row, [column]), self.array.dtype)


@primitive
def load(typing: Any, array: Any, shape: Any, row: Any, column: Any, lanes: Any) -> Any:
    """The tile that starts at ``array[row, column]``."""
    tile = Tile(_dtype_of(array), len(shape))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        masked = args[4] if tile.count == 1 else None
        source = _Source(context, builder, array, (args[0], args[2], args[3]), masked)
        return pack(builder, tile, [source.one_by_one(index) for index in range(tile.count)])

    return tile(array, shape, types.int64, types.int64, types.int64), generate


@primitive
def load_operand(
    typing: Any, array: Any, shape: Any, row: Any, kind: Any, columns: Any, column: Any, lanes: Any
) -> Any:
    """The tile of an operand, whose elements meet those of the result as ``kind`` says.

    ``ONE_BY_ONE``: consecutive numbers. ``IN_BLOCKS``: one number for each vector, at ``columns``.
    ``BY_COLUMNS``: one number for each lane, at ``columns``; int32, by column of the result.
    """
    tile = Tile(_dtype_of(array), len(shape))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        masked = args[6] if tile.count == 1 else None
        source = _Source(context, builder, array, (args[0], args[2], args[5]), masked)
        table = context.make_array(columns)(context, builder, args[4]).data
        loads = {
            ONE_BY_ONE: source.one_by_one,
            IN_BLOCKS: lambda index: source.in_blocks(index, table),
            BY_COLUMNS: lambda index: source.by_columns(index, table),
        }
        blocks = {number: builder.append_basic_block(f"kind{number}") for number in loads}
        join = builder.append_basic_block("join")
        switch = builder.switch(args[3], blocks[ONE_BY_ONE])
        for number in (IN_BLOCKS, BY_COLUMNS):
            switch.add_case(ir.Constant(args[3].type, number), blocks[number])
        vectors_of_kinds = []
        for number, load_vector in loads.items():
            builder.position_at_end(blocks[number])
            vectors_of_kinds.append([load_vector(index) for index in range(tile.count)])
            builder.branch(join)
        builder.position_at_end(join)
        vectors = []
        for alternatives in zip(*vectors_of_kinds, strict=True):
            vector = builder.phi(llvm.vector_of(tile.dtype))
            for block, alternative in zip(blocks.values(), alternatives, strict=True):
                vector.add_incoming(alternative, block)
            vectors.append(vector)
        return pack(builder, tile, vectors)

    i = types.int64
    return tile(array, shape, i, i, columns, i, i), generate


@primitive
def repeat(typing: Any, array: Any, shape: Any, row: Any, column: Any, numbers: Any) -> Any:
    """A tile of consecutive numbers of a row, each repeated in an equal share of the vectors.

    The length of the tuple ``numbers`` is how many numbers there are.
    """
    tile, distinct = Tile(_dtype_of(array), len(shape)), len(numbers)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = llvm.element(context, builder, array, args[0], args[2], args[3])
        vectors = []
        for index in range(distinct):
            number = llvm.load_one(builder, builder.gep(start, [llvm.I64(index)]), array.dtype)
            vectors += [llvm.splat(builder, number)] * (tile.count // distinct)
        return pack(builder, tile, vectors)

    return tile(array, shape, types.int64, types.int64, numbers), generate


@primitive
def load_blocks(
    typing: Any, array: Any, shape: Any, row: Any, block: Any, blocks: Any, width: Any, lanes: Any
) -> Any:
    """A tile with a vector from each of several blocks of a row, ``width`` columns apart.

    ``block`` is a pair: the first block, and the column in each block. Vectors beyond the last of
    the ``blocks`` repeat it. Only the first ``lanes`` numbers of each vector count; others are 0.
    """
    tile = Tile(_dtype_of(array), len(shape))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first, into = cgutils.unpack_tuple(builder, args[3])
        last = builder.sub(args[4], llvm.I64(1))
        start = llvm.element(context, builder, array, args[0], args[2], into)
        mask, vectors = llvm.first_lanes(builder, args[6]), []
        for index in range(tile.count):
            at = builder.add(first, llvm.I64(index))
            at = builder.select(builder.icmp_signed("<", at, last), at, last)
            pointer = builder.gep(start, [builder.mul(at, args[5])])
            vectors.append(llvm.load(builder, pointer, array.dtype, mask))
        return pack(builder, tile, vectors)

    i = types.int64
    return tile(array, shape, i, types.UniTuple(i, 2), i, i, i), generate


# ---- using tiles


@primitive
def store(typing: Any, array: Any, row: Any, column: Any, tile: Any, lanes: Any) -> Any:
    """Write a tile to where it starts, ``array[row, column]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = llvm.element(context, builder, array, args[0], args[1], args[2])
        _store(builder, start, array.dtype, each(builder, tile, args[3]), args[4])
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64, tile, types.int64), generate


@primitive
def store_each(typing: Any, arrays: Any, row: Any, column: Any, tile: Any, lanes: Any) -> Any:
    """Write an equal share of a tile's vectors to each of the arrays, as :func:`store` does."""
    share = tile.count // max(len(arrays), 1)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors = each(builder, tile, args[3])
        for number, array in enumerate(arrays):
            value = builder.extract_value(args[0], number)
            start = llvm.element(context, builder, array, value, args[1], args[2])
            own = vectors[number * share : (number + 1) * share]
            _store(builder, start, array.dtype, own, args[4])
        return context.get_dummy_value()

    return types.void(arrays, types.int64, types.int64, tile, types.int64), generate


def _store(builder: Any, start: Any, kind: Any, vectors: list[Any], lanes: Any) -> None:
    """Write vectors from ``start`` on; of one alone, its first ``lanes`` numbers."""
    mask = llvm.first_lanes(builder, lanes) if len(vectors) == 1 else None
    for index, vector in enumerate(vectors):
        llvm.store(builder, builder.gep(start, [llvm.I64(index * LANES)]), kind, vector, mask)


@primitive
def split(typing: Any, tile: Any, like: Any) -> Any:
    """The first vectors of a tile, as many as ``like`` has, and the others."""
    parts = (Tile(tile.dtype, like.count), Tile(tile.dtype, tile.count - like.count))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors = each(builder, tile, args[0])
        first, rest = vectors[: like.count], vectors[like.count :]
        packed = [pack(builder, parts[0], first), pack(builder, parts[1], rest)]
        return context.make_tuple(builder, signature.return_type, packed)

    return types.Tuple(parts)(tile, like), generate


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


def _leaky_relu(is_gradient: bool) -> Callable[..., Any]:
    def operation(typing: Any, tile: Any, slope: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            number = context.cast(builder, args[1], signature.args[1], tile.dtype)
            slopes, vectors = llvm.splat(builder, number), []
            for x in each(builder, tile, args[0]):
                positive = builder.fcmp_ordered(">", x, ir.Constant(x.type, None))
                above = ir.Constant(x.type, [1.0] * LANES) if is_gradient else x
                below = slopes if is_gradient else builder.fmul(x, slopes)
                vectors.append(builder.select(positive, above, below))
            return pack(builder, tile, vectors)

        return tile(tile, slope), generate

    return primitive(operation)


# leaky_relu(tile, slope): each number, times the slope unless it is positive; and its derivative.
leaky_relu = _leaky_relu(is_gradient=False)
leaky_relu_grad = _leaky_relu(is_gradient=True)


# ---- choosing between tiles


@primitive
def indices(typing: Any, shape: Any, value: Any) -> Any:
    """A tile of int32, all ``value``: indices of edges, for each number of another tile."""
    tile = Tile(types.int32, len(shape))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.cast(builder, args[1], signature.args[1], types.int32)
        return pack(builder, tile, [llvm.splat(builder, number)] * tile.count)

    return tile(shape, value), generate


@primitive
def is_better(typing: Any, new: Any, old: Any, smallest: Any, check_nan: Any) -> Any:
    """A mask of where ``new`` is larger than ``old``; with ``smallest``, smaller.

    With ``check_nan`` it is also set where ``new`` is NaN and ``old`` is not. Both are flags.
    """
    tile, sign = Tile(types.boolean, new.count), "<" if len(smallest) else ">"

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        masks = []
        for a, b in zip(each(builder, new, args[0]), each(builder, new, args[1]), strict=True):
            mask = builder.fcmp_ordered(sign, a, b)
            if len(check_nan):
                is_nan = builder.fcmp_unordered("uno", a, a)
                first_nan = builder.and_(is_nan, builder.fcmp_ordered("ord", b, b))
                mask = builder.or_(mask, first_nan)
            masks.append(mask)
        return pack(builder, tile, masks)

    return tile(new, new, smallest, check_nan), generate


@primitive
def choose(typing: Any, mask: Any, new: Any, old: Any) -> Any:
    """The numbers of ``new`` where ``mask`` is set, else of ``old``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        masks = each(builder, mask, args[0])
        pairs = zip(each(builder, new, args[1]), each(builder, new, args[2]), strict=True)
        vectors = [builder.select(m, a, b) for m, (a, b) in zip(masks, pairs, strict=True)]
        return pack(builder, new, vectors)

    return new(mask, new, new), generate


@primitive
def first_of(typing: Any, tile: Any, other: Any, lanes: Any) -> Any:
    """A tile of one vector: the first ``lanes`` numbers of ``tile``, the others of ``other``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        mask = llvm.first_lanes(builder, args[2])
        (a,), (b,) = each(builder, tile, args[0]), each(builder, tile, args[1])
        return pack(builder, tile, [builder.select(mask, a, b)])

    return tile(tile, tile, types.int64), generate


@primitive
def rotated(typing: Any, tile: Any, distance: Any) -> Any:
    """A tile whose vectors are rotated by as many lanes as the tuple ``distance`` is long."""
    order = [(lane + len(distance)) % LANES for lane in range(LANES)]

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors = each(builder, tile, args[0])
        lanes = llvm.ints(order)
        return pack(builder, tile, [builder.shuffle_vector(v, v, lanes) for v in vectors])

    return tile(tile, distance), generate


@primitive
def store_indices(
    typing: Any, array: Any, row: Any, column: Any, tile: Any, begin: Any, lanes: Any
) -> Any:
    """Write ``begin`` plus each index of a tile, from ``array[row, column]`` on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = llvm.element(context, builder, array, args[0], args[1], args[2])
        mask = llvm.first_lanes(builder, args[5]) if tile.count == 1 else None
        kind, first = llvm.I32, builder.trunc(args[4], llvm.I32)
        if array.dtype == types.int64:
            kind, first = llvm.I64, args[4]
        for index, vector in enumerate(each(builder, tile, args[3])):
            wide = vector if kind == llvm.I32 else builder.sext(vector, ir.VectorType(kind, LANES))
            value = builder.add(wide, llvm.splat(builder, first))
            llvm.store_raw(builder, builder.gep(start, [llvm.I64(index * LANES)]), value, mask)
        return context.get_dummy_value()

    i = types.int64
    return types.void(array, i, i, tile, i, i), generate


@primitive
def add_where(
    typing: Any, out: Any, row: Any, tile: Any, arg: Any, arg_row: Any, index: Any, at: Any
) -> Any:
    """Add to ``out[row]`` those numbers of a tile at which ``arg[arg_row]`` is ``index``.

    ``at`` is a pair, the column of both arrays at which the tile starts, and the lanes.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        column, lanes = cgutils.unpack_tuple(builder, args[6])
        start = llvm.element(context, builder, out, args[0], args[1], column)
        places = llvm.element(context, builder, arg, args[3], args[4], column)
        mask = llvm.first_lanes(builder, lanes) if tile.count == 1 else None
        searched = args[5] if arg.dtype == types.int64 else builder.trunc(args[5], llvm.I32)
        searched = llvm.splat(builder, searched)
        for number, vector in enumerate(each(builder, tile, args[2])):
            pointer = builder.gep(start, [llvm.I64(number * LANES)])
            place = builder.gep(places, [llvm.I64(number * LANES)])
            is_equal = builder.icmp_signed(
                "==", llvm.load(builder, place, arg.dtype, mask), searched
            )
            is_equal = is_equal if mask is None else builder.and_(is_equal, mask)
            kind = llvm.vector_of(out.dtype)
            wide = vector if out.dtype == tile.dtype else builder.fpext(vector, kind)
            added = builder.select(is_equal, wide, ir.Constant(kind, [0.0] * LANES))
            total = builder.fadd(llvm.load(builder, pointer, out.dtype, mask), added)
            llvm.store(builder, pointer, out.dtype, total, mask)
        return context.get_dummy_value()

    i = types.int64
    return types.void(out, i, tile, arg, i, i, types.UniTuple(i, 2)), generate


def _exponential(less: int) -> Callable[..., Any]:
    def operation(typing: Any, tile: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            vectors = each(builder, tile, args[0])
            return pack(builder, tile, [llvm.exp(builder, tile.dtype, v, less) for v in vectors])

        return tile(tile), generate

    return primitive(operation)


# The exponential of each number, and that minus 1. Powers below 0.7 of the smallest normal number
# are 0, those above 0.7 of the largest number infinite. The relative error is below two units in
# the last place, of the second below three.
exp, exp_minus_1 = _exponential(0), _exponential(1)
