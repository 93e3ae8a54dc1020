"""Random walks on a device; see the contract."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr
from ..philox import halves
from ..sampling_spec import WalkSpec
from .launch import launch
from .programs.walking import walk_evenly

WALKS = 128  # of a program


def walk(csr: Csr, nodes: Tensor, spec: WalkSpec) -> tuple[Tensor, Tensor]:
    """Walk along edges that count the same; see the contract."""
    traces = nodes.new_empty(len(nodes), len(spec.stops))
    chosen = torch.empty_like(traces)
    args = (*csr, nodes.contiguous(), spec.stops, traces, chosen, *traces.shape, spec.start)
    launch(walk_evenly, (-(-len(nodes) // WALKS),), *args, *halves(spec.seed), WALKS=WALKS)
    return traces, chosen
