"""The roofline of sums: a loop that reads the sources' rows in the edges' order, and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.cases import Run
from graphmp.kernels.cpu.runtime import threads as parallel
from graphmp.kernels.cpu.runtime.jit import jit
from graphmp.kernels.cpu.simd import addresses, vector

LANES = 8
WIDEST = 16  # vectors that are held at once


@jit
def read_rows(
    limits: Any,
    indices: Any,
    x: Any,
    distance: int,
    out: Any,
    shape: Any,
    halves: Any,
    first: int,
    last: int,
) -> None:
    """Add the rows ``x[indices[j]]`` to one tile, which goes to ``out[first]``.

    A row is one tile, or two if ``halves`` is (0, 0). Rows are asked for ``distance`` edges ahead.
    """
    begin, end = np.int64(limits[first]), np.int64(limits[last])
    lanes = LANES * len(shape)
    acc = vector.fill(x, shape, 0)
    for j in range(begin, end):
        ahead = addresses.edge_row(1, 0, min(j + distance, end - 1), indices, indices)
        i = addresses.edge_row(1, 0, j, indices, indices)
        addresses.prefetch(x, shape, ahead, 0)
        acc = vector.add(acc, vector.load(x, shape, i, 0, lanes))
        if len(halves) == 2:
            addresses.prefetch(x, shape, ahead, lanes)
            acc = vector.add(acc, vector.load(x, shape, i, lanes, lanes))
    vector.store(out, first, 0, acc, lanes)


def gathered(indptr: Tensor, indices: Tensor, x: Tensor) -> Run:
    """Work that reads ``x[indices]``, on all threads, and gives the sum of all it read.

    Args:
        indptr: (rows + 1,) where each row of edges starts and ends.
        indices: (E,) the row of ``x`` that each edge reads.
        x: (n, F) float32; F is 8, 16, 32, 64, 128 or 256.

    Raises:
        ArithmeticError: the loop has not read what it should.
    """
    shape = (0,) * min(x.shape[1] // LANES, WIDEST)
    halves = (0,) * (x.shape[1] // (LANES * len(shape)))
    distance = 16 if x.shape[1] <= 64 else 8  # was fastest of 8, 16 and 32
    out = torch.zeros(len(indptr) - 1, LANES * len(shape))
    limits, places, rows, totals = indptr.numpy(), indices.numpy(), x.numpy(), out.numpy()

    def run() -> Tensor:
        parallel.run(read_rows, limits, limits, places, rows, distance, totals, shape, halves)
        return out.sum()

    wanted = float((x.sum(1).double() * indices.bincount(minlength=len(x))).sum())
    if abs(float(run()) - wanted) > 1e-6 * x.numel() / len(x) * len(indices):
        raise ArithmeticError(f"The loop must read {wanted}, not {float(run())}.")
    return run
