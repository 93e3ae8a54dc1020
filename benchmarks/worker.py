"""The process in which one library works: it takes requests and gives replies, a JSON line each.

It is started by :mod:`benchmarks.harness` as ``python -m benchmarks.worker SCRIPT LIBRARY``, with
the interpreter that has the library.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import resource
import statistics
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks import graphs
from benchmarks.cases import OURS, Family, LacksError, Run

SAMPLES = 256  # elements of a result that are compared one by one
SHORTEST = 1e-3  # seconds that a clock reading shall cover
CACHES = 1 << 28  # bytes that are more than a GPU's caches hold


class Worker:
    """What a library holds between requests: one graph, and the work of one case."""

    def __init__(self, family: Family, library: str) -> None:
        self.family, self.library = family, library
        self.path, self.edges = "", graphs.triangle()
        self.run: Run = lambda: None
        self.call_s, self.bytes_before = 0.0, 0
        self.on_gpu = family.on_gpu and torch.cuda.is_available()

    def answer(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Do what a request names; what goes wrong is an answer too."""
        try:
            return getattr(self, do)(**arguments)  # type: ignore[no-any-return]
        except LacksError as error:
            return {"lacks": str(error)}
        except Exception as error:  # noqa: BLE001  # a peer may fail in any way
            return {"fails": f"{type(error).__name__}: {error}"}

    def prepare(self, path: str, case: int) -> dict[str, Any]:
        """Make the inputs of a case on a graph, and call the work for the first time."""
        self.run = lambda: None  # lets go of the previous case's tensors
        if path != self.path:
            self.path, self.edges = path, graphs.load(Path(path))
        parameters = self.family.cases[case].parameters
        # A default device costs every call of torch's some time, so it is there for inputs alone.
        with torch.device("cuda") if self.on_gpu else nullcontext():
            made: Any = self.family.libraries[self.library](self.edges, **parameters)
            self.run, view = made if isinstance(made, tuple) else (made, lambda result: result)
            if self.on_gpu:
                self.run()  # makes the inputs that are made when they are first read
        before = None
        if self.family.on_gpu or self.library == OURS:
            before = self.run()  # what is compiled is compiled now
        result, first_s = self._first()
        if self.family.on_gpu and self.library == OURS:
            check_bits(before, result)
        reply = {"first_s": first_s, "fingerprint": fingerprint(view(result))}
        del before, result
        self._forget_peak()
        return reply

    def _first(self) -> tuple[Any, float]:
        """The result and the time of a call."""
        if self.on_gpu:
            torch.cuda.synchronize()
        start = time.perf_counter()
        result = self.run()
        if self.on_gpu:
            torch.cuda.synchronize()
        self.call_s = time.perf_counter() - start
        return result, self.call_s

    def turn(self, budget_s: float) -> dict[str, Any]:
        """Work for about ``budget_s``, at least once; the median time of a call."""
        samples: list[float] = []
        end = time.perf_counter() + budget_s
        while not samples or time.perf_counter() < end:
            samples.append(gpu_seconds(self.run) if self.on_gpu else self._seconds())
        return {"seconds": statistics.median(samples), "bytes": self._peak_so_far()}

    def _forget_peak(self) -> None:
        """Note how much memory is held between calls, and forget what was held before."""
        self.bytes_before = 0
        if self.on_gpu:
            torch.cuda.reset_peak_memory_stats()
            self.bytes_before = torch.cuda.memory_allocated()
            return
        return_memory()
        with suppress(OSError):
            forget_peak()
            self.bytes_before = _status("VmRSS")

    def _peak_so_far(self) -> int | None:
        """The most memory that calls have held beyond what is held between them."""
        if self.on_gpu:
            return torch.cuda.max_memory_allocated() - self.bytes_before
        return max(_status("VmHWM") - self.bytes_before, 0) if self.bytes_before else None

    def _seconds(self) -> float:
        """The time of a call, of as many as one reading of the clock shall cover."""
        calls = max(1, int(SHORTEST / max(self.call_s, 1e-7)))
        start = time.perf_counter()
        for _ in range(calls):
            self.run()
        self.call_s = (time.perf_counter() - start) / calls
        return self.call_s

    def peak(self) -> dict[str, Any]:
        """The memory that one call needs beyond what is held before it."""
        return {"bytes": gpu_memory(self.run) if self.on_gpu else peak_memory(self.run)}

    def versions(self) -> dict[str, str]:
        """The versions of what this process has loaded."""
        names = ("dgl", "graphmp", "numba", "torch", "torch_geometric", "triton")
        loaded = {name: sys.modules[name] for name in names if name in sys.modules}
        return {name: module.__version__ for name, module in loaded.items()}


