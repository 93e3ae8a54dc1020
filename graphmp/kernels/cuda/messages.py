"""Messages made of two operands: summed or compared in each row, or kept at the edges."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..contract import EDGE, OTHER, Csr, Operand, Plan, accumulator
from ..contract import plan as planned
from .features import WARPS, Tile, features, tile
from .launch import launch
from .layout import Pieces, kept, narrow, pieces
from .programs.edges import keep_edges
from .programs.extremes import compare_pieces, compare_rows
from .programs.pieces import add_pieces
from .programs.sums import sum_rows

_BLOCK = 128  # elements of a program that joins pieces


class _Messages(NamedTuple):
    """What the programs are given to make messages.

    Attributes:
        ids: the other ends and the edge ids.
        operands: the data of both, and their tables.
        numbers: sizes, ends and the sign, in the programs' order.
        constants: what programs are compiled for.
        tile: the size of a program.
    """

    ids: tuple[Tensor, Tensor]
    operands: tuple[Tensor, Tensor, Tensor, Tensor]
    numbers: tuple[int, ...]
    constants: dict[str, Any]
    tile: Tile


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
    csr, num_rows = narrow(csr), csr.indptr.numel() - 1
    messages = _messages(csr, op, lhs, rhs, plan, csr.edge_ids.numel() // max(num_rows, 1))
    out = torch.empty((num_rows, plan.out_size), dtype=lhs.data.dtype, device=lhs.data.device)
    if reduce == "sum":
        _sum(csr, messages, divisor, out)
        return out.view(num_rows, *plan.out_shape), None
    arg = torch.empty(out.shape, dtype=csr.indptr.dtype, device=out.device) if wants_arg else None
    _compare(csr, messages, reduce == "max", out, arg)
    return out.view(num_rows, *plan.out_shape), arg


def sddmm(csr: Csr, op: str, lhs: Operand, rhs: Operand | None, plan: Plan) -> Tensor:
    """Make messages and keep them at the edges; see the contract."""
    csr, num_edges = narrow(csr), csr.edge_ids.numel()
    messages = _messages(csr, op, lhs, rhs, plan, num_edges)
    out = torch.empty((num_edges, *plan.out_shape), dtype=lhs.data.dtype, device=lhs.data.device)
    like = out.new_empty(0, dtype=accumulator(out.dtype))
    rows = kept(csr, "rows", lambda: _rows(csr))
    grid = (-(-num_edges // messages.tile.edges), messages.tile.number if out.numel() else 0)
    tensors = (rows, *messages.ids, *messages.operands, like, out)
    numbers = (*messages.numbers, num_edges)
    launch(keep_edges, grid, *tensors, *numbers, warps=WARPS, **messages.constants)
    return out


def _rows(csr: Csr) -> Tensor:
    """The row of each position: (E,)."""
    indptr, _, eids = csr
    rows = torch.arange(indptr.numel() - 1, dtype=indptr.dtype, device=indptr.device)
    return torch.repeat_interleave(rows, indptr.diff(), output_size=eids.numel())


def _messages(
    csr: Csr, op: str, lhs: Operand, rhs: Operand | None, plan: Plan, mean: int
) -> _Messages:
    """What programs need for rows of ``mean`` edges."""
    _, indices, eids = csr
    if rhs is None:
        plan = planned(plan.lhs_shape, plan.lhs_shape, plan.out_shape)
    given = features(plan, lhs.data.device)
    sizes = tile(given, lhs.data.dtype, mean)
    right = lhs if rhs is None else rhs
    left_at, right_at = lhs.end, right.end
    if rhs is None and left_at == EDGE:  # a copy reads one kind of ids
        indices, left_at, right_at = eids, OTHER, OTHER
    numbers = (given.heads, given.width, *(x.data.shape[1:].numel() for x in (lhs, right)))
    constants = {
        "OP": "add" if op == "sub" else op,
        "LEFT": given.left,
        "RIGHT": "none" if rhs is None else given.right,
        "SUMMED": given.is_summed,
        "ALIGN": sizes.align,
        "EDGES": sizes.edges,
        "HEADS": sizes.heads,
        "WIDTH": sizes.width,
    }
    return _Messages(
        (indices, eids),
        (lhs.data, right.data, given.left_table, given.right_table),
        (*numbers, left_at, right_at, -1 if op == "sub" else 1),
        constants,
        sizes,
    )


def _slots(cut: Pieces, out: Tensor, dtype: torch.dtype) -> Tensor:
    """Memory for the partial results of long rows."""
    return torch.empty((cut.num_slots, out.shape[1]), dtype=dtype, device=out.device)


def _grids(cut: Pieces, messages: _Messages, out: Tensor) -> tuple[tuple[int, ...], ...]:
    """The programs that work on pieces, and those that join the pieces of long rows."""
    size = out.shape[1]
    by_piece = (cut.rows.numel(), messages.tile.number if size else 0)
    return by_piece, (cut.long_rows.numel(), -(-size // _BLOCK))


def _sum(csr: Csr, messages: _Messages, divisor: Tensor | bool, out: Tensor) -> None:
    """Write the sums of rows."""
    cut = pieces(csr)
    partials = _slots(cut, out, accumulator(out.dtype))
    by_piece, by_row = _grids(cut, messages, out)
    by = divisor if isinstance(divisor, Tensor) else partials
    is_divided, by_count = divisor is not False, int(divisor is True)
    launch(
        sum_rows,
        by_piece,
        *(*messages.ids, *cut[:4], *messages.operands, by, partials, out),
        *messages.numbers,
        by_count,
        warps=WARPS,
        DIVIDED=is_divided,
        **messages.constants,
    )
    tensors = (partials, *cut[4:7], csr.indptr, by, out)
    numbers, constants = (out.shape[1], by_count), {"DIVIDED": is_divided, "BLOCK": _BLOCK}
    launch(add_pieces, by_row, *tensors, *numbers, **constants)


def _compare(csr: Csr, messages: _Messages, is_max: bool, out: Tensor, arg: Tensor | None) -> None:
    """Write the extremes of rows, and their positions."""
    cut, dtype = pieces(csr), accumulator(out.dtype)
    partials = _slots(cut, out, dtype)
    wants_arg = arg is not None
    places = _slots(cut, out, csr.indptr.dtype) if wants_arg else csr.indptr
    places_of_rows = csr.indptr if arg is None else arg
    by_piece, by_row = _grids(cut, messages, out)
    launch(
        compare_rows,
        by_piece,
        *(*messages.ids, *cut[:4], *messages.operands),
        *(partials, places, out, places_of_rows),
        *messages.numbers,
        _worst(dtype, is_max),
        warps=WARPS,
        IS_MAX=is_max,
        WANTS_ARG=wants_arg,
        **messages.constants,
    )
    tensors = (partials, places, *cut[4:7], out, places_of_rows)
    constants = {"IS_MAX": is_max, "WANTS_ARG": wants_arg, "BLOCK": _BLOCK}
    launch(compare_pieces, by_row, *tensors, out.shape[1], **constants)


def _worst(dtype: torch.dtype, is_max: bool) -> float:
    """What every number beats or equals."""
    if dtype.is_floating_point:
        return -torch.inf if is_max else torch.inf
    limits = torch.iinfo(dtype)
    return limits.min if is_max else limits.max
