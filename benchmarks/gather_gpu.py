"""The roofline of sums on a GPU: reads the sources' rows in the edges' order, and no more."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from benchmarks.cases import Run
from graphmp.kernels.cuda.launch import launch

EDGES = 512  # that a program reads
TILE = 4096  # elements that are in flight


@triton.jit(do_not_specialize=["num_edges"])
def read_rows(
    indices, x, out, num_edges, ROWS: tl.constexpr, WIDTH: tl.constexpr, EDGES: tl.constexpr
):
    """Add the rows of some edges, side by side, and write one row."""
    place = tl.arange(0, WIDTH)
    total = tl.full((ROWS, WIDTH), 0, tl.float32)
    begin = tl.program_id(0) * EDGES
    for block in range(0, EDGES, ROWS):
        j = begin + block + tl.arange(0, ROWS)
        row = tl.load(indices + j, mask=j < num_edges, other=0).to(tl.int64)
        at = x + row[:, None] * WIDTH + place[None, :]
        total += tl.load(at, mask=(j < num_edges)[:, None], other=0).to(tl.float32)
    tl.store(out + tl.program_id(0).to(tl.int64) * WIDTH + place, tl.sum(total, 0))


def gathered(indices: Tensor, x: Tensor) -> Run:
    """Work that reads ``x[indices]``; ``x`` has rows of a power of two elements.

    Raises:
        ArithmeticError: the kernel has not read what it should.
    """
    width, programs = x.shape[1], -(-len(indices) // EDGES)
    out = torch.empty(programs, width, dtype=torch.float32, device=x.device)
    sizes = {"ROWS": max(1, TILE // width), "WIDTH": width, "EDGES": EDGES}

    def run() -> Tensor:
        launch(read_rows, (programs,), indices, x, out, len(indices), warps=4, **sizes)
        return out

    counts = torch.bincount(indices.long(), minlength=len(x)).double()
    wanted, found = counts @ x.double().sum(1), run().double().sum()
    if abs(float(found - wanted)) > 1e-5 * len(indices) * width**0.5:
        raise ArithmeticError(f"The kernel must read {float(wanted)}, not {float(found)}.")
    return run
