"""Layers whose messages functions of the edges shape: ``CFConv``, ``NNConv``, ``GMMConv``."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from support import dense
from support.agreement import Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import BIPARTITE, Corner, each_corner
from support.laws import assert_close
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import CFConv, GMMConv, NNConv, RelGraphConv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
KINDS = ("sum", "mean", "max")


def shifted(x: Tensor) -> Tensor:
    return (1 + x.exp()).log() - math.log(2)


@each_corner
def test_cf_conv_agrees_with_the_dense_formula(corner: Corner) -> None:
    leaves, enters = ends_of(corner)

    def formula(p: Parameters, source: Tensor, own: Tensor, _: None, edge_feats: Tensor) -> Tensor:
        def mapped(name: str, h: Tensor) -> Tensor:
            return h @ p[f"{name}.weight"].T + p[f"{name}.bias"]

        filters = shifted(mapped("project_edge.0", edge_feats))
        filters = shifted(mapped("project_edge.2", filters))
        sums = enters.T @ (filters * (leaves @ mapped("project_node", source)))
        return shifted(mapped("project_out.0", sums))

    layer, edges = drawn(CFConv(3, 4, 5, 2)), corner.feature("e", (4,), torch.float64)
    assert_agrees(layer, formula, corner.graph(), features(corner, (3, 7)), edge_feats=edges)


def res(p: Parameters, own: Tensor, out: int, wanted: bool) -> Tensor | float:
    """The residual of a layer."""
    if not wanted:
        return 0.0
    return own @ p["res_fc.weight"].T if "res_fc.weight" in p else own


@pytest.mark.parametrize("sizes", [None, (3, 4), (3, 2)], ids=["none", "linear", "identity"])
@pytest.mark.parametrize("kind", KINDS)
@each_corner
def test_nn_conv_agrees_with_the_dense_formula(corner: Corner, kind: str, sizes: Any) -> None:
    if sizes is not None and corner is not BIPARTITE:
        return
    leaves, _ = ends_of(corner)

    def formula(p: Parameters, source: Tensor, own: Tensor, _: None, efeat: Tensor) -> Tensor:
        matrices = efeat @ p["edge_func.weight"].T + p["edge_func.bias"]
        products = (leaves @ source).unsqueeze(-1) * matrices.view(len(leaves), 3, 2)
        out = dense.reduce(kind, products, corner.dst, corner.num_dst)
        return out.sum(1) + p["bias"] + res(p, own, 2, sizes is not None)

    size = sizes or (3, 3)
    layer = drawn(NNConv(size, 2, nn.Linear(4, 6), kind, residual=sizes is not None))
    edges = corner.feature("e", (4,), torch.float64)
    assert_agrees(layer, formula, corner.graph(), features(corner, size), efeat=edges)


def test_an_edge_function_must_make_matrices() -> None:
    layer = NNConv(3, 2, nn.Linear(4, 5))
    with pytest.raises(gm.GraphValueError, match=r"6 numbers per edge, got a shape of \(4, 5\)"):
        layer(RING, torch.ones(3, 3), torch.ones(4, 4))


def test_an_edge_function_may_look_up_matrices() -> None:
    layer = NNConv(3, 2, nn.Embedding(7, 6), "sum")
    out = layer(RING, torch.ones(3, 3), torch.tensor([6, 0, 0, 1]))
    assert out.shape == (3, 2)


@pytest.mark.parametrize("sizes", [None, (3, 4), (3, 2)], ids=["none", "linear", "identity"])
@pytest.mark.parametrize("kind", KINDS)
@each_corner
def test_gmm_conv_agrees_with_the_dense_formula(corner: Corner, kind: str, sizes: Any) -> None:
    if sizes is not None and corner is not BIPARTITE:
        return
    leaves, _ = ends_of(corner)

    def formula(p: Parameters, source: Tensor, own: Tensor, _: None, pseudo: Tensor) -> Tensor:
        out: Any = 0.0
        for k in range(5):
            distance = (pseudo - p["mu"][k]) ** 2 * p["inv_sigma"][k] ** 2
            inbox = (-0.5 * distance.sum(1)).exp().view(-1, 1) * (
                leaves @ source @ p["fc.weight"][2 * k : 2 * k + 2].T
            )
            out = out + dense.reduce(kind, inbox, corner.dst, corner.num_dst)
        return out + p["bias"] + res(p, own, 2, sizes is not None)  # type: ignore[no-any-return]

    size = sizes or (3, 3)
    residual, lonely = sizes is not None, True
    layer = drawn(GMMConv(size, 2, 4, 5, kind, residual, allow_zero_in_degree=lonely))
    edges = corner.feature("e", (4,), torch.float64)
    assert_agrees(layer, formula, corner.graph(), features(corner, size), pseudo=edges)


@pytest.mark.parametrize(
    "make",
    [lambda kind: NNConv(3, 2, nn.Linear(4, 6), kind), lambda kind: GMMConv(3, 2, 4, 5, kind)],
)
def test_an_unknown_aggregator_is_refused(make: Any) -> None:
    with pytest.raises(gm.GraphValueError, match="sum, mean, max, got 'min'"):
        make("min")


def test_nodes_without_in_edges_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="GMMConv needs an edge into every node"):
        GMMConv(3, 2, 4, 5)(gm.graph(([0], [1])), torch.ones(2, 3), torch.ones(1, 4))


def test_edges_of_another_size_are_refused() -> None:
    for layer, name in ((CFConv(3, 4, 5, 2), "edge_feats"), (GMMConv(3, 2, 4, 5), "pseudo")):
        with pytest.raises(gm.GraphValueError, match=rf"{name} of .*: expected 4 .* \(4, 3\)"):
            layer(RING, torch.ones(3, 3), torch.ones(4, 3))


@pytest.mark.parametrize(
    ("layer", "size", "edges"),
    [
        (NNConv((3, 5), 2, nn.Linear(4, 6)), 5, torch.ones(4, 4)),
        (GMMConv((3, 5), 2, 4, 5), 5, torch.ones(4, 4)),
        (RelGraphConv(3, 2, 4, self_loop=False), 3, torch.tensor([0, 3, 1, 3])),
    ],
    ids=["NNConv", "GMMConv", "RelGraphConv"],
)
def test_the_sources_suffice_if_no_destination_is_read(
    layer: nn.Module, size: int, edges: Tensor
) -> None:
    g = gm.heterograph({("user", "buys", "item"): ([0, 1, 2, 4], [1, 0, 1, 2])})
    x = torch.randn(5, 3)
    assert_close(layer(g, x, edges), layer(g, (x, torch.randn(3, size)), edges))


def test_layers_without_a_bias_give_zero_for_zeros() -> None:
    x, e = torch.zeros(3, 3), torch.randn(4, 4)
    assert_close(NNConv(3, 2, nn.Linear(4, 6), bias=False)(RING, x, e), torch.zeros(3, 2))
    assert_close(GMMConv(3, 2, 4, 5, bias=False)(RING, x, e), torch.zeros(3, 2))


def test_repr_tells_the_sizes() -> None:
    assert "in=3, out=2, aggregator=mean" in repr(NNConv(3, 2, nn.Linear(4, 6)))
    assert "in=3, out=2, kernels=5, aggregator=sum" in repr(GMMConv(3, 2, 4, 5))
