"""Uniform random walks on the GPU; plain torch walks by weight and in second order."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr
from ..philox import halves
from ..sampling_spec import WalkSpec
from .launch import launch
from .programs.walking import walk_evenly

WALKS = 128  # of a program

DECLINED = {
    ("walk", "weights"): "plain torch walks by weight on the device",
    ("levels", "copy"): "plain torch finds all nodes of a level at once on the device",
    ("first_edges", "copy"): "plain torch compares all edges at once on the device",
    ("walk", "pairs"): "plain torch walks in second order on the device",
}


def walk(csr: Csr, nodes: Tensor, spec: WalkSpec) -> tuple[Tensor, Tensor]:
    """Walk at random along edges of equal weight; see the contract."""
    traces = nodes.new_empty(len(nodes), len(spec.stops))
    edge_ids = torch.empty_like(traces)
    args = (*csr, nodes.contiguous(), spec.stops, traces, edge_ids, *traces.shape, spec.start)
    launch(walk_evenly, (-(-len(nodes) // WALKS),), *args, *halves(spec.seed), WALKS=WALKS)
    return traces, edge_ids
