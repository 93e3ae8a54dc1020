"""Expressions: messages that are computed element by element from any number of operands.

An :class:`Expression` is data, like a row of the table of operators: every backend evaluates it in
its own way, and its gradient is another expression. :class:`Steps` puts expressions together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

MAX_OPERANDS = 12  # of one expression, its gradient's own operand included
MAX_RESULTS = 4
MAX_STEPS = 64


# What each operator computes. Comparisons are 1 where they hold, else 0.
FORMULAS: dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "neg": torch.neg,
    "abs": torch.abs,
    "sqrt": torch.sqrt,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "sin": torch.sin,
    "cos": torch.cos,
    "erf": torch.erf,
    "pow": torch.pow,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "lt": torch.lt,
    "le": torch.le,
    "gt": torch.gt,
    "ge": torch.ge,
    "eq": torch.eq,
    "ne": torch.ne,
    "where": lambda condition, a, b: torch.where(condition != 0, a, b),
}
COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})


class Expression(NamedTuple):
    """An expression of operands and constants, with one result or several that share steps.

    Its values are numbered: first the operands, then the constants, then the result of each step.

    Attributes:
        num_operands: the number of operands.
        num_constants: the number of constants.
        steps: ``(operator, values)``, the operator a key of :data:`FORMULAS`.
        results: the values that are messages.
    """

    num_operands: int
    num_constants: int
    steps: tuple[tuple[str, tuple[int, ...]], ...]
    results: tuple[int, ...]

    @property
    def text(self) -> str:
        """The expression as a string, which :func:`parse` reads."""
        steps = [f"{name}:{_joined(values)}" for name, values in self.steps]
        counts = (str(self.num_operands), str(self.num_constants))
        return " ".join([*counts, _joined(self.results), *steps])


def _joined(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The expression of a string."""
    operands, constants, results, *steps = text.split()
    pairs = [step.split(":") for step in steps]
    return Expression(
        int(operands),
        int(constants),
        tuple((name, _numbers(values)) for name, values in pairs),
        _numbers(results),
    )


def evaluate(
    expression: Expression, operands: Sequence[Tensor], constants: Sequence[float]
) -> list[Tensor]:
    """Evaluate an expression on tensors that broadcast, by torch; differentiable.

    Returns:
        The results.
    """
    like = operands[0]
    values: list[Any] = [*operands, *(like.new_tensor(constant) for constant in constants)]
    for name, numbers in expression.steps:
        value = FORMULAS[name](*(values[number] for number in numbers))
        values.append(value.to(like.dtype) if name in COMPARISONS else value)
    return [values[number] for number in expression.results]


class Steps:
    """Expressions that share their steps; values are integers, and equal ones are one value."""

    def __init__(self) -> None:
        self._nodes: list[tuple[str, tuple[Any, ...]]] = []
        self._numbers: dict[tuple[str, tuple[Any, ...]], int] = {}

    def operand(self, index: int) -> int:
        """The value of an operand."""
        return self._node("operand", (index,))

    def constant(self, number: float) -> int:
        """The value of a constant."""
        return self._node("constant", (float(number),))

    def __call__(self, name: str, *values: int) -> int:
        """The value of an operator."""
        if name == "mul":
            one = self._numbers.get(("constant", (1.0,)))
            if one in values:
                return values[1] if values[0] == one else values[0]
        return self._node(name, values)

    def include(self, expression: Expression, constants: Sequence[float]) -> list[int]:
        """Add an expression of the same operands; return all its values."""
        values = [self.operand(index) for index in range(expression.num_operands)]
        values += [self.constant(number) for number in constants]
        for name, numbers in expression.steps:
            values.append(self(name, *(values[number] for number in numbers)))
        return values

    def expression(self, *results: int) -> tuple[Expression, tuple[int, ...], tuple[float, ...]]:
        """The expression of one value, or of several.

        Returns:
            The expression of the operands that it reads, their indices, and its constants.
        """
        needed, waiting = set(), list(results)
        while waiting:
            value = waiting.pop()
            if value not in needed:
                needed.add(value)
                name, arguments = self._nodes[value]
                waiting += arguments if name not in _LEAVES else ()
        order = sorted(needed)
        kinds = {value: self._nodes[value][0] for value in order}
        operands = [value for value in order if kinds[value] == "operand"]
        operands.sort(key=lambda value: self._nodes[value][1])
        constants = [value for value in order if kinds[value] == "constant"]
        steps = [value for value in order if kinds[value] not in _LEAVES]
        number = {value: n for n, value in enumerate([*operands, *constants, *steps])}
        return (
            Expression(
                len(operands),
                len(constants),
                tuple((kinds[v], tuple(number[a] for a in self._nodes[v][1])) for v in steps),
                tuple(number[result] for result in results),
            ),
            tuple(self._nodes[value][1][0] for value in operands),
            tuple(self._nodes[value][1][0] for value in constants),
        )

    def _node(self, name: str, arguments: tuple[Any, ...]) -> int:
        key = (name, arguments)
        value = self._numbers.get(key)
        if value is None:
            value = self._numbers[key] = len(self._nodes)
            self._nodes.append(key)
        return value


_LEAVES = ("operand", "constant")
