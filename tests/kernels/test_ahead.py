"""Every Triton kernel compiles for GPUs that are not here, with common sizes and dtypes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="needs Triton: pip install triton")

FOLDER = Path(__file__).resolve().parent
PYTHONPATH = os.pathsep.join(path for path in sys.path if path)
FAMILIES = sorted(path.stem.removeprefix("ahead_") for path in FOLDER.glob("ahead_*.py"))


TARGETS = ("sm_80", "sm_90", "gfx942")
Compilations = dict[tuple[str, str], "Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture(scope="module")
def compilations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compilations]:
    """What each family and target gives; as many compile at once as there are cores."""
    settings = {**os.environ, "PYTHONPATH": PYTHONPATH}
    settings.pop("TRITON_INTERPRET", None)

    def compiled(family: str, target: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(FOLDER / "ahead.py"), family, target],
            env={**settings, "TRITON_CACHE_DIR": str(tmp_path_factory.mktemp("triton"))},
            capture_output=True,
            text=True,
            check=False,
        )

    pairs = [(family, target) for family in FAMILIES for target in TARGETS]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {pair: pool.submit(compiled, *pair) for pair in pairs}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_kernel_compiles(family: str, target: str, compilations: Compilations) -> None:
    done = compilations[family, target].result()
    assert done.returncode == 0, done.stdout + done.stderr
    kernels = done.stdout.splitlines()
    assert kernels
    if target != "gfx942":  # rows that are aligned are loaded 16 bytes at once
        narrow = [line for line in kernels if "'ALIGN'" in line and "'ALIGN': 1," not in line]
        assert all("16 bytes" in line for line in narrow), "\n".join(narrow)
