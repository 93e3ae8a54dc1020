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
) -> tuple[Tensor, Tensor | None]:
    """Compute messages and reduce them into rows; see the contract."""
    values = _messages(csr, expression, operands, constants, shape)
    positions = torch.arange(len(csr.edge_ids), dtype=csr.indptr.dtype, device=values.device)
    grouped = Csr(csr.indptr, csr.indices, positions)
    features, lhs = plan(shape, (), shape), Operand(values, EDGE)
    out, arg = spmm(grouped, "copy", reduce, divisor, lhs, None, features, wants_arg)
    return out.to(operands[0].data.dtype), arg


def edge_expression(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    shape: tuple[int, ...],
    out_shape: tuple[int, ...],
) -> Tensor:
    """Compute messages and keep them at the edges; see the contract."""
    values = _messages(csr, expression, operands, constants, shape)
    values = values.sum_to_size(len(values), *out_shape).to(operands[0].data.dtype)
    out = torch.empty_like(values)
    out[csr.edge_ids.long()] = values
    return out


def _messages(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    shape: tuple[int, ...],
) -> Tensor:
    """Messages in the accumulator's dtype, as the edges are grouped: (E, *shape)."""
    edges = len(csr.edge_ids)
    ids = {ROW: rows_of(csr.indptr, edges), OTHER: csr.indices, EDGE: csr.edge_ids}
    values = []
    for data, end in operands:
        rows = data.detach().to(accumulator(data.dtype))
        rows = rows.expand(edges, *data.shape[1:]) if end == ALL else rows.index_select(0, ids[end])
        padding = (1,) * (len(shape) - rows.ndim + 1)
        values.append(rows.reshape(edges, *padding, *data.shape[1:]))
    messages: Tensor = evaluate(expression, values, constants)
    return messages.expand(edges, *shape)
