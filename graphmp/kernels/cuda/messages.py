"""Messages of two operands, reduced into rows or stored at edges, and their gradients, on the GPU.

The gradient of a maximum visits the edges of each source. A first program marks in bits which
columns each edge gave, so that the second reads the gradients of those columns and no others.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..contract import EDGE, OTHER, Csr, Operand, accumulator
from ..plan import Plan
from ..plan import plan as cached_plan
from ..segments import rows_of
from .features import WARPS, MessageTile, feature_layout, head_tile, message_tile, power_of_two
from .launch import launch
from .layout import BLOCK, Pieces, add_long_rows, cached, cut_rows, edges_at_once, narrow
from .programs.edges import store_at_edges
from .programs.extremes import compare_pieces, compare_rows
from .programs.pieces import add_pieces
from .programs.products import gradient_of_products
from .programs.scatter import mark, to_edges, to_sources
from .programs.sums import sum_rows

SCATTER_TILE = 2048  # numbers that a program of :func:`scatter` reads at once
WIDEST = 64  # of them in a row
WORD = 32  # columns that are marked in a word


class MessageArgs(NamedTuple):
    """The arguments of programs that compute messages.

    Attributes:
        ids: the other ends and the edge ids.
        operands: the operands and their tables, in the programs' order.
        numbers: sizes, and what else is not compiled for.
        constants: what programs are compiled for.
        tile: the sizes of a program's tile.
    """

    ids: tuple[Tensor, Tensor]
    operands: tuple[Tensor | tuple[Tensor, ...], ...]
    numbers: tuple[int, ...]
    constants: dict[str, Any]
    tile: MessageTile


class _EdgesByEnd(NamedTuple):
    """The edges of a layout grouped by their other ends.

    Attributes:
        indptr: (other ends + 1,) where the edges of each end start.
        positions: (E,) the position of each edge in the layout.
        rows: (E,) its row in the layout.
    """

    indptr: Tensor
    positions: Tensor
    rows: Tensor


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
    csr, num_rows = narrow(csr), csr.indptr.numel() - 1
    messages = _message_args(csr, op, lhs, rhs, plan, csr.edge_ids.numel() // max(num_rows, 1))
    out = torch.empty((num_rows, plan.out_size), dtype=lhs.data.dtype, device=lhs.data.device)
    if reduce == "sum":
        _sum(csr, messages, divisor, out)
        return out.view(num_rows, *plan.out_shape), None
    arg = torch.empty(out.shape, dtype=csr.indptr.dtype, device=out.device) if wants_arg else None
    compare(compare_rows, csr, messages, reduce == "max", out, arg)
    return out.view(num_rows, *plan.out_shape), arg


def sddmm(csr: Csr, op: str, lhs: Operand, rhs: Operand | None, plan: Plan) -> Tensor:
    """Compute messages and store them at the edges; see the contract."""
    csr, num_edges = narrow(csr), csr.edge_ids.numel()
    messages = _message_args(csr, op, lhs, rhs, plan, num_edges)
    out = torch.empty((num_edges, *plan.out_shape), dtype=lhs.data.dtype, device=lhs.data.device)
    store(store_at_edges, csr, messages, out)
    return out


def product_gradient(csr: Csr, own: Tensor, weight: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    """Both gradients of a sum of products in one pass; see the contract."""
    csr = narrow(csr)
    pieces, heads, dtype = cut_rows(csr), weight.shape[1], accumulator(own.dtype)
    size, vector = own.shape[1] // max(heads, 1), 16 // own.itemsize
    tile = head_tile(heads, size, dtype)
    of_own, of_weight = torch.empty_like(own), torch.empty_like(weight)
    partials = own.new_empty(pieces.num_slots, own.shape[1], dtype=dtype)
    launch(
        gradient_of_products,
        (len(pieces.rows), -(-heads // tile.heads)),
        *(*pieces[:4], *csr[1:], own, weight, grad, partials, of_own, of_weight, heads, size),
        **tile.constants(ALIGN=vector if size % vector == 0 else 1, SIZE=tile.size),
    )
    add_long_rows(pieces, partials, of_own)
    return of_own, of_weight


def scatter(
    csr: Csr, end: int, values: Tensor, arg: Tensor, columns: Tensor, shape: tuple[int, int]
) -> Tensor:
    """Scatter values to the edges that gave a maximum; see the contract."""
    csr, out = narrow(csr), values.new_empty(shape)
    order = torch.argsort(columns, stable=True) if columns.numel() != shape[1] else columns
    run = _to_sources if end == OTHER else _to_edges
    run(csr, values.contiguous(), arg.contiguous(), order, out)
    return out


def _message_args(
    csr: Csr, op: str, lhs: Operand, rhs: Operand | None, plan: Plan, mean: int
) -> MessageArgs:
    """The arguments of programs for rows of ``mean`` edges."""
    _, indices, edge_ids = csr
    if rhs is None:
        plan = cached_plan(plan.lhs_shape, plan.lhs_shape, plan.out_shape)
    layout = feature_layout(plan, lhs.data.device)
    tile = message_tile(layout, lhs.data.dtype, mean)
    right = lhs if rhs is None else rhs
    left_end, right_end = lhs.end, right.end
    if rhs is None and left_end == EDGE:  # a copy reads one kind of ids
        indices, left_end, right_end = edge_ids, OTHER, OTHER
    numbers = (layout.heads, layout.width, *(x.data.shape[1:].numel() for x in (lhs, right)))
    constants = {
        "OP": "add" if op == "sub" else op,
        "LEFT": layout.kinds[0],
        "RIGHT": "none" if rhs is None else layout.kinds[1],
        "SUMMED": layout.is_summed,
        "ALIGN": tile.align,
        "EDGES": tile.edges,
        "HEADS": tile.heads,
        "WIDTH": tile.width,
    }
    return MessageArgs(
        (indices, edge_ids),
        (lhs.data.contiguous(), right.data.contiguous(), *layout.tables),
        (*numbers, left_end, right_end, -1 if op == "sub" else 1),
        constants,
        tile,
    )


def store(program: Any, csr: Csr, messages: MessageArgs, out: Tensor) -> None:
    """Write the messages of edges, by a program of :mod:`.programs`."""
    num_edges = csr.edge_ids.numel()
    like = out.new_empty(0, dtype=accumulator(out.dtype))
    rows = cached(csr, "rows", lambda: rows_of(csr.indptr, num_edges))
    grid = (-(-num_edges // messages.tile.edges), messages.tile.number if out.numel() else 0)
    tensors = (rows, *messages.ids, *messages.operands, like, out)
    numbers = (*messages.numbers, num_edges)
    launch(program, grid, *tensors, *numbers, warps=WARPS, **messages.constants)


def compare(
    program: Any, csr: Csr, messages: MessageArgs, is_max: bool, out: Tensor, arg: Tensor | None
) -> None:
    """Write the extremes of rows and their positions, by a program of :mod:`.programs`."""
    pieces, dtype = cut_rows(csr), accumulator(out.dtype)
    partials, wants_arg = partials_of(pieces, out, dtype), arg is not None
    partial_arg = partials_of(pieces, out, csr.indptr.dtype) if wants_arg else csr.indptr
    arg_or_unused = csr.indptr if arg is None else arg
    launch(
        program,
        grid_of_pieces(pieces, messages, out),
        *(*messages.ids, *pieces[:4], *messages.operands),
        *(partials, partial_arg, out, arg_or_unused),
        *messages.numbers,
        _worst(dtype, is_max),
        warps=WARPS,
        IS_MAX=is_max,
        WANTS_ARG=wants_arg,
        **messages.constants,
    )
    tensors = (partials, partial_arg, *pieces[4:7], out, arg_or_unused)
    constants = {"IS_MAX": is_max, "WANTS_ARG": wants_arg, "BLOCK": BLOCK}
    launch(compare_pieces, _grid_of_rows(pieces, out), *tensors, out.shape[1], **constants)


def join_sums(csr: Csr, divisor: Tensor | bool, partials: Tensor, out: Tensor) -> None:
    """Write the sums of long rows: those of their pieces, divided."""
    pieces = cut_rows(csr)
    divisors = divisor if isinstance(divisor, Tensor) else partials
    tensors = (partials, *pieces[4:7], csr.indptr, divisors, out)
    constants = {"DIVIDED": divisor is not False, "BLOCK": BLOCK}
    numbers = (out.shape[1], int(divisor is True))
    launch(add_pieces, _grid_of_rows(pieces, out), *tensors, *numbers, **constants)


def partials_of(pieces: Pieces, out: Tensor, dtype: torch.dtype) -> Tensor:
    """Memory for the partial results of long rows: (slots, size)."""
    return torch.empty((pieces.num_slots, out.shape[1]), dtype=dtype, device=out.device)


def grid_of_pieces(pieces: Pieces, messages: MessageArgs, out: Tensor) -> tuple[int, int]:
    """The grid of a pass over pieces."""
    return pieces.rows.numel(), messages.tile.number if out.shape[1] else 0


def _grid_of_rows(pieces: Pieces, out: Tensor) -> tuple[int, int]:
    """The grid of the pass that joins the pieces of long rows."""
    return pieces.long_rows.numel(), -(-out.shape[1] // BLOCK)


def _sum(csr: Csr, messages: MessageArgs, divisor: Tensor | bool, out: Tensor) -> None:
    """Write the sums of rows."""
    pieces = cut_rows(csr)
    partials = partials_of(pieces, out, accumulator(out.dtype))
    divisors = divisor if isinstance(divisor, Tensor) else partials
    launch(
        sum_rows,
        grid_of_pieces(pieces, messages, out),
        *(*messages.ids, *pieces[:4], *messages.operands, divisors, partials, out),
        *messages.numbers,
        int(divisor is True),
        warps=WARPS,
        DIVIDED=divisor is not False,
        **messages.constants,
    )
    join_sums(csr, divisor, partials, out)


def _worst(dtype: torch.dtype, is_max: bool) -> float:
    """The identity of the reduction: no number is worse."""
    if dtype.is_floating_point:
        return -torch.inf if is_max else torch.inf
    info = torch.iinfo(dtype)
    return info.min if is_max else info.max


def _to_sources(csr: Csr, values: Tensor, arg: Tensor, columns: Tensor, out: Tensor) -> None:
    """Add the values of the rows in which a source's edges gave the maximum."""
    num, width = out.shape
    marks, edges = _marks(csr, arg), _edges_by_end(csr, num)
    pieces = cut_rows(Csr(*edges))
    tile = _scatter_tile(num, csr.indices.numel(), columns.numel(), width)
    partials = values.new_empty(pieces.num_slots, width, dtype=accumulator(values.dtype))
    count, tiles = pieces.starts.numel(), -(-width // tile["BLOCK"])
    sizes = (count, columns.numel(), width, marks.shape[1], columns.numel() // max(width, 1))
    launch(
        to_sources,
        (-(-count // tile["ROWS"]), tiles),
        *(values, marks, edges.positions, edges.rows, columns),
        *(*pieces[:4], partials, out, *sizes),
        **tile,
    )
    add_long_rows(pieces, partials, out, tile["BLOCK"])


def _to_edges(csr: Csr, values: Tensor, arg: Tensor, columns: Tensor, out: Tensor) -> None:
    """Write to each edge the values of the columns in which it gave the maximum."""
    (edges, width), size, pieces = out.shape, columns.numel(), cut_rows(csr)
    count, tile = pieces.starts.numel(), _scatter_tile(len(values), edges, size, width)
    sizes = (count, size, width, size // max(width, 1))
    launch(
        to_edges,
        (-(-count // tile["ROWS"]), -(-width // tile["BLOCK"])),
        *(values, arg, csr.edge_ids, columns, *pieces[:3], out, *sizes),
        **tile,
    )


def _scatter_tile(rows: int, edges: int, size: int, width: int) -> dict[str, int]:
    """The sizes of a program's tile, and whether several columns lead to one."""
    block = min(power_of_two(width), WIDEST)
    at_once = edges_at_once(rows, edges, SCATTER_TILE // block)
    rows_at_once = SCATTER_TILE // (block * at_once)
    return {"IS_REPEATED": size != width, "ROWS": rows_at_once, "EDGES": at_once, "BLOCK": block}


def _marks(csr: Csr, arg: Tensor) -> Tensor:
    """The columns in which the edge at each position gave the maximum, in bits: (E, words)."""
    (rows, size), edges, pieces = arg.shape, csr.indices.numel(), cut_rows(csr)
    words, count = -(-size // WORD), pieces.starts.numel()
    marks = torch.empty((edges, words), dtype=torch.int32, device=arg.device)
    at_once = edges_at_once(rows, edges, SCATTER_TILE // WORD)
    rows_at_once = SCATTER_TILE // (WORD * at_once)
    launch(
        mark,
        (-(-count // rows_at_once), words),
        *(arg, pieces.rows, pieces.starts, pieces.ends, marks, count, size, words),
        ROWS=rows_at_once,
        EDGES=at_once,
    )
    return marks


def _edges_by_end(csr: Csr, num: int) -> _EdgesByEnd:
    """The edges grouped by their ``num`` other ends; cached from the first call on."""

    def compute() -> _EdgesByEnd:
        ends, order = torch.sort(csr.indices, stable=True)
        every = torch.arange(num + 1, dtype=ends.dtype, device=ends.device)
        indptr = torch.searchsorted(ends, every).to(ends.dtype)
        return _EdgesByEnd(
            indptr, order.to(ends.dtype), rows_of(csr.indptr, csr.edge_ids.numel())[order]
        )

    return cached(csr, f"edges by {num} ends", compute)
