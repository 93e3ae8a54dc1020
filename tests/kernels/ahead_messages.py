"""Messages summed, compared and kept at the edges, in every kind that is compiled apart."""

from __future__ import annotations

from unittest import mock

import torch
from corner_graphs import FLOATS

from graphmp.kernels import cuda
from graphmp.kernels.contract import EDGE, OTHER, ROW, At, Plan, accumulator
from graphmp.kernels.cuda import layout

Shape = tuple[int, ...]
# Two operands and the result: whole, one number for each head, by a table; and summed.
MEETINGS: tuple[tuple[Shape, Shape, Shape], ...] = (
    ((128,), (128,), (128,)),
    ((8, 16), (8, 1), (8, 16)),
    ((1,), (64,), (64,)),
    ((3,), (2, 3), (2, 3)),
    ((8, 16), (8, 16), (8, 1)),
    ((256,), (1,), (1,)),
    ((2, 3), (3,), (1, 3)),
)
WIDTHS = (1, 7, 16, 100, 602)
LARGE: Shape = (128,)
DTYPES = (*FLOATS, torch.uint8, torch.int64)


def form_of(
    dtype: torch.dtype = torch.int32, degree: int = 16
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A layout of three rows of one length."""
    ids = torch.arange(3 * degree, dtype=dtype)
    return torch.arange(0, 3 * degree + 1, degree, dtype=dtype), ids % 3, ids


def operand(shape: Shape, where: int, dtype: torch.dtype = torch.float32) -> At:
    """Rows enough for any end."""
    return At(torch.zeros(48, *shape, dtype=dtype), where)


def copy(
    width: int = 128, dtype: torch.dtype = torch.float32, degree: int = 16, reduce: str = "sum"
) -> None:
    """A feature of the sources, reduced."""
    x, plan = operand((width,), OTHER, dtype), Plan((width,), (), (width,))
    cuda.spmm(form_of(degree=degree), "copy", reduce, False, x, None, plan, True)


def calls() -> None:
    """Every kind once, and every dtype in some."""
    for width in WIDTHS:
        for degree in (4, 200):
            copy(width, degree=degree)
    for dtype in DTYPES:
        copy(dtype=dtype)
        copy(dtype=dtype, reduce="max")
        x, y = operand(LARGE, OTHER, dtype), operand(LARGE, ROW, dtype)
        cuda.sddmm(form_of(), "mul", x, y, Plan(LARGE, LARGE, LARGE))
        cuda.sddmm(form_of(), "mul", x, y, Plan(LARGE, LARGE, (1,)))
    for op in ("add", "mul", "div"):
        for left, right, out in MEETINGS if op == "mul" else MEETINGS[:1]:
            x, y, plan = operand(left, OTHER), operand(right, EDGE), Plan(left, right, out)
            cuda.spmm(form_of(), op, "sum", False, x, y, plan)
            cuda.spmm(form_of(), op, "min", False, x, y, plan, True)
            cuda.sddmm(form_of(), op, x, y, plan)
    for dtype in FLOATS:
        x, divisor = operand(LARGE, OTHER, dtype), torch.ones(3, dtype=accumulator(dtype))
        cuda.spmm(form_of(), "copy", "sum", divisor, x, None, Plan(LARGE, (), LARGE))
    for left, out in (((8, 1), (8, 16)), ((8, 16), (8, 1))):
        x, plan = operand(left, OTHER), Plan(left, (), out)
        cuda.spmm(form_of(), "copy", "sum", False, x, None, plan)
        cuda.spmm(form_of(), "copy", "max", False, x, None, plan)
        cuda.sddmm(form_of(), "copy", x, None, plan)
    with mock.patch.object(layout, "LARGEST", 0):  # ids of 64 bits
        x, y, plan = operand(LARGE, OTHER), operand(LARGE, EDGE), Plan(LARGE, LARGE, LARGE)
        for reduce in ("sum", "max"):
            cuda.spmm(form_of(torch.int64), "mul", reduce, True, x, y, plan, True)
        cuda.sddmm(form_of(torch.int64), "mul", x, y, plan)
