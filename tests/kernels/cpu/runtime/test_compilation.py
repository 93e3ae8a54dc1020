"""What accompanies the compilation of a loop."""

from __future__ import annotations

import gc
import multiprocessing
import re
from collections.abc import Callable
from typing import Any

import pytest

compilation = pytest.importorskip(
    "graphmp.kernels.cpu.runtime.compilation",
    reason="needs Numba: pip install numba",
    exc_type=ImportError,
)
pytest.importorskip("graphmp.kernels.cpu.runtime.jit", exc_type=ImportError)
LOOPS = "graphmp.kernels.cpu.loops.seven"
LINE = r"graphmp: compiling seven, once for this machine: \d+\.\d s\n"


@pytest.fixture(autouse=True)
def lines_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilation, "PATIENCE", 0.0)
    monkeypatch.setenv("GRAPHMP_PROGRESS", "1")


def probe() -> bool:
    return gc.isenabled()


def compiled(text: str, module: str = LOOPS) -> Callable[[], Any]:
    """A function, to be compiled at its first call, of a module of that name."""
    from numba import njit

    scope: dict[str, Any] = {"__name__": module, "probe": probe}
    exec(f"def seven():\n    {text}", scope)
    return njit(scope["seven"])  # type: ignore[no-any-return]


def test_a_line_says_what_is_compiled_and_how_long_it_took(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert compiled("return 7")() == 7
    assert re.fullmatch(LINE, capsys.readouterr().err)


def test_a_compilation_that_fails_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    from numba.core.errors import TypingError

    with pytest.raises(TypingError):
        compiled("return nothing")()
    assert re.fullmatch(LINE, capsys.readouterr().err)
    assert gc.isenabled()


def test_a_loop_that_is_soon_compiled_needs_no_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compilation, "PATIENCE", 600.0)
    assert compiled("return 7")() == 7
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("setting", ["0", None])
def test_nothing_is_written_if_switched_off_or_into_a_file(
    setting: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if setting is None:
        monkeypatch.delenv("GRAPHMP_PROGRESS")
    else:
        monkeypatch.setenv("GRAPHMP_PROGRESS", setting)
    assert compiled("return 7")() == 7
    assert capsys.readouterr().err == ""


def test_workers_are_silent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiprocessing, "parent_process", object)
    assert compiled("return 7")() == 7
    assert capsys.readouterr().err == ""


def test_functions_of_others_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert compiled("return 7", "elsewhere")() == 7
    assert capsys.readouterr().err == ""


def test_garbage_is_not_collected_while_a_loop_is_compiled() -> None:
    from numba.extending import overload

    states = []

    @overload(probe, strict=False)
    def typed() -> Any:
        states.append(gc.isenabled())
        return lambda: True

    assert compiled("return probe()")()
    assert set(states) == {False}
    assert gc.isenabled()
