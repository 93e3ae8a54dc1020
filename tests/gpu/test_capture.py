"""Training steps on a GPU: captured as a CUDA graph, repeated bit by bit, and as on the CPU."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from support.laws import assert_close
from torch import Tensor, nn

import graphmp as gm

if not torch.cuda.is_available():
    pytest.skip("needs a CUDA device: make test-gpu", allow_module_level=True)


class Net(nn.Module):
    """A sum, an attention and a maximum, so that every kind of kernel takes part."""

    def __init__(self) -> None:
        super().__init__()
        self.first = gm.nn.GraphConv(16, 16)
        self.second = gm.nn.GATConv(16, 8, 2)
        self.third = gm.nn.SAGEConv(16, 4, "pool")

    def forward(self, graph: gm.Graph, x: Tensor) -> Tensor:
        h = self.first(graph, x).relu()
        h = self.second(graph, h).flatten(1).relu()
        return self.third(graph, h)  # type: ignore[no-any-return]


def parts() -> tuple[gm.Graph, Tensor, Tensor, Net]:
    """A graph with features and labels, and a model, in float64 on the CPU."""
    torch.manual_seed(1)
    graph = gm.add_self_loop(gm.rand_graph(200, 3000))
    graph.create_formats_()
    return graph, torch.randn(200, 16).double(), torch.randint(4, (200,)), Net().double()


def gradients(graph: gm.Graph, x: Tensor, labels: Tensor, net: Net) -> list[Tensor]:
    """The gradients of one step."""
    loss = F.cross_entropy(net(graph, x), labels)
    return list(torch.autograd.grad(loss, list(net.parameters())))


def test_a_step_gives_what_it_gives_on_the_cpu_and_the_same_bits_again() -> None:
    graph, x, labels, net = parts()
    expected = gradients(graph, x, labels, net)
    there = graph.to("cuda"), x.cuda(), labels.cuda(), net.cuda()
    once, again = gradients(*there), gradients(*there)
    for a, b, c in zip(once, again, expected, strict=True):
        assert torch.equal(a, b)
        assert_close(a.cpu(), c)


def test_a_training_step_is_captured_and_replayed() -> None:
    graph, x, labels, net = parts()
    graph, x, labels, net = graph.to("cuda"), x.cuda(), labels.cuda(), net.cuda()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def step() -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(net(graph, x), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss

    # Layouts are prepared, and kernels compiled, before the capture.
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        loss = step()
    captured.replay()
    first = float(loss)
    for _ in range(50):
        captured.replay()
    assert float(loss) < first


def test_dropout_drops_the_elements_that_it_drops_on_the_cpu() -> None:
    x, results = torch.randn(3000, 17), []
    for device in ("cpu", "cuda"):
        torch.manual_seed(3)
        results.append(gm.nn.functional.dropout(x.to(device), 0.3, activation="relu").cpu())
    assert torch.equal(*results)


def test_every_replay_of_a_captured_dropout_drops_the_same_elements() -> None:
    x = torch.ones(5000, device="cuda")
    gm.nn.functional.dropout(x)  # is compiled before the capture
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        out = gm.nn.functional.dropout(x)
    captured.replay()
    first = out.clone()
    captured.replay()
    assert torch.equal(out, first)
    assert 0 < int((out == 0).sum()) < 5000
