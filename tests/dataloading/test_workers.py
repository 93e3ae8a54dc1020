"""Workers: errors surface, loops that are broken off leave nothing behind, nothing grows."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.loaders import PATIENCE, people, woken_from_every_wait, workers

import graphmp as gm
from graphmp import dataloading as dl

each_number = pytest.mark.parametrize("number", [0, 1, 3])


class Calls(dl.Sampler):
    """Gives the seeds, and calls a function with the first of them before."""

    def __init__(self, function: Callable[[int], Any]) -> None:
        self.function = function

    def sample(self, g: gm.Graph, indices: Any) -> Any:
        self.function(int(indices[0]))
        return indices


def loader_of(function: Callable[[int], Any], count: int = 20, **kwargs: Any) -> dl.DataLoader:
    return dl.DataLoader(people(), range(count), Calls(function), **kwargs)


def fails_at(place: int, error: BaseException) -> Callable[[int], None]:
    def fail(seed: int) -> None:
        if seed == place:
            raise error

    return fail


@pytest.fixture(autouse=True)
def nothing_is_left() -> Any:
    """No test leaves a thread behind."""
    yield
    assert workers() == []


# ---- errors


@each_number
def test_an_error_surfaces_with_its_type_and_traceback(number: int) -> None:
    error = ZeroDivisionError("in the sampler")
    loader = loader_of(fails_at(5, error), num_workers=number)
    seen: list[int] = []
    with (
        woken_from_every_wait(),
        pytest.raises(ZeroDivisionError, match="in the sampler") as raised,
    ):
        seen.extend(int(seeds) for seeds in loader)
    assert raised.value is error
    assert "raise error" in "".join(traceback.format_tb(raised.value.__traceback__))
    assert seen == [0, 1, 2, 3, 4]  # all before it, no half batch, none after it


@each_number
def test_an_error_ends_the_epoch_and_the_next_one_runs(number: int) -> None:
    errors = iter([RuntimeError("once")])

    def fail(seed: int) -> None:
        error = next(errors, None) if seed == 3 else None
        if error is not None:
            raise error

    loader = loader_of(fail, num_workers=number)
    batches = iter(loader)
    with pytest.raises(RuntimeError, match="once"):
        list(batches)
    assert list(batches) == []
    assert workers() == []
    assert len(list(loader)) == 20


@each_number
@pytest.mark.parametrize("end", [StopIteration("early"), StopIteration()], ids=repr)
def test_a_sampler_that_stops_iteration_does_not_end_the_epoch_in_silence(
    number: int, end: BaseException
) -> None:
    with pytest.raises(
        gm.GraphRuntimeError, match=r"batch 4 to raise errors only, got StopIteration"
    ):
        list(loader_of(fails_at(4, end), num_workers=number))


@pytest.mark.parametrize("end", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_a_worker_that_ends_is_an_error_of_the_loop(end: BaseException) -> None:
    message = "worker of batch 4 to raise errors only, got"
    with woken_from_every_wait(), pytest.raises(gm.GraphRuntimeError, match=message) as raised:
        list(loader_of(fails_at(4, end), num_workers=2))
    assert raised.value.__cause__ is end


def test_an_error_at_the_start_of_a_worker_surfaces() -> None:
    loader = loader_of(
        lambda seed: None, num_workers=2, worker_init_fn=fails_at(1, OSError("no such disk"))
    )
    with pytest.raises(OSError, match="no such disk"):
        list(loader)


def test_workers_that_are_gone_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphmp.dataloading.prefetch.POLL_INTERVAL", 0.05)
    monkeypatch.setattr("graphmp.dataloading.prefetch._Work._run", lambda self, worker: None)
    with pytest.raises(gm.GraphRuntimeError, match="got none, as all workers have ended"):
        list(loader_of(lambda seed: None, num_workers=2))


def test_another_process_cannot_go_on_with_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: Any = iter(loader_of(lambda seed: None, num_workers=1))
    next(batches)
    with monkeypatch.context() as forked:
        forked.setattr("os.getpid", lambda: -1)
        with pytest.raises(gm.GraphRuntimeError, match="in the process that created it"):
            next(batches)
    assert workers() != []  # another process does not end them
    batches._work.close()


def test_a_batch_that_takes_too_long_is_an_error_where_a_limit_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("graphmp.dataloading.prefetch.JOIN_TIMEOUT", 0)
    blocked, released = threading.Event(), threading.Event()

    def block(seed: int) -> None:
        if seed == 2:
            blocked.set()
            released.wait(PATIENCE)

    batches = iter(loader_of(block, num_workers=1, prefetch_factor=3, timeout=0.1))
    (worker,) = (t for t in threading.enumerate() if t.name in workers())
    assert blocked.wait(PATIENCE)
    assert [int(next(batches)), int(next(batches))] == [0, 1]
    with pytest.raises(gm.GraphRuntimeError, match="Expected batch 2 within the timeout, got none"):
        next(batches)
    released.set()
    worker.join(PATIENCE)


def test_the_first_error_in_order_is_raised_whoever_is_first() -> None:
    def fail(seed: int) -> None:
        if seed == 4:
            time.sleep(0.05)
        if seed in (4, 5, 6):
            raise ValueError(f"seed {seed}")

    with pytest.raises(ValueError, match="seed 4"):
        list(loader_of(fail, num_workers=3))


# ---- loops that are broken off


@pytest.mark.parametrize("number", [1, 4])
def test_a_loop_that_is_broken_off_leaves_no_thread(number: int) -> None:
    loader = loader_of(lambda seed: None, count=60, num_workers=number)
    for _ in loader:
        assert len(workers()) == number
        break
    assert workers() == []


def test_an_error_in_the_loop_leaves_no_thread() -> None:
    def train() -> None:
        for seeds in loader_of(lambda seed: None, num_workers=2):
            raise ArithmeticError(seeds)

    with pytest.raises(ArithmeticError):
        train()
    gc.collect()
    assert workers() == []


def test_an_iterator_that_is_not_used_leaves_no_thread() -> None:
    iterator = iter(loader_of(lambda seed: None, num_workers=2))
    assert len(workers()) == 2
    del iterator
    assert workers() == []


def test_workers_make_no_more_than_they_are_asked_for_ahead() -> None:
    made: list[int] = []
    loader = loader_of(made.append, count=60, num_workers=2, prefetch_factor=3)
    batches = iter(loader)
    next(batches)
    deadline = time.monotonic() + PATIENCE
    while len(made) < 7 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert sorted(made) == list(range(7))  # one that was given, 2 × 3 ahead


def test_the_first_batch_is_made_before_the_others_start() -> None:
    running: list[int] = []

    def note(seed: int) -> None:
        running.append(seed)
        time.sleep(0.05 if seed == 0 else 0)
        assert seed != 0 or running == [0]

    assert len(list(loader_of(note, num_workers=4))) == 20


def test_work_overlaps_with_the_loop() -> None:
    made = [threading.Event() for _ in range(12)]
    for seeds in loader_of(lambda seed: made[seed].set(), count=12, num_workers=2):
        assert made[min(int(seeds) + 1, 11)].wait(PATIENCE)  # while the loop has this batch


@pytest.mark.program
def test_a_program_that_ends_in_the_middle_of_an_epoch_ends() -> None:
    code = (
        "import graphmp as gm\n"
        "g = gm.rand_graph(1000, 9000)\n"
        "sampler = gm.dataloading.NeighborSampler([5, 5])\n"
        "batches = iter(gm.dataloading.DataLoader(g, range(1000), sampler, num_workers=3))\n"
        "next(batches)\nprint('end')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=Path(gm.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=300,  # which includes compiling the loops
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("end\n", "", 0)


# ---- a long run


def resident() -> int:
    """The memory of this process that is in use, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
@pytest.mark.thorough
def test_two_thousand_batches_leave_nothing_behind() -> None:
    g = people(num_nodes=2000, degree=10)
    g.ndata["wide"] = torch.randn(2000, 64)
    sampler = dl.NeighborSampler([5, 5], prefetch_node_feats=["wide"])
    loader = dl.DataLoader(g, range(2000), sampler, batch_size=10, shuffle=True, num_workers=2)
    sizes, threads = [], threading.active_count()
    for turn in range(11):  # 200 batches each, the first to warm up; every other is broken off
        for number, _ in enumerate(loader):
            if turn % 2 and number == 195:
                break
        gc.collect()
        sizes.append(resident())
        assert threading.active_count() == threads
    assert max(sizes[6:]) - max(sizes[1:6]) < 8 << 20


@each_number
def test_threads_that_share_an_iterator_get_each_batch_once(number: int) -> None:
    batches = iter(loader_of(lambda _: None, num_workers=number))
    seen: list[int] = []
    errors: list[BaseException] = []

    def read() -> None:
        try:
            seen.extend(int(seeds) for seeds in batches)
        except BaseException as error:  # noqa: BLE001  # shown by the assertion
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert errors == []
    assert sorted(seen) == list(range(20))
    assert list(batches) == []
