"""Threads: results have the same bits whoever computes them, and forks and errors do no harm."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from support.corner_graphs import CORNERS, HUB, Corner, each_corner
from support.laws import assert_same_bits
from torch import Tensor

import graphmp as gm

parallel = pytest.importorskip(
    "graphmp.kernels.cpu.runtime.threads",
    reason="needs Numba: pip install numba",
    exc_type=ImportError,
)


@pytest.fixture(autouse=True)
def threads_even_for_little_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Never run small work on the calling thread alone; restore the number of threads."""
    monkeypatch.setattr(parallel, "SMALL", 0)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def everything(corner: Corner) -> list[Tensor]:
    """Sum, mean, maximum, messages and softmax, and the gradients of all of them."""
    graph = corner.graph()
    u, e = corner.feature("u", (2, 3)), corner.feature("e", (2, 1))
    inputs = [tensor.requires_grad_() for tensor in (u, e)]
    weights = gm.ops.edge_softmax(graph, e)
    reduced = ("sum", "mean", "max")
    outs = [gm.ops.gspmm(graph, "mul", reducer, u, weights) for reducer in reduced]
    outs.append(gm.ops.e_div_u(graph, e, u))
    total = torch.stack([out.square().sum() for out in outs]).sum()
    return [*outs, weights, *torch.autograd.grad(total, inputs)]


def assert_all_same_bits(actual: list[Tensor], expected: list[Tensor]) -> None:
    """The tensors of both lists have the same bits."""
    for one, other in zip(actual, expected, strict=True):
        assert_same_bits(one, other)


@each_corner
@pytest.mark.usefixtures("backend")
def test_every_run_and_every_number_of_threads_gives_the_same_bits(corner: Corner) -> None:
    torch.set_num_threads(1)
    expected = everything(corner)
    for threads in (1, 1, 2, 3, 8):
        torch.set_num_threads(threads)
        assert_all_same_bits(everything(corner), expected)


@pytest.mark.usefixtures("backend")
def test_several_threads_may_call_at_once() -> None:
    torch.set_num_threads(2)
    expected = {corner: everything(corner) for corner in CORNERS}
    start = threading.Barrier(4)

    def work(corners: list[Corner]) -> list[list[Tensor]]:
        start.wait()
        return [everything(corner) for corner in corners]

    with ThreadPoolExecutor(4) as pool:
        orders = [[*CORNERS[i:], *CORNERS[:i]] for i in range(4)]
        for order, made in zip(orders, pool.map(work, orders), strict=True):
            for corner, tensors in zip(order, made, strict=True):
                assert_all_same_bits(tensors, expected[corner])


def ranges(limits: Any) -> list[tuple[int, int]]:
    """The ranges of rows that a kernel is called for, ascending."""
    called: list[tuple[int, int]] = []
    parallel.run(lambda first, last: called.append((first, last)), limits)
    return sorted(called)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@each_corner
def test_every_row_is_in_one_range(corner: Corner, threads: int) -> None:
    torch.set_num_threads(threads)
    for limits in (corner.graph().adjacency.csc.indptr.numpy(), corner.num_dst):
        rows = [row for first, last in ranges(limits) for row in range(first, last)]
        assert rows == list(range(corner.num_dst))


def test_rows_are_split_where_the_edges_split_evenly() -> None:
    torch.set_num_threads(2)
    assert ranges(HUB.graph().adjacency.csc.indptr.numpy()) == [(0, 1), (1, 4)]


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_splitting_does_not_convert_the_limits(dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    dtypes: list[Any] = []
    search = np.searchsorted

    def spy(limits: Any, cuts: Any) -> Any:
        dtypes.extend((limits.dtype, cuts.dtype))
        return search(limits, cuts)

    monkeypatch.setattr(np, "searchsorted", spy)
    assert parallel._split(np.arange(5, dtype=dtype), 4, 2) == [(0, 2), (2, 4)]
    assert dtypes == [dtype, dtype]


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_any_range_reaches_the_caller(threads: int) -> None:
    torch.set_num_threads(threads)

    def fail(first: int, last: int) -> None:
        if first <= 9 < last:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        parallel.run(fail, 10)


FORK = """
import os, signal
import torch, graphmp as gm
from graphmp.kernels.cpu.runtime import threads as parallel

parallel.SMALL = 0
torch.set_num_threads(2)
graph = gm.graph(([0, 1, 2, 0], [1, 1, 0, 2]))
x = torch.arange(6.0).view(3, 2)
expected = gm.ops.copy_u_sum(graph, x)
assert parallel._pool is not None  # the parent has threads, which the child will not have
child = os.fork()
if child == 0:
    signal.alarm(60)
    os._exit(0 if torch.equal(gm.ops.copy_u_sum(graph, x), expected) else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.program
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork; nothing to test")
def test_a_forked_child_makes_threads_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("pieces", "expected"), [(0, 2), (5, 5), (1000, 32)])
def test_little_work_is_split_into_few_ranges_but_one_for_each_thread(
    pieces: int, expected: int
) -> None:
    torch.set_num_threads(2)
    called: list[tuple[int, int]] = []
    parallel.run(lambda first, last: called.append((first, last)), 64, pieces=pieces)
    assert len(called) == expected
    assert sorted(row for first, last in called for row in range(first, last)) == list(range(64))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 3, 100])
def test_every_call_has_every_row(count: int, threads: int) -> None:
    torch.set_num_threads(threads)
    called: list[tuple[int, int, int]] = []
    calls = [(lambda *args: called.append(args), (call,)) for call in range(count)]
    parallel.run_all(calls, 64)
    rows = [(call, row) for call, first, last in sorted(called) for row in range(first, last)]
    assert rows == [(call, row) for call in range(count) for row in range(64)]


AFTER_MAIN = """
import atexit
import os
import threading
import torch
import graphmp as gm
torch.set_num_threads(2)
graph, x = gm.rand_graph(1000, 200000), torch.ones(1000, 2)
expected = gm.ops.copy_u_sum(graph, x)
def compute():
    os.write(1, b"same " if torch.equal(gm.ops.copy_u_sum(graph, x), expected) else b"other ")
def compute_later():
    main.join()
    compute()
main = threading.main_thread()
atexit.register(compute)
threading.Thread(target=compute_later).start()
"""


@pytest.mark.program
def test_a_thread_and_an_exit_function_compute_after_the_main_thread_has_ended() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AFTER_MAIN], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout, done.stderr) == ("same same ", "")


def test_the_calling_thread_does_all_the_work_where_no_other_can_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = ThreadPoolExecutor(1)
    ended.shutdown()
    monkeypatch.setattr(parallel, "_executor", lambda _: ended)
    torch.set_num_threads(2)
    called: list[tuple[int, int]] = []
    parallel.run(lambda first, last: called.append((first, last)), 64)
    assert sorted(row for first, last in called for row in range(first, last)) == list(range(64))
