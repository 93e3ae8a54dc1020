"""The pieces of LLVM code that primitives emit.

All of them work on vectors of eight numbers. A ``kind`` is the Numba type of an array's elements:
float32, float64, uint16 for the bits of bfloat16, int16 for those of float16.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

LANES = 8

I1, I8, I16, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))
_FLOAT, _DOUBLE, _HALF = ir.FloatType(), ir.DoubleType(), ir.HalfType()

STORED = {  # how LLVM holds one number of a tile or of an array
    types.float32: _FLOAT,
    types.float64: _DOUBLE,
    types.uint16: I16,
    types.int16: _HALF,
    types.int32: I32,
    types.int64: I64,
    types.boolean: I1,
}
_NAMES = {  # how LLVM's functions name eight of them, and their size in bytes
    I16: ("v8i16", 2),
    _HALF: ("v8f16", 2),
    _FLOAT: ("v8f32", 4),
    I32: ("v8i32", 4),
    _DOUBLE: ("v8f64", 8),
    I64: ("v8i64", 8),
}
_HALF_BYTES = 2


def vector_of(dtype: Any) -> ir.VectorType:
    """The LLVM type of eight numbers of ``dtype``."""
    return ir.VectorType(STORED[dtype], LANES)


def ints(values: list[int], width: ir.IntType = I32) -> ir.Constant:
    """A vector of constant integers."""
    return ir.Constant(ir.VectorType(width, len(values)), values)


def splat(builder: Any, value: Any) -> Any:
    """A vector of eight times ``value``."""
    vector = ir.VectorType(value.type, LANES)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, I32(0))
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), ints([0] * LANES))


def first_lanes(builder: Any, lanes: Any) -> Any:
    """A mask whose first ``lanes`` bits are set."""
    numbers = ints(list(range(LANES)), I64)
    return builder.icmp_signed("<", numbers, splat(builder, lanes))


def call(builder: Any, name: str, result: Any, args: list[Any]) -> Any:
    """Call a function of LLVM by its name."""
    kind = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)


def element(context: Any, builder: Any, kind: Any, array: Any, row: Any, column: Any) -> Any:
    """A pointer to one element of a 2-D array in C order; 64-bit, so it does not overflow."""
    view = context.make_array(kind)(context, builder, array)
    width = cgutils.unpack_tuple(builder, view.shape)[1]
    return builder.gep(view.data, [builder.add(builder.mul(row, width), column)])


def load(builder: Any, pointer: Any, kind: Any, mask: Any) -> Any:
    """Eight numbers of an array of ``kind``, widened to the tile's dtype."""
    stored, vector = STORED[kind], vector_of(kind)
    at = builder.bitcast(pointer, vector.as_pointer())
    name, size = _NAMES[stored]
    if mask is None:
        raw = builder.load(at)
        raw.align = size
    else:
        blank = ir.Constant(vector, None)
        raw = call(builder, f"llvm.masked.load.{name}.p0", vector, [at, I32(size), mask, blank])
    if stored == _HALF:
        return builder.fpext(raw, ir.VectorType(_FLOAT, LANES))
    if stored == I16:
        wide = builder.zext(raw, ir.VectorType(I32, LANES))
        bits = builder.shl(wide, ints([16] * LANES))
        return builder.bitcast(bits, ir.VectorType(_FLOAT, LANES))
    return raw


def load_ints(builder: Any, pointer: Any, kind: Any, mask: Any) -> Any:
    """Eight integers of an array of ``kind``, int32 or int64, as 64 bits; 0 where no bit is set."""
    stored = ir.IntType(kind.bitwidth)
    vector, (name, size) = ir.VectorType(stored, LANES), _NAMES[stored]
    args = [builder.bitcast(pointer, vector.as_pointer()), I32(size), mask]
    args.append(ir.Constant(vector, None))
    raw = call(builder, f"llvm.masked.load.{name}.p0", vector, args)
    return raw if stored == I64 else builder.sext(raw, ir.VectorType(I64, LANES))


def narrowed(builder: Any, vector: Any, kind: Any) -> Any:
    """Eight numbers as an array of ``kind`` stores them, rounded to nearest even."""
    if kind == types.int16:
        return builder.fptrunc(vector, ir.VectorType(_HALF, LANES))
    if kind != types.uint16:
        return vector
    bits = builder.bitcast(vector, ir.VectorType(I32, LANES))
    odd = builder.and_(builder.lshr(bits, ints([16] * LANES)), ints([1] * LANES))
    rounded = builder.add(bits, builder.add(odd, ints([0x7FFF] * LANES)))
    quiet = builder.or_(bits, ints([0x400000] * LANES))  # keeps a NaN from becoming infinite
    halves = builder.select(builder.fcmp_unordered("uno", vector, vector), quiet, rounded)
    high = builder.lshr(halves, ints([16] * LANES))
    return builder.trunc(high, ir.VectorType(I16, LANES))


