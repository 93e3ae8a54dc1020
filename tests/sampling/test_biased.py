"""Sampling with a weight for each tag, of graphs sorted by tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.chances import DRAWS, assert_drawn
from support.corner_graphs import ID_DTYPES, Corner, each_corner

import graphmp as gm
from graphmp.sampling import sample_neighbors_biased

TAGS = torch.tensor([1, 0, 2, 1, 0, 0])


def star(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Five edges into node 5."""
    g = gm.graph(([0, 1, 2, 3, 4], [5, 5, 5, 5, 5]), idtype=idtype)
    g.edata["w"] = torch.arange(5.0)
    return gm.sort_csc_by_tag(g, TAGS)


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_an_edge_is_drawn_in_proportion_to_the_bias_of_its_tag(idtype: torch.dtype) -> None:
    gm.seed(0)
    seeds = torch.full((DRAWS,), 5, dtype=idtype)
    for replace in (True, False):
        sampled = sample_neighbors_biased(
            star(idtype), seeds, 1, torch.tensor([1.0, 3.0, 0.0]), replace=replace
        )
        assert_drawn(sampled.edges()[0].long(), [3, 1, 0, 3, 1])


def test_edges_of_a_tag_without_bias_are_left_out() -> None:
    sampled = star().sample_neighbors_biased([5, 0], -1, [0.0, 1.0, 2.0])
    assert sorted(sampled.edges()[0].tolist()) == [0, 2, 3]
    assert torch.equal(sampled.edata["w"], sampled.edges()[0].float())


def test_outgoing_edges_have_the_tags_of_their_destinations() -> None:
    g = gm.sort_csr_by_tag(gm.graph(([5, 5, 5], [0, 1, 2])), TAGS)
    sampled = sample_neighbors_biased(g, [5], -1, [0.0, 1.0, 1.0], "out")
    assert sorted(sampled.edges()[1].tolist()) == [0, 2]


def test_a_bipartite_graph_can_be_sampled() -> None:
    g = gm.heterograph({("user", "buys", "item"): ([0, 1, 2], [0, 0, 0])})
    g = gm.sort_csc_by_tag(g, torch.tensor([1, 0, 1]), tag_offset_name="at")
    for nodes in ([0], {"item": [0]}):
        sampled = sample_neighbors_biased(g, nodes, 3, [0.0, 1.0], tag_offset_name="at")
        assert sorted(sampled.edges()[0].tolist()) == [0, 2]


@each_corner
def test_equal_biases_sample_every_edge(corner: Corner) -> None:
    for idtype in ID_DTYPES:
        g = corner.graph(idtype)
        g = gm.sort_csc_by_tag(g, torch.arange(corner.num_src) % 2)
        tags = g.dstdata["_TAG_OFFSET"].shape[1] - 1
        sampled = sample_neighbors_biased(g, range(corner.num_dst), -1, [1.0] * tags)
        assert sorted(sampled.edata[gm.EID].tolist()) == list(range(g.num_edges()))


def stale() -> gm.Graph:
    g = star()
    g.add_edges([0], [5])
    return g


B = [1.0, 1.0, 1.0]
WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: sample_neighbors_biased(star(), [5], 1, B[:2]), gm.GraphValueError, "each of 3 tags"),
    (lambda: sample_neighbors_biased(star(), [5], 1, [1, 1, 1]), gm.GraphTypeError, "bias"),
    (lambda: sample_neighbors_biased(star(), [5], 1, [1.0, -1, 1]), gm.GraphValueError, "at least"),
    (
        lambda: sample_neighbors_biased(star(), [5], 1, [1.0, torch.nan, 1]),
        gm.GraphValueError,
        "fi",
    ),
    (lambda: sample_neighbors_biased(star(), [5], 1, B, "up"), gm.GraphValueError, "edge_dir"),
    (lambda: sample_neighbors_biased(star(), [6], 1, B), gm.GraphIndexError, "6"),
    (lambda: sample_neighbors_biased(star(), [5], 1, B, "out"), gm.GraphValueError, "sort_csr_by"),
    (lambda: sample_neighbors_biased(star(), [5], 1, B, "in", "t"), gm.GraphKeyError, "'t'"),
    (lambda: sample_neighbors_biased(stale(), [5], 1, B), gm.GraphValueError, "sort the graph"),
]


@pytest.mark.parametrize(("call", "error", "text"), WRONG)
def test_wrong_arguments_are_refused(
    call: Callable[[], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        call()


def test_a_field_that_has_no_offsets_is_refused() -> None:
    g = gm.graph(([0], [1]))
    g.ndata["_TAG_OFFSET"] = torch.zeros(2)
    with pytest.raises(gm.GraphValueError, match="tag offsets of shape"):
        sample_neighbors_biased(g, [1], 1, [1.0])


def test_a_graph_of_several_edge_types_is_refused() -> None:
    g = gm.heterograph({("a", "to", "b"): ([0], [0]), ("b", "of", "a"): ([0], [0])})
    with pytest.raises(gm.GraphValueError, match="one edge type"):
        sample_neighbors_biased(g, {"a": [0]}, 1, [1.0])
