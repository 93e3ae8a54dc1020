"""What a new process waits for: the import, the first call, the compilation of a loop.

Each time is the median of several new processes of each kind, which take turns.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks import graphs, harness, report
from benchmarks.cases import OURS, Case, Family
from benchmarks.graphs import REPOSITORY
from benchmarks.report import Result, Row

TIMED = "start = time.perf_counter(); {}; print(time.perf_counter() - start)"
GRAPH = """
import time, torch, graphmp as gm
ids = torch.tensor([0, 1, 2])
g = gm.graph(("csc", (torch.tensor([0, 1, 2, 3]), ids, ids)), num_nodes=3)
"""
CALL = "gm.ops.copy_u_sum(g, torch.ones(3, {}))"
STEPS = """
import graphmp.nn as nn
x = torch.ones(3, 16, requires_grad=True)
layers = [nn.GraphConv(16, 8), nn.SAGEConv(16, 8, "mean"), nn.GATConv(16, 8, 4)]
def step():
    for layer in layers:
        torch.autograd.backward(layer(g, x).sum())
"""
TRIVIAL = """
import numba
@numba.njit(cache=True)
def nothing(array):
    pass
"""
# What a new process runs; the last line that it prints is a time in seconds.
PROBES = {
    "import": f"import time, torch; {TIMED.format('import graphmp')}",
    "numba": f"import time, torch, graphmp; {TIMED.format('import numba')}",
    "call": GRAPH + "import numba\n" + TIMED.format(CALL.format(16)),
    "dispatch": "import time, numpy, trivial; x = numpy.zeros(1); "
    + TIMED.format("trivial.nothing(x)"),
    "compile": GRAPH + "import numba\n" + TIMED.format(CALL.format(16)),
    "compile again": GRAPH + CALL.format(16) + "\n" + TIMED.format(CALL.format(64)),
    "compile layers": GRAPH + STEPS + "import numba\n" + TIMED.format("step()"),
}
CASES = {
    "import": Case("import graphmp, beyond torch", limit=0.3),
    "numba": Case("import numba, for comparison"),
    "call": Case("first call of a cached loop, beyond importing numba", limit=0.02),
    "dispatch": Case("first call of an empty cached function of numba's, for comparison"),
    "compile": Case("compilation of a loop, the first in a process", limit=0.5),
    "compile again": Case("compilation of a loop, the second", limit=0.5),
    "compile layers": Case("training step of GraphConv, SAGEConv and GATConv", limit=5.0),
}
FAMILY = Family(__file__, "First use in a new process", list(CASES.values()), {}, graphs=())


def seconds(name: str, folder: Path, threads: int) -> float:
    """What a probe prints in a new process; one that compiles has an empty cache."""
    settings = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    settings.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are read as an installed package's are
    settings["PYTHONPATH"] = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    with tempfile.TemporaryDirectory() as empty:
        if name.startswith("compile"):
            settings["NUMBA_CACHE_DIR"] = empty
        command = [sys.executable, "-c", PROBES[name]]
        done = subprocess.run(
            command, cwd=REPOSITORY, env=settings, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    return float(done.stdout.split()[-1])


def main() -> None:
    """Measure, print and write the results."""
    options = harness.parse(FAMILY, None)
    names = ["import", "numba", "call"] if options.quick else list(PROBES)
    load = os.getloadavg()[0]
    warm_up = 0 if options.quick else 1
    turns: dict[str, list[float]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "trivial.py").write_text(TRIVIAL, encoding="utf-8")
        for number in range(options.rounds + warm_up):  # the first round fills the caches
            for name in names:
                taken = seconds(name, Path(folder), options.threads)
                turns[name] += [taken] if number >= warm_up else []
    found = {name: Result(statistics.median(times), times) for name, times in turns.items()}
    cases = [(name, CASES[name]) for name in names]
    edges = graphs.triangle()
    rows = [Row.of(c, "triangle", {OURS: found[name]}, c.limit_on(edges)) for name, c in cases]
    for row in rows:
        print(report.line(row))
    versions = {OURS: {package: version(package) for package in ("graphmp", "torch")}}
    machine = report.machine(versions, options.threads, load)
    report.write(FAMILY, rows, machine, options.results)


if __name__ == "__main__":
    main()
