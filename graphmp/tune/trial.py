"""A small training epoch, measured in a new process, so that its settings hold from the start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from subprocess import PIPE
from typing import Any

from ..errors import GraphRuntimeError

try:
    import resource as _resource
except ImportError:  # Windows
    resource: Any = None
else:
    resource = _resource

NODES, EDGES, SIZES, EPOCHS = 40_000, 400_000, (128, 256, 40), 3


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


def run(settings: dict[str, str]) -> Epoch:
    """Measure epochs in a new process.

    Args:
        settings: variables that are added to the environment.

    Raises:
        GraphRuntimeError: the process failed.
    """
    command = [sys.executable, "-m", __name__]
    environment = {**os.environ, **settings}
    done = subprocess.run(command, env=environment, stdout=PIPE, text=True, check=False)
    if done.returncode:
        raise GraphRuntimeError(
            f"Expected the epochs with {settings or 'no settings'} to end, got exit status "
            f"{done.returncode}; mend the error above first."
        )
    return Epoch(**json.loads(done.stdout))


def measure() -> Epoch:
    """Train two layers of SAGE on a random graph in this process.

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
    wall, cpu, faults = zip(*(_measured(epoch) for _ in range(EPOCHS)), strict=True)
    return Epoch(median(wall), median(cpu), median(faults) / 1000, _peak())


def _measured(work: Callable[[], None]) -> tuple[float, float, int]:
    wall, cpu, faults = time.perf_counter(), time.process_time(), _faults()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu, _faults() - faults


def _faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt if resource else 0


def _peak() -> float:
    """MB of memory that this process used at most, 0 on Windows."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit if resource else 0.0


if __name__ == "__main__":
    print(json.dumps(asdict(measure())))
