"""What the command proposes for what it measured."""

from __future__ import annotations

from typing import Any

import pytest

from graphmp.tune.advice import advise, trials
from graphmp.tune.report import text
from graphmp.tune.trial import Epoch

FOLDER = {"folder": "/cache", "files": 2, "mb": 0.5}


def machine(**changes: Any) -> dict[str, Any]:
    """A machine on which everything runs."""
    facts = {
        "cores": {"usable": 4, "physical": 4, "quota": None},
        "memory": {"total": 8192, "available": None},
        "huge_pages": "madvise",
        "simd": {"cpu": "zen", "level": "AVX2", "bfloat16": None},
        "threads": 4,
        "libc": "glibc 2.36",
        "versions": {"python": "3.11", "numba": None},
        "backends": {"cpu": None, "cuda": "no GPU"},
        "cache": FOLDER,
    }
    return {**facts, **changes}


def advice(
    facts: dict[str, Any], *cpu: float, wall: float = 1.0
) -> list[tuple[dict[str, str], str]]:
    """The advice, if trials took so many seconds of processor time, and fewer threads ``wall``."""
    settings = trials(facts)
    seconds = dict(zip(settings, (*cpu, *[1.0] * len(settings)), strict=False))
    epochs = {
        name: Epoch(wall if "OMP_NUM_THREADS" in settings[name] else 1.0, taken, 10.0, 100 * place)
        for place, (name, taken) in enumerate(seconds.items(), 1)
    }
    proposals = advise(facts, settings, epochs)
    assert all(reason in text(facts, epochs, proposals) for _, reason in proposals)
    return [(values, reason) for values, reason in proposals]


def test_only_settings_that_can_act_here_are_measured() -> None:
    now, large, kept, both, threads = trials(machine())
    assert list(trials(machine(huge_pages="never"))) == [now, kept, threads]
    assert list(trials(machine(libc=None))) == [now, large, threads]
    assert list(trials(machine(threads=1))) == [now, large, kept, both]
    assert trials(machine(threads=8))["threads: 4"] == {"OMP_NUM_THREADS": "4"}


@pytest.mark.parametrize(
    ("cpu", "best"),
    [
        ((1.0, 0.95, 0.92, 0.93), None),
        ((1.0, 0.70, 0.65, 0.65), "large pages"),
        ((1.0, 0.90, 0.65, 0.65), "memory kept"),
        ((1.0, 0.90, 0.90, 0.65), "both"),
        ((1.0, 1.20, 1.10, 1.10), None),
    ],
)
def test_the_setting_of_least_memory_among_the_fastest_is_proposed(
    cpu: tuple[float, ...], best: str | None
) -> None:
    expected = [] if best is None else [trials(machine())[best]]
    assert [values for values, _ in advice(machine(), *cpu)] == expected


def test_the_reason_says_what_is_saved_and_what_it_costs() -> None:
    [(_, reason)] = advice(machine(), 1.0, 0.9, 0.65, 0.65)
    assert "35% less processor time" in reason
    assert "200 MB more memory" in reason


def test_more_threads_than_cores_are_too_many() -> None:
    [(values, reason)] = advice(machine(threads=8), 1.0, 1.0, 1.0)
    assert values == {"OMP_NUM_THREADS": "4"}
    assert "8 threads, but this process may use 4 cores" in reason


def test_fewer_threads_are_proposed_where_an_epoch_ends_sooner() -> None:
    assert advice(machine(), wall=0.95) == []
    [(values, reason)] = advice(machine(), wall=0.5)
    assert values == {"OMP_NUM_THREADS": "1"}
    assert "50% less time" in reason


def test_a_missing_cache_and_a_missing_backend_are_said() -> None:
    [(values, _)] = advice(machine(cache=None))
    assert list(values) == ["NUMBA_CACHE_DIR"]
    missing = {"cpu": "numba is not installed", "cuda": "no GPU"}
    [(values, reason)] = advice(machine(cache=None, backends=missing))
    assert values == {}
    assert "numba is not installed" in reason


def test_the_report_says_everything() -> None:
    facts = machine()
    lines = text(facts, {"as it is": Epoch(0.5, 0.75, 71.4, 801.0)}, []).splitlines()
    assert lines[0].split() == ["cores", "4", "usable,", "4", "physical"]
    assert "cuda backend       does not run: no GPU" in lines
    assert "compiled           2 files, 0.5 MB, in /cache" in lines
    assert "instructions       AVX2 (zen), none of bfloat16" in lines
    assert "python 3.11" in "\n".join(lines)
    assert [line.split() for line in lines if line.startswith("as it is")] == [
        ["as", "it", "is", "0.50", "0.75", "71,400", "801", "MB"]
    ]
    assert lines[-1] == "These settings are as good as any that were measured."
