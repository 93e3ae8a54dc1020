"""Messages made and reduced, or kept at the edges: how loops are called; see the contract."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..contract import OPS, Csr, Operand, accumulator
from ..plan import Plan
from ..plan import plan as planned
from ..reference import composed
from .loops import spmm_plain, spmm_tiled
from .runtime import threads
from .runtime.jit import IS_COMPILED
from .runtime.memory import LARGE, empty
from .simd.llvm import LANES

STORED = {  # what an array of a dtype is to NumPy; the tiles know halves by these integers
    torch.float32: torch.float32,
    torch.float64: torch.float64,
    torch.bfloat16: torch.uint16,
    torch.float16: torch.int16,
}
_KINDS: dict[torch.dtype, np.dtype[Any]] = {
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
}
SHAPES = {count: (0,) * count for count in (1, 2, 4, 8, 16)}  # of tiles of so many vectors
_EMPTY = tuple(np.zeros(0, np.int64) for _ in range(3))
_NO_PLACES = np.zeros(0, np.int32)
_ONE_BY_ONE, _IN_BLOCKS, _BY_PLACES = 0, 1, 2  # how an operand's elements meet those of a result
_MANY = LARGE // 8  # elements that may be large enough for large pages
_LARGEST = torch.iinfo(torch.int32).max
_MOST, _MOST_WITH_ARG = 16, 8  # vectors of a tile, as many as there are registers for


def spmm(
    csr: Csr,
    op: str,
    reduce: str,
    divisor: Tensor | bool,
    lhs: Operand,
    rhs: Operand | None,
    plan: Plan,
    wants_arg: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Make messages and reduce them into rows; see the contract."""
    edges = (csr.indptr.numpy(), csr.indices.numpy(), csr.edge_ids.numpy())
    rows, dtype, is_sum = csr.indptr.shape[0] - 1, lhs.data.dtype, reduce == "sum"
    tiled = IS_COMPILED and dtype in STORED and plan.out_size == plan.size
    tiled = tiled and (rhs is not None or plan.wide[0])
    held = dtype if tiled else accumulator(dtype)
    out, array = result(rows, plan.out_size, held)
    made: tuple[Any, ...] = (array,)
    arg = None
    if not is_sum:
        needed = rows if wants_arg or not tiled else 0
        place = torch.int32 if len(edges[1]) <= _LARGEST else torch.int64
        arg = empty((needed, plan.out_size), place)
        made = (*made, arg.numpy())
    none = _no_numbers(dtype)
    by: tuple[Any, ...] = (divisor, none) if isinstance(divisor, bool) else (False, divisor.numpy())
    work = len(edges[1]) * max(plan.size, 1)
    if tiled:
        operands = _tiled(op, lhs, rhs, plan)
        flags = by
        if not is_sum:
            careful = not _is_finite(op, lhs, rhs)
            flags = (_flag(reduce == "min"), _flag(careful), _flag(wants_arg))
        for tile in tiling(plan.size, _MOST_WITH_ARG if wants_arg else _MOST):
            loop = spmm_tiled.sum_rows if is_sum else spmm_tiled.extreme_rows
            products = (_factors(op, plan, tile),) if is_sum else ()
            run(loop, edges[0], work, *edges, *operands, *products, *flags, *made, *tile)
    else:
        operands = _operands(op, lhs, rhs, plan, held)
        flags = by if is_sum else (reduce == "max",)
        plain = spmm_plain.spmm_sum if is_sum else spmm_plain.spmm_extreme
        run(plain, edges[0], work, *edges, *operands, *flags, *made)
    return _shaped(out, dtype, plan.out_shape), arg if wants_arg else None


