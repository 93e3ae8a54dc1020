"""Page-locked memory of a graph."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import graphmp as gm


def sample() -> gm.Graph:
    g = gm.graph(([0, 1], [1, 2]))
    g.ndata["x"], g.edata["w"] = torch.arange(3.0), torch.arange(2.0)
    g.create_formats_()
    return g


def layouts(g: gm.Graph) -> list[Tensor]:
    edges = g.adjacency
    return [edges.src, edges.dst, *edges.csr, *edges.csc]


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The addresses of tensors that were pinned, as if there were a GPU."""
    addresses: list[int] = []

    def pin(tensor: Tensor) -> Tensor:
        copy = tensor.clone()
        addresses.append(copy.data_ptr())
        return copy

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(Tensor, "pin_memory", pin)
    monkeypatch.setattr(Tensor, "is_pinned", lambda tensor: tensor.data_ptr() in addresses)
    return addresses


@pytest.mark.usefixtures("pinned")
def test_ids_and_features_are_pinned_in_place_and_unpinned() -> None:
    g = sample()
    before = [tensor.clone() for tensor in layouts(g)]
    assert not g.is_pinned()
    for change, expected in ((g.pin_memory_, True), (g.unpin_memory_, False)):
        assert change() is g
        after = layouts(g)
        assert all(map(torch.equal, before, after))
        assert {tensor.is_pinned() for tensor in (*after, g.ndata["x"], g.edata["w"])} == {expected}
        assert g.is_pinned() == expected
        assert g.ndata["x"].tolist() == [0, 1, 2]
    g.update_all(gm.function.copy_u("x", "m"), gm.function.sum("m", "y"))
    assert g.ndata["y"].tolist() == [0, 0, 1]


@pytest.mark.usefixtures("pinned")
def test_pending_features_of_a_subgraph_are_gathered_and_pinned() -> None:
    part = gm.node_subgraph(sample(), [2, 1]).pin_memory_()
    assert part.ndata["x"].is_pinned()
    assert part.ndata["x"].tolist() == [2, 1]


def test_without_a_gpu_nothing_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    g = sample()
    assert not g.unpin_memory_().is_pinned()
    with pytest.raises(gm.GraphRuntimeError, match="expected a GPU, got none"):
        g.pin_memory_()


def test_a_graph_on_another_device_is_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="on the CPU, got one on meta"):
        sample().to("meta").pin_memory_()
