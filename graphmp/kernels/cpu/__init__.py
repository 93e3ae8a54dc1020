"""Kernels for the CPU, compiled by Numba: no message is ever stored beyond the row it enters.

Floating point features run on tiles of SIMD registers (:mod:`.tiles`). Integers, results that are
narrower than the messages, and Numba without its compiler run on plain loops (:mod:`.loops`).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numba
import numpy as np
import torch
from torch import Tensor

from ..contract import OPS, At, Call, Plan, accumulator
from . import loops, tiles
from .arrays import IS_COMPILED, SHAPES, STORED, as_array, blocks_at_once, is_tiled, run
from .attention import attention, attention_gradient, score_gradient
from .llvm import LANES

name = "cpu"

_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
_EMPTY = tuple(np.zeros(0, np.int64) for _ in range(3))
_LARGEST = torch.iinfo(torch.int32).max
_LINE = 16  # float32 numbers in a line of cache
_NO_PLACES = np.zeros(0, np.int32)
_IS_OLD = tuple(map(int, numba.__version__.split(".")[:2])) < (0, 62)  # of another LLVM
_MOST, _MOST_WITH_ARG = 16, 8  # vectors of a tile, as many as there are registers for


def why_not(call: Call) -> str | None:
    """A reason why this backend cannot run ``call``, or None when it can."""
    if call.device != "cpu":
        return f"it runs on the CPU, not on {call.device}"
    if _IS_OLD:
        return f"it needs numba 0.62 or newer, not {numba.__version__}"
    if call.dtype not in STORED and call.dtype not in _INTEGERS:
        return f"it has no loops for {call.dtype}"
    if call.primitive == "sddmm" and call.op == "copy":
        return "a plain gather is as fast in torch"
    if call.primitive == "attention" and not is_tiled(call.dtype):
        return "attention is for floating point, and needs Numba's compiler"
    return None


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    indptr, order = ids.new_empty(num_rows + 1), torch.empty_like(ids)
    loops.group(ids.numpy(), indptr.numpy(), order.numpy())
    return indptr, order


def spmm(
    form: tuple[Tensor, Tensor, Tensor],
    op: str,
    reduce: str,
    per_degree: bool,
    lhs: At,
    rhs: At | None,
    plan: Plan,
    wants_arg: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Make messages and reduce them into rows; see the contract."""
    edges = (form[0].numpy(), form[1].numpy(), form[2].numpy())
    rows, dtype, is_sum = form[0].shape[0] - 1, lhs.data.dtype, reduce == "sum"
    tiled = IS_COMPILED and dtype in STORED and plan.out_size == plan.size
    held = dtype if tiled else accumulator(dtype)
    out = torch.empty((rows, plan.out_size), dtype=held)
    made: tuple[Any, ...] = (as_array(out),)
    arg = None
    if not is_sum:
        needed = rows if wants_arg or not tiled else 0
        place = torch.int32 if len(edges[1]) <= _LARGEST else torch.int64
        arg = torch.empty((needed, plan.out_size), dtype=place)
        made = (*made, arg.numpy())
    work = len(edges[1]) * max(plan.size, 1)
    if tiled:
        operands = _tiled(op, lhs, rhs, plan)
        flags: tuple[Any, ...] = (per_degree,)
        if not is_sum:
            careful = not _is_finite(op, lhs, rhs)
            flags = (_flag(reduce == "min"), _flag(careful), _flag(wants_arg))
        for tile in _tiling(plan.size, _MOST_WITH_ARG if wants_arg else _MOST):
            loop = tiles.sum_rows if is_sum else tiles.extreme_rows
            run(loop, edges[0], work, *edges, *operands, *flags, *made, *tile)
    else:
        operands = _operands(op, lhs, rhs, plan, held)
        flag = per_degree if is_sum else reduce == "max"
        run(loops.spmm_sum if is_sum else loops.spmm_extreme, edges[0], work, *edges, *operands, flag, *made)
    return out.to(dtype).view(rows, *plan.out_shape), arg if wants_arg else None


def sddmm(src: Tensor, dst: Tensor, op: str, lhs: At, rhs: At | None, plan: Plan) -> Tensor:
    """Make messages and keep them at the edges; see the contract."""
    dtype, edges = lhs.data.dtype, src.shape[0]
    tiled = is_tiled(dtype) and rhs is not None and plan.out_size == plan.size
    dots = is_tiled(dtype) and rhs is not None and op == "mul" and _is_dot(plan)
    held = dtype if tiled or dots else accumulator(dtype)
    out = torch.empty((edges, plan.out_size), dtype=held)
    work, ends = edges * max(plan.size, 1), (src.numpy(), dst.numpy())
    if tiled:
        operands = (*_tiled(op, lhs, rhs, plan), as_array(out))
        for tile in _tiling(plan.size):
            run(tiles.make_messages, edges, work, *ends, *operands, *tile)
    elif dots and rhs is not None:
        operands = (as_array(lhs.data), lhs.where, as_array(rhs.data), rhs.where, plan.width)
        shape = SHAPES[blocks_at_once(plan.out_size)]
        run(tiles.make_dots, edges, work, *ends, *operands, as_array(out), shape)
    else:
        operands = _operands(op, lhs, rhs, plan, held)
        run(loops.sddmm, edges, work, *ends, *operands, out.numpy())
    return out.to(dtype).view(edges, *plan.out_shape)


