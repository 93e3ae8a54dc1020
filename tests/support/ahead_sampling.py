"""Neighbour sampling, renumbering, and random walks."""

from __future__ import annotations

from random import Random

import torch

from graphmp.kernels import cuda
from graphmp.kernels.cuda.sampling import FEW
from graphmp.kernels.sampling_spec import BatchDependency, SampleSpec, WalkSpec
from support.corner_graphs import ID_DTYPES, MIXED

FANOUTS = (-1, 1, 3, 5, 8, 16, FEW, 2 * FEW)
LAYOUTS = {idtype: MIXED.graph(idtype).adjacency.csc for idtype in ID_DTYPES}


def call(random: Random) -> None:
    """Each of the three, in some way."""
    idtype, edges = random.choice(ID_DTYPES), len(MIXED.src)
    csr, rows = LAYOUTS[idtype], torch.arange(MIXED.num_dst, dtype=idtype)
    kind = random.choice((None, torch.float32, torch.float64, torch.bool))
    weights = None if kind is None else torch.ones(edges, dtype=kind)
    excluded = torch.tensor([1, 3]) if random.random() < 0.5 else None
    replace = random.random() < 0.5
    dependent = BatchDependency(2, 0.5) if not replace and random.random() < 0.5 else None
    cuda.sample(
        csr, rows, SampleSpec(random.choice(FANOUTS), replace, 1, weights, excluded, dependent)
    )
    cuda.relabel(rows[:2], rows, len(rows))
    stops = torch.zeros(2, dtype=torch.float64)
    cuda.walk(csr, rows, WalkSpec(0, stops, 1, None, None, 1.0, 1.0))
