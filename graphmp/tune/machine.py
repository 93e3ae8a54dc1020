"""Cores, memory, versions, backends and caches, as a program sees them."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import torch

from .. import kernels
from ..kernels.contract import Call

ROOT = Path("/")
PACKAGES = ("graphmp", "torch", "numpy", "numba", "llvmlite", "triton", "scipy")
_HALVES = {"amx-bf16": "AMX", "avx512bf16": "AVX512-BF16", "bf16": "BF16"}
_LEVELS = {"avx512f": "AVX-512", "avx2": "AVX2", "avx": "AVX", "sse2": "SSE2", "neon": "NEON"}


def describe() -> dict[str, Any]:
    """The machine and the installation, ready for JSON; None stands for what is not known."""
    return {
        "cores": cores(),
        "memory": memory(),
        "huge_pages": huge_pages(),
        "simd": simd(),
        "threads": torch.get_num_threads(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "versions": {"python": platform.python_version(), **versions()},
        "backends": backends(),
        "cache": cache(),
    }


def cores() -> dict[str, Any]:
    """Cores of the machine, and how many of them this process may use."""
    logical = os.cpu_count() or 1
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(logical)
    quota = min(_quotas(), default=None)
    usable = len(allowed) if quota is None else min(len(allowed), max(int(quota), 1))
    return {
        "usable": usable,
        "physical": _physical(),
        "logical": logical,
        "affinity": len(allowed),
        "quota": quota,
    }


def _physical() -> int | None:
    folder = ROOT / "sys/devices/system/cpu"
    files = folder.glob("cpu[0-9]*/topology/thread_siblings_list")
    return len({file.read_text() for file in files}) or None


def _quotas() -> Iterator[float]:
    """Cores' worth of time that the process's control groups allow."""
    for text in _control_group("cpu.max"):
        quota, _, period = text.partition(" ")
        if quota != "max":
            yield int(quota) / int(period)
    quotas, periods = (_control_group(f"cpu.cfs_{name}_us", "cpu") for name in ("quota", "period"))
    for quota, period in zip(quotas, periods, strict=False):
        if int(quota) > 0:
            yield int(quota) / int(period)


def memory() -> dict[str, Any]:
    """MB of memory of the machine, what is free, and what the process's control groups allow."""
    file = ROOT / "proc/meminfo"
    lines = file.read_text().splitlines() if file.is_file() else []
    entries = [line.split() for line in lines]  # such as "MemTotal:", "1024", "kB"
    sizes = {name: 1024 * int(size) for name, size, *_ in entries}
    limits = [*_control_group("memory.max"), *_control_group("memory.limit_in_bytes", "memory")]
    least = min((int(limit) for limit in limits if limit != "max"), default=None)
    total = sizes.get("MemTotal:")
    if total is None or least is None or least >= total:
        least = None
    known = {"total": total, "available": sizes.get("MemAvailable:"), "limit": least}
    return {name: None if size is None else round(size / 1e6) for name, size in known.items()}


def _control_group(name: str, controller: str = "") -> Iterator[str]:
    """A file of the process's control group and of those above; version 2 has no controller."""
    groups = ROOT / "proc/self/cgroup"
    for line in groups.read_text().splitlines() if groups.is_file() else []:
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            root = ROOT / "sys/fs/cgroup" / controller
            inner = root / path.strip("/")
            for folder in (inner, *inner.parents):
                if folder.is_relative_to(root) and (folder / name).is_file():
                    yield (folder / name).read_text().strip()


def huge_pages() -> str | None:
    """When Linux uses pages of 2 MiB: ``always``, ``madvise`` (if a program asks) or ``never``."""
    file = ROOT / "sys/kernel/mm/transparent_hugepage/enabled"
    return file.read_text().partition("[")[2].partition("]")[0] if file.is_file() else None


def simd() -> dict[str, Any] | None:
    """The processor that Numba compiles for, and vector instructions; None without Numba.

    Those of bfloat16 are the machine's own, by which torch multiplies.
    """
    if find_spec("numba") is None:
        return None
    import numba
    from llvmlite import binding

    config = cast(Any, numba).config
    own = {name for name, is_there in binding.get_host_cpu_features().items() if is_there}
    features = {} if config.CPU_NAME else own
    if config.CPU_FEATURES is not None:
        features = {name[1:] for name in config.CPU_FEATURES.split(",") if name[:1] == "+"}
    return {
        "cpu": config.CPU_NAME or binding.get_host_cpu_name(),
        "level": next((level for name, level in _LEVELS.items() if name in features), None),
        "bfloat16": next((level for name, level in _HALVES.items() if name in own), None),
    }


def versions() -> dict[str, str | None]:
    """The versions of the packages that graphmp runs on; None for those that are missing."""
    return {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def backends() -> dict[str, str | None]:
    """For each backend None if it runs sums of float32 here, else the reason why not."""
    has_gpu = torch.cuda.is_available()
    reasons = {}
    for name, _, _ in kernels.BACKENDS:
        device = "cuda" if name == "cuda" else "cpu"
        reasons[name] = kernels.why_not(name, Call("spmm", device, torch.float32))
    if reasons["cuda"] is None and not has_gpu:
        reasons["cuda"] = "torch finds no GPU"
    return reasons


def cache() -> dict[str, Any] | None:
    """Where compiled loops are kept; None without Numba or where no folder can be written."""
    if backends()["cpu"] is not None:
        return None
    from ..kernels.cpu.loops.spmm_tiled import sum_rows
    from ..kernels.cpu.runtime.disk_cache import folder_of

    folder = folder_of(sum_rows)
    if folder is None:
        return None
    sizes = [file.stat().st_size for file in folder.glob("*.nb[ci]")]
    return {"folder": str(folder), "files": len(sizes), "mb": round(sum(sizes) / 1e6, 1)}
