"""From a maximum to the edges that gave it: reading there, and adding there, differentiable.

``chosen`` holds for each element of a result the position in a grouped layout of the one edge that
gave it, or -1 where no edge enters; ``places`` the column of an operand that each element read.
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
from .operation import Maybe, Operation

_AT = {"u": OTHER, "e": EDGE}  # in edges grouped by destination


def _rows_of(csr: Csr, end: str, chosen: Tensor) -> Tensor:
    """The rows at one end of chosen edges: (rows, size), 0 where none was chosen."""
    if end == "v":
        return torch.arange(len(chosen), device=chosen.device).view(-1, 1).expand_as(chosen)
    ids = csr.indices if end == "u" else csr.edge_ids
    return ids[chosen.clamp(min=0).long()].long() if len(ids) else chosen.long()


def taken(csr: Csr, end: str, operand: Tensor, chosen: Tensor, places: Tensor) -> Tensor:
    """What an operand gave to chosen edges: (rows, size), 1 where none was chosen."""
    flat = operand.reshape(operand.shape[0], operand.shape[1:].numel())
    if not flat.numel():
        return flat.new_ones(chosen.shape)
    return torch.where(chosen >= 0, flat[_rows_of(csr, end, chosen), places], 1)


def put(
    edges: Adjacency,
    end: str,
    values: Tensor,
    chosen: Tensor,
    places: Tensor,
    shape: tuple[int, ...],
) -> Tensor:
    """Sum values (rows, size) into the rows of an operand at chosen edges: (rows, *shape)."""
    call = Scattering(edges, end, math.prod(shape))
    return _SCATTER(call, values, chosen, places).view(_rows(call), *shape)  # type: ignore[no-any-return]


class Scattering(NamedTuple):
    """Where values go.

    Attributes:
        adjacency: the edges; positions are those of the layout by destination.
        end: ``"u"``, ``"v"`` or ``"e"``.
        size: the number of columns of the result.
    """

    adjacency: Adjacency
    end: str
    size: int


class _Scatter(Operation):
    """Values summed where chosen edges lead; its gradient is taken from there."""

    name, record, operands, keeps = "scatter", Scattering, ("values", "chosen", "places"), 2

    def run(
        self, call: Scattering, trains: bool, values: Tensor, chosen: Tensor, places: Tensor
    ) -> tuple[Tensor]:
        """Run the kernel."""
        shape, csr = (_rows(call), call.size), call.adjacency.csc
        if call.end != "v":
            return (kernels.scatter(csr, _AT[call.end], values, chosen, places, shape),)
        kept = torch.where(chosen >= 0, values, 0)
        if places.numel() == call.size:  # then they are in order
            return (kept,)
        by_place = torch.argsort(places, stable=True)
        wide = kept.to(accumulator(values.dtype))[:, by_place]
        return (wide.view(*shape, places.numel() // call.size).sum(-1).to(values.dtype),)

    def fake(
        self, call: Scattering, trains: bool, values: Tensor, chosen: Tensor, places: Tensor
    ) -> tuple[Tensor]:
        """Like the result."""
        return (values.new_empty(_rows(call), call.size),)

    def needs_csr(self, call: Scattering) -> bool:
        """Whether the number of sources is needed."""
        return call.end == "u"

    def kept(
        self, call: Scattering, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """Where the values went."""
        return tuple(operands[1:])

    def gradients(
        self, call: Scattering, needs: Sequence[bool], kept: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """What is read where the values went."""
        chosen, places = kept
        read = taken(call.adjacency.csc, call.end, grads[0], chosen, places)
        return torch.where(chosen >= 0, read, 0), None, None


def _rows(call: Scattering) -> int:
    edges = call.adjacency
    return {"u": edges.num_src, "v": edges.num_dst, "e": edges.num_edges}[call.end]


_SCATTER = _Scatter()
