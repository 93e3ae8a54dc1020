from __future__ import annotations

from typing import Any

import pytest
import torch
from support import dense
from support.agreement import Formula, Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import CORNERS, HUB, Corner, each_corner
from support.laws import assert_close
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import SAGEConv
from graphmp.nn.conv.sage_conv import AGGREGATORS

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
NOT_THE_HUB = [corner for corner in CORNERS if corner is not HUB]  # a loop over a thousand steps


def lstm_by_hand(p: Parameters, inbox: Tensor) -> Tensor:
    """The state after the last of the messages (degree, F): gates input, forget, cell, output."""
    size = inbox.shape[1]
    hidden = cell = inbox.new_zeros(size)
    for message in inbox:
        gates = p["lstm.weight_ih_l0"] @ message + p["lstm.bias_ih_l0"]
        gates = gates + p["lstm.weight_hh_l0"] @ hidden + p["lstm.bias_hh_l0"]
        enter, forget, new, leave = gates.split(size)
        cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
        hidden = leave.sigmoid() * cell.tanh()
    return hidden


def around(kind: str, corner: Corner, p: Parameters, x: Tensor, own: Tensor, w: Tensor) -> Tensor:
    """What the aggregator makes of the neighbours, with dense matrices or loops."""
    leaves, enters = ends_of(corner)
    degrees = enters.sum(0).view(-1, 1)
    if kind == "pool":
        x = (x @ p["fc_pool.weight"].T + p["fc_pool.bias"]).clamp(min=0)
    inbox = w.view(-1, 1) * (leaves @ x)
    if kind == "mean":
        return enters.T @ inbox / degrees.clamp(min=1)
    if kind == "gcn":
        return (enters.T @ inbox + own) / (degrees + 1)
    if kind == "pool":
        return dense.reduce("max", inbox, corner.dst, corner.num_dst)
    rows = [lstm_by_hand(p, inbox[enters[:, node] == 1]) for node in range(corner.num_dst)]
    return torch.stack(rows) if rows else own.new_zeros(0, inbox.shape[1])


def formula_of(kind: str, corner: Corner) -> Formula:
    def formula(p: Parameters, source: Tensor, own: Tensor, weight: Tensor | None) -> Tensor:
        weight = torch.ones(len(corner.src)).double() if weight is None else weight
        out = around(kind, corner, p, source, own, weight) @ p["fc_neigh.weight"].T
        if kind == "gcn":
            return out + p["bias"]
        return own @ p["fc_self.weight"].T + p["fc_self.bias"] + out

    return formula


@pytest.mark.parametrize("sizes", [(4, 2), (2, 4)], ids=["shrinking", "growing"])
@pytest.mark.parametrize("kind", ["mean", "gcn", "pool"])
@each_corner
def test_it_agrees_with_the_dense_formula(
    corner: Corner, kind: str, sizes: tuple[int, int]
) -> None:
    in_feats = (sizes[0], 3) if corner.bipartite and kind != "gcn" else (sizes[0], sizes[0])
    layer = drawn(SAGEConv(in_feats, sizes[1], kind))
    inputs = features(corner, in_feats)
    for weight in (None, corner.feature("e", (), torch.float64)):
        assert_agrees(layer, formula_of(kind, corner), corner.graph(), inputs, weight)


@pytest.mark.parametrize("corner", NOT_THE_HUB, ids=str)
def test_lstm_agrees_with_its_formula(corner: Corner) -> None:
    layer = drawn(SAGEConv((2, 3) if corner.bipartite else 2, 4, "lstm"))
    inputs = features(corner, (2, 3))
    for weight in (None, corner.feature("e", (1,), torch.float64)):
        assert_agrees(layer, formula_of("lstm", corner), corner.graph(), inputs, weight)


