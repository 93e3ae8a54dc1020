"""Row ranges on worker threads.

Kernels are serial and release the interpreter's lock. Work is split where the edges split evenly,
into more ranges than threads, so that a hub does not keep the others waiting; the result does not
depend on the split. The pool belongs to a process: a forked child makes its own.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np
import torch

RANGES_PER_THREAD = 16
SMALL = 1 << 18  # nanoseconds of work below which threads cost more than they save
PIECE = 1 << 15  # nanoseconds of work for which a range of its own pays, where rows are even

_pool: ThreadPoolExecutor | None = None
_pool_size = 0
_lock = threading.Lock()


def _forget() -> None:
    """Drop the parent's pool, whose threads a forked child does not have."""
    global _pool, _pool_size, _lock
    _pool, _pool_size, _lock = None, 0, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _executor(workers: int) -> ThreadPoolExecutor:
    global _pool, _pool_size
    with _lock:
        if _pool is None or _pool_size < workers:
            # An earlier, smaller pool finishes what it has; its threads end when it is collected.
            _pool = ThreadPoolExecutor(workers, thread_name_prefix="graphmp")
            _pool_size = workers
        return _pool


def run(kernel: Callable[..., None], limits: Any, *args: Any, pieces: int = sys.maxsize) -> None:
    """Call ``kernel(*args, first, last)`` for ranges that cover all rows.

    Args:
        kernel: writes rows ``first`` to ``last - 1`` of its outputs and nothing else.
        limits: (rows + 1,) array; row ``i`` is as much work as ``limits[i + 1] - limits[i]``.
            Or the number of rows, when all are equal.
        args: what the kernel takes before the range.
        pieces: how many ranges at most; but each thread has one.
    """
    run_all([(kernel, args)], limits, pieces)


def run_all(
    calls: Sequence[tuple[Callable[..., None], tuple[Any, ...]]],
    limits: Any,
    pieces: int = sys.maxsize,
) -> None:
    """Call each ``kernel(*args, first, last)`` for ranges that cover all rows, in no order.

    So no thread waits for the others between two calls.

    Args:
        calls: pairs ``(kernel, args)``, no two of which write the same elements.
        limits: as for :func:`run`, the same for all calls.
        pieces: how many ranges at most, of all calls together; but each call and thread has one.
    """
    rows = limits if isinstance(limits, int) else len(limits) - 1
    threads = torch.get_num_threads()
    if threads == 1 or rows < 2:
        for kernel, args in calls:
            kernel(*args, 0, rows)
        return
    pieces = max(min(pieces, threads * RANGES_PER_THREAD), threads)
    pieces = -(-pieces // max(len(calls), 1))
    ranges = _split(limits, rows, min(pieces, rows))
    tasks = ((kernel, args, piece) for kernel, args in calls for piece in ranges)
    take = threading.Lock()

    def work_off() -> None:
        while True:
            with take:
                task = next(tasks, None)
            if task is None:
                return
            kernel, args, piece = task
            kernel(*args, *piece)

    futures = _submitted(work_off, threads - 1)
    try:
        work_off()
    finally:
        started = [future for future in futures if not future.cancel()]  # the others find nothing
        wait(started)
    for future in started:
        future.result()


def _submitted(work: Callable[[], None], times: int) -> list[Future[None]]:
    """Hand work to worker threads: fewer times, or never, where no thread can start.

    None can after the main thread has ended, in an atexit function or a thread that still computes.
    """
    futures: list[Future[None]] = []
    with suppress(RuntimeError):
        for _ in range(times):
            futures.append(_executor(times).submit(work))
    return futures


def _split(limits: Any, rows: int, pieces: int) -> list[tuple[int, int]]:
    """Ranges of rows that cover all of them, with about equal work."""
    total = rows if isinstance(limits, int) else int(limits[-1])
    cuts = [total * number // pieces for number in range(pieces + 1)]
    if not isinstance(limits, int):  # NumPy converts all limits unless the dtypes are equal
        cuts = np.searchsorted(limits, np.array(cuts, limits.dtype)).tolist()
    cuts[0], cuts[-1] = 0, rows
    return [(first, last) for first, last in pairwise(cuts) if first < last]
