"""``materialize_data`` reads what a sampled graph has still to gather."""

from __future__ import annotations

import torch

import graphmp as gm


def test_features_are_gathered_at_the_call() -> None:
    g = gm.heterograph({("user", "buys", "item"): ([0, 1], [1, 2])})
    x, w = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    g.nodes["user"].data["x"], g.edata["w"] = x, w
    part = gm.edge_subgraph(g, [1])
    assert part.materialize_data() is part
    x.zero_()
    w.zero_()
    assert part.nodes["user"].data["x"].tolist() == [2]
    assert part.edata["w"].tolist() == [4]


def test_a_graph_without_features_stays_as_it_is() -> None:
    g = gm.graph(([], []))
    assert not g.materialize_data().ndata
