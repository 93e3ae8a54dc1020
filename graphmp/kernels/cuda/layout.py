"""How kernels read a layout: ids in 32 bits where they fit, and rows cut into pieces.

Both are computed once for a layout and cached as long as it lives. Nothing here synchronises with
the device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from ..contract import Csr
from .launch import launch
from .programs.pieces import add_pieces

Value = TypeVar("Value")

LARGEST = torch.iinfo(torch.int32).max - (1 << 16)  # positions beyond the last must not overflow
LEAST_PIECE = 256  # edges; pieces are longer where the mean row is
MOST_PIECE = 8192  # edges, so that no program sums so many that ones are lost
MEANS_PER_PIECE = 16  # the length of a piece in mean rows: long pieces leave few partial sums
BLOCK = 128  # elements of a row that one program adds

_cache: Any = WeakTensorKeyDictionary()  # by the indptr of a layout


class Pieces(NamedTuple):
    """Rows cut into pieces of at most ``length`` edges; a short or empty row is one piece.

    There are as many entries as there can be at most, so that the host need not read a count.

    Attributes:
        rows: (pieces,) the row of each piece, -1 for an unused entry.
        starts: (pieces,) its first position.
        ends: (pieces,) the position after its last.
        slots: (pieces,) where its partial result is stored, -1 if it is the whole row.
        long_rows: (long,) the rows of several pieces, -1 for an unused entry.
        first_slots: (long,) the slot of the first piece of each long row.
        counts: (long,) the number of its pieces.
        num_slots: the number of slots.
    """

    rows: Tensor
    starts: Tensor
    ends: Tensor
    slots: Tensor
    long_rows: Tensor
    first_slots: Tensor
    counts: Tensor
    num_slots: int


def narrow(csr: Csr) -> Csr:
    """The layout with ids of 32 bits, if all ids and positions fit."""
    indptr, indices, edge_ids = csr
    if indptr.dtype == torch.int32 or indices.numel() > LARGEST:
        return csr
    # The number of nodes at the other end is not known here, but 2**31 of them would have features
    # that no device holds.
    return cached(csr, "narrow", lambda: Csr(indptr.int(), indices.int(), edge_ids.int()))


def cut_rows(csr: Csr) -> Pieces:
    """The rows of a layout cut into pieces; see :class:`Pieces`."""
    return cached(csr, "pieces", lambda: _cut(csr.indptr, csr.indices.numel()))


def cached(csr: Csr, key: str, compute: Callable[[], Value]) -> Value:
    """A value that belongs to a layout, computed at the first call with ``key``."""
    values = _cache.setdefault(csr.indptr, {})
    value = values.get(key)
    if value is None:
        with torch.inference_mode(False):
            value = values[key] = compute()
    return cast(Value, value)


def add_long_rows(pieces: Pieces, partials: Tensor, out: Tensor, block: int = BLOCK) -> None:
    """Add the partial sums of each long row, (slots, size), and write them to ``out``."""
    grid = (len(pieces.long_rows), -(-out.shape[1] // block))
    tensors = (partials, *pieces[4:7], pieces.counts, partials, out)
    launch(add_pieces, grid, *tensors, out.shape[1], 0, DIVIDED=False, BLOCK=block)


def piece_length(rows: int, edges: int) -> int:
    """The greatest number of edges of a piece: a power of two."""
    length = min(max(LEAST_PIECE, MEANS_PER_PIECE * edges // max(rows, 1)), MOST_PIECE)
    return 1 << (length - 1).bit_length()


def edges_at_once(rows: int, edges: int, most: int) -> int:
    """The number of edges of a row that a program reads at once: a power of 4 near the mean row."""
    count = 4
    while count * rows < edges and count < most:
        count *= 4
    return min(count, most)


def _cut(indptr: Tensor, edges: int) -> Pieces:
    """Cut rows; all shapes follow from the number of rows and edges alone."""
    rows = indptr.numel() - 1
    length = piece_length(rows, edges)
    needed = (indptr.diff() + (length - 1)).div(length, rounding_mode="floor").clamp(min=1)
    after = needed.cumsum(0)
    index = torch.arange(rows + edges // length, device=indptr.device)
    row = torch.searchsorted(after, index, right=True)
    is_used = row < rows
    row = row.clamp(max=max(rows - 1, 0))
    nth = index - (after - needed)[row] if rows else index
    start = indptr[row] + nth * length
    end = torch.minimum(start + length, indptr[row + 1])
    # The pieces of long rows get slots, in order.
    in_long = is_used & (needed[row] > 1)
    slot = torch.where(in_long, in_long.cumsum(0) - 1, -1)
    long_after = (needed > 1).cumsum(0)
    long_index = torch.arange(edges // length, device=indptr.device)
    long_row = torch.searchsorted(long_after, long_index, right=True)
    is_long = long_row < rows
    long_row = long_row.clamp(max=max(rows - 1, 0))
    count = torch.where(is_long, needed[long_row], 0)
    dtype = indptr.dtype
    return Pieces(
        torch.where(is_used, row, -1).to(dtype),
        torch.where(is_used, start, 0).to(dtype),
        torch.where(is_used, end, 0).to(dtype),
        slot.to(dtype),
        torch.where(is_long, long_row, -1).to(dtype),
        (count.cumsum(0) - count).to(dtype),
        count.to(dtype),
        2 * (edges // length),
    )
