"""No layer makes the host wait for a GPU, on a graph that it has seen before."""

from __future__ import annotations

import pytest
import torch
from support.corner_graphs import HUB, MIXED, Corner, feature
from support.layers import IN, LAYERS, call, edge_input, made

if not torch.cuda.is_available():
    pytest.skip("needs a CUDA device: make test-gpu", allow_module_level=True)


@pytest.mark.parametrize("corner", [MIXED, HUB], ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_no_layer_waits(name: str, corner: Corner) -> None:
    layer, graph = made(name).to("cuda"), corner.graph()
    edge = edge_input(name, graph).to("cuda") if LAYERS[name].needed else None
    graph = graph.to("cuda")
    graph.create_formats_()
    x = feature(corner.num_src, (IN,)).to("cuda").requires_grad_()
    call(name, layer, graph, x, edge)
    torch.cuda.set_sync_debug_mode("error")
    try:
        call(name, layer, graph, x, edge)
    finally:
        torch.cuda.set_sync_debug_mode("default")
