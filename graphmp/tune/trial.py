"""A small training epoch, measured in new processes with other settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from subprocess import PIPE
from typing import Any

from ..errors import GraphRuntimeError
from .memory import keep_memory, release_memory

try:
    import resource as _resource
except ImportError:  # Windows
    resource: Any = None
else:
    resource = _resource

NODES, EDGES, SIZES, EPOCHS = 40_000, 400_000, (128, 256, 40), 3
KEPT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}
THREADS = "OMP_NUM_THREADS"


@dataclass(frozen=True)
class Epoch:
    """What an epoch takes.

    Attributes:
        wall: seconds from its start to its end.
        cpu: seconds of processor time, on all cores.
        faults: thousands of memory pages that the system cleared, 0 on Windows.
        peak: MB of memory that the process used at most, 0 on Windows.
    """

    wall: float
    cpu: float
    faults: float
    peak: float


def run(trials: dict[str, dict[str, str]]) -> dict[str, Epoch]:
    """Measure epochs with each of several settings, in new processes.

    Settings of memory that is kept and of threads act in a running process as well; so trials share
    a process if they agree in the others.

    Args:
        trials: for each name the variables that are added to the environment.

    Returns:
        For each name what an epoch took.

    Raises:
        GraphRuntimeError: a process failed.
    """
    processes: dict[str, list[str]] = {}
    for name in sorted(trials, key=lambda name: KEPT.items() <= trials[name].items()):
        at_start = {k: v for k, v in trials[name].items() if k not in {*KEPT, THREADS}}
        processes.setdefault(json.dumps(at_start), []).append(name)
    epochs: dict[str, Epoch] = {}
    for variables, names in processes.items():
        measured = _in_process(json.loads(variables), [trials[name] for name in names])
        epochs.update(zip(names, measured, strict=True))
    return {name: epochs[name] for name in trials}


def _in_process(at_start: dict[str, str], trials: list[dict[str, str]]) -> list[Epoch]:
    """Measure trials one after the other in a new process."""
    command = [sys.executable, "-m", __name__, json.dumps(trials)]
    environment = {**os.environ, **at_start}
    done = subprocess.run(command, env=environment, stdout=PIPE, text=True, check=False)
    if done.returncode:
        raise GraphRuntimeError(
            f"Expected the epochs with {at_start or 'no settings'} to end, got exit status "
            f"{done.returncode}; mend the error above first."
        )
    return [Epoch(**epoch) for epoch in json.loads(done.stdout)]


def measure(trials: list[dict[str, str]]) -> list[Epoch]:
    """Train with each of several settings in this process; memory that is kept stays kept."""
    import torch

    epoch, threads = _training(), torch.get_num_threads()
    epochs = []
    for settings in trials:
        torch.set_num_threads(int(settings.get(THREADS, threads)))
        if KEPT.items() <= settings.items():
            keep_memory()
        epochs.append(_epoch(epoch))
    return epochs


def _training() -> Callable[[], None]:
    """An epoch of two layers of SAGE on a random graph.

    No optimizer takes steps: its first one would import torch's compiler, for a second.
    """
    import torch

    from ..construct.from_edges import rand_graph
    from ..nn import SAGEConv

    graph, (first, hidden, last) = rand_graph(NODES, EDGES), SIZES
    x, labels = torch.randn(NODES, first), torch.arange(NODES) % last
    layers = torch.nn.ModuleList([SAGEConv(first, hidden, "mean"), SAGEConv(hidden, last, "mean")])

    def epoch() -> None:
        h = layers[1](graph, layers[0](graph, x).relu())
        layers.zero_grad()
        torch.autograd.backward(torch.nn.functional.cross_entropy(h, labels))

    epoch()  # compiles, and builds layouts
    return epoch


def _epoch(epoch: Callable[[], None]) -> Epoch:
    """What an epoch takes; the first one after a change of settings is not measured."""
    release_memory()
    _reset_peak()
    epoch()
    wall, cpu, faults = zip(*(_measured(epoch) for _ in range(EPOCHS)), strict=True)
    return Epoch(median(wall), median(cpu), median(faults) / 1000, _peak())


def _measured(work: Callable[[], None]) -> tuple[float, float, int]:
    wall, cpu, faults = time.perf_counter(), time.process_time(), _faults()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu, _faults() - faults


def _faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt if resource else 0


def _reset_peak() -> None:
    """Let the peak start at what is in use, on Linux; elsewhere it is the peak since the start."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    """MB of memory that this process used at most, 0 on Windows."""
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit if resource else 0.0


if __name__ == "__main__":
    print(json.dumps([asdict(epoch) for epoch in measure(json.loads(sys.argv[1]))]))
