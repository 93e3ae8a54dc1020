"""Attention on graphs that are split over threads: the same bits every time, and little memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from support.attentions import NAMES, Operands, joined, operands, run
from support.corner_graphs import Corner
from support.laws import assert_same_bits
from support.memory import LargestTensor
from torch import Tensor

import graphmp as gm

parallel = pytest.importorskip(
    "graphmp.kernels.cpu.runtime.threads",
    reason="needs Numba: pip install numba",
    exc_type=ImportError,
)

NODES, EDGES, HEADS, SIZE = 2000, 20_000, 3, 5
each_name = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def restored_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def random_corner(nodes: int, edges: int) -> Corner:
    """Edges of random ends, half of which enter one node in a hundred."""
    generator = torch.Generator().manual_seed(4)
    src, dst = torch.randint(nodes, (2, edges), generator=generator)
    dst = torch.where(src % 2 == 0, dst // 100, dst)
    return Corner("random", tuple(src.tolist()), tuple(dst.tolist()), nodes, nodes)


CORNER = random_corner(NODES, EDGES)
GRAPH = CORNER.graph()


def everything(name: str, graph: gm.Graph, given: Operands) -> list[Tensor]:
    """Output, attention and the gradients of all operands, with dropout."""
    leaves = {n: x.detach().requires_grad_() for n, x in given.items()}
    out, attention = run(name, graph, leaves, dropout=0.3, return_attention=True)
    loss = joined((out, attention)).square().sum()
    return [out, attention, *torch.autograd.grad(loss, list(leaves.values()))]


def seeded(name: str, graph: gm.Graph, given: Operands) -> list[Tensor]:
    """The same, with the same edges dropped every time."""
    torch.manual_seed(6)
    return everything(name, graph, given)


def assert_all_same_bits(actual: list[Tensor], expected: list[Tensor]) -> None:
    """The tensors of both lists have the same bits."""
    for one, other in zip(actual, expected, strict=True):
        assert_same_bits(one, other)


def test_the_work_is_enough_to_be_split() -> None:
    assert EDGES * HEADS * SIZE > parallel.SMALL


@each_name
def test_every_run_and_every_number_of_threads_gives_the_same_bits(name: str) -> None:
    given = operands(CORNER, name)
    torch.set_num_threads(1)
    expected = seeded(name, GRAPH, given)
    for threads in (1, 2, 3, 5):
        torch.set_num_threads(threads)
        assert_all_same_bits(seeded(name, GRAPH, given), expected)
        assert_all_same_bits(seeded(name, GRAPH, given), expected)


def test_one_number_that_all_nodes_share_has_the_same_bits_too() -> None:
    corner = random_corner(80_000, 1000)  # attn is one number, its gradient a sum over all nodes
    given = operands(corner, "gatv2_attention", heads=1, k=1, size=1)
    made, graph = [], corner.graph()
    for threads in (1, 2, 3, 5):
        torch.set_num_threads(threads)
        made.append(seeded("gatv2_attention", graph, given))
    for other in made[1:]:
        assert_all_same_bits(other, made[0])


def test_several_threads_may_call_at_once() -> None:
    torch.set_num_threads(2)
    given = {name: operands(CORNER, name) for name in NAMES}

    def alone(name: str) -> list[Tensor]:
        leaves = {n: x.detach().requires_grad_() for n, x in given[name].items()}
        pair = run(name, GRAPH, leaves, return_attention=True)
        return [*pair, *torch.autograd.grad(joined(pair).sum(), list(leaves.values()))]

    expected = {name: alone(name) for name in NAMES}
    start = threading.Barrier(4)

    def work(names: list[str]) -> list[list[Tensor]]:
        torch.set_num_threads(2)
        start.wait()
        return [alone(name) for name in names]

    with ThreadPoolExecutor(4) as pool:
        orders = [[*NAMES[i:], *NAMES[:i]] * 2 for i in range(4)]
        for order, made in zip(orders, pool.map(work, orders), strict=True):
            for name, tensors in zip(order, made, strict=True):
                assert_all_same_bits(tensors, expected[name])


FORK = """
import os, signal
import torch, graphmp as gm
from graphmp.kernels.cpu.runtime import threads as parallel

