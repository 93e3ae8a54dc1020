from __future__ import annotations

from typing import Any

import pytest
import torch
from support import dense
from support.agreement import Formula, Parameters, assert_agrees, drawn, features
from support.corner_graphs import BIPARTITE, Corner, each_corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import DotGatConv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
HEADS, OUT = 3, 2


def formula_of(corner: Corner) -> Formula:
    """Scores and sums edge by edge."""

    def formula(p: Parameters, source: Tensor, own: Tensor, _: Any) -> Tensor:
        weights = [p.get(name, p.get("fc.weight")) for name in ("fc_src.weight", "fc_dst.weight")]
        left, right = (
            (h @ w.T).view(len(h), HEADS, OUT)  # type: ignore[union-attr]
            for h, w in zip((source, own), weights, strict=True)
        )
        logits = dense.scores("dot", corner.src, corner.dst, left, right) / OUT**0.5
        return dense.attend(logits, left, corner.src, corner.dst, corner.num_dst)[0]

    return formula


@each_corner
def test_it_agrees_with_the_dense_formula(corner: Corner) -> None:
    layer = drawn(DotGatConv(4, OUT, HEADS, allow_zero_in_degree=True))
    assert_agrees(layer, formula_of(corner), corner.graph(), features(corner, (4, 4)))


def test_a_pair_of_sizes_agrees_with_the_dense_formula() -> None:
    layer = drawn(DotGatConv((5, 4), OUT, HEADS, allow_zero_in_degree=True))
    assert_agrees(layer, formula_of(BIPARTITE), BIPARTITE.graph(), features(BIPARTITE, (5, 4)))


def test_the_attention_given_is_the_one_applied() -> None:
    layer, x = DotGatConv(4, OUT, HEADS), torch.randn(3, 4)
    out, attention = layer(RING, x, get_attention=True)
    assert attention.shape == (4, HEADS, 1)
    sent = layer.fc(x).view(3, HEADS, OUT)
    assert_close(gm.ops.u_mul_e_sum(RING, sent, attention), out)


def test_features_may_have_more_dimensions() -> None:
    layer, x = DotGatConv(4, OUT, HEADS), torch.randn(3, 5, 4)
    assert_close(layer(RING, x), torch.stack([layer(RING, x[:, i]) for i in range(5)], 1))


def test_nodes_without_in_edges_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="DotGatConv needs an edge into every node"):
        DotGatConv(4, OUT, HEADS)(gm.graph(([0], [1])), torch.ones(2, 4))


def test_repr_tells_the_sizes() -> None:
    assert "in=4, out=2, heads=3" in repr(DotGatConv(4, OUT, HEADS))
