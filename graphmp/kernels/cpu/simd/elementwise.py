"""The operators of expressions, on vectors of eight numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types

from . import llvm
from .llvm import LANES

_FLAGS = ("contract",)


def _constant(x: Any, value: float) -> Any:
    return ir.Constant(x.type, [value] * LANES)


def _arithmetic(instruction: str) -> Callable[..., Any]:
    def emit(builder: Any, dtype: Any, a: Any, b: Any) -> Any:
        return getattr(builder, instruction)(a, b, flags=_FLAGS)

    return emit


def _intrinsic(name: str) -> Callable[..., Any]:
    def emit(builder: Any, dtype: Any, *args: Any) -> Any:
        suffix = "v8f64" if dtype == types.float64 else "v8f32"
        return llvm.call(builder, f"llvm.{name}.{suffix}", args[0].type, list(args))

    return emit


def _by_number(name: str) -> Callable[..., Any]:
    """A function of the mathematical library, number by number."""

    def emit(builder: Any, dtype: Any, x: Any) -> Any:
        function = name if dtype == types.float64 else f"{name}f"
        for lane in range(LANES):
            number = builder.extract_element(x, llvm.I32(lane))
            number = llvm.call(builder, function, number.type, [number])
            x = builder.insert_element(x, number, llvm.I32(lane))
        return x

    return emit


def _comparison(sign: str) -> Callable[..., Any]:
    """1 where it holds, else 0."""

    def emit(builder: Any, dtype: Any, a: Any, b: Any) -> Any:
        compare = builder.fcmp_unordered if sign == "!=" else builder.fcmp_ordered
        return builder.select(compare(sign, a, b), _constant(a, 1.0), _constant(a, 0.0))

    return emit


def _where(builder: Any, dtype: Any, condition: Any, a: Any, b: Any) -> Any:
    is_true = builder.fcmp_unordered("!=", condition, _constant(condition, 0.0))
    return builder.select(is_true, a, b)


def _extreme(sign: str) -> Callable[..., Any]:
    """The larger or smaller number; NaN if either is."""

    def emit(builder: Any, dtype: Any, a: Any, b: Any) -> Any:
        wins = builder.or_(builder.fcmp_ordered(sign, a, b), builder.fcmp_unordered("uno", a, a))
        return builder.select(wins, a, b)

    return emit


def _relu(builder: Any, dtype: Any, x: Any) -> Any:
    zero = _constant(x, 0.0)
    return builder.select(builder.fcmp_ordered("<=", x, zero), zero, x)


def _tanh(builder: Any, dtype: Any, x: Any) -> Any:
    """``1 - 2 / (exp(2|x|) + 1)`` with the sign of x, as ``t / (t + 2)`` of ``exp(2|x|) - 1``."""
    size = _intrinsic("fabs")(builder, dtype, x)
    t = llvm.exp(builder, dtype, builder.fadd(size, size), 1)
    big = builder.fcmp_ordered(">", size, _constant(x, 20.0))
    ratio = builder.fdiv(t, builder.fadd(t, _constant(x, 2.0)))
    ratio = builder.select(big, _constant(x, 1.0), ratio)
    return _intrinsic("copysign")(builder, dtype, ratio, x)


# Coefficients of the series of log(1 + f) in s = f / (2 + f), less what is exact: 2 / (2 n + 3),
# fitted so that the error is below a unit in the last place of float64.
_SERIES = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
# For each dtype: integers of its width, the shift and the bias of the exponent, the bits of
# sqrt(1/2), ln 2 in two parts, and the power of two whose product with any number is normal.
_LOG = {
    types.float32: (llvm.I32, 23, 127, 0x3F3504F3, 0.693359375, -2.12194440054690583e-4, 25),
    types.float64: (
        llvm.I64,
        52,
        1023,
        0x3FE6A09E667F3BCD,
        0.693147180369123816,
        1.90821492927058770e-10,
        54,
    ),
}


def _log(builder: Any, dtype: Any, x: Any) -> Any:
    """The logarithm: of ``2**n (1 + f)`` with ``sqrt(1/2) <= 1 + f < sqrt(2)``.

    It is ``n ln 2 + log(1 + f)``, and ``log(1 + f) = f - (f² / 2 - s (f² / 2 + r(s²)))``.
    """
    integer, shift, bias, root, high, low, scale = _LOG[dtype]
    tiny = 2.0 ** (1 - bias)
    is_small = builder.fcmp_ordered("<", x, _constant(x, tiny))
    normal = builder.select(is_small, builder.fmul(x, _constant(x, 2.0**scale)), x)
    ints = ir.VectorType(integer, LANES)
    bits = builder.bitcast(normal, ints)

    def whole(value: int) -> Any:
        return llvm.ints([value] * LANES, integer)

    one = whole(bias << shift)
    raised = builder.add(bits, builder.sub(one, whole(root)))
    exponent = builder.sub(builder.ashr(raised, whole(shift)), whole(bias))
    mantissa = builder.and_(raised, whole((1 << shift) - 1))
    f = builder.bitcast(builder.add(mantissa, whole(root)), x.type)
    f = builder.fsub(f, _constant(x, 1.0))
    n = builder.sitofp(exponent, x.type)
    n = builder.select(is_small, builder.fsub(n, _constant(x, float(scale))), n)
    s = builder.fdiv(f, builder.fadd(f, _constant(x, 2.0)))
    z = builder.fmul(s, s)
    series = _constant(x, _SERIES[-1])
    for coefficient in reversed(_SERIES[:-1]):
        series = _fused(builder, dtype, series, z, _constant(x, coefficient))
    half = builder.fmul(_constant(x, 0.5), builder.fmul(f, f))
    rest = builder.fmul(s, _fused(builder, dtype, z, series, half))
    rest = _fused(builder, dtype, n, _constant(x, low), rest)
    total = builder.fsub(f, builder.fsub(half, rest))
    total = _fused(builder, dtype, n, _constant(x, high), total)
    zero = _constant(x, 0.0)
    total = builder.select(builder.fcmp_ordered("==", x, zero), _constant(x, -math.inf), total)
    total = builder.select(builder.fcmp_unordered("<", x, zero), _constant(x, math.nan), total)
    return builder.select(
        builder.fcmp_ordered("==", x, _constant(x, math.inf)), _constant(x, math.inf), total
    )


def _log1p(builder: Any, dtype: Any, x: Any) -> Any:
    """``log(u) + (x - (u - 1)) / u`` of ``u = 1 + x``, where the second part is u's rounding."""
    one = _constant(x, 1.0)
    u = builder.fadd(one, x)
    # Fused operations are not reassociated, so that what u has lost is not taken for 0.
    whole = _fused(builder, dtype, u, one, _constant(x, -1.0))
    lost = builder.fdiv(_fused(builder, dtype, whole, _constant(x, -1.0), x), u)
    is_whole = builder.fcmp_ordered("<", u, _constant(x, math.inf))
    lost = builder.select(is_whole, lost, _constant(x, 0.0))
    is_positive = builder.fcmp_ordered(">", u, _constant(x, 0.0))
    lost = builder.select(is_positive, lost, _constant(x, 0.0))
    return builder.fadd(_log(builder, dtype, u), lost)


