from __future__ import annotations

import pytest
import torch
from support.corner_graphs import Corner, each_corner
from support.laws import assert_close, assert_same_with_gradients
from torch import Tensor

import graphmp as gm
from graphmp.nn import EdgeWeightNorm, GraphConv
from graphmp.nn.functional.edge_weights import NORMS

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))


@pytest.mark.parametrize("eps", [0.0, 0.5])
@pytest.mark.parametrize("norm", NORMS)
@each_corner
def test_it_agrees_with_a_loop_over_edges(corner: Corner, norm: str, eps: float) -> None:
    left = {"both": 0.5, "left": 1.0}.get(norm, 0.0)
    right = {"both": 0.5, "right": 1.0}.get(norm, 0.0)

    def expected(weight: Tensor) -> Tensor:
        leaving = torch.zeros(corner.num_src).double().index_add(0, torch.tensor(src), weight)
        entering = torch.zeros(corner.num_dst).double().index_add(0, torch.tensor(dst), weight)
        return weight / ((leaving[src] + eps) ** left * (entering[dst] + eps) ** right)

    src, dst = list(corner.src), list(corner.dst)
    weight, layer = corner.feature("e", (), torch.float64).abs(), EdgeWeightNorm(norm, eps)
    if src:
        assert_same_with_gradients(lambda w: layer(corner.graph(), w), expected, weight)
    assert layer(corner.graph(), weight.view(-1, 1)).shape == (len(src), 1)


def test_norms_of_ones_are_those_of_graph_convolution() -> None:
    x = torch.randn(3, 2)
    for norm in NORMS:
        plain = GraphConv(2, 2, norm=norm, weight=False, bias=False)
        sums = GraphConv(2, 2, norm="none", weight=False, bias=False)
        ones = EdgeWeightNorm(norm)(RING, torch.ones(4))
        assert_close(sums(RING, x, edge_weight=ones), plain(RING, x))


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="both, none, left, right, got 'mean'"):
        EdgeWeightNorm("mean")


@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_weights_without_a_root_are_refused(bad: float) -> None:
    weight = torch.tensor([1.0, bad, 1.0, 1.0])
    with pytest.raises(
        gm.GraphValueError, match=f"edge_weight: expected numbers above zero .* got {bad};"
    ):
        EdgeWeightNorm()(RING, weight)
    assert bool(EdgeWeightNorm("right")(RING, weight).isfinite().any())


@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        (torch.ones(4, 2), gm.GraphValueError, r"\(E,\) or \(E, 1\), got a shape of \(4, 2\)"),
        (torch.ones(3), gm.GraphValueError, "expected 4 rows"),
        ([1.0] * 4, gm.GraphTypeError, "expected a tensor"),
    ],
    ids=["numbers", "rows", "list"],
)
def test_wrong_weights_are_refused(weight: Tensor, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        EdgeWeightNorm()(RING, weight)


def test_repr_tells_the_norm() -> None:
    assert repr(EdgeWeightNorm("right", 0.5)) == "EdgeWeightNorm(norm=right, eps=0.5)"