def test_lstm_gives_no_message_where_none_came_whatever_the_initializer() -> None:
    g = gm.graph(([0], [1]))
    g.set_n_initializer(lambda shape, dtype, ctx, _: torch.ones(shape, dtype=dtype, device=ctx))
    layer = SAGEConv(2, 2, "lstm", bias=False)
    x = torch.randn(2, 2)
    assert_close(layer(g, x)[0], layer.fc_self(x)[0])


def test_one_tensor_is_dropped_out_once() -> None:
    layer = SAGEConv(40, 40, "mean", feat_drop=0.5, bias=False)
    layer.load_state_dict({"fc_self.weight": torch.eye(40), "fc_neigh.weight": -torch.eye(40)})
    loops = gm.graph((range(9), range(9)))
    x = torch.ones(9, 40)
    assert not layer(loops, x).any()  # the same entries are missing on both paths
    assert layer(loops, (x, x)).any()
    assert not layer.eval()(loops, (x, x)).any()


def test_the_norm_comes_after_the_activation() -> None:
    layer = SAGEConv(3, 2, "mean", norm=lambda h: h + 1, activation=lambda h: h * 0)
    assert layer(RING, torch.ones(3, 3)).tolist() == [[1, 1]] * 3


def test_features_may_have_more_dimensions() -> None:
    x, w = torch.randn(3, 5, 3), torch.rand(4)
    for kind in ("mean", "gcn", "pool"):
        layer = SAGEConv(3, 2, kind)
        parts = [layer(RING, x[:, i], edge_weight=w) for i in range(5)]
        assert_close(layer(RING, x, edge_weight=w), torch.stack(parts, 1))


def test_an_unknown_aggregator_is_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="mean, gcn, pool, lstm, got 'max'"):
        SAGEConv(3, 2, "max")


def test_gcn_needs_one_size_at_both_ends() -> None:
    with pytest.raises(gm.GraphValueError, match=r"one size at both ends .* got \(3, 4\)"):
        SAGEConv((3, 4), 2, "gcn")


@pytest.mark.parametrize("kind", AGGREGATORS)
def test_nodes_without_edges_are_fine(kind: str) -> None:
    layer, x = SAGEConv(3, 2, kind, bias=False), torch.randn(4, 3)
    own = layer.fc_neigh if kind == "gcn" else layer.fc_self
    assert_close(layer(gm.graph(([], []), num_nodes=4), x), own(x))


@pytest.mark.parametrize("kind", AGGREGATORS)
def test_parameters_can_be_drawn_anew(kind: str) -> None:
    layer = SAGEConv(30, 50, kind)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    if layer.bias is not None:
        nn.init.ones_(layer.bias)
    layer.reset_parameters()
    limit = 2**0.5 * (6 / 80) ** 0.5
    assert not torch.equal(layer.fc_neigh.weight, before["fc_neigh.weight"])
    assert 0.95 * limit < float(layer.fc_neigh.weight.detach().abs().max()) <= limit
    assert layer.bias is None or not layer.bias.any()


@pytest.mark.parametrize("ends", [([0], [1]), ([], [])], ids=["edge", "none"])
def test_an_lstm_reads_one_row_of_each_source(ends: Any) -> None:
    with pytest.raises(gm.GraphValueError, match=r"\(num_src, 3\) for an LSTM, got \(2, 4, 3\)"):
        SAGEConv(3, 2, "lstm")(gm.graph(ends, num_nodes=2), torch.ones(2, 4, 3))


@pytest.mark.parametrize("out_feats", [2, 5])
def test_a_factor_for_each_feature_multiplies_the_features_that_are_averaged(
    out_feats: int,
) -> None:
    layer, x = SAGEConv(3, out_feats, "mean"), torch.randn(3, 3)
    factors = torch.rand(4, min(3, out_feats))
    if out_feats < 3:
        mean = gm.ops.u_mul_e_mean(RING, layer.fc_neigh(x), factors)
    else:
        mean = layer.fc_neigh(gm.ops.u_mul_e_mean(RING, x, factors))
    assert_close(layer(RING, x, edge_weight=factors), layer.fc_self(x) + mean)
