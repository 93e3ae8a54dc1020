"""Edges sorted by tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.corner_graphs import ID_DTYPES, Corner, each_corner

import graphmp as gm
from graphmp import sort_csc_by_tag, sort_csr_by_tag


@each_corner
def test_the_edges_of_a_node_are_sorted_by_tag_and_offsets_say_where(corner: Corner) -> None:
    for idtype in ID_DTYPES:
        g = corner.graph(idtype)
        g.edata["old"] = torch.arange(g.num_edges())
        ends = {
            "csr": (sort_csr_by_tag, corner.src, corner.dst, corner.num_dst),
            "csc": (sort_csc_by_tag, corner.dst, corner.src, corner.num_src),
        }
        for layout, (function, own, other, count) in ends.items():
            tags = [i % 3 for i in range(count)]
            new = function(g, torch.tensor(tags, dtype=torch.int32), "at")
            pairs = sorted(range(g.num_edges()), key=lambda e: (own[e], tags[other[e]], e))
            assert new.edata["old"].tolist() == new.edata[gm.EID].tolist() == pairs
            indptr, indices, edge_ids = new.adj_tensors(layout)
            assert edge_ids.tolist() == list(range(g.num_edges()))
            assert indices.tolist() == [other[e] for e in pairs]
            offsets = (new.srcdata if layout == "csr" else new.dstdata)["at"]
            assert offsets.dtype == new.idtype == idtype
            for row, start in enumerate(indptr[:-1].tolist()):
                for tag in range(offsets.shape[1] - 1):
                    low, high = (start + offsets[row, tag : tag + 2]).tolist()
                    assert {tags[other[e]] for e in pairs[low:high]} <= {tag}
                assert start + offsets[row, -1] == indptr[row + 1]


def test_edges_can_have_the_tags() -> None:
    g = gm.graph(([0, 0, 1], [1, 2, 2]))
    new = sort_csr_by_tag(g, [1, 0, 1], tag_type="edge")
    assert new.edata[gm.EID].tolist() == [1, 0, 2]
    assert new.ndata["_TAG_OFFSET"].tolist() == [[0, 1, 2], [0, 0, 1], [0, 0, 0]]


def test_features_and_batches_stay_and_the_graph_is_not_changed() -> None:
    g = gm.batch([gm.graph(([0, 1], [1, 0])), gm.graph(([0], [0]))])
    g.ndata["x"] = torch.arange(3)
    new = sort_csc_by_tag(g, [0, 1, 0])
    assert new.ndata["x"] is g.ndata["x"]
    assert new.batch_num_edges().tolist() == [2, 1]
    assert list(g.ndata) == ["x"]
    assert list(g.edata) == []


G = gm.graph(([0, 0], [1, 2]))
TYPES = gm.heterograph({("a", "to", "b"): ([0], [0]), ("b", "of", "a"): ([0], [0])})
WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: sort_csr_by_tag(G, [0, 1]), gm.GraphValueError, r"each node, \(3,\)"),
    (lambda: sort_csr_by_tag(G, [0] * 3, tag_type="edge"), gm.GraphValueError, r"each edge, \(2,"),
    (lambda: sort_csr_by_tag(G, [0, -1, 0]), gm.GraphValueError, "at least 0, got -1"),
    (lambda: sort_csc_by_tag(G, [0.0, 1, 0]), gm.GraphTypeError, "tag: expected integers"),
    (lambda: sort_csc_by_tag(G, [0] * 3, tag_type="x"), gm.GraphValueError, "tag_type"),
    (lambda: sort_csc_by_tag(TYPES, [0]), gm.GraphValueError, "one edge type"),
    (lambda: sort_csc_by_tag(gm.to_block(G), [0]), gm.GraphValueError, "not a block"),
]


@pytest.mark.parametrize(("call", "error", "text"), WRONG)
def test_wrong_arguments_are_refused(
    call: Callable[[], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        call()
