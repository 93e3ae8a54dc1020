"""Positional encodings agree with dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.corner_graphs import ID_DTYPES, MIXED, SMALL_CORNERS, Corner
from support.samples import diamond, shop

import graphmp as gm
from graphmp.transforms import positional

SQUARE = [corner for corner in SMALL_CORNERS if not corner.bipartite]
square = pytest.mark.parametrize("corner", SQUARE, ids=str)
each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def returns(corner: Corner, weights: torch.Tensor, k: int) -> np.ndarray:
    """(N, k) the diagonals of powers of the transition matrix."""
    matrix = np.zeros((corner.num_src, corner.num_dst))
    np.add.at(matrix, (list(corner.src), list(corner.dst)), weights.double().numpy())
    walk = matrix / np.maximum(matrix.sum(1, keepdims=True), 1e-30)
    powers = [np.linalg.matrix_power(walk, i + 1).diagonal() for i in range(k)]
    return np.stack(powers, 1) if powers else np.zeros((corner.num_src, 0))


@square
@each_idtype
@pytest.mark.parametrize("k", [0, 1, 4])
def test_walks_return_with_these_probabilities(corner: Corner, k: int, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    weights = corner.feature("e").abs()
    g.edata["w"] = weights.view(-1, 1)
    for name, values in ((None, torch.ones(g.num_edges())), ("w", weights)):
        encoding = gm.random_walk_pe(g, k, name)
        expected = torch.from_numpy(returns(corner, values, k)).float()
        torch.testing.assert_close(encoding, expected)


def test_columns_are_computed_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = gm.random_walk_pe(MIXED.graph(), 3)
    monkeypatch.setattr(positional, "_NUMBERS", 12)
    assert torch.equal(gm.random_walk_pe(MIXED.graph(), 3), expected)


@square
@each_idtype
@pytest.mark.parametrize("k", [0, 2, 9])
def test_singular_vectors_make_the_matrix(corner: Corner, k: int, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    nodes, count = g.num_nodes(), min(k, corner.num_src)
    encoding = gm.svd_pe(g, k, padding=True)
    assert encoding.shape == (nodes, 2 * k)
    assert encoding.dtype == torch.float32
    left, right, rest = encoding.double().tensor_split((count, 2 * count), 1)
    assert not rest.any()
    matrix = g.adj().to_dense().double()
    values = torch.linalg.svdvals(matrix)
    low_rank = torch.linalg.matrix_norm(matrix - left @ right.T) if nodes else torch.zeros(())
    assert abs(float(low_rank) - float(values[count:].norm())) < 1e-5
    for vectors in (left, right):
        torch.testing.assert_close(vectors.T @ vectors, values[:count].diag(), atol=1e-5, rtol=1e-5)


def test_signs_are_drawn_for_both_vectors_together() -> None:
    g = MIXED.graph()
    plain = gm.svd_pe(g, 4, random_flip=False)
    gm.seed(1)
    drawn = [gm.svd_pe(g, 4) for _ in range(20)]
    signs = [(pe / plain).nanmean(0).round() for pe in drawn]
    assert all(torch.equal(pe.abs(), plain.abs()) for pe in drawn)
    assert all(torch.equal(sign[:4], sign[4:]) for sign in signs)
    assert len({tuple(sign.tolist()) for sign in signs}) > 1
    gm.seed(1)
    assert torch.equal(gm.svd_pe(g, 4), drawn[0])


def test_objects_write_a_feature() -> None:
    g = diamond()
    new = gm.RandomWalkPE(3, "p", "w")(g)
    assert torch.equal(new.ndata["p"], gm.random_walk_pe(g, 3, "w"))
    new = gm.SVDPE(2, random_flip=False)(g)
    assert torch.equal(new.ndata["svd_pe"], gm.svd_pe(g, 2, random_flip=False))
    assert gm.SVDPE(6, "q", padding=True)(g).ndata["q"].shape == (4, 12)
    assert list(g.ndata) == ["x"]


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="k to be at most the number of nodes 4, got 5"):
        gm.svd_pe(diamond(), 5)
    with pytest.raises(gm.GraphKeyError, match="no field 'missing'"):
        gm.random_walk_pe(diamond(), 2, "missing")
    with pytest.raises(gm.GraphValueError, match="k: expected a non-negative int"):
        gm.random_walk_pe(diamond(), -1)
    for function in (gm.random_walk_pe, gm.svd_pe):
        with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
            function(shop(), 2)
