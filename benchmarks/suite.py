"""All families that need no GPU, against all peers, one after the other; then the report.

It prints how long it will take: as long as the last run did, or as one of a quiet machine with two
cores. Graphs of more than three million edges are left out, unless ``--large`` is given.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import graphs, report

# The families, those first that matter most, and about how many seconds each takes by default.
SECONDS = {
    "epochs": 480,
    "end_to_end": 90,
    "attention": 70,
    "spmm_copy": 100,
    "spmm_weighted": 130,
    "extreme": 110,
    "edge_values": 60,
    "minibatch": 120,
    "sampling": 90,
    "structure": 100,
    "overhead": 30,
    "dropout": 50,
    "files": 50,
    "layouts": 30,
    "memory": 90,
    "half": 30,
    "first_use": 100,
    "udf": 200,
}
LARGE = {"rmat-12m", "rmat-reddit", "rmat-products"}


def main() -> None:
    """Run all families, and say which have failed.

    Raises:
        SystemExit: a family failed.
    """
    options = parse()
    expected = {name: expected_seconds(name, options.results) for name in options.families}
    print(f"{len(expected)} families, about {sum(expected.values()) / 60:.0f} minutes", flush=True)
    start, failed = time.perf_counter(), []
    for name, seconds in expected.items():
        at = (time.perf_counter() - start) / 60
        print(f"\n{name}: minute {at:.0f}, takes about {seconds} s", flush=True)
        done = subprocess.run(command(name, options), cwd=graphs.REPOSITORY, check=False)
        failed += [name] if done.returncode else []
    print(f"\nall: {(time.perf_counter() - start) / 60:.0f} minutes", flush=True)
    if options.report:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.report", "--results", str(options.results)],
            cwd=graphs.REPOSITORY,
            check=False,
        )
        failed += ["report"] if done.returncode else []
    if failed:
        raise SystemExit(f"Failed: {', '.join(failed)}.")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Run all benchmarks that need no GPU.")
    add = parser.add_argument
    add("families", nargs="*", default=list(SECONDS), help="these families alone, in this order")
    add("--dgl", default=os.environ.get("GRAPHMP_BENCH_DGL"), help="a Python that has DGL")
    add("--pyg", default=os.environ.get("GRAPHMP_BENCH_PYG"), help="a Python that has PyG")
    add("--rounds", type=int, default=5, help="how many turns each library has")
    add("--cap", type=float, default=20.0, help="seconds of a case after which it has 3 turns")
    add("--threads", type=int, help="threads of each library, where a family does not say it")
    add("--results", type=Path, default=report.RESULTS, help="the folder of the results")
    add("--large", action="store_true", help="measure on the large graphs, too")
    add("--quick", action="store_true", help="a case of each kind, on tiny graphs")
    add("--no-report", dest="report", action="store_false", help="leave the READMEs as they are")
    return parser.parse_args(arguments)


def command(name: str, options: argparse.Namespace) -> list[str]:
    """The command that runs a family."""
    family = importlib.import_module(f"benchmarks.{name}").FAMILY
    words = [sys.executable, "-m", f"benchmarks.{name}", "--results", str(options.results)]
    words += ["--rounds", str(options.rounds), "--cap", str(options.cap)]
    if options.threads and not family.threads:
        words += ["--threads", str(options.threads)]
    for option, python in (("--dgl", options.dgl), ("--pyg", options.pyg)):
        words += [option, python] if python else []
    if options.quick:
        return [*words, "--quick"]
    if not options.large:
        for graph in family.graphs:
            words += ["--graph", graph] if graph not in LARGE else []
    return words


def expected_seconds(name: str, folder: Path) -> int:
    """How long a family took the last time, or takes on another machine."""
    try:
        results = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        return int(results["seconds"]) or SECONDS[name]
    except (OSError, KeyError, ValueError):
        return SECONDS[name]


if __name__ == "__main__":
    main()
