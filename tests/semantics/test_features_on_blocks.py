"""A layer given one tensor on a block takes feat[:num_dst_nodes] as the destination's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from support.laws import assert_close
from torch import nn

import graphmp as gm
from graphmp.nn import GATConv, GraphConv, SAGEConv

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "GraphConv": lambda: GraphConv(3, 2, allow_zero_in_degree=True),
    "SAGEConv mean": lambda: SAGEConv(3, 2, "mean"),
    "SAGEConv gcn": lambda: SAGEConv(3, 2, "gcn"),
    "SAGEConv pool": lambda: SAGEConv(3, 2, "pool"),
    "SAGEConv lstm": lambda: SAGEConv(3, 2, "lstm"),
    "GATConv": lambda: GATConv(3, 2, 2, residual=True, allow_zero_in_degree=True),
}
BLOCK = gm.create_block(([4, 2, 0, 3], [0, 0, 1, 1]), num_src_nodes=5, num_dst_nodes=3)


@pytest.mark.parametrize("name", LAYERS)
def test_one_tensor_on_a_block_gives_the_destinations_its_first_rows(name: str) -> None:
    layer, x = LAYERS[name](), torch.randn(5, 3)
    out = layer(BLOCK, x)
    assert out.shape[0] == 3
    assert_close(out, layer(BLOCK, (x, x[:3])))


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "GraphConv"])
def test_a_tuple_is_source_and_destination(name: str) -> None:
    layer, x, own = LAYERS[name](), torch.randn(5, 3), torch.randn(3, 3)
    assert not torch.allclose(layer(BLOCK, (x, own)), layer(BLOCK, x))
    far = torch.cat([x[:1], x[1:] + 1])  # node 1 sends to nobody, 0 to destination 1
    moved = layer(BLOCK, (far, own))
    assert not torch.allclose(moved[0], layer(BLOCK, (x, own))[0])
    assert_close(moved[2], layer(BLOCK, (x, own))[2])
