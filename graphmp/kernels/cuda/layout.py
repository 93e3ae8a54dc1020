"""What kernels read of a layout: ids in 32 bits where they fit, and rows cut into pieces.

Both are made once for a layout and kept as long as it lives. Nothing here waits for the device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from ..contract import Csr

Made = TypeVar("Made")

LARGEST = torch.iinfo(torch.int32).max - (1 << 16)  # nor do positions after the last overflow
LEAST_PIECE = 256  # edges; pieces are longer where the mean row is
SHARE = 16  # a piece has this many times the edges of the mean row, so that partial sums are few

_kept: Any = WeakTensorKeyDictionary()  # by the row limits of a layout


class Pieces(NamedTuple):
    """Rows cut into pieces of at most ``length`` edges; a short row, also an empty one, is one.

    There are as many entries as there could be at most, so that no count is awaited.

    Attributes:
        rows: (pieces,) the row of each, -1 for an entry that is none.
        starts: (pieces,) its first position.
        ends: (pieces,) the position after its last.
        slots: (pieces,) -1 if it is its whole row, else where its partial result is kept.
        long_rows: (long,) the rows of several pieces, -1 for an entry that is none.
        first_slots: (long,) the slot of the first piece of each.
        counts: (long,) how many pieces each has.
        num_slots: how many slots there are.
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
    """The layout with ids of 32 bits, if all of them and all positions fit."""
    indptr, indices, eids = csr
    if indptr.dtype == torch.int32 or indices.numel() > LARGEST:
        return csr
    # Other ends are nodes; their number is not known here, but there are more than 2**31 only
    # beside features that no device holds.
    return kept(csr, "narrow", lambda: Csr(indptr.int(), indices.int(), eids.int()))


def pieces(csr: Csr) -> Pieces:
    """The rows of a layout cut into pieces; see :class:`Pieces`."""
    return kept(csr, "pieces", lambda: _cut(csr.indptr, csr.indices.numel()))


def kept(csr: Csr, key: str, make: Callable[[], Made]) -> Made:
    """What was made of a layout before, or is now made and kept."""
    store = _kept.setdefault(csr.indptr, {})
    found = store.get(key)
    if found is None:
        with torch.inference_mode(False):
            found = store[key] = make()
    return cast(Made, found)


def piece_length(rows: int, edges: int) -> int:
    """How many edges a piece has at most: a power of two."""
    wanted = max(LEAST_PIECE, SHARE * edges // max(rows, 1))
    return 1 << (wanted - 1).bit_length()


def edges_at_once(rows: int, edges: int, most: int) -> int:
    """How many edges of a row a program has at once: a power of 4, about those of the mean row."""
    found = 4
    while found * rows < edges and found < most:
        found *= 4
    return min(found, most)


def _cut(indptr: Tensor, edges: int) -> Pieces:
    """Cut rows; all shapes follow from the number of rows and edges alone."""
    rows = indptr.numel() - 1
    length = piece_length(rows, edges)
    needed = (indptr.diff() + (length - 1)).div(length, rounding_mode="floor").clamp(min=1)
    after = needed.cumsum(0)
    index = torch.arange(rows + edges // length, device=indptr.device)
    row = torch.searchsorted(after, index, right=True)
    is_one = row < rows
    row = row.clamp(max=max(rows - 1, 0))
    nth = index - (after - needed)[row] if rows else index
    start = indptr[row] + nth * length
    end = torch.minimum(start + length, indptr[row + 1])
    # Slots are given to the pieces of long rows, in order.
    in_long = is_one & (needed[row] > 1)
    slot = torch.where(in_long, in_long.cumsum(0) - 1, -1)
    long_after = (needed > 1).cumsum(0)
    long_index = torch.arange(edges // length, device=indptr.device)
    long_row = torch.searchsorted(long_after, long_index, right=True)
    is_long = long_row < rows
    long_row = long_row.clamp(max=max(rows - 1, 0))
    count = torch.where(is_long, needed[long_row], 0)
    dtype = indptr.dtype
    return Pieces(
        torch.where(is_one, row, -1).to(dtype),
        torch.where(is_one, start, 0).to(dtype),
        torch.where(is_one, end, 0).to(dtype),
        slot.to(dtype),
        torch.where(is_long, long_row, -1).to(dtype),
        (count.cumsum(0) - count).to(dtype),
        count.to(dtype),
        2 * (edges // length),
    )
