"""Expressions of messages, evaluated on tiles.

An expression is part of the type of a loop's argument: Numba compiles the loop once for each, with
the operators in place.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import NativeValue, models, register_model, unbox

from ...contract import EDGE, OTHER, ROW
from ...expression import Expression
from . import elementwise, llvm
from .addresses import _lines, _prefetch_lines
from .llvm import LANES
from .vector import BY_COLUMNS, IN_BLOCKS, ONE_BY_ONE, Tile, _dtype_of, _Source, pack, primitive


class Formula:
    """An expression whose operands lie at given ends and meet the tile in given ways.

    Args:
        expression: what is computed.
        ends: for each operand ``ROW``, ``OTHER``, ``EDGE`` or ``ALL``.
        kinds: for each operand how its elements meet those of a tile; see :mod:`.vector`.
        keeps: how many of the last results are kept at the edges.
    """

    def __init__(
        self, expression: Expression, ends: tuple[int, ...], kinds: tuple[int, ...], keeps: int
    ) -> None:
        self.codes: dict[Any, Any] = {}  # machine code of the loops, by what else they depend on
        self._numba_type_ = _FormulaType(expression, ends, kinds, keeps)


class _FormulaType(types.Type):
    """The Numba type of a :class:`Formula`: all that it holds."""

    def __init__(
        self, expression: Expression, ends: tuple[int, ...], kinds: tuple[int, ...], keeps: int
    ) -> None:
        self.expression, self.ends, self.kinds = expression, ends, kinds
        self.sums = len(expression.results) - keeps
        super().__init__(name=f"Formula({expression!r}, {ends}, {kinds}, {keeps})")


register_model(_FormulaType)(models.OpaqueModel)


@unbox(_FormulaType)
def _unbox(kind: Any, value: Any, context: Any) -> Any:
    return NativeValue(context.context.get_dummy_value())


@primitive
def evaluate(
    typing: Any, formula: Any, operands: Any, constants: Any, shape: Any, rows: Any, place: Any
) -> Any:
    """A tile of the messages of an edge: of several results one after the other.

    ``operands`` are ``(data, columns)`` of each, ``constants`` (number of constants,) float64,
    ``rows`` for each operand the row that the edge reads, and ``place`` the column at which the
    tile starts, and its lanes.
    """
    results, count = formula.expression.results, len(shape)
    tile = Tile(_dtype_of(operands[0][0]), len(results) * count)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        column, lanes = cgutils.unpack_tuple(builder, args[5])
        masked = lanes if count == 1 else None
        loads: list[Any] = []
        for index, ((data, columns), kind) in enumerate(zip(operands, formula.kinds, strict=True)):
            array, table = _operand(context, builder, columns, args[1], index)
            row = builder.extract_value(args[4], index)
            source = _Source(context, builder, data, (array, row, column), masked)
            loads.append(
                {
                    ONE_BY_ONE: source.one_by_one,
                    IN_BLOCKS: partial(source.in_blocks, columns=table),
                    BY_COLUMNS: partial(source.by_columns, columns=table),
                }[kind]
            )
        numbers = _numbers(context, builder, formula, tile, (constants, args[2]))
        vectors = [None] * tile.count
        for index in range(count):  # one after the other: few numbers are alive at once
            values = [load(index) for load in loads] + numbers
            vectors[index::count] = _results(builder, formula, tile, values)
        return pack(builder, tile, vectors)

    i = types.int64
    rows_type = types.UniTuple(i, len(operands))
    return tile(formula, operands, constants, shape, rows_type, types.UniTuple(i, 2)), generate


def _operand(context: Any, builder: Any, columns: Any, operands: Any, index: int) -> Any:
    """The array of an operand, and where the table of its columns is."""
    pair = builder.extract_value(operands, index)
    table = context.make_array(columns)(context, builder, builder.extract_value(pair, 1))
    return builder.extract_value(pair, 0), table.data


def _numbers(context: Any, builder: Any, formula: Any, tile: Tile, constants: Any) -> list[Any]:
    """The constants of an expression, each in a vector."""
    kind, array = constants
    start, numbers = context.make_array(kind)(context, builder, array).data, []
    for index in range(formula.expression.num_constants):
        number = builder.load(builder.gep(start, [llvm.I64(index)]))
        number = context.cast(builder, number, types.float64, tile.dtype)
        numbers.append(llvm.splat(builder, number))
    return numbers


def _results(builder: Any, formula: Any, tile: Tile, values: list[Any]) -> list[Any]:
    """The results of an expression from vectors of its operands and constants."""
    for name, arguments in formula.expression.steps:
        emit = elementwise.EMIT[name]
        values.append(emit(builder, tile.dtype, *(values[a] for a in arguments)))
    return [values[number] for number in formula.expression.results]


@primitive
def evaluate_at(
    typing: Any, formula: Any, operands: Any, constants: Any, csr: Any, arg: Any, place: Any
) -> Any:
    """A vector of each result, each lane for the edge at the position in ``arg``; 0 where it is -1.

    ``csr`` is ``(indices, eids)``, and ``place`` the row of ``arg``, its column, and the lanes.
    """
    tile = Tile(_dtype_of(operands[0][0]), len(formula.expression.results))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        row, column, lanes = cgutils.unpack_tuple(builder, args[5])
        positions = llvm.element(context, builder, arg, args[4], row, llvm.I64(0))
        last = builder.sub(builder.add(column, lanes), llvm.I64(1))
        ends, operand_vectors = set(formula.ends), [_undefined(tile)] * len(operands)
        has_edge = ir.Constant(ir.VectorType(llvm.I1, LANES), ir.Undefined)
        for lane in range(LANES):  # beyond the last column it is repeated
            at = builder.add(column, llvm.I64(lane))
            at = builder.select(builder.icmp_signed("<", at, last), at, last)
            position = builder.load(builder.gep(positions, [at]))
            position = context.cast(builder, position, arg.dtype, types.int64)
            exists = builder.icmp_signed(">=", position, llvm.I64(0))
            has_edge = builder.insert_element(has_edge, exists, llvm.I32(lane))
            position = builder.select(exists, position, llvm.I64(0))
            rows = {ROW: row}
            for end, ids in zip((OTHER, EDGE), csr, strict=True):
                if end in ends:
                    array = builder.extract_value(args[3], end - OTHER)
                    start = context.make_array(ids)(context, builder, array).data
                    number = builder.load(builder.gep(start, [position]))
                    rows[end] = context.cast(builder, number, ids.dtype, types.int64)
            for index, (data, columns) in enumerate(operands):
                array, table = _operand(context, builder, columns, args[1], index)
                own = at
                if formula.kinds[index] != ONE_BY_ONE:
                    own = builder.sext(builder.load(builder.gep(table, [at])), llvm.I64)
                row_of = rows.get(formula.ends[index], llvm.I64(0))
                pointer = llvm.element(context, builder, data, array, row_of, own)
                number = llvm.load_one(builder, pointer, data.dtype)
                operand_vectors[index] = builder.insert_element(
                    operand_vectors[index], number, llvm.I32(lane)
                )
        values = operand_vectors + _numbers(context, builder, formula, tile, (constants, args[2]))
        zero = ir.Constant(llvm.vector_of(tile.dtype), [0.0] * LANES)
        vectors = _results(builder, formula, tile, values)
        return pack(builder, tile, [builder.select(has_edge, v, zero) for v in vectors])

    i = types.int64
    return tile(formula, operands, constants, csr, arg, types.UniTuple(i, 3)), generate


def _undefined(tile: Tile) -> Any:
    """A vector that is not filled yet."""
    return ir.Constant(llvm.vector_of(tile.dtype), ir.Undefined)


@primitive
def shape_of_sums(typing: Any, formula: Any, shape: Any) -> Any:
    """The shape of a tile of the results that are summed, one after the other."""
    result = types.UniTuple(types.int64, formula.sums * len(shape))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.get_constant_null(result)

    return result(formula, shape), generate


@primitive
def rows_of(typing: Any, formula: Any, row: Any, position: Any, indices: Any, eids: Any) -> Any:
    """The row of each operand that an edge reads."""
    result = types.UniTuple(types.int64, len(formula.ends))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows = []
        for end in formula.ends:
            if end == ROW:
                rows.append(args[1])
                continue
            if end not in (OTHER, EDGE):
                rows.append(llvm.I64(0))
                continue
            ids, value = (indices, args[3]) if end == OTHER else (eids, args[4])
            data = context.make_array(ids)(context, builder, value).data
            number = builder.load(builder.gep(data, [args[2]]))
            rows.append(context.cast(builder, number, ids.dtype, types.int64))
        return context.make_tuple(builder, result, rows)

    i = types.int64
    return result(formula, i, i, indices, eids), generate


@primitive
def prefetch(typing: Any, formula: Any, operands: Any, shape: Any, rows: Any, column: Any) -> Any:
    """Prefetch what :func:`evaluate` loads for an edge, but not the row's own features."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for index, (end, kind) in enumerate(zip(formula.ends, formula.kinds, strict=True)):
            if end not in (OTHER, EDGE):
                continue
            data, columns = operands[index]
            pair = builder.extract_value(args[1], index)
            row, at = builder.extract_value(args[3], index), args[4]
            lines = _lines(data, shape)
            if kind != ONE_BY_ONE:
                table = builder.extract_value(pair, 1)
                table = context.make_array(columns)(context, builder, table).data
                at = builder.sext(builder.load(builder.gep(table, [at])), llvm.I64)
                lines = 1
            array = builder.extract_value(pair, 0)
            start = llvm.element(context, builder, data, array, row, at)
            _prefetch_lines(builder, start, lines)
        return context.get_dummy_value()

    i = types.int64
    rows_type = types.UniTuple(i, len(operands))
    return types.void(formula, operands, shape, rows_type, i), generate
