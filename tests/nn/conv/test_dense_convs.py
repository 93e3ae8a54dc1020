"""Layers on dense matrices agree with those on graphs, and with their formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support.agreement import Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import MIXED, Corner, each_small_corner
from support.laws import assert_close
from torch import Tensor, nn
from torch.func import functional_call

import graphmp as gm
from graphmp.nn import ChebConv, DenseChebConv, DenseGraphConv, DenseSAGEConv, GraphConv


def matrix(corner: Corner) -> Any:
    """(num_dst, num_src): how many edges lead from each source to each destination."""
    leaves, enters = ends_of(corner)
    return enters.T @ leaves


@pytest.mark.parametrize("out", [2, 5])
@pytest.mark.parametrize("norm", ["both", "none", "left", "right"])
@each_small_corner
def test_dense_graph_conv_is_graph_conv(corner: Corner, norm: str, out: int) -> None:
    sparse = GraphConv(3, out, norm=norm, allow_zero_in_degree=True).double()

    def formula(p: Parameters, source: Tensor, *_: Any) -> Any:
        return functional_call(sparse, dict(p), (corner.graph(), (source, None)))

    inputs = features(corner, (3, 3))[:1]
    assert_agrees(drawn(DenseGraphConv(3, out, norm)), formula, matrix(corner), inputs)


def test_weights_of_edges_add_up_to_degrees() -> None:
    adj, x = torch.tensor([[0.5, 2.5], [0.0, 4.0]]), torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    layer = DenseGraphConv(2, 2, "right", bias=False, activation=torch.neg)
    nn.init.eye_(layer.weight)
    assert_close(layer(adj, x), -(adj @ x) / torch.tensor([[3.0], [4.0]]))


@each_small_corner
def test_dense_sage_conv_agrees_with_the_dense_formula(corner: Corner) -> None:
    adj = matrix(corner)

    def formula(p: Parameters, source: Tensor, own: Tensor, _: Any) -> Any:
        degrees = 1 + adj.sum(1, keepdim=True)
        return ((own + adj @ source) / degrees) @ p["fc.weight"].t() + p["fc.bias"]

    assert_agrees(drawn(DenseSAGEConv(3, 2)), formula, adj, features(corner, (3, 3)))


def test_dense_sage_conv_normalises_after_the_activation() -> None:
    layer = DenseSAGEConv(3, 2, norm=torch.neg, activation=torch.relu)
    assert bool((layer(torch.eye(4), torch.randn(4, 3)) <= 0).all())
    dropped = DenseSAGEConv(3, 2, feat_drop=1.0, bias=False)
    assert not dropped(torch.eye(4), torch.randn(4, 3)).any()
    assert dropped.eval()(torch.eye(4), torch.randn(4, 3)).any()


@pytest.mark.parametrize("k", [1, 2, 4])
@each_small_corner
def test_dense_cheb_conv_is_cheb_conv(corner: Corner, k: int) -> None:
    if corner.bipartite:
        return
    sparse = ChebConv(3, 2, k, activation=None).double()

    def formula(p: Parameters, source: Tensor, *_: Any) -> Any:
        weights = {"linear.weight": p["W"].flatten(0, 1).t(), "linear.bias": p["bias"]}
        return functional_call(sparse, weights, (corner.graph(), source, [1.5]))

    class Scaled(DenseChebConv):
        def forward(self, adj: Tensor, feat: Tensor, lambda_max: Any = 1.5) -> Tensor:
            out: Tensor = super().forward(adj, feat, lambda_max)
            return out

    inputs = features(corner, (3, 3))
    assert_agrees(drawn(Scaled(3, 2, k)), formula, matrix(corner), inputs)


def test_the_largest_eigenvalue_is_computed() -> None:
    adj = matrix(MIXED)
    root = 1 / adj.sum(1).clamp(min=1).sqrt()
    laplacian = np.eye(6) - (root[:, None] * adj * root).numpy()
    largest = float(np.linalg.eigvals(laplacian).real.max())
    layer, x = drawn(DenseChebConv(3, 2, 3)), torch.randn(6, 3).double()
    assert_close(layer(adj, x), layer(adj, x, largest))
    assert layer(torch.eye(2), torch.ones(2, 3).double()).isfinite().all()  # all are zero


def test_integers_are_numbers_of_the_parameters_dtype() -> None:
    adj, x = torch.ones(2, 2, dtype=torch.bool), torch.ones(2, 3)
    for layer in (DenseGraphConv(3, 2), DenseSAGEConv(3, 2), DenseChebConv(3, 2, 2)):
        expected = layer(adj.float(), x)
        assert_close(layer(adj, x.long()), expected)


@pytest.mark.parametrize(
    ("adj", "feat", "error", "message"),
    [
        (gm.graph(([0], [1])), torch.ones(2, 3), gm.GraphTypeError, "a dense adjacency matrix"),
        (torch.ones(2), torch.ones(2, 3), gm.GraphValueError, r"\(num_dst, num_src\), got a shape"),
        (torch.ones(2, 2), torch.ones(3, 3), gm.GraphValueError, "expected 2 rows"),
        (
            torch.ones(2, 2),
            torch.ones(2, 4),
            gm.GraphValueError,
            ": expected 3 as the last dimension",
        ),
        (torch.ones(2, 2), [[1.0] * 3] * 2, gm.GraphTypeError, "expected a tensor, got list"),
        (torch.ones(2, 2), torch.ones(2, 3).double(), gm.GraphTypeError, "torch.float64"),
    ],
)
def test_wrong_inputs_are_refused(adj: Any, feat: Any, error: Any, message: str) -> None:
    for layer in (DenseGraphConv(3, 2), DenseSAGEConv(3, 2), DenseChebConv(3, 2, 2)):
        with pytest.raises(error, match=message):
            layer(adj, feat)


def test_one_tensor_needs_a_square_matrix() -> None:
    for layer in (DenseSAGEConv(3, 2), DenseChebConv(3, 2, 2)):
        with pytest.raises(gm.GraphValueError, match=r"adj: expected shape \(N, N\)"):
            layer(torch.ones(2, 3), torch.ones(3, 3))
    with pytest.raises(gm.GraphValueError, match="expected 2 rows, one for each of the dest"):
        DenseSAGEConv(3, 2)(torch.ones(2, 3), (torch.ones(3, 3), torch.ones(3, 3)))


def test_wrong_options_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="norm: expected one of"):
        DenseGraphConv(3, 2, "row")
    with pytest.raises(gm.GraphValueError, match="k: expected at least 1, got 0"):
        DenseChebConv(3, 2, 0)
    with pytest.raises(gm.GraphTypeError, match="the class ReLU"):
        DenseSAGEConv(3, 2, activation=nn.ReLU)  # type: ignore[arg-type]
