"""How the loops are compiled."""

from __future__ import annotations

from typing import Any

import pytest

jit = pytest.importorskip(
    "graphmp.kernels.cpu.runtime.jit", reason="needs Numba: pip install numba", exc_type=ImportError
)
disk_cache = pytest.importorskip(
    "graphmp.kernels.cpu.runtime.disk_cache",
    reason="needs Numba: pip install numba",
    exc_type=ImportError,
)


def test_a_loop_without_a_place_for_its_cache_is_compiled_all_the_same() -> None:
    scope: dict[str, Any] = {}
    exec("def seven():\n    return 7", scope)  # of no file, so there is no folder beside it
    seven = jit.jit(scope["seven"])
    disk_cache._warn.cache_clear()
    with pytest.warns(RuntimeWarning, match="no folder can be written"):
        assert seven() == 7
    assert hasattr(seven, "py_func")


def test_a_loop_for_other_loops_runs_in_them_and_from_python() -> None:
    scope: dict[str, Any] = {}
    exec("def seven():\n    return 7\ndef eight():\n    return seven() + 1", scope)
    seven = jit.inner(scope["seven"])
    eight: Any = pytest.importorskip("numba").njit(scope["eight"])
    assert (seven(), eight()) == (7, 8)
    assert hasattr(eight, "py_func")
    assert not hasattr(seven, "py_func")
