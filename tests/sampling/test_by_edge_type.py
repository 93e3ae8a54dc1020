"""A fanout for each range of edge ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.chances import DRAWS, assert_drawn
from support.corner_graphs import ID_DTYPES, Corner, each_corner

import graphmp as gm
from graphmp.sampling import sample_etype_neighbors

OFFSETS = [0, 3, 3, 6]


def star(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Three edges of type 0 and three of type 2 into node 6; the last edge leaves it."""
    g = gm.graph(([0, 1, 2, 3, 4, 6], [6, 6, 6, 6, 6, 0]), num_nodes=7, idtype=idtype)
    g.ndata["x"], g.edata["w"] = torch.arange(7.0), torch.tensor([0.0, 1, 3, 1, 1, 1])
    return g


def eids(g: gm.Graph) -> list[int]:
    return list(g.edata[gm.EID].tolist())


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_each_type_has_its_own_fanout(idtype: torch.dtype) -> None:
    sampled = sample_etype_neighbors(star(idtype), [0, 6], OFFSETS, torch.tensor([2, 1, -1]))
    assert sampled.edges()[1].tolist() == [0, 6, 6, 6, 6]
    assert eids(sampled)[0] == 5
    assert set(eids(sampled)[1:3]) < {0, 1, 2}
    assert eids(sampled)[3:] == [3, 4]
    assert sampled.idtype == sampled.edata[gm.EID].dtype == idtype
    assert torch.equal(sampled.edata["w"], star().edata["w"][eids(sampled)])


@each_corner
def test_all_edges_of_all_nodes_are_those_of_the_graph(corner: Corner) -> None:
    if corner.bipartite:
        return
    for idtype in ID_DTYPES:
        g = corner.graph(idtype)
        half = g.num_edges() // 2
        sampled = g.sample_etype_neighbors(g.nodes(), [0, half, g.num_edges()], [-1, -1])
        assert sorted(eids(sampled)) == list(range(g.num_edges()))
        u, v = g.find_edges(sampled.edata[gm.EID])
        assert torch.equal(torch.stack(sampled.edges()), torch.stack([u, v]))


def test_outgoing_edges_are_sampled_alike() -> None:
    g = gm.reverse(star())
    assert eids(sample_etype_neighbors(g, [6], OFFSETS, [0, 0, 2], "out")) == [3, 4]


def test_edges_are_drawn_in_proportion_to_their_probabilities() -> None:
    gm.seed(0)
    seeds = torch.full((DRAWS,), 6)
    sampled = sample_etype_neighbors(star(), seeds, OFFSETS, [1, 0, 0], prob="w")
    assert_drawn(sampled.edata[gm.EID], [0, 1, 3])
    sampled = sample_etype_neighbors(star(), seeds, OFFSETS, [0, 0, 2], replace=True)
    assert_drawn(sampled.edata[gm.EID] - 3, [1, 1])


WRONG: list[tuple[Callable[[gm.Graph], Any], type[Exception], str]] = [
    (lambda g: sample_etype_neighbors(g, [6], [0, 6], [1, 1]), gm.GraphValueError, "each of 1"),
    (lambda g: sample_etype_neighbors(g, [6], [0, 5], [1]), gm.GraphValueError, "of edges, 6"),
    (lambda g: sample_etype_neighbors(g, [6], [0, 4, 2, 6], [1] * 3), gm.GraphValueError, "ascend"),
    (lambda g: sample_etype_neighbors(g, [6], [0, 1.5, 6], [1, 1]), gm.GraphTypeError, "etype_off"),
    (lambda g: sample_etype_neighbors(g, [6], [0, 6], [-2]), gm.GraphValueError, "fanout"),
    (lambda g: sample_etype_neighbors(g, [6], [0, 6], 2), gm.GraphTypeError, "fanout: .* got int"),
    (lambda g: sample_etype_neighbors(g, [7], [0, 6], [1]), gm.GraphIndexError, "7"),
    (lambda g: sample_etype_neighbors(g, [6], [0, 6], [1], "up"), gm.GraphValueError, "edge_dir"),
    (lambda g: sample_etype_neighbors(g, [6], [0, 6], [1], prob="q"), gm.GraphKeyError, "'q'"),
]


@pytest.mark.parametrize(("call", "error", "text"), WRONG)
def test_wrong_arguments_are_refused(
    call: Callable[[gm.Graph], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        call(star())


def test_a_graph_of_several_types_is_refused() -> None:
    g = gm.heterograph({("a", "to", "b"): ([0], [0])})
    with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
        sample_etype_neighbors(g, [0], [0, 1], [1])
