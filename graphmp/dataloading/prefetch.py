"""Work that threads do ahead of the loop that takes its results, in order."""

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

_POLL = 1.0  # seconds after which a loop that waits looks whether its workers are alive
_PATIENCE = 5.0  # seconds for which it waits, at its end, for what they are at

Job = Callable[[int], Any]


class Settings(NamedTuple):
    """How work is done ahead.

    Attributes:
        threads: how many threads.
        depth: how many results may lie ready or be at work.
        start: called with the number of each thread when it starts, or None.
        timeout: seconds after which a result that has not come is an error; 0 for never.
    """

    threads: int
    depth: int
    start: Callable[[int], None] | None = None
    timeout: float = 0.0


class Ahead(Iterator[Any]):
    """Results of ``job(0)``, ``job(1)``, …, in order, made ahead by threads.

    What a job raises is raised when its result is asked for. The threads end with the last result,
    with an error, or when nobody holds this iterator any more.

    Args:
        job: makes a result.
        count: how many there are.
        settings: how work is done ahead.
    """

    def __init__(self, job: Job, count: int, settings: Settings) -> None:
        self._work = _Work(job, count, settings)
        self._timeout = settings.timeout
        self.close = weakref.finalize(self, self._work.close)
        self._work.begin()

    def __next__(self) -> Any:
        try:
            return self._work.result(self._timeout)
        except BaseException:
            self.close()
            raise


class _Work:
    """What the loop and its threads share; the threads must not keep the iterator alive."""

    def __init__(self, job: Job, count: int, settings: Settings) -> None:
        self._job, self._count, self._depth = job, count, settings.depth
        self._start = settings.start
        self._taken = self._given = 0
        self._ready: dict[int, tuple[Any, BaseException | None]] = {}
        self._failure: BaseException | None = None
        self._is_open, self._has_first = True, False
        self._change = threading.Condition()
        self._process = os.getpid()  # a forked one has none of the threads, and locks as they were
        self._gradients = torch.is_grad_enabled()
        self._threads = [
            threading.Thread(
                target=contextvars.copy_context().run,
                args=(self._run, number),
                name=f"graphmp-loader-{number}",
                daemon=True,
            )
            for number in range(min(settings.threads, count))
        ]

    def begin(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    # ---- in a thread

    def _run(self, worker: int) -> None:
        try:
            torch.set_grad_enabled(self._gradients)
            if self._start is not None:
                self._start(worker)
            while (number := self._next()) is not None:
                outcome = self._outcome(number)
                with self._change:
                    if self._is_open:
                        self._ready[number] = outcome
                    self._has_first = True
                    self._change.notify_all()
                del outcome
        except BaseException as error:  # noqa: BLE001  # the loop must hear of whatever it was
            with self._change:
                self._failure = _as_error(error, "a worker")
                self._change.notify_all()

    def _next(self) -> int | None:
        """The number of the next job, once there is room for its result; None at the end."""
        with self._change:
            while self._is_open and self._taken < self._count:
                # The first job makes layouts that the others would each make for themselves.
                may_start = self._taken == 0 or self._has_first
                if may_start and self._taken < self._given + self._depth:
                    self._taken += 1
                    return self._taken - 1
                self._change.wait()
        return None

    def _outcome(self, number: int) -> tuple[Any, BaseException | None]:
        try:
            return self._job(number), None
        except BaseException as error:  # noqa: BLE001  # raised where the result is asked for
            return None, _as_error(error, f"the worker of batch {number}")

    # ---- in the loop

    def result(self, timeout: float) -> Any:
        """Wait for the next result.

        Raises:
            GraphRuntimeError: the workers are gone, or it took too long.
            StopIteration: there are no more.
        """
        if os.getpid() != self._process:
            raise GraphRuntimeError(
                "This iterator's workers are in the process that made it: iterate anew in this one."
            )
        with self._change:
            if self._given == self._count or not self._is_open:
                raise StopIteration
            self._wait(time.monotonic() + timeout if timeout else None)
            result, error = self._ready.pop(self._given)
            self._given += 1
            self._change.notify_all()
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback holds this frame
        return result

    def _wait(self, deadline: float | None) -> None:
        while self._given not in self._ready:
            if self._failure is not None:
                raise self._failure
            if not any(thread.is_alive() for thread in self._threads):
                raise GraphRuntimeError(
                    f"The workers are gone, but batch {self._given} has not come: iterate anew."
                )
            left = _POLL if deadline is None else min(_POLL, deadline - time.monotonic())
            if left <= 0:
                raise GraphRuntimeError(
                    f"Batch {self._given} has not come within the timeout: raise it, or look into "
                    "what the sampler waits for."
                )
            self._change.wait(left)

    def close(self) -> None:
        """End the threads, and wait until what they are at is done."""
        if os.getpid() != self._process:
            return
        with self._change:
            self._is_open = False
            self._ready.clear()
            self._change.notify_all()
        deadline = time.monotonic() + _PATIENCE
        for thread in self._threads:
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(max(deadline - time.monotonic(), 0))


def in_turn(job: Job, count: int) -> Iterator[Any]:
    """Results of ``job(0)``, ``job(1)``, …, each made when it is asked for."""
    for number in range(count):
        try:
            yield job(number)
        except StopIteration as error:
            failure = _as_error(error, f"the sampler of batch {number}")
            raise failure from error


def _as_error(error: BaseException, who: str) -> BaseException:
    """An error that does not end the loop, or the program, in silence."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    failure = GraphRuntimeError(f"{who} ended by {error!r}, which is no error: raise one instead.")
    failure.__cause__ = error
    return failure
