"""Messages that are expressions, in plain torch; all messages of a call are stored."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..contract import ALL, EDGE, OTHER, ROW, Csr, Operand, accumulator
from ..expression import Expression, evaluate
from ..plan import plan
from ..segments import rows_of
from .messages import spmm


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
    messages = _messages(csr, expression, operands, constants, shape)
    device, dtype = csr.indptr.device, operands[0].data.dtype
    positions = torch.arange(len(csr.edge_ids), dtype=csr.indptr.dtype, device=device)
    grouped, features = Csr(csr.indptr, csr.indices, positions), plan(shape, (), shape)
    outs, arg = [], None
    for values in messages[: len(messages) - keeps]:
        lhs = Operand(values, EDGE)
        out, arg = spmm(grouped, "copy", reduce, divisor, lhs, None, features, wants_arg)
        outs.append(out.to(dtype))
    outs += [_by_edge_id(csr, v.to(dtype)) for v in messages[len(messages) - keeps :]]
    return outs, arg


def edge_expression(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    shape: tuple[int, ...],
    out_shape: tuple[int, ...],
) -> Tensor:
    """Compute messages and keep them at the edges; see the contract."""
    (values,) = _messages(csr, expression, operands, constants, shape)
    values = values.sum_to_size(len(values), *out_shape)
    return _by_edge_id(csr, values.to(operands[0].data.dtype))


def _by_edge_id(csr: Csr, values: Tensor) -> Tensor:
    """Rows of the edges as they are grouped, in edge id order."""
    out = torch.empty_like(values, memory_format=torch.contiguous_format)
    out[csr.edge_ids.long()] = values
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
    like, has_edge = operands[0].data, arg >= 0
    if not len(csr.edge_ids):
        return [like.new_zeros(len(arg), *shape) for _ in expression.results]
    position, own = torch.where(has_edge, arg, 0).long(), torch.arange(len(arg), device=arg.device)
    rows = {ROW: own.view(-1, 1), OTHER: csr.indices[position], EDGE: csr.edge_ids[position]}
    rows[ALL] = torch.zeros_like(rows[ROW])
    values = []
    for data, end in operands:
        columns = plan(tuple(data.shape[1:]), shape, shape).maps[0].to(arg.device)
        flat = data.detach().to(accumulator(data.dtype)).flatten(1)
        values.append(flat[rows[end].long(), columns])
    messages = evaluate(expression, values, constants)
    return [torch.where(has_edge, m, 0).to(like.dtype).view(len(arg), *shape) for m in messages]


def _messages(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    shape: tuple[int, ...],
) -> list[Tensor]:
    """Messages in the accumulator's dtype, as the edges are grouped: (E, *shape) each."""
    edges = len(csr.edge_ids)
    ids = {ROW: rows_of(csr.indptr, edges), OTHER: csr.indices, EDGE: csr.edge_ids}
    values = []
    for data, end in operands:
        rows = data.detach().to(accumulator(data.dtype))
        rows = rows.expand(edges, *data.shape[1:]) if end == ALL else rows.index_select(0, ids[end])
        padding = (1,) * (len(shape) - rows.ndim + 1)
        values.append(rows.reshape(edges, *padding, *data.shape[1:]))
    messages = evaluate(expression, values, constants)
    return [message.expand(edges, *shape) for message in messages]
