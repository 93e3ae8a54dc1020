from __future__ import annotations

import pytest
import torch
from support.corner_graphs import CORNERS, ID_DTYPES, Corner

import graphmp as gm

SQUARE = [c for c in CORNERS if not c.bipartite and c.name != "hub"]


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize("backtracking", [True, False])
@pytest.mark.parametrize("corner", SQUARE, ids=str)
def test_an_edge_leads_to_those_that_go_on(
    corner: Corner, backtracking: bool, idtype: torch.dtype
) -> None:
    g = corner.graph(idtype)
    line = gm.line_graph(g, backtracking)
    edges = list(enumerate(zip(corner.src, corner.dst, strict=True)))
    expected = [
        (i, j)
        for i, (u, v) in edges
        for j, (s, w) in edges
        if i != j and v == s and (backtracking or w != u)
    ]
    found = zip(*(ends.tolist() for ends in line.edges()), strict=True)
    assert list(found) == expected
    assert (line.num_nodes(), line.idtype) == (g.num_edges(), idtype)


def test_nodes_may_share_the_features_of_edges() -> None:
    g = gm.graph(([0, 1], [1, 0]))
    g.edata["w"] = torch.ones(2, 3)
    assert gm.line_graph(g, shared=True).ndata["w"] is g.edata["w"]
    assert not gm.line_graph(g).ndata


def test_several_types_and_blocks_are_refused() -> None:
    typed = gm.heterograph({("a", "x", "b"): ([0], [0])})
    for g in (typed, gm.create_block(([0], [0]))):
        with pytest.raises(gm.GraphValueError, match="of one node and one edge type"):
            gm.line_graph(g)
