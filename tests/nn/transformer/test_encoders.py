"""Encodings of degrees, paths and positions agree with their formulas."""

from __future__ import annotations

from math import erf, exp, pi, sqrt
from typing import Any

import pytest
import torch
from support.laws import assert_close
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import (
    DegreeEncoder,
    LapPosEncoder,
    PathEncoder,
    SpatialEncoder,
    SpatialEncoder3d,
)

DIST = torch.tensor([[[0, 1, 5], [1, 0, -1], [2, -1, 0]]])
COORD = torch.tensor([[[0.0, 0, 0], [1, 2, 2], [0, 3, 4]]])


def test_degrees_are_embedded_up_to_the_largest() -> None:
    layer = DegreeEncoder(2, 3)
    into, out = torch.tensor([[0, 1, 9]]), torch.tensor([[2, 0, 2]])
    rows = [layer.encoder1.weight[[0, 1, 2]], layer.encoder2.weight[[2, 0, 2]]]
    assert_close(layer(torch.stack([into, out]).int()), (rows[0] + rows[1])[None])
    for direction in ("in", "out"):
        one = DegreeEncoder(2, 3, direction)
        assert_close(one(into), one.encoder.weight[[0, 1, 2]][None])
        assert not one(torch.zeros(1, 1).long()).any()  # padding


def test_an_embedding_learns_only_from_degrees_that_occur() -> None:
    layer = DegreeEncoder(3, 2, "in")
    layer(torch.tensor([[0, 1, 1]])).sum().backward()
    assert layer.encoder.weight.grad is not None
    assert layer.encoder.weight.grad.tolist() == [[0, 0], [2, 2], [0, 0], [0, 0]]


def test_paths_are_sums_over_their_edges() -> None:
    layer = PathEncoder(2, 4, num_heads=3).double()
    paths = torch.randn(1, 3, 3, 2, 4).double().requires_grad_()
    out = layer(DIST, paths)
    vectors = layer.embedding_table.weight.view(2, 3, 4)
    expected = torch.zeros(1, 3, 3, 3).double()
    for u in range(3):
        for v in range(3):
            for head in range(3):
                total = sum(vectors[i, head].dot(paths[0, u, v, i]) for i in range(2))
                expected[0, u, v, head] = total / min(max(int(DIST[0, u, v]), 1), 2)
    assert_close(out, expected)
    upstream = torch.randn_like(out)
    leaves = [paths, layer.embedding_table.weight]
    for one, two in zip(
        torch.autograd.grad(out, leaves, upstream),
        torch.autograd.grad(expected, leaves, upstream),
        strict=True,
    ):
        assert_close(one, two)


def test_lengths_of_paths_are_embedded() -> None:
    layer = SpatialEncoder(3, 2)
    rows = (DIST.clamp(max=3) + 1).flatten()
    assert_close(layer(DIST), layer.embedding_table.weight[rows].view(1, 3, 3, 2))
    assert not layer(torch.full((1, 1, 1), -7)).any()


@pytest.mark.parametrize("types", [None, torch.tensor([[0, 2, 1]])])
def test_distances_in_space_agree_with_the_formula(types: Any) -> None:
    layer = SpatialEncoder3d(2, 3, max_node_type=3).double()
    nn.init.uniform_(layer.gamma.weight)
    nn.init.uniform_(layer.beta.weight)
    mu, sigma = layer.means.tolist(), [abs(s) + 0.01 for s in layer.stds.tolist()]
    gamma, beta = layer.gamma.weight.flatten().tolist(), layer.beta.weight.flatten().tolist()
    out = layer(COORD.double(), types)
    for u in range(3):
        for v in range(3):
            ends = (0, 0) if types is None else (int(types[0, u]) + 2, int(types[0, v]) + 6)
            distance = float((COORD[0, u] - COORD[0, v]).double().norm())
            x = sum(gamma[end] for end in ends) * distance + sum(beta[end] for end in ends)
            kernels = [
                exp(-(((x - m) / s) ** 2) / 2) / sqrt(2 * pi) / s
                for m, s in zip(mu, sigma, strict=True)
            ]
            hidden = layer.linear_layer_1(torch.tensor(kernels, dtype=torch.float64)).tolist()
            active = [h * (1 + erf(h / sqrt(2))) / 2 for h in hidden]
            expected = layer.linear_layer_2(torch.tensor(active, dtype=torch.float64))
            assert_close(out[0, u, v], expected)


def test_coordinates_and_numbers_of_types_have_gradients() -> None:
    layer = SpatialEncoder3d(2, 3, max_node_type=3).double()
    coord = COORD.double().requires_grad_()
    layer(coord, torch.tensor([[0, 2, 1]])).sum().backward()
    assert coord.grad is not None
    assert coord.grad.isfinite().all()
    assert all(p.grad is not None and p.grad.any() for p in layer.parameters())


def test_without_types_a_distance_counts_twice() -> None:
    layer = SpatialEncoder3d(2)
    assert (layer.gamma.weight[0] * 2).tolist() == [2.0]
    assert layer.beta.weight[0].tolist() == [0.0]
    nothing = layer(torch.zeros(1, 2, 3))
    assert_close(nothing[0, 0, 1], nothing[0, 0, 0])


# ---- eigenvectors


def eigen() -> tuple[Tensor, Tensor]:
    """Of four nodes three eigenvalues; node 2 lacks two, node 3 all."""
    generator = torch.Generator().manual_seed(3)
    values, vectors = torch.rand(2, 4, 3, generator=generator).double()
    for tensor in (values, vectors):
        tensor[2, 1:] = tensor[3] = torch.nan
    return values, vectors


