"""What a new process does with loops that another one has compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numba", reason="needs Numba: pip install numba")

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
    from graphmp.kernels.cpu.runtime.disk_cache import _Files

    class Late(_Files):
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


def test_a_numba_that_was_not_tried_keeps_its_own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import njit
    from numba.core.caching import FunctionCache

    from graphmp.kernels.cpu.runtime import disk_cache as cache

    def loop() -> int:
        return 1

    monkeypatch.setattr(cache, "_NEWEST_TRIED", (0, 0))
    dispatcher: Any = njit(loop)
    cache.enable(dispatcher)
    assert type(dispatcher._cache) is FunctionCache