def store(builder: Any, pointer: Any, kind: Any, vector: Any, mask: Any) -> None:
    """Write eight numbers to an array of ``kind``, rounded to what it holds."""
    store_raw(builder, pointer, narrowed(builder, vector, kind), mask)


def store_raw(builder: Any, pointer: Any, vector: Any, mask: Any) -> None:
    """Write eight numbers as they are, or the first of them, as the mask says."""
    at = builder.bitcast(pointer, vector.type.as_pointer())
    name, size = _NAMES[vector.type.element]
    if mask is None:
        builder.store(vector, at).align = size
    elif size > _HALF_BYTES:
        args = [vector, at, I32(size), mask]
        call(builder, f"llvm.masked.store.{name}.p0", ir.VoidType(), args)
    else:
        _store_one_by_one(builder, at, vector, mask)


def _store_one_by_one(builder: Any, at: Any, vector: Any, mask: Any) -> None:
    """Write the first numbers of two bytes, without a masked store.

    LLVM 22 with AVX-512 compiles a masked store of narrowed numbers, where it knows that the mask
    has one lane, to a store of four bytes, which overwrites the next number.
    """
    first = builder.bitcast(at, vector.type.element.as_pointer())
    is_whole = builder.extract_element(mask, I32(LANES - 1))
    with builder.if_else(is_whole, likely=True) as (then, otherwise):
        with then:
            builder.store(vector, at).align = _HALF_BYTES
        with otherwise:
            for lane in range(LANES - 1):
                with builder.if_then(builder.extract_element(mask, I32(lane))):
                    number = builder.extract_element(vector, I32(lane))
                    builder.store(number, builder.gep(first, [I64(lane)])).align = _HALF_BYTES


def load_one(builder: Any, pointer: Any, kind: Any) -> Any:
    """One number of an array of ``kind``, widened to the tile's dtype."""
    value = builder.load(pointer)
    if kind == types.uint16:
        return builder.bitcast(builder.shl(builder.zext(value, I32), I32(16)), _FLOAT)
    if kind == types.int16:
        return builder.fpext(builder.bitcast(value, _HALF), _FLOAT)
    return value


# For each dtype: integers of its width, ln 2 in two parts of which n times the first is exact, the
# exponent's bias and shift, a number whose sums with others are rounded to integers, and the degree
# of the series, whose error at |r| <= ln 2 / 2 is below half a unit in the last place.
_EXP = {
    types.float32: (I32, 0.693359375, -2.12194440054690583e-4, 127, 23, 1.5 * 2.0**23, 7),
    types.float64: (
        I64,
        0.693147180369123816,
        1.90821492927058770e-10,
        1023,
        52,
        1.5 * 2.0**52,
        13,
    ),
}


def exp(builder: Any, dtype: Any, x: Any, less: int = 0) -> Any:
    """Raise e to eight numbers: to ``n ln 2 + r`` it is ``2**n`` times a series in ``r``.

    The bits of ``2**n`` are 0 of the least n, and those of infinity of the greatest. With ``less``
    1, the power minus 1, whose digits near 0 are preserved: the series has no constant.
    """
    integer, high, low, bias, shift, rounding, degree = _EXP[dtype]
    vector, name = x.type, _NAMES[x.type.element][0]

    def number(value: float) -> Any:
        return ir.Constant(vector, [value] * LANES)

    def fused(a: Any, b: Any, c: Any) -> Any:
        return call(builder, f"llvm.fma.{name}", vector, [a, b, c])

    least, greatest = number(-bias * math.log(2)), number((bias + 1 - less) * math.log(2))
    bounded = builder.select(builder.fcmp_ordered("<", x, least), least, x)  # NaN remains
    bounded = builder.select(builder.fcmp_ordered(">", bounded, greatest), greatest, bounded)
    # Fused operations are not reassociated, so that the rounding is not taken for 0.
    shifted = fused(bounded, number(1 / math.log(2)), number(rounding))
    whole = fused(shifted, number(1.0), number(-rounding))
    rest = fused(whole, number(-high), bounded)
    rest = fused(whole, number(-low), rest)
    series = number(1 / math.factorial(degree))
    for power in range(degree - 1, less - 1, -1):
        series = fused(series, rest, number(1 / math.factorial(power)))
    integers = ir.VectorType(integer, LANES)
    exponent = builder.shl(builder.bitcast(shifted, integers), ints([shift] * LANES, integer))
    exponent = builder.add(exponent, ints([bias << shift] * LANES, integer))
    power_of_two = builder.bitcast(exponent, vector)
    if not less:
        return builder.fmul(series, power_of_two)
    series = builder.fmul(series, rest)
    power = fused(series, power_of_two, builder.fsub(power_of_two, number(1.0)))
    return builder.select(builder.fcmp_ordered(">", x, greatest), number(math.inf), power)
