"""Rows and positions of compressed layouts."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from .contract import Csr

CHUNK = 1 << 18  # how many edges have int64 positions or numbers at once


def chunks(count: int) -> Iterator[slice]:
    """The items 0 to ``count - 1`` in chunks, whose temporary tensors are small."""
    return (slice(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK))


def positions_where(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """The positions, ascending, at which a bool ``mask`` (n,) is true, in ``dtype``."""
    if len(mask) <= CHUNK:
        return mask.nonzero().view(-1).to(dtype)
    out, end = mask.new_empty(int(mask.count_nonzero()), dtype=dtype), 0
    for part in chunks(len(mask)):
        positions = mask[part].nonzero().view(-1)
        torch.add(positions, part.start, out=out[end : end + len(positions)])
        end += len(positions)
    return out


def permuted(values: Tensor, ids: Tensor) -> Tensor:
    """``out[ids[i]] = values[i]`` for ``ids`` (n,) that are 0 to n - 1 in any order.

    Unlike an assignment, adding takes int32 ids as they are.
    """
    return torch.zeros_like(values).index_add_(0, ids, values)


def distinct(csr: Csr) -> tuple[Tensor, Tensor, Tensor]:
    """The different pairs of ends of edges whose other ends ascend in each row.

    Returns:
        ``(rows, others, limits)``: (n,) both ends of each pair; and (n + 1,) where its edges start
        in ``csr``, and where the last end.
    """
    indptr, indices, _ = csr
    first = positions_where(is_first(csr), indices.dtype)
    rows = rows_of(indptr, len(indices)).index_select(0, first)
    limits = torch.cat([first, first.new_tensor([len(indices)])])
    del first
    return rows, indices.index_select(0, limits[:-1]), limits


def is_first(csr: Csr) -> Tensor:
    """(E,) bool, whether a position has other ends than the one before it; other ends ascend."""
    out, starts = torch.ones_like(csr.indices, dtype=torch.bool), csr.indptr[:-1]
    torch.ne(csr.indices[1:], csr.indices[:-1], out=out[1:])
    out[starts[starts < len(out)].long()] = True
    return out


def rows_of(indptr: Tensor, num_edges: int) -> Tensor:
    """The row of each position of a compressed layout: shape (E,), the dtype of ``indptr``."""
    starts = indptr[1:-1]  # of all rows but the first
    marks = torch.zeros(num_edges + 1, dtype=indptr.dtype, device=indptr.device)
    marks.index_add_(0, starts, torch.ones_like(starts))
    return marks[:num_edges].cumsum_(0, dtype=indptr.dtype)


def owners(counts: Tensor, total: int | None = None) -> Tensor:
    """The row of each item, where row ``i`` has the next ``counts[i]`` items.

    Args:
        counts: (n,) how many items each row has.
        total: the number of items, when the caller knows it.

    Returns:
        (sum of the counts,) in the dtype of ``counts``.
    """
    limits = torch.cat([counts.new_zeros(1), counts.cumsum(0, dtype=counts.dtype)])
    return rows_of(limits, int(limits[-1]) if total is None else total)


def positions_of(indptr: Tensor, rows: Tensor, total: int | None = None) -> Tensor:
    """The positions of all edges of ``rows``, row after row, as int64.

    Args:
        indptr: (n + 1,) row limits of a compressed layout.
        rows: (k,) rows, in any order.
        total: the number of positions, when the caller knows it.

    Returns:
        (sum of the rows' degrees,) positions.
    """
    rows = rows.long()
    return ranges(indptr[rows].long(), indptr[rows + 1].long(), total)


def ranges(low: Tensor, high: Tensor, total: int | None = None) -> Tensor:
    """All positions of the ranges ``[low[i], high[i])``, one range after the other, as int64.

    Args:
        low: (k,) int64 where each range starts.
        high: (k,) int64 one past its end.
        total: the number of positions, when the caller knows it.
    """
    lengths = high - low
    before = lengths.cumsum(0) - lengths
    starts = torch.repeat_interleave(low - before, lengths, output_size=total)
    return starts + torch.arange(starts.numel(), device=low.device)


def remaining(sizes: Tensor, ids: Tensor) -> Tensor:
    """The sizes of consecutive groups of rows when only some rows stay.

    Args:
        sizes: (n,) how many rows each group has.
        ids: (k,) the rows that stay, ascending.

    Returns:
        (n,) in the dtype of ``sizes``.

    Example:
        >>> remaining(torch.tensor([2, 0, 3]), torch.tensor([1, 2, 4]))
        tensor([1, 0, 2])
    """
    limits = torch.searchsorted(ids, sizes.cumsum(0, dtype=ids.dtype))
    return limits.diff(prepend=limits.new_zeros(1)).to(sizes.dtype)