def sddmm(csr: Csr, op: str, lhs: Operand, rhs: Operand | None, plan: Plan) -> Tensor:
    """Make messages and keep them at the edges; see the contract."""
    edges = (csr.indptr.numpy(), csr.indices.numpy(), csr.edge_ids.numpy())
    dtype, rows = lhs.data.dtype, len(edges[1])
    tiled = is_tiled(dtype) and rhs is not None and plan.out_size == plan.size
    dots = is_tiled(dtype) and rhs is not None and op == "mul" and _is_dot(plan)
    out, array = result(rows, plan.out_size, dtype if tiled or dots else accumulator(dtype))
    work = rows * max(plan.size, 1)
    if tiled:
        operands = (*_tiled(op, lhs, rhs, plan), array)
        for tile in tiling(plan.size):
            run(spmm_tiled.make_messages, edges[0], work, *edges, *operands, *tile)
    elif dots and rhs is not None:
        operands = (as_array(lhs.data), lhs.end, as_array(rhs.data), rhs.end, plan.width)
        shape = SHAPES[blocks_at_once(plan.out_size)]
        run(spmm_tiled.make_dots, edges[0], work, *edges, *operands, array, shape)
    else:
        operands = _operands(op, lhs, rhs, plan, out.dtype)
        run(spmm_plain.sddmm, edges[0], work, *edges, *operands, array)
    return _shaped(out, dtype, plan.out_shape)


