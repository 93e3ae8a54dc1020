"""Layers with several heads reject dimensions that do not fit before a kernel reads them."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp import nn
from graphmp.errors import GraphTypeError, GraphValueError

RING = gm.graph(([0, 1, 2], [1, 2, 0]))
ATTENTIONS = [nn.GATConv, nn.GATv2Conv, nn.DotGatConv, nn.TransformerConv]
each_attention = pytest.mark.parametrize("layer", ATTENTIONS, ids=lambda layer: layer.__name__)


@each_attention
@pytest.mark.parametrize(
    ("src", "dst"), [((2,), ()), ((), (2,)), ((2,), (3,)), ((3,), (2,)), ((1,), (2,))]
)
def test_both_ends_have_the_same_dimensions(layer: Any, src: Any, dst: Any) -> None:
    pair = torch.ones(3, *src, 5), torch.ones(3, *dst, 4)
    text = f"got {src} for the sources and {dst} for the destinations"
    with pytest.raises(GraphValueError, match=re.escape(text)):
        layer((5, 4), 2, 3)(RING, pair)


@each_attention
@pytest.mark.filterwarnings("ignore:Complex modules")
def test_complex_features_are_rejected(layer: Any) -> None:
    conv = layer(5, 2, 3).to(torch.complex64)
    with pytest.raises(GraphTypeError, match="feat: expected floating point"):
        conv(RING, torch.ones(3, 5, dtype=torch.complex64))


@pytest.mark.parametrize("edges", [(3,), (1, 2), (2, 2)])
@pytest.mark.parametrize("layer", [nn.EdgeGATConv, nn.TransformerConv])
def test_features_of_edges_broadcast_to_those_of_nodes(layer: Any, edges: tuple[int, ...]) -> None:
    conv = layer(5, edge_feats=4, out_feats=2, num_heads=3)
    text = "edge_feat: expected the dimensions (2,) of the nodes between the rows and the size, "
    with pytest.raises(GraphValueError, match=re.escape(f"{text}or none, got {edges}")):
        conv(RING, torch.ones(3, 2, 5), torch.ones(3, *edges, 4))


@pytest.mark.parametrize("layer", [nn.EdgeGATConv, nn.TransformerConv])
def test_features_of_edges_are_shared_by_the_dimensions_of_nodes(layer: Any) -> None:
    conv, feat, edge_feat = layer(5, edge_feats=4, out_feats=2, num_heads=3), *_features()
    each = [conv(RING, feat[:, i], edge_feat) for i in range(2)]
    for edges in (edge_feat, edge_feat.unsqueeze(1), edge_feat.unsqueeze(1).expand(-1, 2, -1)):
        torch.testing.assert_close(conv(RING, feat, edges), torch.stack(each, 1))


def _features() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(3, 2, 5, generator=generator), torch.randn(3, 4, generator=generator)


def test_set2set_rejects_features_of_more_dimensions() -> None:
    with pytest.raises(GraphValueError, match=r"feat: expected shape \(N, 5\), got \(3, 2, 5\)"):
        nn.Set2Set(5, 2, 1)(RING, torch.ones(3, 2, 5))
