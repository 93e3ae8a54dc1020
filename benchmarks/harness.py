"""Runs a family: a process for each library, in turns, on the same inputs.

Every library prepares a case and does it once; the results are compared with graphmp's, so that a
ratio is one of the same work. Then the libraries take turns, one working while the others wait;
a turn gives the median of its calls, and the result is the median of the turns.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import graphs, report
from benchmarks.cases import OURS, ROOFLINES, Case, Family
from benchmarks.report import Result, Row

SLOW_S = 20.0  # a call that takes longer is not repeated
LEAST_ROUNDS = 3  # of a case that takes longer than --cap
LIMIT_S = 300.0  # a call that takes longer is given up
START_S = 120.0


class Process:
    """A library's worker, started at the first request and again after it was lost."""

    def __init__(
        self,
        family: Family,
        library: str,
        python: str,
        threads: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.library = library
        self._arguments = family, library, python, threads, environment
        self._command = [python, "-m", "benchmarks.worker", family.name, library]
        self._settings = {**os.environ, "DGLBACKEND": "pytorch", "PYTHONWARNINGS": "ignore"}
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
            self._settings[name] = str(threads)
        self._settings.update(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def fresh(self) -> Process:
        """Another process of the same library, in which peaks of memory can be seen."""
        other = Process(*self._arguments)
        # Large blocks go back to the system as soon as they are freed.
        other._settings["MALLOC_MMAP_THRESHOLD_"] = str(1 << 20)
        return other

    def start(self) -> None:
        """Start the process, if it does not run."""
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=graphs.REPOSITORY,
                env=self._settings,
            )

    def ask(self, request: str, **arguments: Any) -> dict[str, Any]:
        """Send a request and wait for its reply; a reply that does not come is a failure."""
        self.start()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        message = json.dumps({"do": request, **arguments}) + "\n"
        try:
            process.stdin.write(message.encode())
            process.stdin.flush()
        except BrokenPipeError:
            return self._lost(f"ended with status {process.wait()}")
        if not select.select([process.stdout], [], [], LIMIT_S + START_S)[0]:
            return self._lost(f"took more than {LIMIT_S:.0f} s")
        line = process.stdout.readline()
        if not line:
            return self._lost(f"ended with status {process.wait()}")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _lost(self, reason: str) -> dict[str, Any]:
        self.stop()
        return {"fails": reason}

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Here(Process):
    """A library that works in this process."""

    def __init__(self, family: Family, library: str) -> None:
        from benchmarks.worker import Worker

        self.library, self._worker = library, Worker(family, library)

    def fresh(self) -> Process:
        """Itself: there is no other."""
        return self

    def start(self) -> None:
        """Nothing is to be started."""

    def ask(self, request: str, **arguments: Any) -> dict[str, Any]:
        """Do it at once."""
        return self._worker.answer(request, **arguments)

    def stop(self) -> None:
        """Nothing is to be ended."""


def main(family: Family, arguments: Sequence[str] | None = None) -> list[Row]:
    """Measure a family as the command line says, and write, print and return the results.

    Raises:
        SystemExit: graphmp failed, or a peer's result differs from graphmp's.
    """
    options = parse(family, arguments)
    workers_of = Workers(family, options)
    rows: list[Row] = []
    load, start = os.getloadavg()[0], time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for graph in options.graph:
                path = Path(folder) / f"{graph}.npz"
                edges = graphs.GRAPHS[graph]()
                graphs.save(edges, path)
                for number in selected(family, options):
                    case = family.cases[number]
                    if not case.is_measured_on(graph, family):
                        continue
                    request = {"path": str(path), "case": number}
                    how = memory if case.unit == "MB" else times
                    workers = workers_of.with_environment(case.environment)
                    results = how(case, request, workers, options)
                    row = Row.of(case, graph, results, case.limit_on(edges))
                    print(report.line(row), flush=True)
                    rows.append(row)
        versions = {w.library: w.ask("versions") for w in workers_of.latest}
    finally:
        workers_of.stop()
    where = report.machine(versions, options.threads, load, family.on_gpu)
    report.write(family, rows, where, options.results, time.perf_counter() - start)
    check(rows)
    return rows


class Workers:
    """The processes of a family: one of each library, for each environment of its cases."""

    def __init__(self, family: Family, options: argparse.Namespace) -> None:
        self._family, self._options = family, options
        self._libraries = chosen(family, options)
        self._environment: Mapping[str, str] | None = None
        self.latest: list[Process] = []

    def with_environment(self, environment: Mapping[str, str]) -> list[Process]:
        """Processes with these variables; those with others are ended, which frees memory."""
        if environment != self._environment:
            self.stop()
            self._environment = environment
            self.latest = [self._worker(*each) for each in self._libraries.items()]
            for worker in self.latest:
                worker.start()
        return self.latest

    def _worker(self, name: str, python: str) -> Process:
        if self._options.here:
            return Here(self._family, name)
        return Process(self._family, name, python, self._options.threads, self._environment)

    def stop(self) -> None:
        """End all processes."""
        for worker in self.latest:
            worker.stop()
        self.latest = []


def parse(family: Family, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=family.title)
    add = parser.add_argument
    add("--graph", action="append", choices=graphs.GRAPHS, help="measure on this graph; repeatable")
    add("--case", default="", help="measure the cases whose title holds this")
    add("--only", nargs="+", help=f"measure these of {', '.join(family.libraries)}")
    add("--rounds", type=int, default=5, help="how many turns each library has")
    add("--cap", type=float, help="seconds of a case after which it has 3 turns instead")
    add("--turn", type=float, default=0.4, help="about how many seconds a turn takes")
    add("--threads", type=int, help="threads of each library, as many as torch takes if left out")
    add("--dgl", default=os.environ.get("GRAPHMP_BENCH_DGL"), help="a Python that has DGL")
    add("--pyg", default=os.environ.get("GRAPHMP_BENCH_PYG"), help="a Python that has PyG")
    add("--results", type=Path, default=report.RESULTS, help="the folder of the results")
    add("--quick", action="store_true", help="a case of each kind, on a tiny graph, in one turn")
    add("--here", action="store_true", help="in this process, to look for mistakes")
    options = parser.parse_args(arguments)
    if options.quick:
        options.graph = [name for name in family.graphs if name == "triangle"] or ["quick"]
        options.rounds, options.turn = 1, 0.0
        options.threads = options.threads or 1
    options.graph = options.graph or available(family.graphs)
    options.threads = options.threads or family.threads or threads_of_torch()
    return options


def threads_of_torch() -> int:
    """How many threads torch takes by itself."""
    import torch

    return torch.get_num_threads()


def available(names: Sequence[str]) -> list[str]:
    """The graphs that can be made here; where ogbn-arxiv is not, a random one of its size is."""
    if "arxiv" not in names:
        return list(names)
    try:
        graphs.arxiv()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return [name for name in names if name != "arxiv"] or ["rmat"]
    return list(names)


def selected(family: Family, options: argparse.Namespace) -> list[int]:
    """The numbers of the cases to measure."""
    numbers = [n for n, case in enumerate(family.cases) if options.case in case.title]
    if options.quick:
        kinds = {family.cases[number].kind: number for number in reversed(numbers)}
        numbers = sorted(kinds.values())
    if not numbers:
        raise SystemExit(f"No case is named {options.case!r}.")
    return numbers


def chosen(family: Family, options: argparse.Namespace) -> dict[str, str]:
    """The libraries to measure, each with its interpreter."""
    unknown = set(options.only or []).difference(family.libraries)
    if unknown:
        raise SystemExit(f"Libraries are {', '.join(family.libraries)}, not {', '.join(unknown)}.")
    has_pyg = find_spec("torch_geometric") is not None
    peers = {"DGL": options.dgl, "PyG": options.pyg or (sys.executable if has_pyg else None)}
    peers["PyG compiled"] = peers["PyG"]
    pythons = {name: peers.get(name, sys.executable) for name in options.only or family.libraries}
    for name in [name for name, python in pythons.items() if python is None]:
        option = name.lower().split()[0]
        print(f"{name} is not measured, it is not installed: name a Python that has it, --{option}")
    return {name: python for name, python in pythons.items() if python is not None}


def times(
    case: Case, request: dict[str, Any], workers: Sequence[Process], options: argparse.Namespace
) -> dict[str, Result]:
    """How long each library takes for a case."""
    start = time.perf_counter()
    replies = {worker.library: worker.ask("prepare", **request) for worker in workers}
    results = {name: Result(note=trouble(reply)) for name, reply in replies.items()}
    for name, reply in replies.items():
        if not results[name].note and name not in ROOFLINES and OURS in replies:
            results[name].note = difference(reply, replies[OURS], case.tolerance)
        if not results[name].note and reply["first_s"] > SLOW_S:
            results[name].turns.append(reply["first_s"])
            results[name].note = "one call"
    for number in range(options.rounds):
        is_late = options.cap is not None and time.perf_counter() - start > options.cap
        if is_late and number >= LEAST_ROUNDS:
            break
        for worker in workers:
            result = results[worker.library]
            if not result.note:
                reply = worker.ask("turn", budget_s=options.turn)
                result.note = trouble(reply)
                if not result.note:
                    result.turns.append(reply["seconds"])
                    result.memory = reply["bytes"]
    for result in results.values():
        result.value = statistics.median(result.turns) if result.turns else None
    return results


def memory(
    case: Case, request: dict[str, Any], workers: Sequence[Process], options: argparse.Namespace
) -> dict[str, Result]:
    """How much memory each library needs for a case, beyond its inputs."""
    results: dict[str, Result] = {}
    replies: dict[str, dict[str, Any]] = {}
    for worker in workers:
        process = worker.fresh()
        try:
            reply = replies[worker.library] = process.ask("prepare", **request)
            result = results[worker.library] = Result(note=trouble(reply))
            if not result.note and OURS in replies:
                result.note = difference(reply, replies[OURS], case.tolerance)
            if not result.note:
                result.turns = [process.ask("peak")["bytes"] for _ in range(options.rounds)]
                result.value = statistics.median(result.turns)
        finally:
            process.stop()
    return results


def trouble(reply: Mapping[str, Any]) -> str:
    """Why there is no result, or nothing."""
    if "lacks" in reply:
        return f"lacks it: {reply['lacks']}"
    return f"fails: {reply['fails']}" if "fails" in reply else ""


def difference(reply: Mapping[str, Any], wanted: Mapping[str, Any], tolerance: float) -> str:
    """Where a result differs from graphmp's, or nothing."""
    if "fingerprint" not in wanted:
        return ""
    mine, ours = reply["fingerprint"], wanted["fingerprint"]
    if [one["size"] for one in mine] != [one["size"] for one in ours]:
        return report.DIFFERS + "sizes of results"
    for place, (a, b) in enumerate(zip(mine, ours, strict=True)):
        root = math.sqrt(max(b["size"], 1))
        near = (b["norm"] / root + 1e-30) * tolerance  # of one element
        pairs = zip(a["sample"], b["sample"], strict=True)
        unlike = [(x, y) for x, y in pairs if not abs(x - y) <= near + tolerance * abs(y)]
        if unlike:
            return f"{report.DIFFERS}result {place} has {unlike[0][0]:g}, not {unlike[0][1]:g}"
        for sum_, scale in (("norm", root), ("sum", b["size"])):
            if not abs(a[sum_] - b[sum_]) <= near * scale:
                return f"{report.DIFFERS}{sum_} of result {place}: {a[sum_]:g}, not {b[sum_]:g}"
    return ""


def check(rows: Sequence[Row]) -> None:
    """End with an error if graphmp failed, or if a peer's result differs."""
    wrong = [
        f"{row.case} on {row.graph}: {name} {result.note}"
        for row in rows
        for name, result in row.results.items()
        if result.note.startswith(report.DIFFERS) or (name == OURS and result.value is None)
    ]
    if wrong:
        raise SystemExit("\n".join(wrong))
