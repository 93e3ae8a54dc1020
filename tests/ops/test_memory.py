"""What message passing allocates: never a message for every edge, when a kernel does the work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from support.memory import LargestTensor

import graphmp as gm
import graphmp.function as fn

pytest.importorskip("numba", reason="the CPU kernels need Numba: pip install numba")

NODES, EDGES, WIDTH = 40, 8000, 64
MESSAGES = EDGES * WIDTH * 4  # bytes of one float32 message for every edge
FUSED = ["copy_u", "u_add_e", "u_sub_e", "u_mul_e", "u_div_e", "e_add_u", "e_sub_u", "e_mul_u"]


@contextmanager
def no_message_for_every_edge() -> Iterator[None]:
    """Nothing half as large as all messages is allocated inside."""
    with LargestTensor() as largest:
        yield
    assert 0 < largest.bytes < MESSAGES / 2


@pytest.fixture
def graph() -> gm.Graph:
    """A graph of many edges between few nodes, with features ``h`` and edge weights ``w``."""
    made = gm.rand_graph(NODES, 1600)
    ends = [torch.cat([end] * 5) for end in made.edges()]
    graph = gm.graph((ends[0], ends[1]), num_nodes=NODES)
    assert graph.num_edges() == EDGES
    graph.create_formats_()
    graph.ndata["h"] = torch.randn(NODES, WIDTH, requires_grad=True)
    graph.edata["w"] = torch.rand(EDGES, 1).add(1).requires_grad_()
    return graph


def message(name: str) -> fn.Message:
    """The builtin, reading ``h`` of nodes and ``w`` of edges."""
    fields = {"u": "h", "v": "h", "e": "w"}
    read = [name[-1]] if name.startswith("copy") else [name[0], name[-1]]
    made: fn.Message = getattr(fn, name)(*(fields[end] for end in read), "m")
    return made


@pytest.mark.parametrize("reducer", fn.reducer_names())
@pytest.mark.parametrize("name", FUSED)
@pytest.mark.thorough
def test_update_all_of_nodes_and_edges_forward_and_backward(
    graph: gm.Graph, name: str, reducer: str
) -> None:
    with no_message_for_every_edge():
        graph.update_all(message(name), getattr(fn, reducer)("m", "out"))
        graph.ndata["out"].square().sum().backward()
    assert graph.ndata["h"].grad.shape == (NODES, WIDTH)


def test_a_dot_product_of_nodes_forward_and_backward(graph: gm.Graph) -> None:
    with no_message_for_every_edge():
        graph.apply_edges(fn.u_dot_v("h", "h", "score"))
        graph.edata["score"].square().sum().backward()
    assert graph.ndata["h"].grad.shape == (NODES, WIDTH)


def test_the_guard_sees_a_message_for_every_edge(graph: gm.Graph) -> None:
    with gm.kernels.using("reference"), pytest.raises(AssertionError), no_message_for_every_edge():
        graph.update_all(fn.copy_u("h", "m"), fn.sum("m", "out"))


def test_the_kernels_allocate_nothing_that_torch_does_not_see(graph: gm.Graph) -> None:
    import tracemalloc

    def run() -> None:
        graph.update_all(fn.u_mul_e("h", "w", "m"), fn.mean("m", "out"))
        graph.ndata["out"].square().sum().backward()

    run()
    tracemalloc.start()  # NumPy reports its memory here
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MESSAGES / 2