@pytest.mark.parametrize("post", [0, 1, 3])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_set_of_eigenvalues_agrees_with_the_formula(depth: int, post: int) -> None:
    layer = LapPosEncoder("DeepSet", depth, 3, 4, num_post_layer=post).double()
    values, vectors = eigen()
    rows = []
    for node in range(4):
        total = torch.zeros(4).double()
        for i in range(3):
            if not values[node, i].isnan():
                h = layer.linear(torch.stack([vectors[node, i], values[node, i]])).relu()
                for module in layer.pe_encoder.children():
                    h = module(h) if isinstance(module, nn.Linear) else h.relu()
                total = total + h
        for module in layer.post_mlp or ():
            total = module(total) if isinstance(module, nn.Linear) else total.relu()
        rows.append(total)
    expected = torch.stack(rows)
    out = layer(values, vectors)
    assert_close(out, expected)
    for one, two in zip(
        torch.autograd.grad(out.sum(), [*layer.parameters()]),
        torch.autograd.grad(expected.sum(), [*layer.parameters()]),
        strict=True,
    ):
        assert_close(one, two)


def test_a_transformer_sees_only_the_eigenvalues_that_there_are() -> None:
    layer = LapPosEncoder("Transformer", 2, 3, 4, n_head=2, num_post_layer=1).double().eval()
    values, vectors = eigen()
    out = layer(values, vectors)
    alone = LapPosEncoder("Transformer", 2, 1, 4, n_head=2, num_post_layer=1).double().eval()
    alone.load_state_dict(layer.state_dict())
    assert_close(out[2:3], alone(values[2:3, :1], vectors[2:3, :1]))
    assert layer.post_mlp is not None
    assert_close(out[3], layer.post_mlp(torch.zeros(4).double()))  # nothing is known of it
    layer.train()(values, vectors).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


def test_the_input_is_normalised_if_asked() -> None:
    layer, (values, vectors) = LapPosEncoder("DeepSet", 1, 3, 4, batch_norm=True).double(), eigen()
    layer(values, vectors)
    assert layer.raw_norm is not None
    pair = torch.stack([vectors, values], 2).nan_to_num()
    assert_close(layer.raw_norm.running_mean, 0.1 * pair.mean((0, 2)))  # type: ignore[arg-type]


def test_eigenvalues_stay_as_they_are() -> None:
    values, vectors = eigen()
    LapPosEncoder("DeepSet", 2, 3, 4).double()(values, vectors)
    assert values.isnan().sum() == 5


# ---- wrong inputs


@pytest.mark.parametrize(
    ("layer", "inputs", "error", "message"),
    [
        (
            DegreeEncoder(2, 3),
            (DIST,),
            gm.GraphValueError,
            r"expected shape \(2, any, any\)",
        ),
        (
            DegreeEncoder(2, 3, "in"),
            (DIST,),
            gm.GraphValueError,
            r"expected shape \(any, any\)",
        ),
        (
            DegreeEncoder(2, 3, "in"),
            (torch.ones(1, 2),),
            gm.GraphTypeError,
            r"degrees: expected integers, got a tensor of torch.float32",
        ),
        (
            SpatialEncoder(2),
            (DIST[0],),
            gm.GraphValueError,
            r"dist: expected shape \(any, any",
        ),
        (SpatialEncoder(2), (DIST > 0,), gm.GraphTypeError, "dist: expected integers"),
        (
            PathEncoder(2, 4),
            (DIST, torch.ones(1, 3, 3, 3, 4)),
            gm.GraphValueError,
            r"path_data: expected shape \(1, 3, 3, 2, 4\)",
        ),
        (
            SpatialEncoder3d(2, max_node_type=3),
            (COORD, torch.tensor([[0, 3, 1]])),
            gm.GraphIndexError,
            "node_type: expected ids from 0 to 2, got 3",
        ),
        (
            SpatialEncoder3d(2),
            (COORD, torch.tensor([0, 3, 1])),
            gm.GraphValueError,
            r"node_type: expected shape \(1, 3\)",
        ),
        (
            SpatialEncoder3d(2),
            (COORD[0],),
            gm.GraphValueError,
            r"coord: expected shape \(any, any",
        ),
        (
            LapPosEncoder("DeepSet", 1, 3, 4),
            (torch.ones(2, 4), torch.ones(2, 4)),
            gm.GraphValueError,
            r"eigvals: expected shape \(any, 3\)",
        ),
        (
            LapPosEncoder("DeepSet", 1, 3, 4),
            (torch.ones(2, 3), torch.ones(3, 3)),
            gm.GraphValueError,
            r"eigvecs: expected shape \(2, 3\)",
        ),
    ],
)
def test_wrong_inputs_are_refused(layer: Any, inputs: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        layer(*inputs)


def test_wrong_options_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="direction: expected one of both, in, out"):
        DegreeEncoder(2, 3, "all")
    with pytest.raises(gm.GraphValueError, match="max_degree: expected a non-negative int"):
        DegreeEncoder(-1, 3)
    with pytest.raises(gm.GraphValueError, match="max_dist: expected a non-negative int"):
        SpatialEncoder(-1)
    with pytest.raises(gm.GraphValueError, match="model_type: expected one of Transformer"):
        LapPosEncoder("GNN", 1, 3, 4)
    with pytest.raises(gm.GraphValueError, match="num_layer: expected at least 1, got 0"):
        LapPosEncoder("DeepSet", 0, 3, 4)
