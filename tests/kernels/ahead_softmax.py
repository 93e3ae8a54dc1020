"""Calls of the softmax and its gradient, with every kind of tile."""

from __future__ import annotations

import torch

from graphmp.kernels.cuda.softmax import softmax, softmax_gradient


def call(rows: int, edges: int, size: int, dtype: torch.dtype, idtype: torch.dtype) -> None:
    """Both, of ``edges`` edges that enter ``rows`` rows."""
    indptr = (torch.arange(rows + 1) * edges // rows).to(idtype)
    ids = torch.arange(edges, dtype=idtype)
    values = torch.zeros(edges, size, dtype=dtype)
    softmax((indptr, ids, ids), values)
    softmax_gradient((indptr, ids, ids), values, values)


def calls() -> None:
    """Every number of edges at once, every width, and every dtype."""
    for mean in (4, 64, 256, 1024):
        call(2, 2 * mean, 1, torch.float32, torch.int32)
        call(2, 2 * mean, 8, torch.float32, torch.int32)
    for size in (2, 3, 12, 32):
        call(2, 32, size, torch.float32, torch.int32)
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        for size in (3, 8):
            call(2, 32, size, dtype, torch.int32)
