"""Memory of large results: used again when it is free, and never before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch

import graphmp as gm

memory = pytest.importorskip(
    "graphmp.kernels.cpu.runtime.memory",
    reason="needs Numba: pip install numba",
    exc_type=ImportError,
)
ROWS = 100_000
DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int32, torch.int64)


@pytest.fixture(autouse=True)
def nothing_is_kept() -> Iterator[None]:
    memory.release()
    yield
    memory.release()


def kept() -> int:
    """Bytes that are kept for later."""
    return sum(size * len(blocks) for size, blocks in memory._free.items())


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_large_tensor_is_as_torch_makes_it(dtype: torch.dtype) -> None:
    made = memory.empty((ROWS, 4, 16), dtype)
    assert (made.shape, made.dtype, made.device.type) == ((ROWS, 4, 16), dtype, "cpu")
    assert made.is_contiguous()
    assert not made._is_view()
    assert made.untyped_storage().nbytes() == made.nbytes


def test_memory_is_used_again_when_no_tensor_refers_to_it() -> None:
    first = memory.empty((ROWS, 64), torch.float32)
    where, part = first.data_ptr(), first[5:]
    del first
    assert kept() == 0
    second = memory.empty((ROWS, 64), torch.float32)
    assert second.data_ptr() != where
    del part
    assert kept() >= second.nbytes
    assert memory.empty((ROWS, 32), torch.float64).data_ptr() == where


def test_memory_of_about_the_same_size_serves_and_other_does_not() -> None:
    memory.empty((4 * ROWS, 64), torch.float32)  # as much may be cached from now on
    where = memory.empty((ROWS, 64), torch.float32).data_ptr()
    assert memory.empty((ROWS - 9, 64), torch.float32).data_ptr() == where
    assert memory.empty((ROWS // 2, 64), torch.float32).data_ptr() != where


@pytest.mark.parametrize("size", [1 << 22, (1 << 22) + 1, 5_000_000, 43_351_808, (1 << 30) - 1])
def test_a_block_is_at_most_an_eighth_too_large(size: int) -> None:
    assert size <= memory._rounded(size) <= size * 1.125 + 1


def test_what_is_kept_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MAX_CACHED", 5 * memory.LARGE)
    tensors = [memory.empty((memory.LARGE + step * 1_000_000,), torch.uint8) for step in range(8)]
    tensors.append(memory.empty((5 * memory.LARGE + 1,), torch.uint8))
    del tensors
    assert 0 < kept() <= 5 * memory.LARGE


def test_results_and_what_is_kept_take_no_more_than_results_have_taken() -> None:
    sizes = [8, 1, 2, 3, 1, 5, 2, 4, 1, 1, 6, 2, 7]
    tensors: list[torch.Tensor] = []
    most = 0
    for step, size in enumerate(sizes * 3):
        tensors.append(memory.empty((size * memory.LARGE,), torch.uint8))
        most = max(most, sum(tensor.nbytes for tensor in tensors))
        assert sum(tensor.nbytes for tensor in tensors) + kept() <= most
        del tensors[: step % 3]
        assert sum(tensor.nbytes for tensor in tensors) + kept() <= most
    assert kept() > 0


def test_what_is_kept_is_let_go_when_there_is_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    del_me = memory.empty((ROWS, 64), torch.float32)
    del del_me
    assert kept() > 0
    allocate, failures = torch.empty, [RuntimeError("not enough memory")]

    def scarce(*args: Any, **options: Any) -> torch.Tensor:
        if failures:
            raise failures.pop()
        return allocate(*args, **options)

    monkeypatch.setattr(torch, "empty", scarce)
    made = memory.empty((2 * ROWS, 64), torch.float32)
    assert made.shape == (2 * ROWS, 64)
    assert (failures, kept()) == ([], 0)


def test_threads_never_share_memory() -> None:
    wrong = []

    def work(number: int) -> None:
        for turn in range(60):
            mine = memory.empty((20_000 + 1000 * (turn % 5), 64), torch.float32).fill_(number)
            if not bool((mine[::997] == number).all()):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_result_may_be_changed_in_place_and_earlier_results_stay() -> None:
    g = gm.rand_graph(ROWS, ROWS)
    x = torch.rand(ROWS, 32, requires_grad=True)
    first = gm.ops.copy_u_sum(g, x)
    before = first.detach().clone()
    second = gm.ops.copy_u_sum(g, 2 * x)
    assert torch.equal(first, before)
    torch.autograd.backward(second.relu_().sum())
    assert x.grad is not None
    assert torch.equal(x.grad[:, 0], 2 * g.out_degrees().float())
