"""The propagations of LightGCN and LR-GCCF."""

from __future__ import annotations

import torch
from support.agreement import Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import Corner, each_corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import GraphConv, LightGCNConv, LRGCCFConv

# Ratings above 3 of the table in the document on these layers: users and items are both 0 to 4.
RATED = gm.graph(([0, 1, 1, 4, 1, 2, 0, 4], [1, 2, 0, 4, 0, 1, 1, 4]), num_nodes=5)


@each_corner
def test_lightgcn_agrees_with_the_dense_formula(corner: Corner) -> None:
    leaves, enters = ends_of(corner)
    left, right = (d.sum(0).clamp(min=1).rsqrt() for d in (leaves, enters))

    def formula(_: Parameters, source: Tensor, __: Tensor, weight: Tensor | None) -> Tensor:
        weights = torch.ones(len(leaves), 1) if weight is None else weight.view(-1, 1)
        return right.diag() @ enters.T @ (weights * leaves) @ left.diag() @ source

    for weight in (None, corner.feature("e", (), torch.float64)):
        inputs = features(corner, (3, 7))
        assert_agrees(LightGCNConv(), formula, corner.graph(), inputs, weight)


def test_lightgcn_is_graph_convolution_without_a_weight() -> None:
    x = torch.randn(5, 3)
    plain = GraphConv(3, 3, weight=False, bias=False, allow_zero_in_degree=True)
    assert_close(LightGCNConv()(RATED, x), plain(RATED, x))
    assert not LightGCNConv()(RATED, x)[3].any()  # nobody rated it


@each_corner
def test_lrgccf_agrees_with_the_dense_formula(corner: Corner) -> None:
    leaves, enters = ends_of(corner)
    left, right = ((d.sum(0) + 1).rsqrt() for d in (leaves, enters))

    def formula(p: Parameters, source: Tensor, own: Tensor, _: None) -> Tensor:
        sent = right.diag() @ enters.T @ leaves @ left.diag() @ source
        return (sent + (right * right).diag() @ own) @ p["lin.weight"].T + p["lin.bias"]

    layer = drawn(LRGCCFConv(3, 2))
    assert_agrees(layer, formula, corner.graph(), features(corner, (3, 3)))


def test_lrgccf_is_a_step_on_the_graph_with_self_loops_before_a_map() -> None:
    layer, x = LRGCCFConv(3, 2), torch.randn(5, 3)
    g = gm.to_bidirected(gm.to_simple(RATED))
    step = GraphConv(3, 3, weight=False, bias=False)
    looped = gm.add_self_loop(gm.remove_self_loop(g))
    assert_close(layer(gm.remove_self_loop(g), x), layer.lin(step(looped, x)))
