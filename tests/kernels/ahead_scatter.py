"""Calls of the gradient of a maximum, with every kind of tile."""

from __future__ import annotations

import torch

from graphmp.kernels.contract import EDGE, OTHER
from graphmp.kernels.cuda.scatter import scatter


def call(edges: int, width: int, dtype: torch.dtype, repeats: int = 1) -> None:
    """Into the sources and the edges of two rows of ``edges`` edges each."""
    indptr, ids = torch.tensor([0, edges, 2 * edges]), torch.arange(2 * edges) % 2
    form, eids = (indptr, ids, torch.arange(2 * edges)), 2 * edges
    values = torch.zeros(2, width * repeats, dtype=dtype)
    arg, places = torch.zeros_like(values, dtype=torch.int32), torch.arange(width * repeats) % width
    scatter(form, OTHER, values, arg, places, (2, width))
    scatter(form, EDGE, values, arg, places, (eids, width))


def calls() -> None:
    """Every number of edges at once, every width, and every dtype."""
    for edges in (4, 16, 64):
        call(edges, 64, torch.float32)
    for width in (1, 16):
        call(16, width, torch.float32)
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        call(16, 32, dtype)
        call(16, 3, dtype, repeats=2)
