"""Memory that is freed stays with the process, or returns to the system."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import graphmp as gm
from graphmp.tune import memory

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD", "THP_MEM_ALLOC_ENABLE")
needs_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps memory: run this on such a system"
)

# Each allocation is larger than glibc's largest threshold, 32 MiB.
PROGRAM = """
import json, os, resource, torch, graphmp as gm

def faults(times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        torch.zeros(1 << 26, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

faults(1)
before = faults(20)
is_kept = gm.tune.keep_memory()
faults(20)  # small objects take parts of the first blocks that are kept
after, used = faults(20), resident()
is_released = gm.tune.release_memory()
print(json.dumps([before, is_kept, after, is_released, used - resident()]))
"""


@needs_glibc
@pytest.mark.program
def test_kept_memory_is_not_cleared_again_until_it_is_released() -> None:
    environment = {name: v for name, v in os.environ.items() if not name.startswith(SETTINGS)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, is_kept, after, is_released, returned = json.loads(done.stdout)
    assert (is_kept, is_released) == (True, True)
    assert after < before / 5
    assert returned > 1 << 25


def test_other_c_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert (gm.tune.keep_memory(), gm.tune.release_memory()) == (False, False)


def test_musl_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert (gm.tune.keep_memory(), gm.tune.release_memory()) == (False, False)


@pytest.mark.parametrize("refused", [-1, -4])
def test_a_setting_that_is_refused_is_no_success(
    refused: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Library:
        gnu_get_libc_version = None

        def mallopt(self, option: int, value: int) -> int:
            return int(option != refused)

    library: Any = Library()
    monkeypatch.setattr(memory, "_glibc", lambda: library)
    assert not gm.tune.keep_memory()


def test_releasing_frees_the_blocks_that_results_are_reused_from() -> None:
    blocks = pytest.importorskip(
        "graphmp.kernels.cpu.runtime.memory",
        reason="needs Numba: pip install numba",
        exc_type=ImportError,
    )
    blocks._give_back(blocks._take(blocks.LARGE))
    assert blocks._free
    gm.tune.release_memory()
    assert not blocks._free
