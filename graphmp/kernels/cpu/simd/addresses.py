"""Row ids of operands, and prefetching of rows before they are needed."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from ...contract import OTHER, ROW
from ..runtime.jit import IS_COMPILED
from . import llvm
from .llvm import LANES
from .vector import ONE_BY_ONE, primitive

PREFETCH_ROWS = 16  # rows whose edges are prefetched before the first of them is read


@primitive
def edge_row(typing: Any, end: Any, row: Any, position: Any, indices: Any, eids: Any) -> Any:
    """The row that an edge reads, without a branch.

    ``row`` for ``ROW``, ``indices[position]`` for ``OTHER`` and ``eids[position]`` for ``EDGE``.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        other_ids = context.make_array(indices)(context, builder, args[3]).data
        edge_ids = context.make_array(eids)(context, builder, args[4]).data
        is_other = builder.icmp_signed("==", args[0], llvm.I64(OTHER))
        number = builder.load(builder.gep(builder.select(is_other, other_ids, edge_ids), [args[2]]))
        wide = context.cast(builder, number, indices.dtype, types.int64)
        return builder.select(builder.icmp_signed("==", args[0], llvm.I64(ROW)), args[1], wide)

    i = types.int64
    return i(i, i, i, indices, eids), generate


@primitive
def row_at(typing: Any, order: Any, place: Any) -> Any:
    """The row at a place of ``(rows, starts)``; the place itself if ``order`` is ``()``."""
    return types.int64(order, types.int64), _element_or(order, 0)


@primitive
def start_of(typing: Any, order: Any, row: Any, begin: Any) -> Any:
    """``starts[row]`` of ``(rows, starts)``; ``begin`` if ``order`` is ``()``."""
    return types.int64(order, types.int64, types.int64), _element_or(order, 1)


def _element_or(order: Any, number: int) -> Any:
    """Code that reads an element of an array of ``order``; the last argument without arrays."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not len(order):
            return args[-1]
        array = builder.extract_value(args[0], number)
        data = context.make_array(order[number])(context, builder, array).data
        element = builder.load(builder.gep(data, [args[1]]))
        return context.cast(builder, element, order[number].dtype, types.int64)

    return generate


def _prefetch_lines(builder: Any, pointer: Any, lines: int) -> None:
    """Prefetch cache lines from ``pointer`` on."""
    start = builder.bitcast(pointer, llvm.I8.as_pointer())
    flags = [llvm.I32(0), llvm.I32(3), llvm.I32(1)]  # to read, into all levels, data
    for line in range(lines):
        address = builder.gep(start, [llvm.I64(line * 64)])
        llvm.call(builder, "llvm.prefetch.p0", ir.VoidType(), [address, *flags])


def _lines(array: Any, shape: Any) -> int:
    """The number of cache lines of a tile of ``array``."""
    return int(max(1, len(shape) * LANES * (array.dtype.bitwidth // 8) // 64))


@primitive
def prefetch(typing: Any, array: Any, shape: Any, row: Any, column: Any) -> Any:
    """Prefetch the tile that starts at ``array[row, column]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = llvm.element(context, builder, array, args[0], args[2], args[3])
        _prefetch_lines(builder, start, _lines(array, shape))
        return context.get_dummy_value()

    return types.void(array, shape, types.int64, types.int64), generate


@primitive
def prefetch_each(typing: Any, arrays: Any, shape: Any, row: Any, column: Any) -> Any:
    """Prefetch the tile of each of several arrays, as :func:`prefetch` does."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for number, array in enumerate(arrays):
            value = builder.extract_value(args[0], number)
            start = llvm.element(context, builder, array, value, args[2], args[3])
            _prefetch_lines(builder, start, _lines(array, shape))
        return context.get_dummy_value()

    return types.void(arrays, shape, types.int64, types.int64), generate


@primitive
def _prefetch_number(typing: Any, array: Any, row: Any, column: Any) -> Any:
    """Prefetch the cache line of ``array[row, column]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _prefetch_lines(
            builder, llvm.element(context, builder, array, args[0], args[1], args[2]), 1
        )
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), generate


@primitive
def _prefetch_element(typing: Any, array: Any, index: Any) -> Any:
    """Prefetch the cache line of ``array[index]``, of one dimension."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(array)(context, builder, args[0]).data
        _prefetch_lines(builder, builder.gep(data, [args[1]]), 1)
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


def _nothing(array: Any, *place: int) -> None:
    """In place of a prefetch, in plain Python."""


# Of the loops that run in plain Python too.
prefetch_element = _prefetch_element if IS_COMPILED else _nothing
prefetch_number = _prefetch_number if IS_COMPILED else _nothing


@primitive
def prefetch_operand(
    typing: Any, array: Any, shape: Any, row: Any, kind: Any, columns: Any, column: Any
) -> Any:
    """Prefetch the tile that :func:`.vector.load_operand` loads; the first line, if by columns."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = llvm.element(context, builder, array, args[0], args[2], llvm.I64(0))
        table = context.make_array(columns)(context, builder, args[4]).data
        is_wide = builder.icmp_signed("==", args[3], llvm.I64(ONE_BY_ONE))
        with builder.if_else(is_wide, likely=True) as (then, otherwise):
            with then:
                tile_start = builder.gep(start, [args[5]])
                _prefetch_lines(builder, tile_start, _lines(array, shape))
            with otherwise:
                at = builder.sext(builder.load(builder.gep(table, [args[5]])), llvm.I64)
                _prefetch_lines(builder, builder.gep(start, [at]), 1)
        return context.get_dummy_value()

    i = types.int64
    return types.void(array, shape, i, i, columns, i), generate
