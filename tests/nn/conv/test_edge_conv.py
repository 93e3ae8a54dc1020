from __future__ import annotations

from typing import Any

import pytest
import torch
from support import dense
from support.agreement import Formula, Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import BIPARTITE, MIXED, Corner, each_corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import EdgeConv


def formula_of(corner: Corner, layer: EdgeConv) -> Formula:
    """A message for each edge, and the first maximum of them."""
    leaves, enters = ends_of(corner)

    def formula(p: Parameters, source: Tensor, own: Tensor, _: Any) -> Tensor:
        difference = enters @ own - leaves @ source
        inbox = difference @ p["theta.weight"].T + p["theta.bias"]
        inbox = inbox + enters @ own @ p["phi.weight"].T + p["phi.bias"]
        if layer.batch_norm:
            inbox = (inbox - 0.3) / (2 + layer.bn.eps) ** 0.5 * p["bn.weight"] + p["bn.bias"]
        return dense.reduce("max", inbox, corner.dst, corner.num_dst)

    return formula


@pytest.mark.parametrize("batch_norm", [False, True])
@each_corner
def test_it_agrees_with_the_dense_formula(corner: Corner, batch_norm: bool) -> None:
    layer = drawn(EdgeConv(3, 2, batch_norm, allow_zero_in_degree=True)).eval()
    if batch_norm:
        layer.bn.running_mean.fill_(0.3)  # type: ignore[union-attr]
        layer.bn.running_var.fill_(2.0)  # type: ignore[union-attr]
    assert_agrees(layer, formula_of(corner, layer), corner.graph(), features(corner, (3, 3)))


def test_in_training_messages_are_normalised_over_the_edges() -> None:
    layer = EdgeConv(3, 2, batch_norm=True, allow_zero_in_degree=True)
    g, x = MIXED.graph(), MIXED.feature("u", (3,))
    u, v = g.edges()
    messages = layer.theta(x[v] - x[u]) + layer.phi(x[v])
    spread = (messages.var(0, unbiased=False) + layer.bn.eps).sqrt()
    messages = (messages - messages.mean(0)) / spread
    assert_close(layer(g, x), gm.ops.copy_e_max(g, messages))


def test_nodes_without_in_edges_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="EdgeConv needs an edge into every node"):
        EdgeConv(3, 2)(BIPARTITE.graph(), (torch.ones(5, 3), torch.ones(3, 3)))
