"""What accompanies a compilation: no garbage collection, and a line that says what takes so long.

Numba makes many small objects that live until the loop is compiled. The garbage collector would
read them again and again, which takes a sixth of the time.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from numba.core.event import Listener, register

PATIENCE = 1.0  # seconds of compilation after which the line is written
_LOOPS = f"{__package__.rpartition('.')[0]}.loops"


def watch() -> None:
    """Accompany every compilation of a loop in this process."""
    register("numba:compile", _Watcher())


class _Watcher(Listener):
    """Numba compiles one loop at a time, and meanwhile those that it calls."""

    def __init__(self) -> None:
        self._outermost: Any = None
        self._companions = ExitStack()

    def on_start(self, event: Any) -> None:
        loop = event.data["dispatcher"]
        if self._outermost is None and str(loop.__module__).startswith(_LOOPS):
            self._outermost = loop
            self._companions.enter_context(_without_garbage_collection())
            if _is_shown():
                self._companions.enter_context(_announced(loop.__name__))

    def on_end(self, event: Any) -> None:
        if event.data["dispatcher"] is self._outermost:
            self._outermost = None
            self._companions.close()


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    yield
    if was_enabled:
        gc.enable()


@contextmanager
def _announced(name: str) -> Iterator[None]:
    """Let a thread write a line about a compilation that takes long."""
    finished = threading.Event()
    thread = threading.Thread(target=_announce, args=(name, finished), daemon=True)
    with suppress(RuntimeError):  # no thread starts after the main thread has ended
        thread.start()
    yield
    finished.set()
    with suppress(RuntimeError):
        thread.join()


def _announce(name: str, finished: threading.Event) -> None:
    start = time.perf_counter()
    if finished.wait(PATIENCE):
        return
    print(f"graphmp: compiling {name}, once for this machine:", end="", file=sys.stderr, flush=True)
    finished.wait()
    print(f" {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)


def _is_shown() -> bool:
    """On a terminal and in a notebook, or as ``GRAPHMP_PROGRESS`` says; never in workers."""
    if multiprocessing.parent_process() is not None or sys.stderr is None:
        return False
    setting = os.environ.get("GRAPHMP_PROGRESS")
    if setting is not None:
        return setting != "0"
    return sys.stderr.isatty() or "ipykernel" in sys.modules
