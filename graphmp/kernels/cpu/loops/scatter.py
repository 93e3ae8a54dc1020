"""The gradient of a maximum: values summed at the edges that gave it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit
from ..simd import addresses, vector

PREFETCH_DISTANCE = 24  # edges between a prefetch and the use of what it loads


@jit
def scatter_rows(csr: Any, values: Any, arg: Any, out: Any, tile: Any) -> None:
    """``out[ids[arg[r, f]], f] += values[r, f]``, for the columns of a tile.

    The rows of ``out`` are visited edge by edge: each edge adds what it gave, which is compared by
    vectors.

    Args:
        csr: ``(indptr, ids)``: which row of ``out`` each edge leads to.
        values: (rows, size).
        arg: (rows, size), positions of edges of the row, or -1.
        out: (n, size), zeros.
        tile: the columns; see :mod:`.spmm_tiled`.
    """
    (indptr, ids), (column, lanes, shape) = csr, tile
    end_of_all = np.int64(len(ids)) - 1
    for r in range(len(indptr) - 1):
        own = vector.load(values, shape, r, column, lanes)
        for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
            ahead = np.int64(ids[min(j + PREFETCH_DISTANCE, end_of_all)])
            addresses.prefetch(out, shape, ahead, column)
            vector.add_where(out, np.int64(ids[j]), own, arg, r, j, (column, lanes))


@jit
def scatter_numbers(
    values: Any, arg: Any, ids: Any, columns: Any, out: Any, width: int, first: int, last: int
) -> None:
    """``out[ids[arg[r, f]], columns[f]] += values[r, f]``, for blocks of ``width`` columns."""
    rows = values.shape[0]
    for r in range(rows):
        ahead = min(r + 1, rows - 1)
        for f in range(first * width, min(last * width, values.shape[1])):
            position = np.int64(arg[ahead, f])
            if position >= 0:
                addresses.prefetch_number(out, np.int64(ids[position]), np.int64(columns[f]))
            position = np.int64(arg[r, f])
            if position >= 0:
                out[np.int64(ids[position]), columns[f]] += values[r, f]
