"""Elementwise functions: of values of several ends, operators of an expression.

Where all arguments are of one end, the function itself is called on their rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..._storage.adjacency import Adjacency
from ...errors import GraphValueError
from ...kernels.expression import COMPARISONS, FORMULAS
from . import notes
from .arguments import NotRecordedError, ends_of, first_lazy, lazy, named, value_of
from .lazy import HANDLERS, LazyTensor, changes_in_place
from .values import VALUES, Elementwise, Leaf, call_text, elementwise, noted_at_rows, on_rows

_Build = Callable[..., Any]


class _Ops:
    """Operators of values on one relation; each result has the dtype that torch gave the whole."""

    def __init__(self, edges: Adjacency, dtype: torch.dtype) -> None:
        self.edges, self.dtype = edges, dtype

    def __call__(self, op: str, *args: Any) -> Any:
        dtype = torch.bool if op in COMPARISONS else self.dtype
        return elementwise(self.edges, op, args, dtype)


def _leaky(o: _Ops, x: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    return o("where", o("gt", x, 0.0), x, o("mul", x, negative_slope))


def _elu(o: _Ops, x: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    return o("where", o("gt", x, 0.0), x, o("mul", o("expm1", o("minimum", x, 0.0)), alpha))


def _selu(o: _Ops, x: Any, inplace: bool = False) -> Any:
    return o("mul", _elu(o, x, 1.6732632423543772), 1.0507009873554805)


def _softplus(o: _Ops, x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    scaled = x if beta == 1 else o("mul", x, float(beta))
    below = o("log1p", o("exp", o("minimum", scaled, float(threshold))))
    below = below if beta == 1 else o("div", below, float(beta))
    return o("where", o("gt", scaled, float(threshold)), x, below)


def _gelu(o: _Ops, x: Any, approximate: str = "none") -> Any:
    if approximate == "tanh":
        cube = o("mul", x, o("mul", x, x))
        inner = o("mul", o("add", x, o("mul", cube, 0.044715)), math.sqrt(2 / math.pi))
        return o("mul", o("mul", x, 0.5), o("add", o("tanh", inner), 1.0))
    return o("mul", o("mul", x, 0.5), o("add", o("erf", o("mul", x, math.sqrt(0.5))), 1.0))


def _clamp(o: _Ops, x: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        raise NotRecordedError
    # The gradient of a number that is a bound passes, as torch's does.
    out = x if min is None else o("where", o("lt", x, float(min)), float(min), x)
    return out if max is None else o("where", o("gt", x, float(max)), float(max), out)


def _power(o: _Ops, x: Any, exponent: Any) -> Any:
    if not isinstance(exponent, (int, float)):
        raise NotRecordedError
    exponent = float(exponent)
    if exponent == 2:
        return o("mul", x, x)
    if exponent == 1:
        return x
    if exponent == 0.5:
        return o("sqrt", x)
    if exponent == -1:
        return o("div", 1.0, x)
    if exponent == 3:
        return o("mul", x, o("mul", x, x))
    return o("pow", x, exponent)


def _add(o: _Ops, a: Any, b: Any, alpha: float = 1) -> Any:
    return o("add", a, b if alpha == 1 else o("mul", b, float(alpha)))


def _sub(o: _Ops, a: Any, b: Any, alpha: float = 1) -> Any:
    return o("sub", a, b if alpha == 1 else o("mul", b, float(alpha)))


def _divide(o: _Ops, a: Any, b: Any, rounding_mode: Any = None) -> Any:
    if rounding_mode is not None:
        raise NotRecordedError
    return o("div", a, b)


def _add_product(o: _Ops, x: Any, a: Any, b: Any, value: float = 1) -> Any:
    product = o("mul", a, b)
    return o("add", x, product if value == 1 else o("mul", product, float(value)))


def _add_quotient(o: _Ops, x: Any, a: Any, b: Any, value: float = 1) -> Any:
    return o("add", x, o("div", a if value == 1 else o("mul", a, float(value)), b))


def _lerp(o: _Ops, x: Any, end: Any, weight: Any) -> Any:
    if isinstance(weight, Tensor):  # named; one that is not is a value here
        raise NotRecordedError
    return o("add", x, o("mul", weight, o("sub", end, x)))


def _hard_sigmoid(o: _Ops, x: Any, inplace: bool = False) -> Any:
    return o("div", _clamp(o, o("add", x, 3.0), 0, 6), 6.0)


def _hard_tanh(
    o: _Ops, x: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Any:
    return _clamp(o, x, min_val, max_val)


def _hard_swish(o: _Ops, x: Any, inplace: bool = False) -> Any:
    return o("mul", x, _hard_sigmoid(o, x))


def _mish(o: _Ops, x: Any, inplace: bool = False) -> Any:
    return o("mul", x, o("tanh", _softplus(o, x)))


def _celu(o: _Ops, x: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    below = o("expm1", o("div", o("minimum", x, 0.0), float(alpha)))
    return o("where", o("gt", x, 0.0), x, o("mul", below, float(alpha)))


def _same(name: str) -> _Build:
    return lambda o, *args: o(name, *args)


def _reversed(name: str) -> _Build:
    return lambda o, a, b: o(name, b, a)


def _rectified(o: _Ops, x: Any, inplace: bool = False) -> Any:
    return o("relu", x)


def _silu(o: _Ops, x: Any, inplace: bool = False) -> Any:
    return o("mul", x, o("sigmoid", x))


def _log_sigmoid(o: _Ops, x: Any) -> Any:
    size = o("log1p", o("exp", o("neg", o("abs", x))))
    return o("sub", o("minimum", x, 0.0), size)


ELEMENTWISE: dict[str, _Build] = {
    **{name: _same(name) for name in FORMULAS if name not in ("relu", "pow", "add", "sub", "div")},
    "relu": _rectified,
    "add": _add,
    "sub": _sub,
    "subtract": _sub,
    "rsub": _reversed("sub"),
    "__rsub__": _reversed("sub"),
    "multiply": _same("mul"),
    "div": _divide,
    "divide": _divide,
    "true_divide": _divide,
    "__rdiv__": _reversed("div"),
    "__rtruediv__": _reversed("div"),
    "__eq__": _same("eq"),
    "negative": _same("neg"),
    "absolute": _same("abs"),
    "square": lambda o, x: o("mul", x, x),
    "reciprocal": lambda o, x: o("div", 1.0, x),
    "rsqrt": lambda o, x: o("div", 1.0, o("sqrt", x)),
    "pow": _power,
    "__pow__": _power,
    "expit": _same("sigmoid"),
    "leaky_relu": _leaky,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
    "logsigmoid": _log_sigmoid,
    "softsign": lambda o, x: o("div", x, o("add", o("abs", x), 1.0)),
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": lambda o, x, min: _clamp(o, x, min),  # noqa: A006
    "clamp_max": lambda o, x, max: _clamp(o, x, None, max),  # noqa: A006
    "relu6": lambda o, x, inplace=False: _clamp(o, x, 0, 6),
    "hardtanh": _hard_tanh,
    "hardsigmoid": _hard_sigmoid,
    "hardswish": _hard_swish,
    "mish": _mish,
    "celu": _celu,
    "lerp": _lerp,
    "addcmul": _add_product,
    "addcdiv": _add_quotient,
    "erfc": lambda o, x: o("sub", 1.0, o("erf", x)),
    "log2": lambda o, x: o("div", o("log", x), math.log(2)),
    "log10": lambda o, x: o("div", o("log", x), math.log(10)),
    "exp2": lambda o, x: o("exp", o("mul", x, math.log(2))),
    "masked_fill": lambda o, x, mask, value: o("where", mask, value, x),
}


def _elementwise(name: str, build: _Build) -> Callable[..., Any]:
    """A handler of an elementwise function."""

    def handler(func: Any, args: Any, kwargs: Any) -> Any:
        if changes_in_place(func, args, kwargs):
            return NotImplemented
        first = first_lazy((*args, *kwargs.values()))
        edges, rank = first.edges, first.ndim
        try:
            values = [
                value_of(edges, rank, arg) if isinstance(arg, (Tensor, float, int)) else arg
                for arg in args
            ]
            tensors = [v for v in values if isinstance(v, VALUES)]
            ends = ends_of(tensors)
            if len(ends) <= 1 and all(isinstance(value, Leaf) for value in tensors):
                return _at_rows(edges, func, args, kwargs, values)
            dtype = _dtype(name, args)
            if name in ("where", "masked_fill") or dtype.is_floating_point:
                return lazy(
                    edges, _named(name, build(_Ops(edges, dtype), *values, **kwargs), values)
                )
        except (NotRecordedError, GraphValueError, TypeError):
            pass
        return NotImplemented

    return handler


def _named(name: str, value: Any, args: Sequence[Any]) -> Any:
    """A value of several operators, which notes show as the function that was called."""
    if not notes.are_taken() or not isinstance(value, Elementwise) or name in FORMULAS:
        return value
    return replace(value, text=call_text(name, args))


def _dtype(name: str, args: Any) -> torch.dtype:
    """The dtype of a function's result: that of the same call on no rows."""

    def small(arg: Any) -> Any:
        if not isinstance(arg, Tensor):
            return arg
        shape = (1,) * arg.ndim
        return torch.empty(shape, dtype=arg.dtype, device="meta")

    tensors = [small(arg) for arg in args]
    numbers = [t for t in tensors if isinstance(t, (Tensor, int, float))]
    if name in ("where", "masked_fill"):
        numbers = numbers[1:] if name == "where" else numbers[:1]
    dtype = numbers[0].dtype if isinstance(numbers[0], Tensor) else None
    for number in numbers[1:]:
        dtype = torch.result_type(numbers[0], number)
        numbers[0] = torch.empty((1,), dtype=dtype, device="meta")
    if name in COMPARISONS or name == "__eq__":
        if dtype is None or not dtype.is_floating_point:
            raise NotRecordedError
        return dtype
    if dtype is None:
        raise NotRecordedError
    if not dtype.is_floating_point:
        raise NotRecordedError
    return dtype


