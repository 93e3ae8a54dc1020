"""Softmax over the edges of each row, and its gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr, accumulator
from .launch import launch
from .layout import Pieces, edges_at_once, kept, narrow, pieces
from .programs.softmax import softmax_merge, softmax_pieces, softmax_rows

TILE = 1024  # numbers that a program has at once
WIDEST = 32  # of them in a row


def softmax(csr: Csr, logits: Tensor) -> Tensor:
    """Softmax over the edges of each row; see the contract."""
    return _run(csr, logits, logits, False)


def softmax_gradient(csr: Csr, weights: Tensor, grads: Tensor) -> Tensor:
    """The gradient of the softmax; see the contract."""
    return _run(csr, weights, grads, True)


def _run(csr: Csr, values: Tensor, grads: Tensor, is_gradient: bool) -> Tensor:
    """Numbers of edges from numbers of edges, by way of what each row reduces to."""
    csr = narrow(csr)
    cut, (indptr, _, eids) = pieces(csr), csr
    size = values.shape[1:].numel()
    values, grads = values.contiguous(), grads.contiguous()
    out = torch.empty_like(values)
    partials = values.new_empty(cut.num_slots, 2, size, dtype=accumulator(values.dtype))
    block = min(1 << max(size - 1, 0).bit_length(), WIDEST)
    tiles, wide = -(-size // block), 16 // values.element_size()
    shared = {"ALIGN": 1 if size % wide else wide, "BLOCK": block}
    edges = edges_at_once(indptr.numel() - 1, eids.numel(), TILE // block)
    rows, num_pieces = TILE // (block * edges), cut.starts.numel()
    given = (values, grads, eids, cut.starts, cut.ends)
    launch(
        softmax_rows,
        (-(-num_pieces // rows), tiles),
        *(*given, cut.slots, partials, out, num_pieces, size),
        **{**shared, "IS_GRADIENT": is_gradient, "ROWS": rows, "EDGES": edges},
    )
    launch(
        softmax_merge,
        (cut.long_rows.numel(), tiles),
        *(partials, cut.first_slots, cut.counts, size),
        **{**shared, "SLOTS": TILE // block},
    )
    launch(
        softmax_pieces,
        (cut.num_slots, tiles),
        *(*given, _pieces_of_slots(csr, cut), partials, out, size),
        **{**shared, "IS_GRADIENT": is_gradient, "EDGES": TILE // block},
    )
    return out


def _pieces_of_slots(csr: Csr, cut: Pieces) -> Tensor:
    """(slots,) the piece that each slot is of, -1 for a slot that is unused."""

    def make() -> Tensor:
        index = torch.arange(cut.slots.numel(), dtype=cut.slots.dtype, device=cut.slots.device)
        found = index.new_full((cut.num_slots + 1,), -1)
        found[torch.where(cut.slots < 0, cut.num_slots, cut.slots).long()] = index
        return found[:-1]

    return kept(csr, "pieces of slots", make)
