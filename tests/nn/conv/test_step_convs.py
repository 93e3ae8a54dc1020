"""Layers whose steps are powers of the normalised adjacency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.agreement import Formula, Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import CORNERS, MIXED, Corner
from support.laws import assert_close
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import APPNPConv, ChebConv, EdgeWeightNorm, GCN2Conv, SGConv, TAGConv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
each_square = pytest.mark.parametrize("corner", [c for c in CORNERS if not c.bipartite], ids=str)
each_size = pytest.mark.parametrize("sizes", [(4, 2), (2, 4)], ids=["shrinking", "growing"])


def normalized(corner: Corner, weight: Tensor | None, leaving: str = "in") -> Tensor:
    """The matrix of one step."""
    leaves, enters = ends_of(corner)
    adjacency = enters.T @ (leaves if weight is None else weight.view(-1, 1) * leaves)
    right = adjacency.sum(1)
    left = right if leaving == "in" and weight is None else adjacency.sum(0)
    right, left = (d + (d == 0) for d in (right, left))
    return right.rsqrt().diag() @ adjacency @ left.rsqrt().diag()


def assert_steps_agree(
    corner: Corner,
    layer: nn.Module,
    formula: Callable[[Parameters, Tensor, Tensor], Tensor],
    size: int = 3,
) -> None:
    """With and without weights a layer agrees with its formula of one step's matrix."""

    def whole(p: Parameters, x: Tensor, _: Tensor, weight: Tensor | None) -> Tensor:
        leaving = "out" if isinstance(layer, APPNPConv) else "in"
        return formula(p, normalized(corner, weight, leaving), x)

    for weight in (None, corner.feature("e", (), torch.float64).abs()):
        assert_agrees(drawn(layer), whole, corner.graph(), features(corner, (size, size)), weight)


@pytest.mark.parametrize("k", [0, 1, 3])
@each_size
@each_square
def test_sg_conv_agrees_with_the_dense_formula(
    corner: Corner, sizes: tuple[int, int], k: int
) -> None:
    def formula(p: Parameters, step: Tensor, x: Tensor) -> Tensor:
        return step.matrix_power(k) @ x @ p["fc.weight"].T + p["fc.bias"]

    assert_steps_agree(corner, SGConv(*sizes, k=k, allow_zero_in_degree=True), formula, sizes[0])


@pytest.mark.parametrize("k", [0, 1, 3])
@each_size
@each_square
def test_tag_conv_agrees_with_the_dense_formula(
    corner: Corner, sizes: tuple[int, int], k: int
) -> None:
    def formula(p: Parameters, step: Tensor, x: Tensor) -> Tensor:
        powers = torch.cat([step.matrix_power(i) @ x for i in range(k + 1)], 1)
        return (powers @ p["lin.weight"].T + p["lin.bias"]).tanh()

    assert_steps_agree(corner, TAGConv(*sizes, k=k, activation=torch.tanh), formula, sizes[0])


@pytest.mark.parametrize("k", [0, 1, 3])
@each_square
def test_appnp_conv_agrees_with_the_dense_formula(corner: Corner, k: int) -> None:
    def formula(p: Parameters, step: Tensor, x: Tensor) -> Tensor:
        h = x
        for _ in range(k):
            h = 0.8 * step @ h + 0.2 * x
        return h

    assert_steps_agree(corner, APPNPConv(k, 0.2), formula)


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("eigenvalue", [None, 1.5, [1.5], torch.tensor([[1.5]])], ids=repr)
@each_square
def test_cheb_conv_agrees_with_the_dense_formula(corner: Corner, k: int, eigenvalue: Any) -> None:
    if corner is not MIXED and not isinstance(eigenvalue, float):
        return
    largest = 2.0 if eigenvalue is None else 1.5
    layer = drawn(ChebConv(3, 2, k, torch.tanh))

    def formula(p: Parameters, x: Tensor, *others: Any) -> Tensor:
        eye = torch.eye(len(x)).double()
        laplacian = 2 / largest * (eye - normalized(corner, None)) - eye
        found = [x, laplacian @ x]
        for _ in range(k):
            found.append(2 * laplacian @ found[-1] - found[-2])
        return (torch.cat(found[:k], 1) @ p["linear.weight"].T + p["linear.bias"]).tanh()

    assert_agrees(layer_with(layer, eigenvalue), formula, corner.graph(), features(corner, (3, 3)))


def layer_with(layer: ChebConv, eigenvalue: Any) -> nn.Module:
    """The layer, always called with an eigenvalue."""
    plain = layer.forward

    def forward(graph: gm.Graph, feat: Tensor) -> Tensor:
        return plain(graph, feat, eigenvalue)

    layer.forward = forward  # type: ignore[method-assign,assignment]
    return layer


def test_each_graph_of_a_batch_has_an_eigenvalue_of_its_own() -> None:
    layer, x = ChebConv(3, 2, 3), torch.randn(3, 3)
    out = layer(gm.batch([RING, RING]), torch.cat([x, x]), [1.5, 2.0])
    assert_close(out, torch.cat([layer(RING, x, 1.5), layer(RING, x, 2.0)]))
    with pytest.raises(gm.GraphValueError, match="each of the 1 graphs of the batch, got 2"):
        layer(RING, x, [1.5, 2.0])


