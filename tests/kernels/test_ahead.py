"""Every Triton kernel compiles for GPUs that are not here, in what it can be launched with.

For each kernel, every value of every argument and constant is compiled, for each target some, and
nine tenths of the pairs of values that can meet: ``support/ahead.py`` chooses, and compiles all
pairs when asked to. Where rows of features are aligned, they must be loaded 16 bytes at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="needs Triton: pip install triton")

pytestmark = pytest.mark.ahead

FOLDER = Path(__file__).resolve().parents[1] / "support"
PYTHONPATH = os.pathsep.join(path for path in sys.path if path)
FAMILIES = sorted(path.stem.removeprefix("ahead_") for path in FOLDER.glob("ahead_*.py"))
TARGETS = ("sm_80", "sm_90", "gfx942")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_kernel_compiles(family: str, tmp_path: Path) -> None:
    settings = {**os.environ, "PYTHONPATH": PYTHONPATH, "TRITON_CACHE_DIR": str(tmp_path)}
    settings.pop("TRITON_INTERPRET", None)
    done = subprocess.run(
        [sys.executable, str(FOLDER / "ahead.py"), family],
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert all(any(target in line for line in lines) for target in TARGETS)
    wrong = [line for line in lines if not line.endswith(" compiles")]
    assert not wrong, "\n".join(wrong)