def fingerprint(result: Any) -> list[dict[str, Any]]:
    """What tells a result from another: for each tensor its size, sums, and a few elements."""
    tensors = result if isinstance(result, tuple) else (result,)
    return [_fingerprint(tensor.detach()) for tensor in tensors if isinstance(tensor, Tensor)]


def _fingerprint(tensor: Tensor) -> dict[str, Any]:
    flat = tensor.reshape(-1)
    flat = flat if flat.is_floating_point() else flat.double()
    places = np.random.default_rng(0).integers(0, max(1, flat.numel()), SAMPLES)
    sample = flat[torch.from_numpy(places).to(flat.device)].double() if flat.numel() else flat
    return {
        "size": flat.numel(),
        "sum": float(flat.sum(dtype=torch.float64)),
        "norm": float(torch.linalg.vector_norm(flat, dtype=torch.float64)),
        "sample": sample.tolist(),
    }


def check_bits(one: Any, other: Any) -> None:
    """Compare two results of the same call.

    Raises:
        ArithmeticError: a bit differs.
    """
    first, second = (made if isinstance(made, tuple) else (made,) for made in (one, other))
    for place, (a, b) in enumerate(zip(first, second, strict=True)):
        if isinstance(a, Tensor) and not torch.equal(a, b):
            raise ArithmeticError(f"Result {place} of a second call has other bits.")


def gpu_seconds(run: Run) -> float:
    """The time of a call by the GPU's clock.

    Emptying the caches takes the GPU longer than Python takes to begin the call, so that what is
    measured is the GPU's work and not its waiting.
    """
    torch.empty(CACHES, dtype=torch.uint8, device="cuda").zero_()
    event: Any = torch.cuda.Event
    start, end = event(enable_timing=True), event(enable_timing=True)
    start.record()
    run()
    end.record()
    end.synchronize()
    return float(start.elapsed_time(end)) / 1e3


def gpu_memory(run: Run) -> int:
    """Bytes that torch gives out for a call beyond those that are given out before it."""
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    result = run()
    peak = torch.cuda.max_memory_allocated()
    del result
    return peak - before


def peak_memory(run: Run) -> int:
    """Bytes of resident memory that a call reaches beyond those before it; on Linux only."""
    return_memory()  # a result shall not lie in memory that was there before
    before = _status("VmRSS")
    forget_peak()
    result = run()
    peak = _status("VmHWM")
    del result
    return peak - before


def return_memory() -> None:
    """Return freed memory to the system, what graphmp and glibc keep too."""
    gc.collect()
    keeper = sys.modules.get("graphmp.kernels.cpu.runtime.memory")
    if keeper is not None:
        keeper.release()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def forget_peak() -> None:
    """Let the greatest resident memory be that of now; on Linux only."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _status(name: str) -> int:
    """A line of this process's status, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def limit_memory() -> None:
    """Let an allocation fail that would take three quarters of the machine's memory."""
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def main() -> None:
    """Answer requests until there are no more."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not come between
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    script, library = sys.argv[1:]
    worker = Worker(importlib.import_module(f"benchmarks.{script}").FAMILY, library)
    if not worker.on_gpu:  # a GPU's driver takes far more addresses than memory
        limit_memory()
    for line in sys.stdin:
        print(json.dumps(worker.answer(**json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
