"""Messages reduced into rows and stored at edges."""

from __future__ import annotations

from random import Random

import torch

from graphmp.kernels import cuda
from graphmp.kernels.contract import Operand, accumulator
from graphmp.kernels.plan import broadcast_shape, plan
from support.corner_graphs import FLOATS, ID_DTYPES, INTEGERS
from support.launches import HEADS, WIDTHS, form_of

DEGREES = (1, 4, 8, 16, 32, 64, 128, 500)


def call(random: Random) -> None:
    """One message, stored at the edges and reduced in some way."""
    degree, dtype = random.choice(DEGREES), random.choice((*FLOATS, *INTEGERS))
    csr = form_of(random.choice(ID_DTYPES), degree)
    op = random.choice(("copy", "add", "sub", "mul", "div" if dtype in FLOATS else "mul"))
    w, h = random.choice(WIDTHS), random.choice(HEADS)
    left, right = random.choice(
        (
            *(((w,), (w,)), ((w,), (1,)), ((1,), (w,)), ((w,), ())),
            *(((h, w), (h, w)), ((h, w), (h, 1)), ((h, 1), (h, w)), ((h, 1, w), (2, w))),
        )
    )
    if op == "copy":
        right = ()
    full = broadcast_shape(left, right)
    out = random.choice((full, (*full[:-1], 1), left, right or full))
    x, y = (
        Operand(torch.empty(3 * degree, *shape, dtype=dtype), random.choice((0, 1, 2)))
        for shape in (left, right)
    )
    args = csr, op, x, None if op == "copy" else y, plan(left, right, out)
    cuda.sddmm(*args)
    reduce = random.choice(("sum", "sum", "max", "min"))
    divisors: list[torch.Tensor | bool] = [False, True, torch.ones(3, dtype=accumulator(dtype))]
    divisor = random.choice(divisors) if reduce == "sum" and dtype in FLOATS else False
    cuda.spmm(csr, op, reduce, divisor, *args[2:], random.random() < 0.5)
