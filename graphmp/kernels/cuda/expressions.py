"""Messages that are expressions, reduced into rows or stored at edges, on the GPU."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from ..contract import EDGE, OTHER, ROW, Csr, Operand, accumulator
from ..expression import Expression
from .features import TILE_BYTES, WARPS, expression_layout, message_tile
from .launch import launch
from .layout import cut_rows, narrow
from .messages import MessageArgs, compare, grid_of_pieces, join_sums, partials_of, store
from .programs.expressions import (
    compare_expressions,
    expressions_at_argmax,
    store_expressions,
    sum_expressions,
)

BYTES = TILE_BYTES // 2  # of a tile: a program has one for each operand and result


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
    csr, like = narrow(csr), operands[0].data
    num_rows, num_edges = csr.indptr.numel() - 1, csr.edge_ids.numel()
    mean = num_edges // max(num_rows, 1)
    args = csr, expression, operands, constants, shape, shape
    messages = _message_args(*args, mean, writes_edges=keeps > 0)
    size, sums = math.prod(shape), len(expression.results) - keeps
    outs = tuple(like.new_empty(num_rows, size) for _ in range(sums))
    if reduce != "sum":
        arg = like.new_empty(num_rows, size, dtype=csr.indptr.dtype) if wants_arg else None
        compare(compare_expressions, csr, messages, reduce == "max", outs[0], arg)
        return [outs[0].view(num_rows, *shape)], arg
    at_edges = tuple(like.new_empty(num_edges, size) for _ in range(keeps))
    _sum(csr, messages, divisor, outs, at_edges)
    return [out.view(len(out), *shape) for out in outs + at_edges], None


def edge_expression(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    shape: tuple[int, ...],
    out_shape: tuple[int, ...],
) -> Tensor:
    """Compute messages and store them at the edges; see the contract."""
    csr, num_edges = narrow(csr), csr.edge_ids.numel()
    args = csr, expression, operands, constants, shape, out_shape
    messages = _message_args(*args, num_edges, writes_edges=True)
    messages.constants["SUMMED"] = out_shape != shape
    out = operands[0].data.new_empty(num_edges, *out_shape)
    store(store_expressions, csr, messages, out)
    return out


def argmax_expression(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    arg: Tensor,
    shape: tuple[int, ...],
) -> list[Tensor]:
    """Compute messages for the edges that gave a maximum; see the contract."""
    csr, num_rows, like = narrow(csr), len(arg), operands[0].data
    args = csr, expression, operands, constants, shape, shape
    messages = _message_args(*args, num_rows, writes_edges=False)
    outs = tuple(like.new_empty(num_rows, *shape) for _ in expression.results)
    launch(
        expressions_at_argmax,
        (-(-num_rows // messages.tile.edges), messages.tile.number if arg.numel() else 0),
        *(*messages.ids, *messages.operands, arg.contiguous()),
        *(like.new_empty(0, dtype=accumulator(like.dtype)), outs),
        *(*messages.numbers, num_rows),
        warps=WARPS,
        **messages.constants,
    )
    return list(outs)


def _message_args(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    mean: int,
    *,
    writes_edges: bool,
) -> MessageArgs:
    """The arguments of programs for rows of ``mean`` edges, whose ids results may need."""
    device, dtype = operands[0].data.device, operands[0].data.dtype
    shapes = tuple(tuple(data.shape[1:]) for data, _ in operands)
    layout = expression_layout(shapes, shape, out_shape, device)
    tile = message_tile(layout, dtype, mean, BYTES)
    ends = tuple(end for _, end in operands)
    compiled: dict[str, Any] = {
        "ENDS": ends,
        "KINDS": layout.kinds,
        "READS": (ROW in ends, OTHER in ends, EDGE in ends or writes_edges),
        "OPERATORS": tuple(name for name, _ in expression.steps),
        "ARGUMENTS": tuple((values * 3)[:3] for _, values in expression.steps),
        "RESULTS": expression.results,
        "CONSTANTS": len(constants),
        "ALIGN": tile.align,
        "EDGES": tile.edges,
        "HEADS": tile.heads,
        "WIDTH": tile.width,
    }
    tensors = (
        tuple(data.contiguous() for data, _ in operands),
        layout.tables,
        _tensor(tuple(map(math.prod, shapes)), torch.int32, device),
        _tensor(constants, accumulator(dtype), device),
    )
    return MessageArgs(csr[1:], tensors, (layout.heads, layout.width), compiled, tile)


@lru_cache(maxsize=4096)
def _tensor(numbers: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Numbers on a device, where they are copied once; cached, since a copy waits for it."""
    return torch.tensor(numbers or (0,), dtype=dtype, device=device)


def _sum(
    csr: Csr,
    messages: MessageArgs,
    divisor: Tensor | bool,
    outs: tuple[Tensor, ...],
    at_edges: tuple[Tensor, ...],
) -> None:
    """Write the sums of rows, and the last messages of the edges."""
    pieces, dtype = cut_rows(csr), accumulator(outs[0].dtype)
    partials = tuple(partials_of(pieces, out, dtype) for out in outs)
    launch(
        sum_expressions,
        grid_of_pieces(pieces, messages, outs[0]),
        *(*messages.ids, *pieces[:4], *messages.operands),
        *(divisor if isinstance(divisor, Tensor) else partials[0], partials, outs, at_edges),
        *messages.numbers,
        int(divisor is True),
        warps=WARPS,
        DIVIDED=divisor is not False,
        **messages.constants,
    )
    for partial, out in zip(partials, outs, strict=True):
        join_sums(csr, divisor, partial, out)