def product_gradient(csr: Csr, own: Tensor, weight: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient of a sum of products, at both; see the contract."""
    steps = _steps(weight.shape[1], own.shape[1], accumulator(own.dtype) == own.dtype)
    if not steps:
        return composed.product_gradient(spmm, sddmm, csr, own, weight, grad)
    edges = (csr.indptr.numpy(), csr.indices.numpy(), csr.edge_ids.numpy())
    of_own, out = result(len(own), own.shape[1], own.dtype)
    of_weight, out_weight = result(len(weight), weight.shape[1], own.dtype)
    operands = (as_array(own), as_array(weight), as_array(grad))
    work = 2 * len(edges[1]) * own.shape[1]
    for places, *step in steps:
        run(
            spmm_tiled.product_gradient_rows,
            edges[0],
            work,
            *(*edges, *operands, places, out, out_weight, *step),
        )
    return of_own, of_weight


# ---- what the tiles take


@lru_cache(maxsize=4096)
def _steps(heads: int, size: int, is_exact: bool) -> list[tuple[Any, ...]]:
    """What ``tiles.product_gradient_rows`` is called with for each tile; none if it cannot be.

    A tile has whole blocks, as many as a vector has numbers at most, or a part of one. Parts are
    added in the result, which would be rounded more than once unless it is as exact as a sum.
    """
    if heads == 0:
        return []
    width, made = size // heads, []
    plan = planned((heads, width), (heads, 1), (heads, width))
    for tile in tiling(size, _MOST if width > LANES else LANES):
        factors, adds = _factors("mul", plan, tile), tile.column % width > 0
        if not factors or (adds and (len(factors) > 1 or not is_exact)):
            return []
        made.append((_places(plan)[1][1], adds, factors, *tile))
    return made


def _flag(value: bool) -> tuple[int, ...]:
    """A flag that a loop is compiled for: (0,) is yes."""
    return (0,) if value else ()


@cache
def _no_numbers(dtype: torch.dtype) -> Any:
    """No divisors of sums of ``dtype``."""
    return torch.empty(0, dtype=accumulator(dtype)).numpy()


class Tile(NamedTuple):
    """Columns that one call works on: the first, how many, and the tile's shape."""

    column: int
    lanes: int
    shape: tuple[int, ...]


@lru_cache(maxsize=4096)
def _factors(op: str, plan: Plan, tile: Tile) -> tuple[int, ...]:
    """What ``tiles.sum_rows`` is compiled for: how many numbers a tile of rows is multiplied by.

    ``()`` if the messages are no such products, or the numbers do not share the tile evenly.
    """
    (left, _), (right, places) = _places(plan)
    if op != "mul" or left != _ONE_BY_ONE or right != _IN_BLOCKS:
        return ()
    found = places[tile.column : tile.column + tile.lanes : LANES]
    count, distinct = len(tile.shape), len(np.unique(found))
    even = found[0] + np.arange(count) * distinct // count
    return (0,) * distinct if distinct in SHAPES and np.array_equal(found, even) else ()


@lru_cache(maxsize=4096)
def tiling(size: int, most: int = _MOST) -> list[Tile]:
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


def _tiled(op: str, lhs: Operand, rhs: Operand | None, plan: Plan) -> tuple[Any, ...]:
    """The operands and the operator, as the tiles take them."""
    left, right = _places(plan)
    x = as_array(lhs.data)
    if rhs is None:
        return x, lhs.end, *left, x, lhs.end, 0, _NO_PLACES, ()
    return x, lhs.end, *left, as_array(rhs.data), rhs.end, *right, (OPS.index(op),)


@lru_cache(maxsize=4096)
def _places(plan: Plan) -> tuple[tuple[int, Any], tuple[int, Any]]:
    """For each operand how its elements meet those of the result, and its places."""
    made = []
    in_blocks = plan.width > 0 and plan.width % LANES == 0
    for places, is_wide, shape in zip(
        plan.maps[:2], plan.wide[:2], (plan.lhs_shape, plan.rhs_shape), strict=True
    ):
        if is_wide:
            made.append((_ONE_BY_ONE, _NO_PLACES))
            continue
        is_one = math.prod(shape) == 1  # number for all blocks, also for a last one that is short
        kind = _IN_BLOCKS if in_blocks or is_one else _BY_PLACES
        made.append((kind, places.to(torch.int32).numpy()))
    return made[0], made[1]


def _is_finite(op: str, lhs: Operand, rhs: Operand | None) -> bool:
    """Whether no message can be NaN: a sum is finite only if every number is.

    It may say no of finite numbers whose sum is too large; that costs time, not exactness.
    """
    operands = [lhs.data] if rhs is None else [lhs.data, rhs.data]
    return op != "div" and all(math.isfinite(operand.detach().sum()) for operand in operands)


# ---- what the plain loops take


def _operands(
    op: str, lhs: Operand, rhs: Operand | None, plan: Plan, dtype: torch.dtype
) -> tuple[Any, ...]:
    """Operands, operator and layout, as the plain loops take them."""
    left = as_array(lhs.data.to(dtype))
    right, right_at = (left, lhs.end) if rhs is None else (as_array(rhs.data.to(dtype)), rhs.end)
    maps = _EMPTY if plan.width else tuple([m.numpy() for m in plan.maps])
    return left, lhs.end, right, right_at, OPS.index(op), plan.width, plan.wide, maps


# ---- tensors as arrays, and calls


def is_tiled(dtype: torch.dtype) -> bool:
    """Whether features of ``dtype`` run on tiles."""
    return IS_COMPILED and dtype in STORED


def blocks_at_once(blocks: int) -> int:
    """How many blocks are summed at once, each in a vector of its own."""
    return next((count for count in (1, 2, 4) if count >= blocks), LANES)


def as_array(tensor: Tensor) -> Any:
    """A tensor as a (rows, elements) array; halves as the integers that hold their bits."""
    flat = (tensor.detach() if tensor.requires_grad else tensor).contiguous()
    if flat.ndim != 2:
        rows = flat.shape[0]
        flat = flat.view(rows, flat.numel() // rows if rows else flat.shape[1:].numel())
    dtype = flat.dtype
    stored = STORED.get(dtype, dtype)
    return (flat if stored is dtype else flat.view(stored)).numpy()


def result(rows: int, size: int, dtype: torch.dtype) -> tuple[Tensor, Any]:
    """A new tensor (rows, size), not initialised, and the array that a loop writes it as."""
    if rows * size < _MANY and (kind := _KINDS.get(dtype)) is not None:
        array = np.empty((rows, size), kind)  # quicker than a tensor first
        return torch.from_numpy(array), array
    out = empty((rows, size), dtype)
    return out, as_array(out)


def _shaped(rows: Tensor, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    """Rows of elements as rows of features, in their own dtype."""
    made = rows if rows.dtype is dtype else rows.to(dtype)
    return made if len(shape) == 1 else made.view(len(made), *shape)


def run(kernel: Any, limits: Any, work: int, *args: Any) -> None:
    """Call a kernel for all rows: here when there is little work, else on threads."""
    if work < threads.SMALL:
        kernel(*args, 0, limits if isinstance(limits, int) else len(limits) - 1)
    else:
        threads.run(kernel, limits, *args, pieces=work // threads.PIECE)