def _fused(builder: Any, dtype: Any, a: Any, b: Any, c: Any) -> Any:
    return _intrinsic("fma")(builder, dtype, a, b, c)


def _sigmoid(builder: Any, dtype: Any, x: Any) -> Any:
    one = _constant(x, 1.0)
    power = llvm.exp(builder, dtype, builder.fneg(x))
    return builder.fdiv(one, builder.fadd(one, power))


EMIT: dict[str, Callable[..., Any]] = {
    "add": _arithmetic("fadd"),
    "sub": _arithmetic("fsub"),
    "mul": _arithmetic("fmul"),
    "div": _arithmetic("fdiv"),
    "neg": lambda builder, dtype, x: builder.fneg(x),
    "abs": _intrinsic("fabs"),
    "sqrt": _intrinsic("sqrt"),
    "exp": lambda builder, dtype, x: llvm.exp(builder, dtype, x),
    "expm1": lambda builder, dtype, x: llvm.exp(builder, dtype, x, 1),
    "log": _log,
    "log1p": _log1p,
    "sin": _by_number("sin"),
    "cos": _by_number("cos"),
    "erf": _by_number("erf"),
    "pow": _intrinsic("pow"),
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "relu": _relu,
    "maximum": _extreme(">"),
    "minimum": _extreme("<"),
    "lt": _comparison("<"),
    "le": _comparison("<="),
    "gt": _comparison(">"),
    "ge": _comparison(">="),
    "eq": _comparison("=="),
    "ne": _comparison("!="),
    "where": _where,
}
