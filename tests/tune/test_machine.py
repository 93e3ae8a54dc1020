"""What the command reads about a machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graphmp.tune import machine


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the root of the file system, and eight cores."""
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(6)), raising=False)
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")


def test_without_any_file_the_rest_is_unknown(root: Path) -> None:
    expected = {"usable": 6, "physical": None, "logical": 8, "affinity": 6, "quota": None}
    assert machine.cores() == expected
    assert machine.memory() == {"total": None, "available": None, "limit": None}
    assert machine.huge_pages() is None


def test_threads_of_one_core_are_counted_once(root: Path) -> None:
    folder = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    write(root, {folder.format(number): f"{number % 4},{number % 4 + 4}" for number in range(8)})
    assert machine.cores()["physical"] == 4


V2 = {
    "proc/self/cgroup": "0::/outer/inner",
    "sys/fs/cgroup/outer/cpu.max": "250000 100000",
    "sys/fs/cgroup/outer/inner/cpu.max": "max 100000",
    "sys/fs/cgroup/outer/memory.max": "2000000000",
    "sys/fs/cgroup/outer/inner/memory.max": "max",
}
V1 = {
    "proc/self/cgroup": "5:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n0::/",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "2000000000",
}
UNLIMITED = {
    "proc/self/cgroup": "5:memory:/\n3:cpu:/\n0::/",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
}


@pytest.mark.parametrize(
    ("files", "quota", "usable", "limit"),
    [(V2, 2.5, 2, 2000), (V1, 2.5, 2, 2000), (UNLIMITED, None, 6, None)],
    ids=["version 2", "version 1", "unlimited"],
)
def test_the_limits_of_a_container_hold(
    files: dict[str, str], quota: float | None, usable: int, limit: int | None, root: Path
) -> None:
    write(root, {**files, "proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable: 4000000 kB"})
    cores = machine.cores()
    assert (cores["quota"], cores["usable"]) == (quota, usable)
    assert machine.memory() == {"total": 8192, "available": 4096, "limit": limit}


def test_huge_pages_are_read_from_the_brackets(root: Path) -> None:
    write(root, {"sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never"})
    assert machine.huge_pages() == "madvise"


def test_every_backend_runs_or_has_a_reason() -> None:
    reasons = machine.backends()
    assert reasons.pop("reference") is None
    assert all(reason is None or len(reason) > 5 for reason in reasons.values())


def test_the_folder_of_compiled_loops_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    cache = machine.cache()
    assert cache is not None
    assert (cache["files"], cache["mb"]) == (0, 0)
    write(Path(cache["folder"]), {"loop.nbc": "0" * 200_000, "loop.nbi": "", "other": ""})
    assert machine.cache() == {**cache, "files": 2, "mb": 0.2}


def test_no_folder_for_compiled_loops_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    caching = pytest.importorskip("numba.core.caching")

    def fail(self: object) -> None:
        raise OSError

    monkeypatch.setattr(caching._CacheLocator, "ensure_cache_path", fail)
    assert machine.cache() is None
