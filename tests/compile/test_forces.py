"""A program that differentiates twice: training on forces, the gradients of an energy."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.compiled import LAYERS, SIZE, whole
from support.laws import assert_close
from torch import Tensor, nn

import graphmp as gm

pytestmark = [
    pytest.mark.compiler,
    pytest.mark.skipif(
        not hasattr(torch._dynamo.config, "trace_autograd_ops"),
        reason="this torch does not trace torch.autograd.grad: install torch 2.13 or newer",
    ),
]


class Energies(nn.Module):
    """An energy of each node, from the distances along its edges."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.distance = layer, nn.Linear(SIZE, SIZE)

    def forward(self, graph: gm.Graph, place: Tensor) -> Tensor:
        across = gm.ops.u_sub_v(graph, place, place)
        out: Tensor = self.layer(graph, gm.ops.copy_e_sum(graph, self.distance(across).tanh()))
        return out.tanh()


@pytest.mark.parametrize(
    "name", ["GraphConv", "SAGEConv mean", "GATConv", "GATv2Conv", "GINConv max", "u_div_e mean"]
)
def test_a_program_trains_on_forces(name: str) -> None:
    torch.manual_seed(0)
    module = Energies(LAYERS[name]())
    weights = [weight for weight in module.parameters() if weight.ndim == 2]

    def step(graph: gm.Graph, place: Tensor, forces: Tensor) -> Any:
        energy = module(graph, place).sum()
        (slope,) = torch.autograd.grad(energy, place, create_graph=True)
        loss = (slope + forces).square().mean()
        return loss.detach(), torch.autograd.grad(loss, weights)

    torch.compiler.reset()
    with torch._dynamo.config.patch(trace_autograd_ops=True):
        compiled: Any = torch.compile(step, fullgraph=True, backend="aot_eager")
        for nodes in (10, 13):
            graph = whole(nodes)
            graph.create_formats_()
            place = torch.randn(nodes, SIZE, requires_grad=True)
            forces = torch.randn(nodes, SIZE)
            loss, grads = compiled(graph, place, forces)
            wanted_loss, wanted = step(graph, place, forces)
            assert_close(loss, wanted_loss)
            for one, other in zip(grads, wanted, strict=True):
                assert_close(one, other)


def test_dropout_of_attention_has_second_derivatives_in_eager_mode_alone() -> None:
    torch.manual_seed(0)
    graph = whole(5)
    graph.create_formats_()
    layer = gm.nn.GATConv(SIZE, 2, 2, attn_drop=0.4).double()
    place = torch.randn(5, SIZE).double().requires_grad_()

    def energy(place: Tensor) -> Tensor:
        torch.manual_seed(3)
        out: Tensor = layer(graph, place)
        return out

    assert torch.autograd.gradgradcheck(energy, place)

    def step(place: Tensor) -> Any:
        (slope,) = torch.autograd.grad(layer(graph, place).sum(), place, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), layer.fc.weight)

    torch.compiler.reset()
    with torch._dynamo.config.patch(trace_autograd_ops=True):
        compiled: Any = torch.compile(step, fullgraph=True, backend="aot_eager")
        with pytest.raises(Exception, match="data-dependent"):
            compiled(place)
