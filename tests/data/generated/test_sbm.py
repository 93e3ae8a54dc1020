from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import graphmp as gm
from graphmp.data import SBMMixture, SBMMixtureDataset
from graphmp.data.generated.sbm import sbm


def test_an_item_is_a_graph_its_line_graph_and_their_degrees() -> None:
    data = SBMMixtureDataset(3, 20, 4, rng=np.random.RandomState(0))
    g, lg, degrees, line_degrees, sources = data[1]
    expected = gm.line_graph(g, backtracking=False)
    assert torch.equal(torch.stack(lg.edges()), torch.stack(expected.edges()))
    assert torch.equal(degrees, g.in_degrees().float())
    assert torch.equal(line_degrees, lg.in_degrees().float())
    assert torch.equal(sources, g.edges()[0])
    assert len(data) == 3
    assert SBMMixture is SBMMixtureDataset


def test_edges_go_both_ways_and_appear_as_often_as_the_rates_say() -> None:
    g = sbm(4, 100, 40.0, 8.0, np.random.RandomState(0))
    src, dst = g.edges()
    keys = src * 400 + dst
    assert bool((keys.diff() > 0).all())
    assert torch.equal((dst * 400 + src).sort().values, keys)
    inside = int((src // 100 == dst // 100).sum())
    assert abs(inside - 4 * 100 * 100 * 0.1) < 400
    assert abs(len(src) - inside - 12 * 100 * 100 * 0.02) < 400


def test_batches_count_nodes_over_the_graphs() -> None:
    data = SBMMixtureDataset(2, 10, 2, rng=np.random.RandomState(0))
    g, lg, degrees, line_degrees, sources = data.collate_fn([data[0], data[1]])
    assert (g.batch_size, lg.batch_size) == (2, 2)
    assert degrees.tolist() == g.in_degrees().tolist()
    assert line_degrees.tolist() == lg.in_degrees().tolist()
    assert sources.tolist() == g.edges()[0].tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_communities": 3}, "communities of equal size"),
        ({"n_communities": 0}, "communities of equal size"),
        ({"pq": "Appendix_D"}, "'Appendix_C', got 'Appendix_D'"),
        ({"pq": [(1.0, 2.0)]}, r"2 pairs \(p, q\).* got 1"),
        ({"pq": 7}, "pq as a list of pairs, got int 7"),
        ({"pq": [(1, 2), (11, 0)]}, "p and q from 0 to 10, got 11 and 0"),
    ],
)
def test_other_settings_are_an_error(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(gm.GraphError, match=message):
        SBMMixtureDataset(**{"n_graphs": 2, "n_nodes": 10, "n_communities": 2, **settings})
