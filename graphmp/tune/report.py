"""What the command prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .advice import Advice
from .trial import EDGES, NODES, Epoch

_COLUMNS = "  seconds  processor  pages cleared      peak"


def text(machine: dict[str, Any], epochs: dict[str, Epoch], proposals: Sequence[Advice]) -> str:
    """The report, as lines of text.

    Args:
        machine: what :func:`.machine.describe` returned.
        epochs: what an epoch took with each of the settings.
        proposals: what is worth doing.
    """
    facts = [f"{name:<19}{fact}" for name, fact in _facts(machine)]
    return "\n".join([*facts, "", *_table(epochs), "", *_proposals(proposals)])


def cache_line(cache: dict[str, Any] | None) -> str:
    """Where compiled loops are kept, and how large they are."""
    if cache is None:
        return "not kept"
    return f"{cache['files']} files, {cache['mb']} MB, in {cache['folder']}"


def _facts(machine: dict[str, Any]) -> Iterator[tuple[str, str]]:
    simd, versions = machine["simd"], machine["versions"].items()
    yield "cores", _numbers(machine["cores"])
    yield "threads", f"{machine['threads']}, of torch and of graphmp's kernels"
    yield "memory (MB)", _numbers(machine["memory"])
    yield "large pages", str(machine["huge_pages"])
    yield "instructions", "unknown" if simd is None else _instructions(**simd)
    yield "versions", ", ".join(f"{name} {number}" for name, number in versions if number)
    yield "C library", machine["libc"] or "unknown"
    for name, reason in machine["backends"].items():
        yield f"{name} backend", "runs" if reason is None else f"does not run: {reason}"
    yield "compiled", cache_line(machine["cache"])


def _instructions(cpu: str, level: str | None, bfloat16: str | None) -> str:
    """Vector instructions, and by which torch multiplies matrices of bfloat16."""
    return f"{level} ({cpu}), {f'{bfloat16} for' if bfloat16 else 'none of'} bfloat16"


def _numbers(values: dict[str, Any]) -> str:
    """Those that are known, with their names."""
    return ", ".join(f"{value:,} {name}" for name, value in values.items() if value is not None)


def _table(epochs: dict[str, Epoch]) -> Iterator[str]:
    yield f"An epoch of two SAGE layers on {NODES:,} nodes and {EDGES:,} edges:"
    yield " " * 19 + _COLUMNS
    for name, epoch in epochs.items():
        pages, peak = f"{1000 * epoch.faults:,.0f}", f"{epoch.peak:,.0f} MB"
        yield f"{name:<19}{epoch.wall:>9.2f}{epoch.cpu:>11.2f}{pages:>15}{peak:>10}"


def _proposals(proposals: Sequence[Advice]) -> Iterator[str]:
    yield "Worth doing:" if proposals else "These settings are as good as any that were measured."
    for settings, reason in proposals:
        yield from (f"  export {name}={value}" for name, value in settings.items())
        yield f"    {reason}"
