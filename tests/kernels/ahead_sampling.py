"""What sampling and walking launch, for :mod:`ahead`."""

from __future__ import annotations

import torch
from corner_graphs import ID_DTYPES, MIXED

from graphmp.kernels import cuda
from graphmp.kernels.cuda.sampling import FEW
from graphmp.kernels.draws import Choice, Drift, Walk


def calls() -> None:
    """Choose, number and walk in every way."""
    edges = len(MIXED.src)
    for idtype in ID_DTYPES:
        form = MIXED.graph(idtype).adjacency.csc
        rows = torch.arange(MIXED.num_dst, dtype=idtype)
        for fanout in (4, 8, 16, FEW, -1):
            cuda.sample(form, rows, Choice(fanout, False, 1, None, None, None))
        cuda.sample(form, rows, Choice(2 * FEW, False, 1, None, None, None))
        cuda.sample(form, rows, Choice(3, True, 1, None, None, None))
        for weights in (None, torch.ones(edges), torch.ones(edges).double(), torch.ones(edges) > 0):
            drift = Drift(2, 0.5)
            for one in (drift,) if weights is None else (None, drift):
                cuda.sample(form, rows, Choice(3, False, 1, weights, None, one))
            if weights is not None:
                cuda.sample(form, rows, Choice(3, True, 1, weights, None, None))
        cuda.relabel(rows[:2], rows, len(rows))
        stops = torch.zeros(2, dtype=torch.float64)
        cuda.walk(form, rows, Walk(0, stops, 1, None, None, 1.0, 1.0))
