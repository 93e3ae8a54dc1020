"""Expressions of messages, evaluated on tiles.

An expression is part of the type of a loop's argument: Numba compiles the loop once for each, with
the operators in place.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from numba.core import cgutils, types
from numba.extending import NativeValue, models, register_model, unbox

from ...contract import EDGE, OTHER, ROW
from ...expression import Expression
from . import elementwise, llvm
from .addresses import _lines, _prefetch_lines
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
        number_of = context.make_array(constants)(context, builder, args[2]).data
        loads: list[Any] = []
        for index, ((data, columns), kind) in enumerate(zip(operands, formula.kinds, strict=True)):
            pair = builder.extract_value(args[1], index)
            row = builder.extract_value(args[4], index)
            array = builder.extract_value(pair, 0)
            table = builder.extract_value(pair, 1)
            table = context.make_array(columns)(context, builder, table).data
            source = _Source(context, builder, data, (array, row, column), masked)
            loads.append(
                {
                    ONE_BY_ONE: source.one_by_one,
                    IN_BLOCKS: partial(source.in_blocks, columns=table),
                    BY_COLUMNS: partial(source.by_columns, columns=table),
                }[kind]
            )
        numbers = []
        for index in range(formula.expression.num_constants):
            number = builder.load(builder.gep(number_of, [llvm.I64(index)]))
            number = context.cast(builder, number, types.float64, tile.dtype)
            numbers.append(llvm.splat(builder, number))
        vectors = [None] * tile.count
        for index in range(count):  # one after the other: few numbers are alive at once
            values = [load(index) for load in loads] + numbers
            for name, arguments in formula.expression.steps:
                emit = elementwise.EMIT[name]
                values.append(emit(builder, tile.dtype, *(values[a] for a in arguments)))
            vectors[index::count] = [values[number] for number in results]
        return pack(builder, tile, vectors)

    i = types.int64
    rows_type = types.UniTuple(i, len(operands))
    return tile(formula, operands, constants, shape, rows_type, types.UniTuple(i, 2)), generate


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
