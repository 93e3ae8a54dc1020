"""The operators of expressions, on tiles of float32 or float64.

Triton has no libdevice in its interpreter, and not all functions on all devices. So what Triton
itself does not offer is composed here of what it does, without losing digits near 0.
"""

from __future__ import annotations

import triton
import triton.language as tl

from .messages import divide

# log2(e) = _LOG2_E + _REST, the first part a float32.
_LOG2_E = tl.constexpr(1.44269502162933349609375)
_REST = tl.constexpr(1.925963033500e-8)
_LN_2 = tl.constexpr(0.6931471805599453)


@triton.jit
def operator(NAME: tl.constexpr, x, y, z):
    """The result of an operator of :data:`~graphmp.kernels.expression.FORMULAS`.

    Operators of fewer arguments ignore the last.
    """
    if NAME == "add":
        return x + y
    elif NAME == "sub":
        return x - y
    elif NAME == "mul":
        return x * y
    elif NAME == "div":
        return divide(x, y)
    elif NAME == "neg":
        return x * -1  # Triton's own negation of 0 is 0
    elif NAME == "abs":
        return tl.abs(x)
    elif NAME == "sqrt":
        return tl.sqrt_rn(x) if x.dtype == tl.float32 else tl.sqrt(x)
    elif NAME == "exp":
        return exp(x)
    elif NAME == "expm1":
        return expm1(x)
    elif NAME == "log":
        return tl.log(x)
    elif NAME == "log1p":
        return log1p(x)
    elif NAME == "sin":
        return tl.sin(x)
    elif NAME == "cos":
        return tl.cos(x)
    elif NAME == "erf":
        return tl.erf(x)
    elif NAME == "pow":
        return power(x.to(tl.float64), y.to(tl.float64)).to(x.dtype)
    elif NAME == "tanh":
        return tanh(x)
    elif NAME == "sigmoid":
        return sigmoid(x)
    elif NAME == "relu":
        return tl.where(x <= 0, 0, x)
    elif NAME == "maximum":
        return tl.where((x > y) | (x != x), x, y)  # noqa: PLR0124 - NaN wins
    elif NAME == "minimum":
        return tl.where((x < y) | (x != x), x, y)  # noqa: PLR0124
    elif NAME == "lt":
        return (x < y).to(x.dtype)
    elif NAME == "le":
        return (x <= y).to(x.dtype)
    elif NAME == "gt":
        return (x > y).to(x.dtype)
    elif NAME == "ge":
        return (x >= y).to(x.dtype)
    elif NAME == "eq":
        return (x == y).to(x.dtype)
    elif NAME == "ne":
        return (x != y).to(x.dtype)
    else:
        tl.static_assert(NAME == "where")
        return tl.where(x != 0, y, z)


@triton.jit
def exp(x):
    """``exp(x)``; for float32 with what the product of a large x and log2(e) loses."""
    if x.dtype == tl.float32:
        product = x * _LOG2_E
        lost = tl.fma(x, _LOG2_E, product * -1) + x * _REST
        result = tl.exp2(product)
        return tl.where(tl.abs(x) < float("inf"), result * (1 + lost * _LN_2), result)
    else:
        return tl.exp(x)


@triton.jit
def expm1(x):
    """``exp(x) - 1``: near 0 ``(u - 1) / log(u) * x`` of ``u = exp(x)``, whose errors cancel."""
    u = exp(x)
    near = tl.where(u == 1, x, (u - 1) * divide(x, tl.log(u)))
    return tl.where(tl.abs(x) < 1, near, u - 1)


@triton.jit
def log1p(x):
    """``log(1 + x)``: near 0 ``log(u) / (u - 1) * x`` of ``u = 1 + x``, whose errors cancel."""
    u = 1 + x
    near = tl.where(u == 1, x, tl.log(u) * divide(x, u - 1))
    return tl.where(tl.abs(x) < 1, near, tl.log(u))


@triton.jit
def tanh(x):
    """``-t / (t + 2)`` of ``t = exp(-2|x|) - 1``, with the sign of x."""
    t = expm1(tl.abs(x) * -2)
    ratio = divide(t, t + 2)
    return tl.where(x > 0, ratio * -1, tl.where(x < 0, ratio, x))


@triton.jit
def sigmoid(x):
    """``1 / (1 + exp(-x))``."""
    u = 1 + exp(x * -1)
    return divide(tl.where(u > 0, 1, u), u)


@triton.jit
def power(x, y):
    """``x ** y`` of float64; as in C, also of infinities and of numbers below 0."""
    size = tl.exp(y * tl.log(tl.abs(x)))
    is_whole = tl.floor(y) == y
    is_odd = is_whole & (tl.floor(y * 0.5) != y * 0.5)
    is_negative = x.to(tl.int64, bitcast=True) < 0  # also -0
    result = tl.where(is_negative & is_odd, size * -1, size)
    is_finite = tl.abs(x) < float("inf")
    result = tl.where((x < 0) & is_finite & ~is_whole, float("nan"), result)
    is_one = (y == 0) | (x == 1) | ((x == -1) & (tl.abs(y) == float("inf")))
    return tl.where(is_one, 1, result)
