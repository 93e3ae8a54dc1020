"""Messages reduced into rows or kept at edges, and their gradients, on the CPU."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract import OPS, OTHER, Csr, Operand, OrderedCsr, accumulator
from ..plan import Plan
from ..plan import plan as plan_of
from ..reference.messages import compose_product_gradient
from . import loops
from .loops import spmm_plain, spmm_tiled
from .loops.spmm_tiled import CACHE_LINE
from .runtime import threads
from .runtime.jit import IS_COMPILED, code_for
from .runtime.memory import LARGE, empty
from .simd.llvm import LANES
from .simd.vector import BY_COLUMNS, IN_BLOCKS, ONE_BY_ONE

STORED = {  # the dtype of a tensor's array; tiles recognise half precision by these integers
    torch.float32: torch.float32,
    torch.float64: torch.float64,
    torch.bfloat16: torch.uint16,
    torch.float16: torch.int16,
}
TILED = frozenset(STORED) if IS_COMPILED else frozenset()  # dtypes that run on tiles
SHAPES = {count: (0,) * count for count in (1, 2, 4, 8, 16)}  # tile shapes, by number of vectors
_NUMPY_DTYPES: dict[torch.dtype, np.dtype[Any]] = {
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
}
_MAX_SMALL = LARGE // 8  # elements, up to which a result is never large enough for large pages
_NO_MAPS = tuple(np.zeros(0, np.int64) for _ in range(3))
_NO_COLUMNS = np.zeros(0, np.int32)
_MAX_INT32 = torch.iinfo(torch.int32).max
_MANY_ROWS = 1 << 20
# Vectors of a tile, as many as there are registers for.
_MAX_VECTORS, _MAX_VECTORS_WITH_ARG = 16, 8


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
    """Compute messages and reduce them into rows; see the contract."""
    arrays, dtype, is_sum = csr_arrays(csr, True), lhs.data.dtype, reduce == "sum"
    rows, edges = len(arrays[0]) - 1, len(arrays[1])
    loop, wide, steps, work = _launch(op, is_sum, dtype, rhs is None, plan, wants_arg)
    out, array = result(rows, plan.out_size, wide)
    outs: tuple[Any, ...] = (array,)
    arg = None
    if not is_sum:
        arg = empty(
            (rows if wants_arg or steps is None else 0, plan.out_size), position_dtype(edges)
        )
        outs = (array, arg.numpy())
    by: Any = (divisor, no_numbers(dtype))
    if not isinstance(divisor, bool):
        by = (False, divisor.numpy())
    if steps is not None:
        operands = _tiled_operands(op, lhs, rhs, plan)
        flags = by
        types: tuple[Any, ...] = (csr.indptr.dtype, len(arrays[3]))
        if arg is not None:
            check_nan = not _is_finite(op, lhs, rhs)
            flags = (flag(reduce == "min"), flag(check_nan), flag(wants_arg))
            types = (*types, flags, arg.dtype)
        calls = []
        for factors, tile, codes in steps:
            args = (arrays, *operands, *factors, flags, *outs, tile)
            code = codes.get(types) or codes.setdefault(types, code_for(loop, args))
            calls.append((code, args))
        run_all(calls, arrays[0], edges * work)
    else:
        operands = _plain_operands(op, lhs, rhs, plan, wide)
        flags = by if is_sum else reduce == "max"
        arrays = csr_arrays(csr)
        run(loop, arrays[0], edges * work, arrays, *operands, flags, *outs)
    return shaped(out, dtype, plan.out_shape), arg if wants_arg else None


def sddmm(csr: Csr, op: str, lhs: Operand, rhs: Operand | None, plan: Plan) -> Tensor:
    """Compute messages and keep them at the edges; see the contract."""
    arrays, dtype = csr_arrays(csr, True), lhs.data.dtype
    edges = len(arrays[1])
    tiled = dtype in TILED and rhs is not None and plan.out_size == plan.size
    is_dot = dtype in TILED and rhs is not None and op == "mul" and _is_dot(plan)
    out, array = result(edges, plan.out_size, dtype if tiled or is_dot else accumulator(dtype))
    work = edges * max(plan.size, 1)
    if tiled:
        operands = _tiled_operands(op, lhs, rhs, plan)
        loop: Any = spmm_tiled.store_messages
        calls = [(loop, (arrays, *operands, array, tile)) for tile in tiling(plan.size)]
        run_all(calls, arrays[0], work)
    elif is_dot and rhs is not None:
        x, y = (as_array(lhs.data), lhs.end), (as_array(rhs.data), rhs.end)
        steps = _product_steps(plan.out_size, plan.size, accumulator(dtype) == dtype)
        for heads, tile in steps:
            loop = spmm_tiled.dot_products_of_tile
            run(loop, arrays[0], work, arrays, x, y, heads, array, tile)
        if not steps:
            shape = SHAPES[blocks_at_once(plan.out_size)]
            run(spmm_tiled.dot_products, arrays[0], work, arrays, x, y, plan.width, array, shape)
    else:
        operands = _plain_operands(op, lhs, rhs, plan, out.dtype)
        arrays = csr_arrays(csr)
        run(spmm_plain.sddmm, arrays[0], work, arrays, *operands, array)
    return shaped(out, dtype, plan.out_shape)


def product_gradient(csr: Csr, own: Tensor, weight: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    """Both gradients of a sum of products; see the contract."""
    steps = _product_steps(weight.shape[1], own.shape[1], accumulator(own.dtype) == own.dtype)
    if not steps:
        return compose_product_gradient(spmm, sddmm, csr, own, weight, grad)
    arrays, size = csr_arrays(csr, True), own.shape[1]
    own_grad, out = result(len(own), size, own.dtype)
    weight_grad, out_weight = result(len(weight), weight.shape[1], own.dtype)
    operands, outs = (as_array(own), as_array(weight), as_array(grad)), (out, out_weight)
    work = 2 * len(arrays[1]) * size
    for heads, tile in steps:
        loop = spmm_tiled.product_gradient_rows
        run(loop, arrays[0], work, arrays, operands, heads, outs, tile)
    return own_grad, weight_grad


def scatter(
    csr: Csr,
    end: int,
    values: Tensor,
    arg: Tensor,
    columns: Tensor,
    shape: tuple[int, int],
) -> Tensor:
    """Scatter values to the edges that gave a maximum; see the contract."""
    ids = csr.indices if end == OTHER else csr.edge_ids
    dtype = accumulator(values.dtype)
    # Sums of many rows, which would lose small terms in float32.
    out = empty(shape, torch.float64 if len(values) >= _MANY_ROWS else dtype).zero_()
    wide = values.detach().to(dtype).contiguous()
    size = wide.shape[1]
    if wide.dtype in TILED and size == shape[1] and np.array_equal(columns, np.arange(size)):
        edges, tiles = (csr.indptr.numpy(), ids.numpy()), _column_shares(size)
        arrays = (edges, wide.numpy(), arg.contiguous().numpy(), out.numpy())

        def scatter_columns(first: int, last: int) -> None:
            for tile in tiles[first:last]:
                loops.scatter.scatter_rows(*arrays, tile)

        run(scatter_columns, len(tiles), wide.numel())
        return out.to(values.dtype)
    # A thread owns a range of columns of ``values``. Where several lead to one column of the
    # result, one range has all of them.
    width = CACHE_LINE if size == shape[1] else max(size, 1)
    args = (wide.numpy(), arg.contiguous().numpy(), ids.numpy(), columns.numpy(), out.numpy())
    run(loops.scatter.scatter_numbers, -(-size // width), wide.numel(), *args, width)
    return out.to(values.dtype)


def _column_shares(size: int) -> list[tuple[int, int, tuple[int, ...]]]:
    """Tiles of ``size`` columns, one for each thread if they are as wide as a line of the cache."""
    line = CACHE_LINE // LANES
    widest = max(size // LANES // torch.get_num_threads(), line)
    return tiling(size, min(widest, _MAX_VECTORS_WITH_ARG))


def position_dtype(edges: int) -> torch.dtype:
    """The smaller dtype that holds every position."""
    return torch.int32 if edges <= _MAX_INT32 else torch.int64


def shaped(rows: Tensor, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    """Rows of elements as rows of features, in their own dtype."""
    out = rows if rows.dtype is dtype else rows.to(dtype)
    return out if len(shape) == 1 else out.view(len(out), *shape)


# ---- arguments of the loops on tiles; tuples are plain because Numba dispatches on them fastest


def flag(value: bool) -> tuple[int, ...]:
    """A flag that a loop is compiled for: (0,) for True."""
    return (0,) if value else ()


@cache
def no_numbers(dtype: torch.dtype) -> Any:
    """No divisors of sums of ``dtype``."""
    return torch.empty(0, dtype=accumulator(dtype), device="cpu").numpy()


@lru_cache(maxsize=4096)
def _launch(
    op: str, is_sum: bool, dtype: torch.dtype, is_copy: bool, plan: Plan, wants_arg: bool
) -> tuple[Any, torch.dtype, list[tuple[Any, Any, dict[Any, Any]]] | None, int]:
    """How sums and extremes of such operands are computed, whatever the numbers are.

    Returns:
        The loop, the dtype of its result, the factors and the tile of each call, and the work for
        each edge. With them is the loop's code, by what else the types of its arguments depend on:
        an empty dict, which a call fills. In place of tiles None for a plain loop.
    """
    if dtype not in TILED or plan.out_size != plan.size or (is_copy and not plan.wide[0]):
        plain: Any = spmm_plain.spmm_sum if is_sum else spmm_plain.spmm_extreme
        return plain, accumulator(dtype), None, max(plan.size, 1)
    tiles = tiling(plan.size, _MAX_VECTORS_WITH_ARG if wants_arg else _MAX_VECTORS)
    steps: Any = [((_factors(op, plan, tile),) if is_sum else (), tile, {}) for tile in tiles]
    tiled = spmm_tiled.sum_rows if is_sum else spmm_tiled.extreme_rows
    return tiled, dtype, steps, 2 + plan.size // 8


@lru_cache(maxsize=4096)
def tiling(size: int, max_vectors: int = _MAX_VECTORS) -> list[tuple[int, int, tuple[int, ...]]]:
    """Tiles ``(column, lanes, shape)`` that cover ``size`` columns, the widest first.

    The last tile is masked where it is not a whole vector.
    """
    tiles, column = [], 0
    while column < size:
        whole = (size - column) // LANES
        count = next((c for c in (16, 8, 4, 2, 1) if c <= min(whole, max_vectors)), 1)
        lanes = min(count * LANES, size - column)
        tiles.append((column, lanes, SHAPES[count]))
        column += lanes
    return tiles


def even_shape(size: int, max_vectors: int = _MAX_VECTORS) -> tuple[int, ...]:
    """The shape of the widest tile of which some cover ``size`` columns evenly; else of one vector.

    For loops that read the columns of a row tile by tile.
    """
    counts = (c for c in (16, 8, 4, 2) if c <= max_vectors and size % (c * LANES) == 0)
    return SHAPES[next(counts, 1)]


@lru_cache(maxsize=4096)
def _factors(op: str, plan: Plan, tile: tuple[int, int, tuple[int, ...]]) -> tuple[int, ...]:
    """What ``sum_rows`` is compiled for: by how many numbers a tile of rows is multiplied.

    ``()`` if the messages are no such products, or if the numbers do not share the tile evenly.
    """
    (left, _), (right, columns) = kinds(plan)
    if op != "mul" or left != ONE_BY_ONE or right != IN_BLOCKS:
        return ()
    column, lanes, shape = tile
    factor_of_vector = columns[column : column + lanes : LANES]
    count, distinct = len(shape), len(np.unique(factor_of_vector))
    even = factor_of_vector[0] + np.arange(count) * distinct // count
    is_even = distinct in SHAPES and np.array_equal(factor_of_vector, even)
    return (0,) * distinct if is_even else ()


@lru_cache(maxsize=4096)
def _product_steps(heads: int, size: int, is_exact: bool) -> list[tuple[Any, ...]]:
    """The ``heads`` and the tile of each call of a loop over products; empty if it cannot run.

    A tile has whole heads, at most as many as a vector has numbers, or a part of one. Parts of a
    head are added in the result, which rounds more than once unless its dtype is the accumulator's.
    """
    if heads == 0:
        return []
    width, steps = size // heads, []
    plan = plan_of((heads, width), (heads, 1), (heads, width))
    for tile in tiling(size, _MAX_VECTORS if width > LANES else LANES):
        factors, adds = _factors("mul", plan, tile), tile[0] % width > 0
        if not factors or (adds and (len(factors) > 1 or not is_exact)):
            return []
        steps.append(((kinds(plan)[1][1], adds, factors), tile))
    return steps


def _is_dot(plan: Plan) -> bool:
    """Whether every block of two operands of equal shape is summed to one number."""
    left, right, _ = plan.wide
    return left and right and plan.width > 0 and plan.out_size * plan.width == plan.size


def _tiled_operands(op: str, lhs: Operand, rhs: Operand | None, plan: Plan) -> tuple[Any, ...]:
    """Both operands and the operator, as the loops on tiles take them."""
    left, right = kinds(plan)
    x = (as_array(lhs.data), lhs.end, *left)
    if rhs is None:
        return x, (x[0], lhs.end, ONE_BY_ONE, _NO_COLUMNS), ()
    return x, (as_array(rhs.data), rhs.end, *right), (OPS.index(op),)


@lru_cache(maxsize=4096)
def kinds(plan: Plan) -> tuple[tuple[int, Any], tuple[int, Any]]:
    """For each operand the kind and the columns of :func:`.simd.vector.load_operand`."""
    pairs = []
    in_blocks = plan.width > 0 and plan.width % LANES == 0
    for columns, is_wide, shape in zip(
        plan.maps[:2], plan.wide[:2], (plan.lhs_shape, plan.rhs_shape), strict=True
    ):
        if is_wide:
            pairs.append((ONE_BY_ONE, _NO_COLUMNS))
            continue
        is_one = math.prod(shape) == 1  # for every vector, also the last, shorter one
        kind = IN_BLOCKS if in_blocks or is_one else BY_COLUMNS
        pairs.append((kind, columns.to(torch.int32).numpy()))
    return pairs[0], pairs[1]


def _is_finite(op: str, lhs: Operand, rhs: Operand | None) -> bool:
    """Whether no message can be NaN: a sum is finite only if every number is.

    False for finite numbers whose sum overflows; that costs time, not exactness.
    """
    operands = [lhs.data] if rhs is None else [lhs.data, rhs.data]
    return op != "div" and all(math.isfinite(operand.detach().sum()) for operand in operands)


# ---- arguments of the plain loops


def _plain_operands(
    op: str, lhs: Operand, rhs: Operand | None, plan: Plan, dtype: torch.dtype
) -> tuple[Any, ...]:
    """Both operands, the operator and the layout, as the plain loops take them."""
    x = (as_array(lhs.data.to(dtype)), lhs.end)
    y = x if rhs is None else (as_array(rhs.data.to(dtype)), rhs.end)
    maps = _NO_MAPS if plan.width else tuple([m.numpy() for m in plan.maps])
    return x, y, OPS.index(op), (plan.width, plan.wide, maps)


# ---- tensors as arrays, and calls of loops


def blocks_at_once(blocks: int) -> int:
    """How many blocks are summed at once, each in a vector of its own."""
    return next((count for count in (1, 2, 4) if count >= blocks), LANES)


def csr_arrays(csr: Csr, in_order: bool = False) -> tuple[Any, ...]:
    """The arrays of a layout, cached in it: to make them takes as long as a small sum.

    With ``in_order`` the edges lie as rows are visited, and a fourth item is the order.
    When a tensor is shared with another process, its memory moves to another address.
    """
    indptr, indices, edge_ids = csr
    addresses = (indptr.data_ptr(), indices.data_ptr(), edge_ids.data_ptr())
    cached = csr.arrays
    if cached is None or cached[0] != addresses:
        arrays = tuple(map(Tensor.numpy, csr))
        cached = csr.arrays = (addresses, arrays, _visited_arrays(csr, arrays))
    return cached[2] if in_order else cached[1]  # type: ignore[no-any-return]


def _visited_arrays(csr: Csr, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arrays of a layout as loops on tiles take them, with the order of its rows."""
    if not isinstance(csr, OrderedCsr):
        return *arrays, ()
    return *map(Tensor.numpy, csr.visited), (csr.rows.numpy(), arrays[0])