def _at_rows(edges: Adjacency, func: Any, args: Any, kwargs: Any, values: Sequence[Any]) -> Any:
    """Call a function on the rows of its arguments, which are all of one end."""
    leaves = [value for value in values if isinstance(value, Leaf) and value.end != "1"]
    if not leaves:
        raise NotRecordedError
    completes = [on_rows(edges, leaf, lambda data: data) for leaf in leaves]
    rows = iter(completes)
    called = []
    for arg, value in zip(args, values, strict=True):
        if isinstance(value, Leaf) and isinstance(arg, Tensor):
            called.append(value.data if value.end == "1" else next(rows).data)
        else:
            called.append(arg)
    data, end, name = func(*called, **kwargs), leaves[0].end, ""
    if notes.are_taken():
        name = noted_at_rows(edges, call_text(func.__name__, values), end, data)
    return lazy(edges, Leaf(data, end, completes[0].rows, name))


def _cell(func: Any, args: Any, kwargs: Any) -> Any:
    """A recurrent cell of an input and a state, whose weights are no rows."""
    values = [arg.value if isinstance(arg, LazyTensor) else arg for arg in args]
    states = [value for value in values if isinstance(value, VALUES)]
    ends = [state.end for state in states if isinstance(state, Leaf)]
    if kwargs or len(states) != 2 or len(ends) != 2 or ends[0] != ends[1] or "1" in ends:
        return NotImplemented
    return _at_rows(first_lazy(args).edges, func, args, kwargs, values)


CELLS = ("gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
for _function in set().union(*map(named, CELLS)):
    HANDLERS[_function] = _cell
for _name, _build in ELEMENTWISE.items():
    for _function in named(_name):
        HANDLERS[_function] = _elementwise(_name, _build)
