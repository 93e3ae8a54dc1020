from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from support.agreement import Parameters, assert_agrees, drawn, features
from support.corner_graphs import HUB, SMALL_CORNERS, Corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import PNAConv
from graphmp.nn.conv.pna_conv import MOMENTS, REDUCERS, SCALERS, aggregate_messages

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
DELTA = 1.5


def aggregated(name: str, inbox: Tensor) -> Tensor:
    """(size,): what an aggregator makes of (degree, size) messages."""
    apart = inbox - inbox.mean(0)
    if name in ("moment3", "moment4", "moment5"):
        moment = (apart ** MOMENTS[name]).mean(0)
        exact = torch.where(moment == 0, 1.0, moment)
        return torch.where(moment == 0, 0.0, exact.sign() * exact.abs() ** (1 / MOMENTS[name]))
    if name in ("var", "std"):
        variance = apart.square().mean(0)
        exact = torch.where(variance == 0, 1.0, variance).sqrt()
        return variance if name == "var" else torch.where(variance == 0, 0.0, exact)
    reduced: Tensor = getattr(torch, {"max": "amax", "min": "amin"}.get(name, name))(inbox, 0)
    return reduced


def scaled(name: str, h: Tensor, degree: int) -> Tensor:
    log = math.log(degree + 1)
    return h * {"identity": 1.0, "amplification": log / DELTA, "attenuation": DELTA / log}[name]


def tower(p: Parameters, i: int, corner: Corner, names: Any, x: Tensor, own: Tensor, e: Any) -> Any:
    rows = []
    for node in range(corner.num_dst):
        edges = [edge for edge, v in enumerate(corner.dst) if v == node]
        inbox = torch.cat(
            [
                x[[corner.src[k] for k in edges]],
                own[[node] * len(edges)],
                *([] if e is None else [e[edges]]),
            ],
            1,
        )
        inbox = inbox @ p[f"towers.{i}.M.weight"].T + p[f"towers.{i}.M.bias"]
        empty = own.new_zeros(own.shape[1] * len(names))
        found = torch.cat([aggregated(name, inbox) for name in names]) if edges else empty
        rows.append(torch.cat([own[node], *(scaled(s, found, len(edges) or 1) for s in SCALERS)]))
    h = torch.stack(rows) if rows else own.new_zeros(0, p[f"towers.{i}.U.weight"].shape[1])
    h = (h @ p[f"towers.{i}.U.weight"].T + p[f"towers.{i}.U.bias"]) / max(corner.num_dst, 1) ** 0.5
    h = h / (1 + 1e-5) ** 0.5
    return h * p[f"towers.{i}.batchnorm.weight"] + p[f"towers.{i}.batchnorm.bias"]


@pytest.mark.parametrize("edge_size", [0, 3])
@pytest.mark.parametrize("out", [4, 6])
@pytest.mark.parametrize("corner", SMALL_CORNERS, ids=str)
def test_it_agrees_with_the_dense_formula(corner: Corner, out: int, edge_size: int) -> None:
    names = (*REDUCERS, "std", "var")

    def formula(
        p: Parameters, source: Tensor, own: Tensor, _: None, edge_feat: Any = None
    ) -> Tensor:
        parts = [
            tower(
                p,
                i,
                corner,
                names,
                source[:, 2 * i : 2 * i + 2],
                own[:, 2 * i : 2 * i + 2],
                edge_feat,
            )
            for i in range(2)
        ]
        h = torch.cat(parts, 1) @ p["mixing_layer.0.weight"].T + p["mixing_layer.0.bias"]
        h = torch.where(h > 0, h, 0.01 * h)
        return h + own if out == 4 else h

    layer = drawn(PNAConv(4, out, names, list(SCALERS), DELTA, 0.0, 2, edge_size)).eval()
    given = {"edge_feat": corner.feature("e", (3,), torch.float64)} if edge_size else {}
    assert_agrees(layer, formula, corner.graph(), features(corner, (4, 4)), **given)


@pytest.mark.parametrize("name", MOMENTS)
def test_moments_are_rooted(name: str) -> None:
    layer = drawn(PNAConv(3, 2, [name], ["identity"], DELTA, residual=False))
    g, x = HUB.graph(), HUB.feature("u", (3,), torch.float64)
    tower: Any = layer.towers[0]
    messages = tower._messages(g, x, x, None)
    reduced = aggregate_messages(g.adjacency, messages, name)
    for node in range(4):
        inbox = messages[g.edges()[1] == node]
        expected = aggregated(name, inbox) if len(inbox) else torch.zeros(3).double()
        torch.testing.assert_close(reduced[node], expected, rtol=1e-6, atol=1e-5)


def test_in_a_batch_each_graph_counts_its_own_nodes() -> None:
    layer = PNAConv(3, 2, ["mean"], ["identity"], DELTA).eval()
    one, x = gm.graph(([0], [1])), torch.randn(5, 3)
    out = layer(gm.batch([one, RING]), x)
    assert_close(out, torch.cat([layer(one, x[:2]), layer(RING, x[2:])]))


def test_a_tower_is_dropped_out_before_the_mixing() -> None:
    layer = PNAConv(3, 2, ["mean"], ["identity"], DELTA, dropout=1.0)
    out = layer(RING, torch.randn(3, 3))
    bias = torch.nn.functional.leaky_relu(layer.get_parameter("mixing_layer.0.bias"))
    assert_close(out, bias.expand(3, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((4, 6, ["mean"], ["identity"], 1.0, 0.0, 4), r"got 4, which does not divide \(4, 6\)"),
        (
            (4, 6, ["median"], ["identity"], 1.0),
            "aggregators: expected one of mean, .*, got 'median'",
        ),
        (
            (4, 6, ["mean"], ["linear"], 1.0),
            "scalers: expected one of identity, .*, got 'linear'",
        ),
    ],
    ids=["towers", "aggregator", "scaler"],
)
def test_wrong_options_are_refused(options: Any, message: str) -> None:
    with pytest.raises(gm.GraphValueError, match=message):
        PNAConv(*options)


def test_features_of_edges_come_if_and_only_if_they_are_read() -> None:
    x, options = torch.ones(3, 3), (["mean"], ["identity"], 1.0)
    with pytest.raises(
        gm.GraphValueError, match=r"edge_feat: expected 4 features per edge, got None"
    ):
        PNAConv(3, 2, *options, edge_feat_size=4)(RING, x)
    with pytest.raises(
        gm.GraphValueError, match=r"edge_feat: expected 0 features per edge, got a tensor"
    ):
        PNAConv(3, 2, *options)(RING, x, torch.ones(4, 4))
