"""Merged graphs have the edges of all, and the last features."""

from __future__ import annotations

import pytest
import torch
from support.corner_graphs import ID_DTYPES
from support.samples import contents, diamond, edges, shop

import graphmp as gm


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_edges_follow_each_other_and_the_last_features_count(idtype: torch.dtype) -> None:
    g, h = diamond().astype(idtype), gm.graph(([1], [0]), num_nodes=2, idtype=idtype)
    h.ndata["x"], h.ndata["y"] = torch.tensor([7.0, 8.0]), torch.ones(2, 2)
    h.edata["w"], h.edata["z"] = torch.tensor([5.0]), torch.ones(1)
    both = gm.merge([g, h])
    assert edges(both) == [*edges(g), (1, 0)]
    assert both.ndata["x"].tolist() == [7.0, 8.0, 2.0, 3.0]
    assert both.ndata["y"].tolist() == [[1, 1], [1, 1], [0, 0], [0, 0]]
    assert both.edata["w"].tolist() == [0, 10, 20, 30, 5]
    assert "z" not in both.edata
    assert both.idtype == idtype
    assert contents(g) == contents(diamond())


def test_the_largest_graph_gives_the_number_of_nodes() -> None:
    small, large = gm.graph(([0], [0])), gm.graph(([], []), num_nodes=5)
    assert gm.merge([small, large, small]).num_nodes() == 5


def test_every_type_is_merged() -> None:
    more = gm.add_nodes(shop(), 1, ntype="game")
    both = gm.merge([shop(), more])
    assert (both.num_nodes("game"), both.num_nodes("user")) == (3, 3)
    for etype in both.canonical_etypes:
        assert edges(both, etype) == edges(shop(), etype) * 2
    assert both.ndata["x"]["game"].tolist() == [0, 1, 0]


def test_one_graph_alone_is_itself() -> None:
    assert contents(gm.merge([shop()])) == contents(shop())


def test_gradients_reach_the_features() -> None:
    g = diamond()
    x = torch.ones(4, requires_grad=True)
    g.ndata["x"] = x
    h = gm.graph(([0], [1]))
    h.ndata["x"], h.edata["w"] = torch.zeros(2), torch.zeros(1)
    gm.merge([g, h]).ndata["x"].sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 1, 1]


def test_graphs_that_do_not_fit_are_refused() -> None:
    g = diamond()
    with pytest.raises(gm.GraphValueError, match="at least one graph"):
        gm.merge([])
    with pytest.raises(gm.GraphTypeError, match="one id type"):
        gm.merge([g, g.int()])
    with pytest.raises(gm.GraphValueError, match="graphs of the same types, got graph 1 with"):
        gm.merge([g, shop()])
    with pytest.raises(gm.GraphKeyError, match="no field 'w'"):
        gm.merge([g, gm.graph(([0], [1]))])
    with pytest.raises(gm.GraphValueError, match="not a block"):
        gm.merge([gm.create_block(([0], [0]))])
    other = gm.graph(([0], [1]))
    other.ndata["x"], other.edata["w"] = torch.ones(2, dtype=torch.int64), torch.ones(1)
    with pytest.raises(gm.GraphTypeError, match=r"rows of torch.float32, got torch.int64"):
        gm.merge([g, other])
