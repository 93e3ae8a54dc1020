"""Softmax over the edges of each row, and its gradient, on the GPU."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr, accumulator
from .features import power_of_two
from .launch import launch
from .layout import Pieces, cached, cut_rows, edges_at_once, narrow
from .programs.softmax import softmax_merge, softmax_pieces, softmax_rows

TILE = 1024  # numbers that a program reads at once
WIDEST = 32  # of them in a row


def softmax(csr: Csr, logits: Tensor, with_grouped: bool) -> tuple[Tensor, Tensor | None]:
    """Softmax over the edges of each row; see the contract."""
    weights = _run(csr, logits, logits, False)
    return weights, weights.index_select(0, csr.edge_ids) if with_grouped else None


def softmax_gradient(csr: Csr, grouped: Tensor, grads: Tensor) -> Tensor:
    """The gradient of the softmax; see the contract."""
    return _run(csr, grouped, grads, True)


def _run(csr: Csr, values: Tensor, grads: Tensor, is_gradient: bool) -> Tensor:
    """Reduce the numbers of each row's edges, then compute the result of each edge."""
    csr = narrow(csr)
    pieces, (indptr, _, edge_ids) = cut_rows(csr), csr
    size = values.shape[1:].numel()
    values, grads = values.contiguous(), grads.contiguous()
    out = torch.empty_like(values)
    partials = values.new_empty(pieces.num_slots, 2, size, dtype=accumulator(values.dtype))
    block = min(power_of_two(size), WIDEST)
    tiles, vector = -(-size // block), 16 // values.element_size()
    constants = {"ALIGN": 1 if size % vector else vector, "BLOCK": block}
    edges = edges_at_once(indptr.numel() - 1, edge_ids.numel(), TILE // block)
    rows, num_pieces = TILE // (block * edges), pieces.starts.numel()
    operands = (values, grads, edge_ids, pieces.starts, pieces.ends)
    launch(
        softmax_rows,
        (-(-num_pieces // rows), tiles),
        *(*operands, pieces.slots, partials, out, num_pieces, size),
        **{**constants, "IS_GRADIENT": is_gradient, "ROWS": rows, "EDGES": edges},
    )
    launch(
        softmax_merge,
        (pieces.long_rows.numel(), tiles),
        *(partials, pieces.first_slots, pieces.counts, size),
        **{**constants, "SLOTS": TILE // block},
    )
    launch(
        softmax_pieces,
        (pieces.num_slots, tiles),
        *(*operands, _pieces_of_slots(csr, pieces), partials, out, size),
        **{**constants, "IS_GRADIENT": is_gradient, "EDGES": TILE // block},
    )
    return out


def _pieces_of_slots(csr: Csr, pieces: Pieces) -> Tensor:
    """(slots,) the index of the piece that owns each slot, -1 for an unused slot."""

    def compute() -> Tensor:
        slots, num_slots = pieces.slots, pieces.num_slots
        index = torch.arange(slots.numel(), dtype=slots.dtype, device=slots.device)
        owners = index.new_full((num_slots + 1,), -1)
        owners[torch.where(slots < 0, num_slots, slots).long()] = index
        return owners[:-1]

    return cached(csr, "pieces of slots", compute)
