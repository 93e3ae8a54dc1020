"""What a new process does with loops that another one has compiled."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

disk_cache: Any = pytest.importorskip(
    "graphmp.kernels.cpu.runtime.disk_cache",
    reason="needs Numba: pip install numba",
    exc_type=ImportError,
)

REPOSITORY = Path(__file__).resolve().parents[4]

# A loop with arrays of its own, one without and one for integers, each of them first called by two
# threads at a time. Numba imports its implementation of NumPy's functions to compile.
SCRIPT = """
import sys, torch, graphmp as gm
from concurrent.futures import ThreadPoolExecutor
ids = torch.tensor([0, 1, 2])
g = gm.graph(("csc", (torch.tensor([0, 1, 2, 3]), ids, ids)), num_nodes=3)
x = torch.tensor([[1.0], [2.0], [3.0]])
calls = [(gm.ops.copy_u_sum, x), (gm.ops.edge_softmax, x), (gm.ops.copy_u_max, x.int())] * 2
with ThreadPoolExecutor(2) as pool:
    made = list(pool.map(lambda call: call[0](g, call[1]).flatten().tolist(), calls))
print(made[:3] == made[3:], made[:3], "numba.np.arraymath" in sys.modules)
"""


def run(folder: Path) -> str:
    """What the script prints when loops are cached in a folder."""
    settings = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.program
def test_loops_that_are_found_run_without_a_compiler(tmp_path: Path) -> None:
    made = "True [[1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [1, 2, 3]]"
    assert run(tmp_path) == f"{made} True\n"
    assert run(tmp_path) == f"{made} False\n"


def test_processes_that_compile_at_once_do_not_take_one_name_for_two_loops(tmp_path: Path) -> None:
    _Files = disk_cache._Files

    class Late(_Files):  # type: ignore[misc, valid-type]
        """A process that read the index before the other one wrote it."""

        def _load_index(self) -> dict[str, str]:
            return {}

    kinds: list[Any] = [_Files, Late]
    cache, late = (kind(str(tmp_path), "loop", "stamp") for kind in kinds)
    cache.save("int32", 32)
    early = cache._load_index()
    late.save("int64", 64)
    assert cache.load("int64") == 64
    assert cache._load_data(early["int32"]) == 32
    cache.save("int32", 33)
    assert (cache.load("int32"), cache.load("int64")) == (33, 64)


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """A function that gives one loop, not yet compiled in this process, cached in the folder."""
    numba: Any = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def loop(number: int) -> int:
        return number + 1

    def dispatcher() -> Any:
        compiled = numba.njit(loop)
        disk_cache.enable(compiled)
        return compiled

    return dispatcher


def damage(folder: Path, change: Callable[[bytes], bytes]) -> None:
    """Change the contents of all files of a cache."""
    files = [path for path in folder.rglob("*") if path.suffix in {".nbi", ".nbc"}]
    assert len(files) == 2
    for path in files:
        path.write_bytes(change(path.read_bytes()))


DAMAGES: list[Callable[[bytes], bytes]] = [
    lambda content: b"",
    lambda content: content[:-1],
    lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
]


def test_damaged_files_are_discarded_and_written_again(
    tmp_path: Path, compiled: Callable[[], Any]
) -> None:
    assert compiled()(1) == 2
    for change in DAMAGES:
        damage(tmp_path, change)
        for hits in (0, 1):
            loop = compiled()
            assert loop(1) == 2
            assert sum(loop.stats.cache_hits.values()) == hits


def test_a_folder_that_cannot_be_written_gives_one_warning(
    monkeypatch: pytest.MonkeyPatch, compiled: Callable[[], Any]
) -> None:
    def fail(self: Any, path: str) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device", path)

    disk_cache._warn.cache_clear()
    monkeypatch.setattr(disk_cache._Files, "_open_for_write", fail)
    with pytest.warns(
        RuntimeWarning, match=r"cached \(No space left on device\).*CACHE_DIR"
    ) as log:
        assert (compiled()(1), compiled()(1)) == (2, 2)
    assert len(log) == 1
    disk_cache._warn.cache_clear()


def test_no_folder_for_compiled_loops_gives_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: Callable[[], Any]
) -> None:
    from numba.core.caching import _CacheLocator

    def fail(self: Any) -> Any:
        raise OSError(errno.EROFS, "Read-only file system", str(tmp_path))

    disk_cache._warn.cache_clear()
    monkeypatch.setattr(_CacheLocator, "ensure_cache_path", fail)
    with pytest.warns(RuntimeWarning, match="no folder can be written") as log:
        assert (compiled()(1), compiled()(1)) == (2, 2)
    assert len(log) == 1
    disk_cache._warn.cache_clear()


def test_a_numba_that_was_not_tried_keeps_its_own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import njit
    from numba.core.caching import FunctionCache

    def loop() -> int:
        return 1

    monkeypatch.setattr(disk_cache, "_NEWEST_TRIED", (0, 0))
    dispatcher: Any = njit(loop)
    disk_cache.enable(dispatcher)
    assert type(dispatcher._cache) is FunctionCache
