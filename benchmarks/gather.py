"""The roofline of sums: a loop that reads the sources' rows in the edges' order, and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.cases import Run
from graphmp.kernels.cpu import parallel, vector
from graphmp.kernels.cpu.jit import jit

AHEAD = 8  # edges between a prefetch and the use of what it brings, as in graphmp's own loops
LANES = 8
WIDEST = 16  # vectors that are held at once


@jit
def read_rows(
    indices: Any, limits: Any, x: Any, out: Any, lanes: int, shape: Any, first: int, last: int
) -> None:
    """Add whole rows ``x[indices[j]]`` to one tile, and its total to ``out``: for each thread."""
    begin, end = np.int64(limits[first]), np.int64(limits[last])
    acc = vector.fill(x, shape, 0)
    for j in range(begin, end):
        ahead = np.int64(indices[min(j + AHEAD, end - 1)])
        for column in range(0, x.shape[1], lanes):
            vector.prefetch(x, shape, ahead, column)
        i = np.int64(indices[j])
        for column in range(0, x.shape[1], lanes):
            acc = vector.add(acc, vector.load(x, shape, i, column, lanes))
    vector.store_number(out, first, 0, vector.total(acc))


def gathered(indptr: Tensor, indices: Tensor, x: Tensor) -> Run:
    """Work that reads ``x[indices]``, on all threads, and gives the sum of all it read.

    Args:
        indptr: (rows + 1,) where each row of edges starts and ends.
        indices: (E,) the row of ``x`` that each edge reads.
        x: (n, F) float32; F is a multiple of 8, and of 128 if it is larger.

    Raises:
        ArithmeticError: the loop has not read what it should.
    """
    vectors = min(x.shape[1] // LANES, WIDEST)
    out = torch.zeros(len(indptr) - 1, 1)
    limits, places, rows, totals = indptr.numpy(), indices.numpy(), x.numpy(), out.numpy()

    def run() -> Tensor:
        parallel.run(
            read_rows, limits, places, limits, rows, totals, vectors * LANES, (0,) * vectors
        )
        return out.sum()

    wanted = float((x.sum(1).double() * indices.bincount(minlength=len(x))).sum())
    if abs(float(run()) - wanted) > 1e-6 * x.numel() / len(x) * len(indices):
        raise ArithmeticError(f"The loop must read {wanted}, not {float(run())}.")
    return run
