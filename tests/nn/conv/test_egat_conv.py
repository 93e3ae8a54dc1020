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
from graphmp.nn import EGATConv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
HEADS, OUT, EDGE, NEW = 3, 2, 4, 5


def formula_of(corner: Corner) -> Formula:
    """New features of the edges, and sums by their scores."""
    leaves, enters = ends_of(corner)

    def formula(
        p: Parameters, source: Tensor, own: Tensor, weight: Tensor | None, efeats: Tensor
    ) -> tuple[Tensor, Tensor]:
        edges = leaves @ source @ p["fc_ni.weight"].T + enters @ own @ p["fc_nj.weight"].T
        edges = edges + efeats @ p["fc_fij.weight"].T + p.get("bias", 0.0)
        edges = torch.where(edges > 0, edges, 0.01 * edges).view(len(edges), HEADS, NEW)
        sent = (source @ p["fc_node_src.weight"].T).view(len(source), HEADS, OUT)
        weights = None if weight is None else weight.view(len(edges), *weight.shape[1:2] or (1,))
        logits = (edges * p["attn"]).sum(-1)
        return dense.attend(logits, sent, corner.src, corner.dst, corner.num_dst, weights)[0], edges

    return formula


@pytest.mark.parametrize("bias", [True, False])
@each_corner
def test_it_agrees_with_the_dense_formula(corner: Corner, bias: bool) -> None:
    layer = drawn(EGATConv(4, EDGE, OUT, NEW, HEADS, bias, allow_zero_in_degree=True))
    edges, inputs = corner.feature("e", (EDGE,), torch.float64), features(corner, (4, 4))
    for shape in (None, (), (1,), (HEADS, 1)):
        weight = None if shape is None else corner.feature("e", shape, torch.float64)
        formula = formula_of(corner)
        assert_agrees(layer, formula, corner.graph(), inputs, weight, efeats=edges)


def test_a_pair_of_sizes_agrees_with_the_dense_formula() -> None:
    layer = drawn(EGATConv((5, 4), EDGE, OUT, NEW, HEADS, allow_zero_in_degree=True))
    edges, inputs = BIPARTITE.feature("e", (EDGE,), torch.float64), features(BIPARTITE, (5, 4))
    assert_agrees(layer, formula_of(BIPARTITE), BIPARTITE.graph(), inputs, efeats=edges)


def test_the_attention_given_is_the_one_applied() -> None:
    layer, x, e, w = (
        EGATConv(4, EDGE, OUT, NEW, HEADS),
        torch.randn(3, 4),
        torch.randn(4, EDGE),
        torch.rand(4),
    )
    given: dict[str, Any] = {"edge_weight": w, "get_attention": True}
    out, edges, attention = layer(RING, x, e, **given)
    assert edges.shape == (4, HEADS, NEW)
    sent = layer.fc_node_src(x).view(3, HEADS, OUT)
    assert_close(gm.ops.u_mul_e_sum(RING, sent, attention), out)


@pytest.mark.parametrize("shape", [(4, 2), (4, HEADS, 2)], ids=str)
def test_edge_weights_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    layer, x, e = EGATConv(4, EDGE, OUT, NEW, HEADS), torch.ones(3, 4), torch.ones(4, EDGE)
    with pytest.raises(gm.GraphValueError, match=r"edge_weight: expected shape \(E,\) or"):
        layer(RING, x, e, edge_weight=torch.ones(shape))


def test_edges_of_another_size_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match=r"efeats of .*: expected 4 .* \(4, 3\)"):
        EGATConv(4, EDGE, OUT, NEW, HEADS)(RING, torch.ones(3, 4), torch.ones(4, 3))


def test_nodes_without_in_edges_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="EGATConv needs an edge into every node"):
        EGATConv(4, EDGE, OUT, NEW, HEADS)(gm.graph(([0], [1])), torch.ones(2, 4), torch.ones(1, 4))