parallel.SMALL = 0
torch.set_num_threads(2)
graph = gm.graph(([0, 1, 2, 0], [1, 1, 0, 2]))
x = torch.arange(45.0).view(3, 3, 5).sin().requires_grad_()

def gradient():
    torch.manual_seed(1)
    out = gm.ops.dot_attention(graph, x, x, x, dropout=0.3)
    return out.detach(), *torch.autograd.grad(out.square().sum(), x)

expected = gradient()
assert parallel._pool is not None  # the parent has threads, which the child will not have
child = os.fork()
if child == 0:
    signal.alarm(60)
    os._exit(0 if all(map(torch.equal, gradient(), expected)) else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.program
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork; nothing to test")
def test_a_forked_child_attends_too() -> None:
    command = [sys.executable, "-c", FORK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


# ---- memory

FEW, MANY = 40, 8000
MESSAGES = MANY * HEADS * SIZE * 4  # bytes of a float32 number for every edge, head and element
SOURCES = tuple(e % FEW for e in range(MANY))
CROWDED = Corner("crowded", SOURCES, tuple(e // 7 % FEW for e in range(MANY)), FEW, FEW)
STAR = Corner("star", SOURCES, (0,) * MANY, FEW, FEW)


def attended(name: str, graph: gm.Graph, given: dict[str, Any]) -> None:
    pair = run(name, graph, given, dropout=0.3, return_attention=True)
    loss: Any = joined(pair).square().sum()
    loss.backward()


@pytest.fixture
def crowded() -> gm.Graph:
    graph = CROWDED.graph()
    graph.create_formats_()
    return graph


@each_name
def test_nothing_is_stored_for_an_edge_a_head_and_an_element(name: str, crowded: gm.Graph) -> None:
    given = {n: x.requires_grad_() for n, x in operands(CROWDED, name).items()}
    with LargestTensor() as largest:
        attended(name, crowded, given)
    assert 0 < largest.bytes < MESSAGES / 2
    assert all(x.grad is not None for x in given.values())


@each_name
def test_the_guard_sees_what_plain_torch_stores(name: str, crowded: gm.Graph) -> None:
    given = {n: x.requires_grad_() for n, x in operands(CROWDED, name).items()}
    with gm.kernels.using("reference"), LargestTensor() as largest:
        attended(name, crowded, given)
    assert largest.bytes >= MESSAGES


@each_name
def test_a_forward_pass_stores_nothing_for_an_edge(name: str, crowded: gm.Graph) -> None:
    given = operands(CROWDED, name)
    del given["edge"], given["weight"]
    with LargestTensor() as largest:
        run(name, crowded, given)
    assert 0 < largest.bytes < MANY


@pytest.fixture
def _results_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small results, too, lie in torch's memory, so that NumPy reports what loops hold."""
    messages = pytest.importorskip("graphmp.kernels.cpu.messages", exc_type=ImportError)
    monkeypatch.setattr(messages, "_MAX_SMALL", 0)


def peak_of_arrays(name: str, graph: gm.Graph) -> int:
    """The bytes that loops hold at once, which NumPy reports."""
    given = {n: x.requires_grad_() for n, x in operands(CROWDED, name).items()}
    attended(name, graph, given)
    tracemalloc.start()
    attended(name, graph, given)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


@each_name
@pytest.mark.usefixtures("_results_of_torch")
def test_the_loops_allocate_nothing_that_torch_does_not_see(name: str, crowded: gm.Graph) -> None:
    assert peak_of_arrays(name, crowded) < MESSAGES / 2


@each_name
@pytest.mark.usefixtures("_results_of_torch")
def test_a_row_of_all_edges_takes_some_numbers_for_each_head(name: str) -> None:
    assert MANY * 16 * 4 < peak_of_arrays(name, STAR.graph()) < MANY * 25 * 4
