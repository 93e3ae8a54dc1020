"""Functions of one's own, run fused and as they are, on small graphs and several relations."""

from __future__ import annotations

import random
import warnings
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

import graphmp as gm
from support.corner_graphs import (
    BIPARTITE,
    HUB,
    ISOLATED,
    MIXED,
    PARALLEL,
    SELF_LOOP,
    TWO_RELATIONS,
    Corner,
)
from support.own_functions import ATTENTION, MODULES
from support.own_layers import PARAMETERS as OF_LAYERS

WITH_EDGES = (SELF_LOOP, ISOLATED, PARALLEL, BIPARTITE, MIXED, HUB)
PARAMETERS = [*MODULES.parameters(), ATTENTION, *OF_LAYERS]


class Several:
    """Relations into one type: one of none of the edges, and two that share some nodes."""

    def __init__(self, name: str, *corners: Corner) -> None:
        self.name, self.corners = name, corners

    def __str__(self) -> str:
        return self.name

    def graph(self) -> gm.Graph:
        edges = {
            (f"source {i}", f"relation {i}", "target"): (
                torch.tensor(corner.src, dtype=torch.int64),
                torch.tensor(corner.dst, dtype=torch.int64),
            )
            for i, corner in enumerate(self.corners)
        }
        counts = {f"source {i}": corner.num_src for i, corner in enumerate(self.corners)}
        return gm.heterograph(edges, counts | {"target": self.corners[0].num_dst})


SEVERAL = (
    Several("two relations", *TWO_RELATIONS.values()),
    Several(
        "one of three is empty", MIXED, replace(MIXED, src=(), dst=()), replace(HUB, num_dst=6)
    ),
    Several("of every node", BIPARTITE, replace(BIPARTITE, src=(1, 2), dst=(1, 1))),
)


def featured(corner: Corner | Several) -> tuple[gm.Graph, list[Tensor]]:
    """A graph with features, and its inputs."""
    g = corner.graph()
    generator = torch.Generator().manual_seed(1)
    inputs: list[Tensor] = []

    def drawn(*shape: int) -> Tensor:
        inputs.append(torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_())
        return inputs[-1]

    for ntype in g.srctypes:
        g.nodes[ntype].data["x"] = drawn(g.num_nodes(ntype), 6)
    if g.dsttypes != g.srctypes:
        g.nodes[g.dsttypes[-1]].data["x"] = drawn(g.num_nodes(g.dsttypes[-1]), 6)
    for etype in g.canonical_etypes:
        g.edges[etype].data["w"] = drawn(g.num_edges(etype), 1)
    return g, inputs


def run(
    corner: Corner | Several, message: Any, reduce: Any, is_fused: bool
) -> tuple[dict[str, Tensor], list[Tensor]]:
    """The results of update_all, and the gradients of all inputs and parameters."""
    g, inputs = featured(corner)
    torch.manual_seed(2)
    random.seed(2)
    data = g.nodes[g.dsttypes[-1]].data
    before = set(data)
    with gm.fuse_functions(is_fused), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A message function is called on 0 edges")
        g.update_all(message, reduce)
    results = {name: data[name] for name in sorted(set(data) - before)}
    total = sum(
        (y * torch.linspace(-1, 2, y.numel(), dtype=y.dtype).view_as(y)).sum()
        for y in results.values()
    )
    wanted = [*inputs, *PARAMETERS]
    if not isinstance(total, Tensor) or not total.requires_grad:
        return results, []
    return results, list(
        torch.autograd.grad(total, wanted, allow_unused=True, materialize_grads=True)
    )


def assert_same(corner: Corner | Several, message: Any, reduce: Any) -> None:
    """Fused or not, results and gradients are the same."""
    results, grads = run(corner, message, reduce, True)
    expected, expected_grads = run(corner, message, reduce, False)
    assert results.keys() == expected.keys()
    torch.testing.assert_close(results, expected, equal_nan=True)
    torch.testing.assert_close(grads, expected_grads, equal_nan=True)
