"""Every Triton kernel compiles for GPUs that are not here, in what it can be launched with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="needs Triton: pip install triton")

pytestmark = pytest.mark.ahead

FOLDER = Path(__file__).resolve().parents[1] / "support"
PYTHONPATH = os.pathsep.join(path for path in sys.path if path)
FAMILIES = sorted(path.stem.removeprefix("ahead_") for path in FOLDER.glob("ahead_*.py"))
TARGETS = ("sm_80", "sm_90", "gfx942")
Compilations = dict[str, "Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture(scope="module")
def compilations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compilations]:
    """What each family gives; as many compile at once as there are cores."""
    settings = {**os.environ, "PYTHONPATH": PYTHONPATH}
    settings.pop("TRITON_INTERPRET", None)

    def compiled(family: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(FOLDER / "ahead.py"), family],
            env={**settings, "TRITON_CACHE_DIR": str(tmp_path_factory.mktemp("triton"))},
            capture_output=True,
            text=True,
            check=False,
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {family: pool.submit(compiled, family) for family in FAMILIES}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_kernel_compiles(family: str, compilations: Compilations) -> None:
    done = compilations[family].result()
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert all(any(target in line for line in lines) for target in TARGETS)
    wrong = [line for line in lines if not line.endswith(" compiles")]
    assert not wrong, "\n".join(wrong)
