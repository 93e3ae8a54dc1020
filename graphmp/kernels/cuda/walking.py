"""Random walks on a device; see the contract."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr
from ..philox import halves
from ..sampling_spec import Walk
from .launch import launch
from .programs.walking import walk_evenly

WALKS = 128  # of a program


def walk(csr: Csr, nodes: Tensor, how: Walk) -> tuple[Tensor, Tensor]:
    """Walk along edges that count the same; see the contract."""
    traces = nodes.new_empty(len(nodes), len(how.stops))
    chosen = torch.empty_like(traces)
    args = (*csr, nodes.contiguous(), how.stops, traces, chosen, *traces.shape, how.start)
    launch(walk_evenly, (-(-len(nodes) // WALKS),), *args, *halves(how.seed), WALKS=WALKS)
    return traces, chosen
