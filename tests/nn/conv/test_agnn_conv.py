from __future__ import annotations

from typing import Any

import pytest
import torch
from support import dense
from support.agreement import Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import Corner, each_corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import AGNNConv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))


@pytest.mark.parametrize("learnt", [True, False], ids=["learnt", "fixed"])
@each_corner
@pytest.mark.loops
def test_it_agrees_with_the_dense_formula(corner: Corner, learnt: bool) -> None:
    leaves, enters = ends_of(corner)

    def formula(p: Parameters, source: Tensor, own: Tensor, _: Any) -> Tensor:
        left, right = leaves @ source, enters @ own
        cosine = (left * right).sum(1) / (left.norm(dim=1) * right.norm(dim=1))
        attention = dense.edge_softmax(p.get("beta", 1.5) * cosine, corner.dst, corner.num_dst)
        return enters.T @ (attention.view(-1, 1) * left)

    layer = drawn(AGNNConv(1.5, learnt, allow_zero_in_degree=True))
    assert_agrees(layer, formula, corner.graph(), features(corner, (3, 3)))


def test_features_may_have_more_dimensions() -> None:
    layer, x = AGNNConv(), torch.randn(3, 5, 4)
    assert_close(layer(RING, x), torch.stack([layer(RING, x[:, i]) for i in range(5)], 1))


def test_a_fixed_beta_is_kept_and_not_learnt() -> None:
    layer = AGNNConv(2.0, learn_beta=False)
    assert layer.state_dict()["beta"].tolist() == [2.0]
    assert not list(layer.parameters())


def test_numbers_have_no_direction() -> None:
    with pytest.raises(gm.GraphValueError, match=r"\(num_src, size\), got a shape of \(3,\)"):
        AGNNConv()(RING, torch.ones(3))


def test_nodes_without_in_edges_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="AGNNConv needs an edge into every node"):
        AGNNConv()(gm.graph(([0], [1])), torch.ones(2, 4))
