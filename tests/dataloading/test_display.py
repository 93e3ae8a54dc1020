"""Loaders and samplers show the arguments that they were made with."""

from __future__ import annotations

from html import escape
from typing import Any

import pytest
import torch
from support.unchanged import each

import graphmp as gm
from graphmp import dataloading
from graphmp.dataloading import negative_sampler

G = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
SAMPLER = dataloading.NeighborSampler([2, 3])


class Around(dataloading.Sampler):
    """A sampler of a user, who stores one argument and not the other."""

    def __init__(self, hops: int, other: int = 3) -> None:
        self.hops, self._other = hops, other

    def sample(self, g: gm.Graph, indices: Any) -> Any:
        return g, indices


SHOWN: dict[str, tuple[Any, str]] = {
    "neighbours": (SAMPLER, "NeighborSampler(fanouts=[2, 3])"),
    "options": (
        dataloading.NeighborSampler([1], prob="w", replace=True, prefetch_labels=["y"]),
        "NeighborSampler(prefetch_labels=['y'], fanouts=[1], prob='w', replace=True)",
    ),
    "by type": (
        dataloading.NeighborSampler([{("a", "x", "b"): 2}]),
        "NeighborSampler(fanouts=[{('a', 'x', 'b'): 2}])",
    ),
    "all neighbours": (
        dataloading.MultiLayerFullNeighborSampler(2),
        "MultiLayerFullNeighborSampler(fanouts=[-1, -1])",
    ),
    "edges": (
        dataloading.as_edge_prediction_sampler(
            SAMPLER, exclude="self", negative_sampler=negative_sampler.Uniform(5)
        ),
        (
            "EdgePredictionSampler(sampler=NeighborSampler(fanouts=[2, 3]), exclude='self', "
            "negative_sampler=PerSourceUniform(k=5))"
        ),
    ),
    "negatives": (
        negative_sampler.GlobalUniform(2, exclude_self_loops=False),
        "GlobalUniform(k=2, exclude_self_loops=False)",
    ),
    "walks": (dataloading.SAINTSampler("node", 3), "SAINTSampler(mode='node', budget=3)"),
    "a user's": (Around(2), "Around(hops=2)"),
    "targets": (
        dataloading.SpotTarget(G, "self", 3),
        "SpotTarget(g=4 nodes and 4 edges, exclude='self', degree_threshold=3)",
    ),
    "a loader": (
        dataloading.DataLoader(G, torch.arange(3), SAMPLER, batch_size=2, shuffle=True),
        (
            "DataLoader(graph=4 nodes and 4 edges, indices=tensor of shape (3,), "
            "graph_sampler=NeighborSampler(fanouts=[2, 3]), device=cpu, batch_size=2, "
            "shuffle=True, batches=2)"
        ),
    ),
    "a loader with workers": (
        dataloading.DataLoader(G, [0], SAMPLER, num_workers=2),
        (
            "DataLoader(graph=4 nodes and 4 edges, indices=[0], "
            "graph_sampler=NeighborSampler(fanouts=[2, 3]), device=cpu, num_workers=2, "
            "prefetch_factor=2, batch_size=1, batches=1)"
        ),
    ),
    "a loader of graphs": (
        dataloading.GraphDataLoader([(G, 0)] * 5, batch_size=2, shuffle=True, drop_last=True),
        (
            "GraphDataLoader(dataset=list of 5 items, batch_size=2, drop_last=True, "
            "sampler=RandomSampler)"
        ),
    ),
    "a collator": (
        dataloading.NodeCollator(G, [1, 2], SAMPLER),
        (
            "NodeCollator(g=4 nodes and 4 edges, nids=tensor of shape (2,), "
            "graph_sampler=NeighborSampler(fanouts=[2, 3]))"
        ),
    ),
}


@each("shown", SHOWN)
def test_loaders_and_samplers_show_their_arguments(shown: tuple[Any, str]) -> None:
    value, text = shown
    assert repr(value) == text
    page = value._repr_html_()
    assert type(value).__name__ in page
    assert "tensor(" not in page


def test_arguments_are_escaped_in_html() -> None:
    evil = "<script>"
    page = dataloading.NeighborSampler([1], prob=evil)._repr_html_()
    assert evil not in page
    assert escape(repr(evil)) in page


def test_a_sampler_that_never_called_its_base_is_shown() -> None:
    class Bare(dataloading.BlockSampler):
        def __init__(self, k: int) -> None:
            self.k = k

    assert repr(Bare(3)) == "Bare(k=3)"


@pytest.mark.parametrize("size", [3, 2_000])
def test_a_repr_is_short(size: int) -> None:
    loader = dataloading.DataLoader(G, [0] * size, SAMPLER)
    assert len(repr(loader)) < 250
