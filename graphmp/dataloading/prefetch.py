"""Prefetching: threads compute results before the loop reads them, in order."""

from __future__ import annotations

import contextvars
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch

from ..errors import GraphRuntimeError

POLL_INTERVAL = 1.0  # seconds between checks of a waiting loop that its workers are alive
JOIN_TIMEOUT = 5.0  # seconds that the end of a loop waits for unfinished jobs

Job = Callable[[int], Any]


class Settings(NamedTuple):
    """Settings of a :class:`Prefetcher`.

    Attributes:
        threads: the number of threads.
        prefetch: the maximum number of results that are ready or in progress.
        init: called in each thread with its number when it starts, or None.
        timeout: seconds after which a missing result is an error; 0 for no timeout.
    """

    threads: int
    prefetch: int
    init: Callable[[int], None] | None = None
    timeout: float = 0.0


class Prefetcher(Iterator[Any]):
    """Results of ``job(0)``, ``job(1)``, …, in order, computed by threads in advance.

    An exception of a job is raised when its result is requested. The threads end with the last
    result, after an exception, or when the iterator is garbage collected.

    Args:
        job: computes a result.
        count: the number of results.
        settings: the threads, and how far they work in advance.
    """

    def __init__(self, job: Job, count: int, settings: Settings) -> None:
        self._work = _Work(job, count, settings)
        self._timeout = settings.timeout
        self.close = weakref.finalize(self, self._work.close)
        self._work.start()

    def __next__(self) -> Any:
        try:
            return self._work.result(self._timeout)
        except BaseException:
            self.close()
            raise


class _Work:
    """State that the loop and its threads share; the threads hold no reference to the iterator."""

    def __init__(self, job: Job, count: int, settings: Settings) -> None:
        self._job, self._count, self._prefetch = job, count, settings.prefetch
        self._init = settings.init
        self._started = self._returned = 0
        self._ready: dict[int, tuple[Any, BaseException | None]] = {}
        self._failure: BaseException | None = None
        self._is_open, self._has_first = True, False
        self._change = threading.Condition()
        self._process = os.getpid()  # after a fork there are no threads, and locks may be held
        self._grad_enabled = torch.is_grad_enabled()
        self._threads = [
            threading.Thread(
                target=contextvars.copy_context().run,
                args=(self._run, number),
                name=f"graphmp-loader-{number}",
                daemon=True,
            )
            for number in range(min(settings.threads, count))
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    # ---- in a thread

    def _run(self, worker: int) -> None:
        try:
            torch.set_grad_enabled(self._grad_enabled)
            if self._init is not None:
                self._init(worker)
            while (number := self._next()) is not None:
                outcome = self._outcome(number)
                with self._change:
                    if self._is_open:
                        self._ready[number] = outcome
                    self._has_first = True
                    self._change.notify_all()
                del outcome
        except BaseException as error:  # noqa: BLE001  # raised in the loop
            with self._change:
                self._failure = _as_error(error, "a worker")
                self._change.notify_all()

    def _next(self) -> int | None:
        """The number of the next job, once there is room for its result; None at the end."""
        with self._change:
            while self._is_open and self._started < self._count:
                # The first job builds layouts that concurrent jobs would build again.
                may_start = self._started == 0 or self._has_first
                if may_start and self._started < self._returned + self._prefetch:
                    self._started += 1
                    return self._started - 1
                self._change.wait()
        return None

    def _outcome(self, number: int) -> tuple[Any, BaseException | None]:
        try:
            return self._job(number), None
        except BaseException as error:  # noqa: BLE001  # raised when the result is requested
            return None, _as_error(error, f"the worker of batch {number}")

    # ---- in the loop

    def result(self, timeout: float) -> Any:
        """Wait for the next result.

        Raises:
            GraphRuntimeError: the workers have ended, or the timeout has passed.
            StopIteration: there are no more results.
        """
        if os.getpid() != self._process:
            raise GraphRuntimeError(
                "Expected to iterate in the process that created it, as this iterator's workers "
                f"are threads of process {self._process}, got process {os.getpid()}; create a new "
                "iterator."
            )
        with self._change:
            self._wait(time.monotonic() + timeout if timeout else None)
            result, error = self._ready.pop(self._returned)
            self._returned += 1
            self._change.notify_all()
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback refers to this frame
        return result

    def _wait(self, deadline: float | None) -> None:
        while self._returned not in self._ready:
            if self._returned == self._count or not self._is_open:  # perhaps by another loop
                raise StopIteration
            if self._failure is not None:
                raise self._failure
            if not any(thread.is_alive() for thread in self._threads):
                raise GraphRuntimeError(
                    f"Expected batch {self._returned}, got none, as all workers have ended; create "
                    "a new iterator."
                )
            left = POLL_INTERVAL
            if deadline is not None:
                left = min(POLL_INTERVAL, deadline - time.monotonic())
            if left <= 0:
                raise GraphRuntimeError(
                    f"Expected batch {self._returned} within the timeout, got none; increase "
                    "timeout, or check what blocks the sampler."
                )
            self._change.wait(left)

    def close(self) -> None:
        """End the threads, and wait until their unfinished jobs are done."""
        if os.getpid() != self._process:
            return
        with self._change:
            self._is_open = False
            self._ready.clear()
            self._change.notify_all()
        deadline = time.monotonic() + JOIN_TIMEOUT
        for thread in self._threads:
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(max(deadline - time.monotonic(), 0))


class Sequential(Iterator[Any]):
    """Results of ``job(0)``, ``job(1)``, …, each computed when it is requested.

    Threads may share the iterator: each request gets the next result.

    Args:
        job: computes a result.
        count: the number of results.
    """

    def __init__(self, job: Job, count: int) -> None:
        self._job, self._numbers = job, iter(range(count))

    def __next__(self) -> Any:
        number = next(self._numbers)
        try:
            return self._job(number)
        except BaseException as error:
            self._numbers = iter(range(0))
            if isinstance(error, StopIteration):
                failure = _as_error(error, f"the sampler of batch {number}")
                raise failure from error
            raise


def _as_error(error: BaseException, source: str) -> BaseException:
    """An error that does not end the loop, or the program, silently."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    failure = GraphRuntimeError(
        f"Expected {source} to raise errors only, got {error!r}; raise an error instead."
    )
    failure.__cause__ = error
    return failure
