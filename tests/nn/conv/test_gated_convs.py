"""``GatedGraphConv`` and ``GatedGCNConv``."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.agreement import Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import CORNERS, MIXED, Corner, each_corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import GatedGCNConv, GatedGraphConv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
each_square = pytest.mark.parametrize("corner", [c for c in CORNERS if not c.bipartite], ids=str)


def gru(p: Parameters, x: Tensor, h: Tensor) -> Tensor:
    """One step of a recurrent unit by its definition."""
    given = (x @ p["gru.weight_ih"].T + p["gru.bias_ih"]).chunk(3, 1)
    kept = (h @ p["gru.weight_hh"].T + p["gru.bias_hh"]).chunk(3, 1)
    reset, update = ((a + b).sigmoid() for a, b in zip(given[:2], kept[:2], strict=True))
    return (1 - update) * (given[2] + reset * kept[2]).tanh() + update * h


@pytest.mark.parametrize(("size", "steps", "types"), [(3, 1, 1), (3, 2, 4), (4, 3, 4), (3, 0, 2)])
@each_square
def test_gated_graph_conv_agrees_with_the_dense_formula(
    corner: Corner, size: int, steps: int, types: int
) -> None:
    leaves, enters = ends_of(corner)

    def formula(
        p: Parameters, x: Tensor, own: Tensor, weight: None, etypes: Tensor | None = None
    ) -> Tensor:
        h = torch.cat([x, x.new_zeros(len(x), 4 - size)], 1)
        for _ in range(steps):
            inbox = torch.zeros(len(leaves), 4).double()
            for one in range(types):
                sent = leaves @ h @ p[f"linears.{one}.weight"].T + p[f"linears.{one}.bias"]
                inbox = inbox + (sent if etypes is None else sent * (etypes == one).view(-1, 1))
            h = gru(p, enters.T @ inbox, h)
        return h

    layer = drawn(GatedGraphConv(size, 4, steps, types))
    given: dict[str, Any] = {}
    if types > 1:
        given["etypes"] = corner.feature("e", (), torch.int64) % types
    assert_agrees(layer, formula, corner.graph(), features(corner, (size, size)), **given)


def test_types_of_edges_are_needed_where_there_are_several() -> None:
    layer, x = GatedGraphConv(3, 4, 2, 3), torch.randn(3, 3)
    with pytest.raises(
        gm.GraphValueError, match="etypes: expected types, as the layer has 3 edge types"
    ):
        layer(RING, x)
    with pytest.raises(gm.GraphIndexError, match="etypes: expected ids from 0 to 2, got 3"):
        layer(RING, x, torch.tensor([0, 1, 3, 2]))
    one = GatedGraphConv(3, 4, 2, 1)
    assert_close(one(RING, x, torch.zeros(4, dtype=torch.int32)), one(RING, x))


def test_an_output_below_the_input_is_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="got 4 < 5"):
        GatedGraphConv(5, 4, 2, 3)


def test_nodes_of_in_degree_zero_are_allowed_whatever_is_set() -> None:
    layer, g = GatedGraphConv(3, 4, 2, 1), gm.graph(([0], [1]))
    for value in (False, True):
        layer.set_allow_zero_in_degree(value)
        assert layer(g, torch.randn(2, 3)).shape == (2, 4)


@pytest.mark.parametrize("sizes", [(3, 4, 2), (3, 3, 3), (3, 4, 4)], ids=str)
@each_corner
def test_gated_gcn_conv_agrees_with_the_dense_formula(
    corner: Corner, sizes: tuple[int, int, int]
) -> None:
    leaves, enters = ends_of(corner)
    alike = len(set(sizes)) == 1

    def formula(
        p: Parameters, source: Tensor, own: Tensor, _: None, edge_feat: Tensor
    ) -> tuple[Tensor, Tensor]:
        def mapped(name: str, h: Tensor) -> Tensor:
            return h @ p[f"{name}.weight"].T + p[f"{name}.bias"]

        edges = leaves @ mapped("D", source) + enters @ mapped("E", own) + mapped("C", edge_feat)
        gates = edges.sigmoid()
        sums = enters.T @ (gates * (leaves @ mapped("B", source)))
        nodes = mapped("A", own) + sums / (enters.T @ gates + 1e-6)
        nodes, edges = (
            (h / (1 + 1e-5) ** 0.5 * p[f"bn_{name}.weight"] + p[f"bn_{name}.bias"]).clamp(min=0)
            for name, h in (("node", nodes), ("edge", edges))
        )
        return (nodes + own, edges + edge_feat) if alike else (nodes, edges)

    layer = drawn(GatedGCNConv(*sizes)).eval()
    edges = corner.feature("e", (sizes[1],), torch.float64)
    assert_agrees(layer, formula, corner.graph(), features(corner, (3, 3)), edge_feat=edges)


def test_in_training_rows_are_normalised() -> None:
    layer = GatedGCNConv(3, 4, 2, activation=None)
    nodes, edges = layer(MIXED.graph(), MIXED.feature("u", (3,)), MIXED.feature("e", (4,)))
    for h in (nodes, edges):
        assert_close(h.mean(0), torch.zeros(2))
    plain = GatedGCNConv(3, 4, 2, batch_norm=False, activation=None)
    plain.load_state_dict(layer.state_dict())
    raw, _ = plain(MIXED.graph(), MIXED.feature("u", (3,)), MIXED.feature("e", (4,)))
    assert_close(nodes, torch.nn.functional.batch_norm(raw, None, None, training=True))


def test_both_results_are_dropped_out_last() -> None:
    layer = GatedGCNConv(3, 4, 200, dropout=0.5, activation=lambda h: h * 0 + 1)
    for h in layer(RING, torch.randn(3, 3), torch.randn(4, 4)):
        assert set(h.unique().tolist()) == {0.0, 2.0}


def test_edges_of_another_size_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match=r"edge_feat of .*: expected 4 .* \(4, 3\)"):
        GatedGCNConv(3, 4, 2)(RING, torch.ones(3, 3), torch.ones(4, 3))