def as_array(tensor: Tensor) -> Any:
    """A tensor as a (rows, elements) array; half precision as integers with the same bits."""
    flat = (tensor.detach() if tensor.requires_grad else tensor).contiguous()
    if flat.ndim != 2:
        rows = flat.shape[0]
        flat = flat.view(rows, flat.numel() // rows if rows else flat.shape[1:].numel())
    dtype = flat.dtype
    stored = STORED.get(dtype, dtype)
    return (flat if stored is dtype else flat.view(stored)).numpy()


def result(rows: int, size: int, dtype: torch.dtype) -> tuple[Tensor, Any]:
    """A new tensor (rows, size), not initialised, and its array."""
    if rows * size < _MAX_SMALL and (numpy_dtype := _NUMPY_DTYPES.get(dtype)) is not None:
        array = np.empty((rows, size), numpy_dtype)  # faster than allocating a tensor
        return torch.from_numpy(array), array
    out = empty((rows, size), dtype)
    return out, as_array(out)


def run(loop: Any, indptr: Any, work: int, *args: Any) -> None:
    """Run a loop over all rows: on this thread if there is little work, else on several.

    Args:
        loop: called as ``loop(*args, first, last)``.
        indptr: where rows start and end, or the number of rows.
        work: about how many nanoseconds the loop takes on one thread.
        args: of the loop.
    """
    if work < threads.SMALL:
        loop(*args, 0, indptr if isinstance(indptr, int) else len(indptr) - 1)
    else:
        threads.run(loop, indptr, *args, pieces=work // threads.PIECE)


def run_all(calls: Sequence[tuple[Any, tuple[Any, ...]]], indptr: Any, work: int) -> None:
    """Run several loops, which write different elements, as :func:`run` runs one.

    Args:
        calls: pairs ``(loop, args)``.
        indptr: where rows start and end, of all loops.
        work: about how many nanoseconds they all take on one thread.
    """
    if work < threads.SMALL:
        for loop, args in calls:
            loop(*args, 0, len(indptr) - 1)
    else:
        threads.run_all(calls, indptr, work // threads.PIECE)
