"""Layers store no messages, but for those that the table of layers in the documentation names."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import torch
from support import layers
from support.memory import LargestTensor

import graphmp as gm

DOCS = Path(__file__).resolve().parents[2] / "docs"
TABLE = runpy.run_path(str(DOCS / "_extensions" / "storing_layers.py"))
SIZE, EDGES = 48, 20_000
ROWS = [name for name in layers.LAYERS if name not in ("GINEConv", "GroupRevRes")]  # of fixed sizes
STORING = {"EdgeConv normalised", "SAGEConv lstm"}


def stores(name: str) -> bool:
    """Whether the table says that a row of ``layers.LAYERS`` stores messages."""
    return name in STORING or name.partition(" ")[0] in TABLE["STORING"]


@pytest.mark.parametrize("name", ROWS)
def test_messages_are_stored_where_the_table_says_so(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "IN", SIZE)
    monkeypatch.setattr(layers, "OUT", SIZE)
    torch.manual_seed(0)
    g = gm.graph((torch.randint(7, (EDGES,)), torch.randint(7, (EDGES,))), num_nodes=7)
    g.create_formats_()
    layer, x = layers.made(name), torch.randn(7, SIZE, requires_grad=True)
    layers.call(name, layer, g, x)  # what a graph remembers is stored once
    with LargestTensor() as memory:
        torch.autograd.backward(layers.call(name, layer, g, x).sum())
    # PNAConv's messages have a third of the size: one for each tower. GMMConv stores 20 weights.
    width = memory.bytes / 4 / EDGES
    assert (width >= SIZE / 3) if stores(name) else (width <= 20)
