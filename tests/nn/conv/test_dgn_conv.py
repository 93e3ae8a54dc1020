"""DGNConv agrees with its formula."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.agreement import Parameters, assert_agrees, drawn, features
from support.corner_graphs import SMALL_CORNERS, Corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import DGNConv, PNAConv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
NAMES = ["dir1-av", "dir2-dx", "sum", "dir3-dx"]


def aggregated(name: str, inbox: Tensor, steps: Tensor, own: Tensor) -> Tensor:
    """(size,): messages (degree, size) reduced by one aggregator, from differences of fields."""
    if name == "sum":
        return inbox.sum(0)
    step = steps[:, int(name[3]) - 1 : int(name[3])]
    total = step.abs().sum()
    flow = step / (total if total > 0 else 1)
    if name.endswith("av"):
        return (flow.abs() * inbox).sum(0)
    return (flow * (inbox - own)).sum(0).abs()


@pytest.mark.parametrize("edge_size", [0, 3])
@pytest.mark.parametrize("corner", SMALL_CORNERS, ids=str)
def test_it_agrees_with_the_dense_formula(corner: Corner, edge_size: int) -> None:
    def formula(
        p: Parameters, source: Tensor, own: Tensor, _: None, eig_vec: Any = None, **edges: Tensor
    ) -> Tensor:
        fields = (eig_vec, eig_vec[: corner.num_dst])
        rows = []
        for node in range(corner.num_dst):
            eids = [edge for edge, v in enumerate(corner.dst) if v == node]
            ends = [corner.src[edge] for edge in eids]
            parts = [source[ends], own[[node] * len(eids)], *(e[eids] for e in edges.values())]
            inbox = torch.cat(parts, 1) @ p["towers.0.M.weight"].T + p["towers.0.M.bias"]
            steps = fields[0][ends] - fields[1][[node] * len(eids)]
            views = [aggregated(name, inbox, steps, own[node]) for name in NAMES]
            rows.append(torch.cat([own[node], *views]))
        h = torch.stack(rows) if rows else own.new_zeros(0, p["towers.0.U.weight"].shape[1])
        h = h @ p["towers.0.U.weight"].T + p["towers.0.U.bias"]
        h = h / max(corner.num_dst, 1) ** 0.5 / (1 + 1e-5) ** 0.5
        h = h * p["towers.0.batchnorm.weight"] + p["towers.0.batchnorm.bias"]
        h = h @ p["mixing_layer.0.weight"].T + p["mixing_layer.0.bias"]
        return torch.where(h > 0, h, 0.01 * h)

    class WithFields(DGNConv):
        def forward(
            self, graph: gm.Graph, node_feat: Any, edge_feat: Any = None, eig_vec: Any = None
        ) -> Tensor:
            ends = (eig_vec, eig_vec[: corner.num_dst]) if corner.bipartite else eig_vec
            return super().forward(graph, node_feat, edge_feat, ends)

    layer = WithFields(4, 2, NAMES, ["identity"], 1.5, edge_feat_size=edge_size)
    more = {"edge_feat": corner.feature("e", (3,), torch.float64)} if edge_size else {}
    generator = torch.Generator().manual_seed(2)
    more["eig_vec"] = torch.rand(corner.num_src, 3, generator=generator).double()
    assert_agrees(drawn(layer).eval(), formula, corner.graph(), features(corner, (4, 4)), **more)


def test_without_directions_it_is_pna_conv() -> None:
    options = (3, 2, ["mean", "max"], ["identity", "attenuation"], 1.5)
    layer, plain = DGNConv(*options), PNAConv(*options)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(3, 3)
    assert_close(layer(RING, x), plain(RING, x))


def test_where_all_fields_are_equal_nothing_flows() -> None:
    layer = DGNConv(3, 2, ["dir1-av", "dir1-dx"], ["identity"], 1.5).eval()
    x = torch.randn(3, 3)
    flat = layer(RING, x, eig_vec=torch.ones(3, 1))
    alone = layer(gm.graph(([], []), num_nodes=3), x, eig_vec=torch.ones(3, 1))
    assert_close(flat, alone)


def test_wrong_inputs_are_refused() -> None:
    layer, x = DGNConv(3, 2, ["dir2-av"], ["identity"], 1.5), torch.ones(3, 3)
    with pytest.raises(gm.GraphTypeError, match="'eig_vec' of the source nodes: expected a tensor"):
        layer(RING, x)
    with pytest.raises(gm.GraphValueError, match=r"eig_vec: expected shape \(N, 2\) or wider"):
        layer(RING, x, eig_vec=torch.ones(3, 1))
    with pytest.raises(gm.GraphValueError, match=r"aggregators: expected one of mean, .*'dir4-av'"):
        DGNConv(3, 2, ["dir4-av"], ["identity"], 1.5)
    with pytest.raises(gm.GraphValueError, match=r"aggregators: expected one of mean, .*'dir1-av'"):
        PNAConv(3, 2, ["dir1-av"], ["identity"], 1.5)
