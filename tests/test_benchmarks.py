"""Every benchmark runs, on a tiny graph, without other libraries."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(
    path.stem
    for path in (REPOSITORY / "benchmarks").glob("*.py")
    if "__main__" in path.read_text(encoding="utf-8") and path.stem not in ("report", "worker")
)


def test_there_are_benchmarks() -> None:
    assert len(SCRIPTS) >= 12


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_benchmark_runs(name: str, tmp_path: Path) -> None:
    family = importlib.import_module(f"benchmarks.{name}").FAMILY
    only = ["--only", "graphmp"] if family.libraries else []
    command = [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--results", str(tmp_path)]
    done = subprocess.run(
        command + only, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))["rows"]
    assert rows
    assert all(row["results"]["graphmp"]["value"] is not None for row in rows)
