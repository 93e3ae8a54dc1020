"""Readouts and poolings of the graphs in a batch, as modules, and batches of several sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

import graphmp as gm

SIZE = 4
BATCHES = ((3, 4, 2), (5, 4, 3, 6), (2, 2, 7), (9, 1, 3, 3, 3))  # numbers of nodes


class Readout(nn.Module):
    """A function of a graph whose nodes have a feature ``h``, and whose edges a feature ``w``."""

    def __init__(self, function: Callable[[gm.Graph], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, graph: gm.Graph, feat: Tensor) -> Any:
        with graph.local_scope():
            graph.ndata["h"] = feat
            graph.apply_edges(gm.function.u_sub_v("h", "h", "w"))
            return self.function(graph)


READOUTS: dict[str, Callable[[], nn.Module]] = {
    "sum_nodes": lambda: Readout(lambda g: gm.sum_nodes(g, "h")),
    "mean_edges": lambda: Readout(lambda g: gm.mean_edges(g, "w")),
    "max_nodes": lambda: Readout(lambda g: gm.max_nodes(g, "h")),
    "softmax_edges": lambda: Readout(lambda g: gm.softmax_edges(g, "w")),
    "broadcast_nodes": lambda: Readout(lambda g: gm.broadcast_nodes(g, gm.sum_nodes(g, "h"))),
    "topk_nodes": lambda: Readout(lambda g: gm.topk_nodes(g, "h", 2)[0]),
    "topk_edges": lambda: Readout(lambda g: gm.topk_edges(g, "w", 2, sortby=1)[0]),
    "AvgPooling": gm.nn.AvgPooling,
    "SortPooling": lambda: gm.nn.SortPooling(2),
    "WeightAndSum": lambda: gm.nn.WeightAndSum(SIZE),
    "GlobalAttentionPooling": lambda: gm.nn.GlobalAttentionPooling(nn.Linear(SIZE, 1)),
    "Set2Set": lambda: gm.nn.Set2Set(SIZE, n_iters=2, n_layers=1),
    "SetTransformerEncoder": lambda: gm.nn.SetTransformerEncoder(SIZE, 2, 2, 4),
    "SetTransformerEncoder isab": lambda: gm.nn.SetTransformerEncoder(SIZE, 2, 2, 4, 1, "isab", 2),
    "SetTransformerDecoder": lambda: gm.nn.SetTransformerDecoder(SIZE, 2, 2, 4, 1, 2),
}


def batch(nodes: tuple[int, ...]) -> tuple[gm.Graph, Tensor]:
    """A batch of graphs with so many nodes each, and a feature of the nodes."""
    made = gm.batch([gm.rand_graph(count, count) for count in nodes])
    made.create_formats_()
    return made, torch.randn(made.num_nodes(), SIZE)
