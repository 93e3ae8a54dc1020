from __future__ import annotations

from typing import Any

import pytest
import torch
from support.agreement import Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import BIPARTITE, Corner, each_corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import EGNNConv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))


def silu(x: Tensor) -> Tensor:
    return x * x.sigmoid()


@pytest.mark.parametrize("edge_size", [0, 4])
@each_corner
def test_it_agrees_with_the_dense_formula(corner: Corner, edge_size: int) -> None:
    if corner is BIPARTITE:
        return  # two pairs, see below
    leaves, enters = ends_of(corner)

    def formula(
        p: Parameters, h: Tensor, own: Tensor, _: None, coord_feat: Tensor, edge_feat: Any = None
    ) -> tuple[Tensor, Tensor]:
        def mapped(name: str, h: Tensor) -> Tensor:
            return h @ p[f"{name}.weight"].T + p.get(f"{name}.bias", 0.0)

        apart = (leaves - enters) @ coord_feat
        square = (apart * apart).sum(1, keepdim=True)
        length = torch.where(square == 0, 1.0, torch.where(square == 0, 1.0, square).sqrt())
        read = [leaves @ h, enters @ own, square, *([edge_feat] if edge_size else [])]
        messages = silu(mapped("edge_mlp.0", torch.cat(read, 1)))
        messages = silu(mapped("edge_mlp.2", messages))
        moves = mapped("coord_mlp.2", silu(mapped("coord_mlp.0", messages))) * apart / length
        degrees = enters.sum(0).clamp(min=1).view(-1, 1)
        out = silu(mapped("node_mlp.0", torch.cat([own, enters.T @ messages], 1)))
        return mapped("node_mlp.2", out), coord_feat + enters.T @ moves / degrees

    layer = drawn(EGNNConv(3, 5, 2, edge_size))
    given = {"coord_feat": corner.feature("v", (2,), torch.float64)}
    if edge_size:
        given["edge_feat"] = corner.feature("e", (edge_size,), torch.float64)
    assert_agrees(layer, formula, corner.graph(), features(corner, (3, 3)), **given)


def test_ends_of_a_bipartite_graph_have_features_and_places_of_their_own() -> None:
    h, x = torch.randn(5, 3), torch.randn(5, 2)
    own, at = torch.randn(3, 3), torch.randn(3, 2)
    layer, g = EGNNConv(3, 5, 4), BIPARTITE.graph()
    src, dst = (ends.tolist() for ends in g.edges())
    both = gm.graph((src, [5 + v for v in dst]), num_nodes=8)
    whole = layer(both, torch.cat([h, own]), torch.cat([x, at]))
    for part, out in zip(layer(g, (h, own), (x, at)), whole, strict=True):
        assert_close(part, out[5:])


def test_moving_and_turning_all_places_moves_and_turns_the_result() -> None:
    layer, h, x = EGNNConv(3, 5, 4).double(), torch.randn(3, 3).double(), torch.randn(3, 2).double()
    turn = torch.tensor([[0.6, 0.8], [-0.8, 0.6]], dtype=torch.float64)
    move = torch.tensor([3.0, -1.0])
    out, places = layer(RING, h, x)
    turned, moved = layer(RING, h, x @ turn + move)
    assert_close(turned, out)
    assert_close(moved, places @ turn + move)


def test_two_nodes_at_one_place_have_finite_gradients() -> None:
    x = torch.zeros(3, 2, requires_grad=True)
    h, moved = EGNNConv(3, 5, 4)(RING, torch.randn(3, 3), x)
    assert_close(moved, x)
    (h.sum() + moved.sum()).backward()
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())


def test_features_of_edges_come_if_and_only_if_they_are_read() -> None:
    h, x = torch.ones(3, 3), torch.ones(3, 2)
    with pytest.raises(
        gm.GraphValueError, match=r"edge_feat: expected 4 features per edge, got None"
    ):
        EGNNConv(3, 5, 2, 4)(RING, h, x)
    with pytest.raises(
        gm.GraphValueError, match=r"edge_feat: expected 0 features per edge, got a tensor"
    ):
        EGNNConv(3, 5, 2)(RING, h, x, torch.ones(4, 4))
    with pytest.raises(gm.GraphValueError, match=r"edge_feat of .*: expected 4 .* \(4, 3\)"):
        EGNNConv(3, 5, 2, 4)(RING, h, x, torch.ones(4, 3))
