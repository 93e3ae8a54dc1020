"""The gradient of a maximum."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..contract import OTHER, Csr, accumulator
from .launch import launch
from .layout import edges_at_once, kept, narrow, pieces
from .programs.pieces import add_pieces
from .programs.scatter import mark, to_edges, to_sources

TILE = 2048  # numbers that a program has at once
WIDEST = 64  # of them in a row
WORD = 32  # columns


class Turned(NamedTuple):
    """The edges of a layout grouped by their other ends.

    Attributes:
        indptr: (other ends + 1,) the limits of the rows.
        positions: (E,) the position of each edge in the layout.
        readers: (E,) its row there.
    """

    indptr: Tensor
    positions: Tensor
    readers: Tensor


def scatter(
    csr: Csr, where: int, values: Tensor, arg: Tensor, places: Tensor, shape: tuple[int, int]
) -> Tensor:
    """Add values where chosen edges lead; see the contract."""
    csr, out = narrow(csr), values.new_empty(shape)
    columns = torch.argsort(places, stable=True) if places.numel() != shape[1] else places
    run = _to_sources if where == OTHER else _to_edges
    run(csr, values.contiguous(), arg.contiguous(), columns, out)
    return out


def _to_sources(csr: Csr, values: Tensor, arg: Tensor, columns: Tensor, out: Tensor) -> None:
    """Add what each source gave."""
    num, width = out.shape
    marks, turned = _marks(csr, arg), _turned(csr, num)
    cut, tile = pieces(Csr(*turned)), _tile(num, csr.indices.numel(), columns.numel(), width)
    partials = values.new_empty(cut.num_slots, width, dtype=accumulator(values.dtype))
    count, tiles = cut.starts.numel(), -(-width // tile["BLOCK"])
    sizes = (count, columns.numel(), width, marks.shape[1], columns.numel() // max(width, 1))
    launch(
        to_sources,
        (-(-count // tile["ROWS"]), tiles),
        *(values, marks, turned.positions, turned.readers, columns),
        *(*cut[:4], partials, out, *sizes),
        **tile,
    )
    launch(
        add_pieces,
        (cut.long_rows.numel(), tiles),
        *(partials, *cut[4:7], turned.indptr, partials, out, width, 1),
        DIVIDED=False,
        BLOCK=tile["BLOCK"],
    )


def _to_edges(csr: Csr, values: Tensor, arg: Tensor, columns: Tensor, out: Tensor) -> None:
    """Write what each edge gave."""
    (edges, width), size, cut = out.shape, columns.numel(), pieces(csr)
    count, tile = cut.starts.numel(), _tile(len(values), edges, size, width)
    sizes = (count, size, width, size // max(width, 1))
    launch(
        to_edges,
        (-(-count // tile["ROWS"]), -(-width // tile["BLOCK"])),
        *(values, arg, csr.edge_ids, columns, *cut[:3], out, *sizes),
        **tile,
    )


def _tile(rows: int, edges: int, size: int, width: int) -> dict[str, int]:
    """What a program has at once, and whether several columns lead to one."""
    block = min(1 << max(width - 1, 0).bit_length(), WIDEST)
    at_once = edges_at_once(rows, edges, TILE // block)
    together = TILE // (block * at_once)
    return {"IS_REPEATED": size != width, "ROWS": together, "EDGES": at_once, "BLOCK": block}


def _marks(csr: Csr, arg: Tensor) -> Tensor:
    """What each position gave, in bits: (E, words) int32."""
    (rows, size), edges, cut = arg.shape, csr.indices.numel(), pieces(csr)
    words, count = -(-size // WORD), cut.starts.numel()
    marks = torch.empty((edges, words), dtype=torch.int32, device=arg.device)
    at_once = edges_at_once(rows, edges, TILE // WORD)
    together = TILE // (WORD * at_once)
    launch(
        mark,
        (-(-count // together), words),
        *(arg, cut.rows, cut.starts, cut.ends, marks, count, size, words),
        ROWS=together,
        EDGES=at_once,
    )
    return marks


def _turned(csr: Csr, num: int) -> Turned:
    """The edges grouped by other end: made once, for a maximum alone reads them so."""

    def make() -> Turned:
        indptr, indices, _ = csr
        rows = torch.arange(indptr.numel() - 1, dtype=indptr.dtype, device=indptr.device)
        row = torch.repeat_interleave(rows, indptr.diff(), output_size=indices.numel())
        ends, order = torch.sort(indices, stable=True)
        limits = torch.searchsorted(
            ends, torch.arange(num + 1, dtype=ends.dtype, device=ends.device)
        )
        return Turned(limits.to(ends.dtype), order.to(ends.dtype), row[order])

    return kept(csr, f"turned {num}", make)
