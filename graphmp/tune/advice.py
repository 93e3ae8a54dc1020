"""The settings that are worth their cost, in words."""

from __future__ import annotations

from typing import Any, NamedTuple

from .trial import KEPT, THREADS, Epoch

NOW, LARGE_PAGES, MEMORY_KEPT, BOTH = "as it is", "large pages", "memory kept", "both"
_LARGE_PAGES = {"THP_MEM_ALLOC_ENABLE": "1"}
WORTH = 0.1  # the part of an epoch below which a difference is noise


class Advice(NamedTuple):
    """One thing that is worth doing.

    Attributes:
        settings: variables of the environment to set; none where the reason says what to do.
        reason: why.
    """

    settings: dict[str, str]
    reason: str


def trials(machine: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The settings to measure on a machine that :func:`.machine.describe` described, by name."""
    has_large_pages = machine["huge_pages"] in ("always", "madvise")
    has_glibc = str(machine["libc"]).startswith("glibc")
    settings: dict[str, dict[str, str]] = {NOW: {}}
    if has_large_pages:
        settings[LARGE_PAGES] = _LARGE_PAGES
    if has_glibc:
        settings[MEMORY_KEPT] = KEPT
    if has_large_pages and has_glibc:
        settings[BOTH] = {**_LARGE_PAGES, **KEPT}
    threads, usable = machine["threads"], machine["cores"]["usable"]
    if threads > 1:
        fewer = usable if threads > usable else 1
        settings[f"threads: {fewer}"] = {THREADS: str(fewer)}
    return settings


def advise(
    machine: dict[str, Any], settings: dict[str, dict[str, str]], epochs: dict[str, Epoch]
) -> list[Advice]:
    """Say which settings are worth their cost, and what to mend.

    Args:
        machine: what :func:`.machine.describe` returned.
        settings: what :func:`trials` returned.
        epochs: what each of them took.
    """
    proposals = [*_on_memory(settings, epochs), *_on_threads(machine, settings, epochs)]
    if (reason := machine["backends"]["cpu"]) is not None:
        proposals.append(Advice({}, f"The fast loops for the CPU do not run: {reason}."))
    elif machine["cache"] is None:
        reason = "Compiled loops are kept nowhere: name a folder that can be written."
        proposals.append(Advice({"NUMBA_CACHE_DIR": "/path/to/a/folder"}, reason))
    return proposals


def _on_memory(settings: dict[str, dict[str, str]], epochs: dict[str, Epoch]) -> list[Advice]:
    """The setting that takes least memory among those that are about as fast as the fastest."""
    names = [name for name in (NOW, LARGE_PAGES, MEMORY_KEPT, BOTH) if name in epochs]
    least = min(epochs[name].cpu for name in names)
    fast = [name for name in names if epochs[name].cpu <= (1 + WORTH) * least]
    if NOW in fast:
        return []
    best = min(fast, key=lambda name: epochs[name].peak)
    saved = 1 - epochs[best].cpu / epochs[NOW].cpu
    more = epochs[best].peak - epochs[NOW].peak
    reason = (
        f"Full-graph epochs take {saved:.0%} less processor time, because the system clears fewer "
        f"pages, and {_megabytes(more)}. Training on samples gains nothing."
    )
    return [Advice(settings[best], reason)]


def _megabytes(more: float) -> str:
    return f"{more:.0f} MB more memory" if more >= 1 else "no more memory"


def _on_threads(
    machine: dict[str, Any], settings: dict[str, dict[str, str]], epochs: dict[str, Epoch]
) -> list[Advice]:
    """Fewer threads, where there are more than cores, or where an epoch ends sooner."""
    threads, usable = machine["threads"], machine["cores"]["usable"]
    name = next((name for name, values in settings.items() if THREADS in values), None)
    if name is None:
        return []
    ratio = epochs[name].wall / epochs[NOW].wall
    if threads > usable:
        reason = f"torch has {threads} threads, but this process may use {usable} cores."
    elif ratio < 1 - WORTH:
        reason = (
            f"A small epoch took {1 - ratio:.0%} less time, because other programs use the cores "
            "now. Measure again when they have ended."
        )
    else:
        return []
    return [Advice(settings[name], reason)]
