"""Gather and scatter at the edges that gave a maximum; differentiable.

``arg`` holds, for each element of a result, the position in the edges grouped by destination of the
edge that gave it, or -1 where no edge enters; ``columns`` is the column of an operand that each
element read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import kernels
from .._storage.adjacency import Adjacency
from ..kernels.contract import EDGE, OTHER, Csr, accumulator
from .formulas import Maybe
from .operation import Operation

_ENDS = {"u": OTHER, "e": EDGE}  # in edges grouped by destination


def _rows_of(csr: Csr, end: str, arg: Tensor) -> Tensor:
    """The rows of an operand at the edges of ``arg``: (rows, size), 0 where it is -1."""
    if end == "v":
        return torch.arange(len(arg), device=arg.device).view(-1, 1).expand_as(arg)
    ids = csr.indices if end == "u" else csr.edge_ids
    return ids[arg.clamp(min=0).long()].long() if len(ids) else arg.long()


def gather_at_argmax(csr: Csr, end: str, operand: Tensor, arg: Tensor, columns: Tensor) -> Tensor:
    """The elements of an operand at the edges of ``arg``: (rows, size), 1 where it is -1."""
    flat = operand.reshape(operand.shape[0], operand.shape[1:].numel())
    if not flat.numel():
        return flat.new_ones(arg.shape)
    return torch.where(arg >= 0, flat[_rows_of(csr, end, arg), columns], 1)


def scatter_to_argmax(
    edges: Adjacency,
    end: str,
    values: Tensor,
    arg: Tensor,
    columns: Tensor,
    shape: tuple[int, ...],
) -> Tensor:
    """Sum values (rows, size) into the rows of an operand at ``arg``: (rows, *shape)."""
    call = Scattering(edges, end, math.prod(shape))
    return _SCATTER(call, values, arg, columns).view(_rows(call), *shape)  # type: ignore[no-any-return]


class Scattering(NamedTuple):
    """Where values are summed.

    Attributes:
        adjacency: the edges; positions are those of the edges grouped by destination.
        end: ``"u"``, ``"v"`` or ``"e"``.
        size: the number of columns of the result.
    """

    adjacency: Adjacency
    end: str
    size: int


class _Scatter(Operation):
    """A sum at the edges of ``arg``; its gradient is gathered there."""

    name, record, operands, num_saved = "scatter", Scattering, ("values", "arg", "columns"), 2

    def run(
        self, call: Scattering, trains: bool, values: Tensor, arg: Tensor, columns: Tensor
    ) -> tuple[Tensor]:
        """Run the kernel."""
        shape, csr = (_rows(call), call.size), call.adjacency.csc
        if call.end != "v":
            return (kernels.scatter(csr, _ENDS[call.end], values, arg, columns, shape),)
        masked = torch.where(arg >= 0, values, 0)
        if columns.numel() == call.size:  # then they are in order
            return (masked,)
        by_column = torch.argsort(columns, stable=True)
        wide = masked.to(accumulator(values.dtype))[:, by_column]
        return (wide.view(*shape, columns.numel() // call.size).sum(-1).to(values.dtype),)

    def fake(
        self, call: Scattering, trains: bool, values: Tensor, arg: Tensor, columns: Tensor
    ) -> tuple[Tensor]:
        """An empty result."""
        return (values.new_empty(_rows(call), call.size),)

    def needs_csr(self, call: Scattering) -> bool:
        """Whether the number of sources is needed."""
        return call.end == "u"

    def saved_tensors(
        self, call: Scattering, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The positions and columns."""
        return tuple(operands[1:])

    def gradients(
        self, call: Scattering, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """The gradient of the result, gathered at the positions."""
        arg, columns = saved
        read = gather_at_argmax(call.adjacency.csc, call.end, grads[0], arg, columns)
        return torch.where(arg >= 0, read, 0), None, None


def _rows(call: Scattering) -> int:
    edges = call.adjacency
    return {"u": edges.num_src, "v": edges.num_dst, "e": edges.num_edges}[call.end]


_SCATTER = _Scatter()
