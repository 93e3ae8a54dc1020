"""Derivatives of expressions, which are expressions again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..kernels.expression import Expression, Steps

# The gradients of an operator's arguments: rule(steps, grad, out, *arguments).
_Rule = Callable[..., tuple[int | None, ...]]


def _div(s: Steps, g: int, out: int, a: int, b: int) -> tuple[int | None, ...]:
    return s("div", g, b), s("neg", s("div", s("mul", g, out), b))


def _abs(s: Steps, g: int, out: int, x: int) -> tuple[int | None, ...]:
    zero, one, less = s.constant(0), s.constant(1), s.constant(-1)
    sign = s("where", s("gt", x, zero), one, s("where", s("lt", x, zero), less, x))
    return (s("mul", g, sign),)


def _relu(s: Steps, g: int, out: int, x: int) -> tuple[int | None, ...]:
    zero = s.constant(0)
    return (s("where", s("le", x, zero), zero, g),)


def _pow(s: Steps, g: int, out: int, x: int, exponent: int) -> tuple[int | None, ...]:
    """The exponent is a constant."""
    less = s("sub", exponent, s.constant(1))
    return s("mul", g, s("mul", exponent, s("pow", x, less))), None


def _tanh(s: Steps, g: int, out: int, x: int) -> tuple[int | None, ...]:
    return (s("mul", g, s("sub", s.constant(1), s("mul", out, out))),)


def _sigmoid(s: Steps, g: int, out: int, x: int) -> tuple[int | None, ...]:
    return (s("mul", g, s("mul", out, s("sub", s.constant(1), out))),)


def _erf(s: Steps, g: int, out: int, x: int) -> tuple[int | None, ...]:
    slope = s("mul", s.constant(2 / math.sqrt(math.pi)), s("exp", s("neg", s("mul", x, x))))
    return (s("mul", g, slope),)


def _larger(loses: str) -> _Rule:
    """Half of the gradient goes to each of two equal numbers, as torch does."""

    def rule(s: Steps, g: int, out: int, a: int, b: int) -> tuple[int | None, ...]:
        zero = s.constant(0)
        part = s("where", s("eq", a, b), s("mul", s.constant(0.5), g), g)
        return (
            s("where", s(loses, a, b), zero, part),
            s("where", s(loses, b, a), zero, part),
        )

    return rule


def _where(s: Steps, g: int, out: int, mask: int, a: int, b: int) -> tuple[int | None, ...]:
    zero = s.constant(0)
    return None, s("where", mask, g, zero), s("where", mask, zero, g)


_RULES: dict[str, _Rule] = {
    "add": lambda s, g, out, a, b: (g, g),
    "sub": lambda s, g, out, a, b: (g, s("neg", g)),
    "mul": lambda s, g, out, a, b: (s("mul", g, b), s("mul", g, a)),
    "div": _div,
    "neg": lambda s, g, out, x: (s("neg", g),),
    "abs": _abs,
    "sqrt": lambda s, g, out, x: (s("div", g, s("add", out, out)),),
    "exp": lambda s, g, out, x: (s("mul", g, out),),
    "expm1": lambda s, g, out, x: (s("mul", g, s("add", out, s.constant(1))),),
    "log": lambda s, g, out, x: (s("div", g, x),),
    "log1p": lambda s, g, out, x: (s("div", g, s("add", x, s.constant(1))),),
    "sin": lambda s, g, out, x: (s("mul", g, s("cos", x)),),
    "cos": lambda s, g, out, x: (s("neg", s("mul", g, s("sin", x))),),
    "erf": _erf,
    "pow": _pow,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "relu": _relu,
    "maximum": _larger("lt"),
    "minimum": _larger("gt"),
    "where": _where,
}


def gradients(
    expression: Expression, constants: tuple[float, ...], has_grad: Sequence[bool]
) -> tuple[Steps, list[int | None]]:
    """Differentiate an expression.

    Args:
        expression: of operands 0 to n - 1.
        constants: its constants.
        has_grad: which results have a gradient; others have none.

    Returns:
        ``(steps, values)``: for each operand the value of its gradient, an expression of the
        operands and, as operands n and following, of the gradients of the results. None where no
        result depends on the operand.
    """
    steps = Steps()
    values = steps.include(expression, constants)
    first = expression.num_operands + expression.num_constants
    grads: dict[int, int] = {}

    def add(value: int, part: int) -> None:
        known = grads.get(value)
        grads[value] = part if known is None else steps("add", known, part)

    for index, (result, exists) in enumerate(zip(expression.results, has_grad, strict=True)):
        if exists:
            add(result, steps.operand(expression.num_operands + index))
    for number in reversed(range(len(expression.steps))):
        grad = grads.get(first + number)
        name, arguments = expression.steps[number]
        if grad is None or name not in _RULES:  # comparisons have no gradient
            continue
        inputs = [values[argument] for argument in arguments]
        parts = _RULES[name](steps, grad, values[first + number], *inputs)
        for argument, part in zip(arguments, parts, strict=True):
            if part is not None:
                add(argument, part)
    return steps, [grads.get(index) for index in range(expression.num_operands)]
