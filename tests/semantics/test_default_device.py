"""Graphs on the CPU work whatever torch's default device is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import dataloading, ops, sampling

CPU = torch.device("cpu")


def on_cpu(*values: Any) -> Tensor:
    return torch.tensor(values, device=CPU)


def graph() -> gm.Graph:
    g = gm.graph((on_cpu(0, 1, 2), on_cpu(1, 2, 0)))
    g.ndata["x"], g.edata["w"] = torch.ones(3, 2, device=CPU), torch.ones(3, device=CPU)
    return g


def verbs(g: gm.Graph) -> Tensor:
    for reducer in (fn.sum, fn.mean, fn.max, fn.std):
        g.update_all(fn.copy_u("x", "m"), reducer("m", "o"))
    g.update_all(
        lambda edges: {"m": edges.src["x"]}, lambda nodes: {"o": nodes.mailbox["m"].sum(1)}
    )
    result: Tensor = g.ndata["o"]
    return result


CALLS: dict[str, Callable[[gm.Graph], Any]] = {
    "verbs": verbs,
    "lists": lambda g: gm.graph(([0], [1]), device="cpu").edges()[0],
    "edge softmax": lambda g: ops.edge_softmax(g, g.edata["w"]),
    "attention": lambda g: ops.dot_attention(g, *[g.ndata["x"].unsqueeze(1)] * 3, dropout=0.5),
    "segments": lambda g: ops.segment_reduce(on_cpu(1, 2), g.edata["w"]),
    "batch": lambda g: gm.unbatch(gm.batch([g, g]))[1].ndata["x"],
    "readouts": lambda g: gm.topk_nodes(g, "x", 1)[0] + gm.sum_nodes(g, "x"),
    "transforms": lambda g: gm.to_block(gm.add_self_loop(gm.to_simple(g))).edges()[0],
    "subgraphs": lambda g: gm.node_subgraph(g, on_cpu(0, 1)).ndata["x"],
    "random graphs": lambda g: gm.rand_graph(4, 5, device="cpu").edges()[0],
    "neighbours": lambda g: sampling.sample_neighbors(g, on_cpu(1), 1).edges()[0],
    "walks": lambda g: sampling.random_walk(g, on_cpu(0), length=2)[0],
    "negatives": lambda g: sampling.global_uniform_negative_sampling(g, 2)[0],
    "masks": lambda g: gm.node_subgraph(g, [True, True, False]).ndata["x"],
    "lists of seeds": lambda g: next(
        iter(dataloading.DataLoader(g, [0, 1], dataloading.NeighborSampler([1])))
    )[0],
    "loader": lambda g: next(
        iter(dataloading.DataLoader(g, on_cpu(0, 1), dataloading.NeighborSampler([1])))
    )[0],
}


@pytest.mark.parametrize("name", CALLS)
def test_a_graph_on_the_cpu_ignores_the_default_device(name: str) -> None:
    with torch.device("meta"):
        result = CALLS[name](graph())
    assert result.device == CPU
