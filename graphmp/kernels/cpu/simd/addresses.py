"""Where the rows of operands are: their ids, and asking for them before they are needed."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from . import llvm
from .llvm import LANES
from .vector import primitive


@primitive
def edge_row(typing: Any, at: Any, row: Any, place: Any, others: Any, edges: Any) -> Any:
    """``row`` (at 0), ``others[place]`` (1) or ``edges[place]`` (2), without a branch."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        second = context.make_array(others)(context, builder, args[3]).data
        third = context.make_array(edges)(context, builder, args[4]).data
        ids = builder.select(builder.icmp_signed("==", args[0], llvm.I64(1)), second, third)
        found = builder.load(builder.gep(ids, [args[2]]))
        wide = context.cast(builder, found, others.dtype, types.int64)
        return builder.select(builder.icmp_signed("==", args[0], llvm.I64(0)), args[1], wide)

    i = types.int64
    return i(i, i, i, others, edges), generate


def _bring(builder: Any, pointer: Any, lines: int) -> None:
    """Ask for lines of cache from ``pointer`` on."""
    at = builder.bitcast(pointer, llvm.I8.as_pointer())
    flags = [llvm.I32(0), llvm.I32(3), llvm.I32(1)]  # to read, to all levels, data
    for line in range(lines):
        place = builder.gep(at, [llvm.I64(line * 64)])
        llvm.call(builder, "llvm.prefetch.p0", ir.VoidType(), [place, *flags])


def _lines(array: Any, shape: Any) -> int:
    """How many lines of cache a tile of ``array`` takes."""
    return int(max(1, len(shape) * LANES * (array.dtype.bitwidth // 8) // 64))


@primitive
def prefetch(typing: Any, array: Any, shape: Any, row: Any, column: Any) -> Any:
    """Bring the tile that starts at ``array[row, column]`` near, without waiting."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = llvm.element(context, builder, array, args[0], args[2], args[3])
        _bring(builder, start, _lines(array, shape))
        return context.get_dummy_value()

    return types.void(array, shape, types.int64, types.int64), generate


@primitive
def prefetch_number(typing: Any, array: Any, row: Any, column: Any) -> Any:
    """Bring the line of ``array[row, column]`` near, without waiting."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _bring(builder, llvm.element(context, builder, array, args[0], args[1], args[2]), 1)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), generate


@primitive
def prefetch_element(typing: Any, array: Any, place: Any) -> Any:
    """Bring the line of ``array[place]``, of one dimension, near, without waiting."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(array)(context, builder, args[0]).data
        _bring(builder, builder.gep(data, [args[1]]), 1)
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


@primitive
def prefetch_operand(
    typing: Any, array: Any, shape: Any, row: Any, kind: Any, places: Any, column: Any
) -> Any:
    """Bring the tile near that :func:`load_operand` loads; if it has places, its first line."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = llvm.element(context, builder, array, args[0], args[2], llvm.I64(0))
        at = context.make_array(places)(context, builder, args[4]).data
        is_wide = builder.icmp_signed("==", args[3], llvm.I64(0))
        with builder.if_else(is_wide, likely=True) as (then, otherwise):
            with then:
                _bring(builder, builder.gep(start, [args[5]]), _lines(array, shape))
            with otherwise:
                place = builder.sext(builder.load(builder.gep(at, [args[5]])), llvm.I64)
                _bring(builder, builder.gep(start, [place]), 1)
        return context.get_dummy_value()

    i = types.int64
    return types.void(array, shape, i, i, places, i), generate
