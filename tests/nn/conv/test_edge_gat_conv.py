from __future__ import annotations

from typing import Any

import pytest
import torch
from support import dense
from support.agreement import Formula, Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import BIPARTITE, Corner, each_corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import EdgeGATConv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
HEADS, OUT, EDGE = 3, 2, 4


def formula_of(corner: Corner) -> Formula:
    """Every edge's vector is made, scored and summed."""
    leaves, enters = ends_of(corner)

    def formula(p: Parameters, source: Tensor, own: Tensor, _: Any, edge_feat: Tensor) -> Tensor:
        def mapped(h: Tensor, *names: str) -> Tensor:
            weight = next(p[f"{name}.weight"] for name in names if f"{name}.weight" in p)
            return (h @ weight.T).view(len(h), HEADS, OUT)

        left, right = mapped(source, "fc_src", "fc"), mapped(own, "fc_dst", "fc")
        edges = mapped(edge_feat, "fc_edge")
        sent, met = torch.einsum("en,nhd->ehd", leaves, left), (left, right)
        ends = zip(("attn_l", "attn_r"), (leaves, enters), met, strict=True)
        score = (edges * p["attn_edge"]).sum(-1)
        for name, incidence, h in ends:
            score = score + incidence @ (h * p[name]).sum(-1)
        score = torch.where(score > 0, score, 0.2 * score)
        attention = dense.edge_softmax(score, corner.dst, corner.num_dst).unsqueeze(-1)
        out = torch.einsum("en,ehd->nhd", enters, attention * (sent + edges))
        out = out + mapped(own, "res_fc") if "res_fc.weight" in p else out
        return out + p["bias"].view(HEADS, OUT) if "bias" in p else out

    return formula


@pytest.mark.parametrize("options", [{}, {"residual": False, "bias": False}], ids=str)
@each_corner
def test_it_agrees_with_the_dense_formula(corner: Corner, options: dict[str, Any]) -> None:
    layer = drawn(EdgeGATConv(4, EDGE, OUT, HEADS, allow_zero_in_degree=True, **options))
    edges = corner.feature("e", (EDGE,), torch.float64)
    inputs = features(corner, (4, 4))
    assert_agrees(layer, formula_of(corner), corner.graph(), inputs, edge_feat=edges)


def test_a_pair_of_sizes_agrees_with_the_dense_formula() -> None:
    layer = drawn(EdgeGATConv((5, 4), EDGE, OUT, HEADS, allow_zero_in_degree=True))
    edges = BIPARTITE.feature("e", (EDGE,), torch.float64)
    inputs = features(BIPARTITE, (5, 4))
    assert_agrees(layer, formula_of(BIPARTITE), BIPARTITE.graph(), inputs, edge_feat=edges)


def test_the_attention_given_is_the_one_applied() -> None:
    layer = EdgeGATConv(4, EDGE, OUT, HEADS, attn_drop=0.5, residual=False)
    x, e = torch.randn(3, 4), torch.randn(4, EDGE)
    out, attention = layer(RING, x, e, get_attention=True)
    assert attention.shape == (4, HEADS, 1)
    sent = layer.fc(x)[RING.edges()[0]] + layer.fc_edge(e)
    assert_close(gm.ops.copy_e_sum(RING, attention * sent.view(4, HEADS, OUT)), out)


def test_features_may_have_more_dimensions() -> None:
    layer, x = EdgeGATConv(4, EDGE, OUT, HEADS), torch.randn(3, 5, 4)
    e = torch.randn(4, 5, EDGE)
    parts = [layer(RING, x[:, i], e[:, i]) for i in range(5)]
    assert_close(layer(RING, x, e), torch.stack(parts, 1))
    parts = [layer(RING, x[:, i], e[:, 0]) for i in range(5)]
    assert_close(layer(RING, x, e[:, 0]), torch.stack(parts, 1))


def test_edges_of_another_size_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match=r"edge_feat of .*: expected 4 .* \(4, 3\)"):
        EdgeGATConv(4, EDGE, OUT, HEADS)(RING, torch.ones(3, 4), torch.ones(4, 3))


def test_the_activation_comes_last() -> None:
    layer = EdgeGATConv(4, EDGE, OUT, HEADS, activation=lambda h: h * 0 + 7)
    assert bool((layer(RING, torch.ones(3, 4), torch.ones(4, EDGE)) == 7).all())


def test_nodes_without_in_edges_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="EdgeGATConv needs an edge into every node"):
        EdgeGATConv(4, EDGE, OUT, HEADS)(gm.graph(([0], [1])), torch.ones(2, 4), torch.ones(1, 4))


def test_repr_tells_the_sizes() -> None:
    assert "in=5, edge=4, out=2, heads=3" in repr(EdgeGATConv(5, EDGE, OUT, HEADS))
