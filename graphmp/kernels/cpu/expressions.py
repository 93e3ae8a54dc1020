"""Messages that are expressions, reduced into rows or kept at edges, on the CPU."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from torch import Tensor

from ..contract import Csr, Operand
from ..expression import Expression
from ..plan import plan as plan_of
from .loops import expressions as loops
from .messages import (
    SHAPES,
    as_array,
    csr_arrays,
    flag,
    kinds,
    no_numbers,
    position_dtype,
    result,
    run,
    run_all,
    shaped,
    tiling,
)
from .runtime.jit import code_for
from .runtime.memory import empty
from .simd.formula import Formula

# Vectors of a tile of one result, and of each of several, which have accumulators of their own.
_MAX_VECTORS, _MAX_VECTORS_OF_EACH = 8, 4


def reduce_expression(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    reduce: str,
    divisor: Tensor | bool,
    shape: tuple[int, ...],
    wants_arg: bool = False,
    keeps: int = 0,
) -> tuple[list[Tensor], Tensor | None]:
    """Compute messages and reduce them into rows; see the contract."""
    arrays, dtype, size = csr_arrays(csr, True), operands[0].data.dtype, math.prod(shape)
    rows, edges = len(arrays[0]) - 1, len(arrays[1])
    formula, tables = _formula(expression, _ends(operands), _shapes(operands), shape, keeps)
    sums = len(expression.results) - keeps
    outs = [result(rows if i < sums else edges, size, dtype) for i in range(sums + keeps)]
    tensors, written = zip(*outs, strict=True)
    first = (arrays, formula, _pairs(operands, tables), np.array(constants, np.float64))
    types: tuple[Any, ...] = (csr.indptr.dtype, len(arrays[3]), _dtypes(operands))
    arg = None
    if reduce == "sum":
        loop: Any = loops.sum_rows
        by: Any = (divisor, no_numbers(dtype))
        by = by if isinstance(divisor, bool) else (False, divisor.numpy())
        rest: tuple[Any, ...] = (by, (written[:sums], written[sums:]))
    else:
        loop = loops.extreme_rows
        arg = empty((rows if wants_arg else 0, size), position_dtype(edges))
        flags = (flag(reduce == "min"), flag(wants_arg))
        types, rest = (*types, flags, arg.dtype), (flags, (written[0], arg.numpy()))
    calls = []
    for tile in tiling(size, _MAX_VECTORS if sums == 1 else _MAX_VECTORS_OF_EACH):
        args = (*first, *rest, tile)
        calls.append((_code(loop, formula, tile, types, args), args))
    run_all(calls, arrays[0], edges * _work(expression, size))
    return [shaped(out, dtype, shape) for out in tensors], arg if wants_arg else None


def edge_expression(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    shape: tuple[int, ...],
    out_shape: tuple[int, ...],
) -> Tensor:
    """Compute messages and keep them at the edges; see the contract."""
    arrays, dtype = csr_arrays(csr, True), operands[0].data.dtype
    size, edges = math.prod(shape), len(arrays[1])
    formula, tables = _formula(expression, _ends(operands), _shapes(operands), shape, 0)
    first = (arrays, formula, _pairs(operands, tables), np.array(constants, np.float64))
    types = (csr.indptr.dtype, len(arrays[3]), _dtypes(operands))
    calls: list[Any] = []
    args: tuple[Any, ...]
    out, array = result(edges, math.prod(out_shape), dtype)
    if out_shape == shape:
        loop: Any = loops.store_messages
        for tile in tiling(size, _MAX_VECTORS):
            args = (*first, array, tile)
            calls.append((_code(loop, formula, tile, types, args), args))
    else:
        number = math.prod(out_shape)
        args = (*first, (number, size // max(number, 1)), array, SHAPES[1])
        calls.append((_code(loops.store_sums, formula, (), types, args), args))
    run_all(calls, arrays[0], edges * _work(expression, size))
    return shaped(out, dtype, out_shape)


def argmax_expression(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    arg: Tensor,
    shape: tuple[int, ...],
) -> list[Tensor]:
    """Compute messages for the edges that gave a maximum; see the contract."""
    _, indices, edge_ids = csr_arrays(csr)
    dtype, (rows, size) = operands[0].data.dtype, arg.shape
    formula, tables = _formula(expression, _ends(operands), _shapes(operands), shape, 0)
    outs = [result(rows, size, dtype) for _ in expression.results]
    if not len(indices):
        return [shaped(out.zero_(), dtype, shape) for out, _ in outs]
    args: Any = (
        (indices, edge_ids),
        formula,
        _pairs(operands, tables),
        np.array(constants, np.float64),
        arg.contiguous().numpy(),
        tuple(array for _, array in outs),
    )
    types = (csr.indptr.dtype, _dtypes(operands), arg.dtype)
    code = _code(loops.rows_at_argmax, formula, (), types, args)
    run(code, rows, rows * size * _work(expression, 1), *args)
    return [shaped(out, dtype, shape) for out, _ in outs]


def _work(expression: Expression, size: int) -> int:
    """About how many nanoseconds an edge takes."""
    return 2 + size * (1 + len(expression.steps)) // 8


def _ends(operands: Sequence[Operand]) -> tuple[int, ...]:
    return tuple(operand.end for operand in operands)


def _shapes(operands: Sequence[Operand]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(operand.data.shape[1:]) for operand in operands)


def _dtypes(operands: Sequence[Operand]) -> tuple[Any, ...]:
    return tuple(operand.data.dtype for operand in operands)


def _pairs(operands: Sequence[Operand], tables: Any) -> tuple[Any, ...]:
    pairs = zip(operands, tables, strict=True)
    return tuple((as_array(operand.data), table) for operand, table in pairs)


@lru_cache(maxsize=1024)
def _formula(
    expression: Expression,
    ends: tuple[int, ...],
    shapes: tuple[tuple[int, ...], ...],
    shape: tuple[int, ...],
    keeps: int,
) -> tuple[Formula, tuple[Any, ...]]:
    """The formula that the loops are compiled for, and the columns that each operand reads."""
    pairs = [kinds(plan_of(own, shape, shape))[0] for own in shapes]
    formula = Formula(expression, ends, tuple(kind for kind, _ in pairs), keeps)
    return formula, tuple(columns for _, columns in pairs)


def _code(loop: Any, formula: Formula, tile: Any, types: Any, args: Any) -> Any:
    """The loop's machine code for such arguments, compiled once."""
    key = (loop, tile, types)
    code = formula.codes.get(key)
    if code is None:
        code = formula.codes[key] = code_for(loop, args)
    return code
