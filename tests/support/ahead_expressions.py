"""Messages that are expressions, reduced into rows and stored at edges."""

from __future__ import annotations

import math
from random import Random

import torch

from graphmp.kernels import cuda
from graphmp.kernels.contract import ALL, EDGE, OTHER, ROW, Operand, accumulator
from graphmp.kernels.expression import COMPARISONS, FORMULAS, Expression, Steps
from support.corner_graphs import FLOATS, ID_DTYPES
from support.launches import HEADS, WIDTHS, form_of

DEGREES = (1, 4, 16, 128, 500)
NAMES = tuple(FORMULAS)
BINARY = {"add", "sub", "mul", "div", "pow", "maximum", "minimum", *COMPARISONS}


def chain(*names: str) -> tuple[Expression, Expression, tuple[float, ...]]:
    """Operators of the value before and of others: with three results, with the last, constants."""
    steps = Steps()
    x, y, z, value = *map(steps.operand, range(3)), steps.constant(0.5)
    for name in names:
        count = 3 if name == "where" else 2 if name in BINARY else 1
        value = steps(name, *(value, x, y)[:count])
    last = steps("add", value, steps("mul", y, z))
    (several, _, constants), (one, _, _) = steps.expression(last, value, x), steps.expression(last)
    return several, one, constants


EXPRESSIONS = (chain(*NAMES[:14]), chain(*NAMES[14:]))


def call(random: Random) -> None:
    """One expression, stored at the edges, at chosen ones, and reduced in some way."""
    degree, dtype = random.choice(DEGREES), random.choice(FLOATS)
    csr = form_of(random.choice(ID_DTYPES), degree)
    w, h = random.choice(WIDTHS), random.choice(HEADS)
    shape = random.choice(((w,), (h, w)))
    shapes = random.choice(
        (
            (shape, shape, shape),
            (shape, (1,) * len(shape), shape),
            (shape, (*shape[:-1], 1), shape),
            ((*shape[:-1], 1), shape, (1, *shape[1:])),
        )
    )
    ends = random.choice(((OTHER, ROW, EDGE), (ROW, ALL, OTHER), (EDGE, EDGE, ROW)))
    operands = [
        Operand(torch.empty(3 * degree, *own, dtype=dtype), end)
        for own, end in zip(shapes, ends, strict=True)
    ]
    several, one, constants = random.choice(EXPRESSIONS)
    divisors: list[torch.Tensor | bool] = [False, True, torch.ones(3, dtype=accumulator(dtype))]
    divisor, keeps = random.choice(divisors), random.choice((0, 1, 2))
    args = csr, several, operands, constants
    cuda.reduce_expression(*args, "sum", divisor, shape, False, keeps)
    arg = torch.empty(3, math.prod(shape), dtype=random.choice(ID_DTYPES))
    cuda.argmax_expression(*args, arg, shape)
    args, reduce = (csr, one, operands, constants), random.choice(("max", "min"))
    cuda.reduce_expression(*args, reduce, False, shape, random.random() < 0.5)
    cuda.edge_expression(*args, shape, random.choice((shape, (*shape[:-1], 1))))