def softmax(form: tuple[Tensor, Tensor, Tensor], logits: Tensor) -> Tensor:
    """Softmax over the edges of each row; see the contract."""
    return _by_edges(form, tiles.softmax_rows, loops.softmax, logits)


def softmax_gradient(form: tuple[Tensor, Tensor, Tensor], weights: Tensor, grads: Tensor) -> Tensor:
    """The gradient of the softmax; see the contract."""
    loop = loops.softmax_gradient
    return _by_edges(form, tiles.softmax_gradient_rows, loop, weights, grads)


def _by_edges(
    form: tuple[Tensor, Tensor, Tensor], tiled: Any, plain: Any, *given: Tensor
) -> Tensor:
    """Values of edges made from values of edges, row by row."""
    indptr, eids = form[0].numpy(), form[2].numpy()
    dtype, width, size = given[0].dtype, given[0].shape[1:].numel(), given[0].numel()
    if is_tiled(dtype):
        out = torch.empty((len(given[0]), width), dtype=dtype)
        arrays = [as_array(values) for values in (*given, out)]
        for tile in _tiling(width):
            run(tiled, indptr, size, indptr, eids, *arrays, *tile)
    else:
        out = torch.empty((len(given[0]), width), dtype=accumulator(dtype))
        arrays = [as_array(values.to(out.dtype)) for values in given]
        run(plain, indptr, size, indptr, eids, *arrays, out.numpy())
    return out.to(dtype).view(given[0].shape)


def scatter(
    values: Tensor, arg: Tensor, ids: Tensor, places: Tensor, shape: tuple[int, int]
) -> Tensor:
    """Add values where chosen edges lead; see the contract."""
    out = torch.zeros(shape, dtype=accumulator(values.dtype))
    given = values.detach().to(out.dtype).contiguous()
    size = given.shape[1]
    width = _LINE if size == shape[1] else max(size, 1)  # threads must not share columns
    args = (given.numpy(), arg.contiguous().numpy(), ids.numpy(), places.numpy(), out.numpy())
    run(loops.scatter, -(-size // width), given.numel(), *args, width)
    return out.to(values.dtype)


# ---- what the tiles take


def _flag(value: bool) -> tuple[int, ...]:
    """A flag that a loop is compiled for: (0,) is yes."""
    return (0,) if value else ()


class Tile(NamedTuple):
    """Columns that one call works on: the first, how many, and the tile's shape."""

    column: int
    lanes: int
    shape: tuple[int, ...]


@lru_cache(maxsize=4096)
def _tiling(size: int, most: int = _MOST) -> list[Tile]:
    """Tiles that cover ``size`` columns, the widest first, the last one masked."""
    made, column = [], 0
    while column < size:
        whole = (size - column) // LANES
        count = next((c for c in (16, 8, 4, 2, 1) if c <= min(whole, most)), 1)
        lanes = min(count * LANES, size - column)
        made.append(Tile(column, lanes, SHAPES[count]))
        column += lanes
    return made


def _is_dot(plan: Plan) -> bool:
    """Whether every block of two operands of equal shape is summed to one number."""
    left, right, _ = plan.wide
    return left and right and plan.width > 0 and plan.out_size * plan.width == plan.size


def _tiled(op: str, lhs: At, rhs: At | None, plan: Plan) -> tuple[Any, ...]:
    """The operands and the operator, as the tiles take them."""
    left, right = _places(plan)
    x = as_array(lhs.data)
    if rhs is None:
        return x, lhs.where, *left, x, lhs.where, 0, _NO_PLACES, 0
    return x, lhs.where, *left, as_array(rhs.data), rhs.where, *right, OPS.index(op)


@lru_cache(maxsize=4096)
def _places(plan: Plan) -> tuple[tuple[int, Any], tuple[int, Any]]:
    """For each operand how its elements meet those of the result, and its places."""
    made = []
    for places, is_wide in zip(plan.maps[:2], plan.wide[:2], strict=True):
        if is_wide:
            made.append((0, _NO_PLACES))
            continue
        in_blocks = plan.width and plan.width % LANES == 0
        made.append((1 if in_blocks else 2, places.to(torch.int32).numpy()))
    return made[0], made[1]


def _is_finite(op: str, lhs: At, rhs: At | None) -> bool:
    """Whether no message can be NaN: a sum is finite only if every number is.

    It may say no of finite numbers whose sum is too large; that costs time, not exactness.
    """
    operands = [lhs.data] if rhs is None else [lhs.data, rhs.data]
    return op != "div" and all(math.isfinite(operand.detach().sum()) for operand in operands)


# ---- what the plain loops take


def _operands(op: str, lhs: At, rhs: At | None, plan: Plan, dtype: torch.dtype) -> tuple[Any, ...]:
    """Operands, operator and layout, as the plain loops take them."""
    left = as_array(lhs.data.to(dtype))
    right, right_at = (left, lhs.where) if rhs is None else (as_array(rhs.data.to(dtype)), rhs.where)
    maps = _EMPTY if plan.width else tuple([m.numpy() for m in plan.maps])
    return left, lhs.where, right, right_at, OPS.index(op), plan.width, plan.wide, maps

