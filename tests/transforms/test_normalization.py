"""Normalized weights and features agree with dense formulas."""

from __future__ import annotations

import pytest
import torch
from support.corner_graphs import CORNERS, ID_DTYPES, SMALL_CORNERS, TINY, Corner
from support.samples import contents, diamond, shop
from torch import Tensor

import graphmp as gm

SQUARE = [corner for corner in SMALL_CORNERS if not corner.bipartite]
each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


@each_idtype
@pytest.mark.parametrize("corner", CORNERS, ids=str)
def test_edges_are_divided_by_the_degree_of_their_end(corner: Corner, idtype: torch.dtype) -> None:
    norm = gm.norm_by_dst(corner.graph(idtype))
    expected = torch.tensor([1 / corner.dst.count(v) for v in corner.dst])
    torch.testing.assert_close(norm, expected)


def test_a_relation_is_named() -> None:
    assert gm.norm_by_dst(shop(), "buys").tolist() == [0.5, 0.5, 1]
    with pytest.raises(gm.GraphValueError, match="name one"):
        gm.norm_by_dst(shop())


def gcn(corner: Corner, weights: Tensor) -> Tensor:
    """Weights over the roots of weighted in-degrees, one edge after the other."""
    degrees = [
        sum(w for w, v in zip(weights, corner.dst, strict=True) if v == n)
        for n in range(corner.num_dst)
    ]
    parts = []
    for w, u, v in zip(weights, corner.src, corner.dst, strict=True):
        isolated = not isinstance(degrees[u], Tensor) or not isinstance(degrees[v], Tensor)
        parts.append(0 * w if isolated else w / (degrees[u] * degrees[v]) ** 0.5)
    return torch.stack(parts) if parts else weights


@each_idtype
@pytest.mark.parametrize("corner", SQUARE, ids=str)
def test_weights_are_normalized_at_both_ends(corner: Corner, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    weights = corner.feature("e").abs().requires_grad_()
    g.edata["w"] = weights
    new = gm.GCNNorm()(g)
    torch.testing.assert_close(new.edata["w"], gcn(corner, weights))
    assert g.edata["w"] is weights
    ones = gm.GCNNorm("none")(g).edata["none"]
    torch.testing.assert_close(ones, gcn(corner, torch.ones(g.num_edges())))
    g.edata["w"] = weights.view(-1, 1)
    torch.testing.assert_close(gm.GCNNorm()(g).edata["w"], new.edata["w"].view(-1, 1))


def test_gradients_reach_the_weights() -> None:
    weights = TINY.feature("e").abs()[[0, 1, 2, 4]]
    loops = Corner("loops", (0, 1, 0, 1), (1, 0, 0, 1), 2, 2)
    results = []
    for by_graph in (True, False):
        leaf = weights.clone().requires_grad_()
        g = loops.graph()
        g.edata["w"] = leaf
        out = gm.GCNNorm()(g).edata["w"] if by_graph else gcn(loops, leaf)
        results.append(torch.autograd.grad(out @ torch.arange(4.0), leaf)[0])
    torch.testing.assert_close(*results)


def test_only_relations_within_a_type_are_normalized() -> None:
    g = shop()
    new = gm.GCNNorm()(g)
    assert new.edges["buys"].data["w"] is g.edges["buys"].data["w"]
    assert new.edges["follows"].data["w"].tolist() == [0, 0]  # user 0 has no in-edge, w[0] is 0
    with pytest.raises(gm.GraphValueError, match="not a block"):
        gm.GCNNorm()(gm.create_block(([0], [0])))


@pytest.mark.parametrize("subtract", [False, True])
def test_rows_are_divided_by_their_sums(subtract: bool) -> None:
    g = diamond()
    g.ndata["h"] = torch.tensor([[1.0, 3.0], [0.25, 0.25], [2.0, 6.0], [-1.0, 2.0]])
    g.edata["h"] = torch.arange(8.0).view(4, 2)
    before = contents(g)
    new = gm.RowFeatNormalizer(subtract, ["h"], ["h"])(g)
    for data, old in ((new.ndata["h"], g.ndata["h"]), (new.edata["h"], g.edata["h"])):
        shifted = old - old.min() if subtract else old
        for row, expected in zip(data, shifted, strict=True):
            torch.testing.assert_close(row, expected / max(float(expected.sum()), 1))
    assert contents(g) == before


def test_every_type_that_has_the_feature_is_normalized() -> None:
    g = shop()
    g.ndata["h"] = {"user": torch.full((3, 2), 2.0)}
    new = gm.RowFeatNormalizer(node_feat_names=["h"])(g)
    assert new.ndata["h"]["user"].tolist() == [[0.5, 0.5]] * 3
    with pytest.raises(gm.GraphKeyError, match="that some type has, got 'missing'"):
        gm.RowFeatNormalizer(edge_feat_names=["missing"])(g)
    empty = gm.graph(([], []))
    empty.ndata["h"] = torch.ones(0, 3)
    assert gm.RowFeatNormalizer(True, ["h"])(empty).ndata["h"].shape == (0, 3)