def test_there_is_at_least_one_polynomial() -> None:
    with pytest.raises(gm.GraphValueError, match="at least 1, got 0"):
        ChebConv(3, 2, 0)


def gcn2(corner: Corner, layer: GCN2Conv) -> Formula:
    def formula(
        p: Parameters, x: Tensor, _: Tensor, weight: Tensor | None, feat_0: Tensor
    ) -> Tensor:
        eye = torch.eye(3).double()
        maps = [
            layer.beta * w + (1 - layer.beta) * eye
            for w in (p["weight1"], p.get("weight2"))
            if w is not None
        ]
        parts = 0.7 * normalized(corner, weight) @ x, 0.3 * feat_0
        return (parts[0] @ maps[0] + parts[1] @ maps[-1] + p["bias"]).tanh()

    return formula


@pytest.mark.parametrize("one", [True, False], ids=["one weight", "two weights"])
@each_square
def test_gcn2_conv_agrees_with_the_dense_formula(corner: Corner, one: bool) -> None:
    layer = drawn(GCN2Conv(3, 2, 0.3, 1.2, one, allow_zero_in_degree=True, activation=torch.tanh))
    assert abs(layer.beta - 0.470004) < 1e-6
    first = corner.feature("v", (3,), torch.float64)
    for weight in (None, corner.feature("e", (), torch.float64).abs()):
        inputs = features(corner, (3, 3))
        formula = gcn2(corner, layer)
        assert_agrees(layer, formula, corner.graph(), inputs, weight, feat_0=first)


def test_layers_of_gcn2_are_counted_from_one() -> None:
    with pytest.raises(gm.GraphValueError, match="layer: expected at least 1, got 0"):
        GCN2Conv(3, 0)


def test_a_cache_keeps_what_the_first_call_found() -> None:
    layer, x = SGConv(3, 2, k=2, cached=True), torch.randn(3, 3)
    first = layer(RING, x)
    assert_close(layer(RING, torch.zeros(3, 3)), first)
    plain = SGConv(3, 2, k=2)
    plain.load_state_dict(layer.state_dict())
    assert_close(plain(RING, x), first)
    torch.nn.init.zeros_(layer.fc.weight)
    assert_close(layer(RING, x), layer.fc.bias.expand(3, 2))


def test_a_norm_is_applied_before_the_map() -> None:
    layer, x = SGConv(3, 2, norm=lambda h: h * 0 + 1), torch.randn(3, 3)
    assert_close(layer(RING, x), layer.fc(torch.ones(3, 3)))


def test_edges_are_dropped_in_training_alone() -> None:
    g, x = gm.graph((range(1, 401), [0] * 400)), torch.ones(401, 1)
    layer = APPNPConv(1, 0.0, edge_drop=0.5)
    for weight in (None, torch.ones(400)):
        whole = layer.eval()(g, x, weight)[0].item()
        dropped = layer.train()(g, x, weight)[0].item()
        assert whole == pytest.approx(20)
        assert dropped != pytest.approx(20)
        assert 15 < dropped < 25


@pytest.mark.parametrize(
    "make", [lambda: SGConv(4, 2, 2), lambda: TAGConv(4, 2), lambda: TAGConv(4, 5)]
)
def test_features_may_have_more_dimensions(make: Callable[[], nn.Module]) -> None:
    layer, x = make(), torch.randn(3, 5, 4)
    for weight in (None, torch.rand(4) + 0.1):
        parts = [layer(RING, x[:, i], weight) for i in range(5)]
        assert_close(layer(RING, x, weight), torch.stack(parts, 1))


def test_weights_without_a_root_are_refused() -> None:
    for layer in (SGConv(3, 2), TAGConv(3, 2), APPNPConv(1, 0.1)):
        with pytest.raises(gm.GraphValueError, match="edge_weight: expected numbers above zero"):
            layer(RING, torch.ones(3, 3), torch.zeros(4))


def test_weights_are_those_of_edge_weight_norm() -> None:
    x, w = torch.randn(3, 3), torch.rand(4) + 0.1
    norm = EdgeWeightNorm("both")(RING, w)
    assert_close(APPNPConv(1, 0.0)(RING, x, w), gm.ops.u_mul_e_sum(RING, x, norm))


@pytest.mark.parametrize("make", [lambda: SGConv(3, 2), lambda: GCN2Conv(3, 1)])
def test_nodes_without_in_edges_are_refused(make: Callable[[], nn.Module]) -> None:
    layer, x = make(), torch.ones(2, 3)
    options = {"feat_0": x} if isinstance(layer, GCN2Conv) else {}
    with pytest.raises(gm.GraphValueError, match="needs an edge into every node"):
        layer(gm.graph(([0], [1])), x, **options)


def test_repr_tells_the_steps() -> None:
    assert "k=3" in repr(SGConv(3, 2, 3))
    assert "k=3" in repr(TAGConv(3, 2, 3))
    assert "k=3" in repr(ChebConv(3, 2, 3))
    assert repr(APPNPConv(3, 0.1)).startswith("APPNPConv(\n  k=3, alpha=0.1")
    assert repr(GCN2Conv(3, 1)).startswith("GCN2Conv(in=3, alpha=0.1, beta=0.69")
