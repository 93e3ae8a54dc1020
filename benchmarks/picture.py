"""All ratios in one picture, and the text beneath it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.cases import OURS
from benchmarks.report import Row, number

NAME = "ratios.svg"
BEGIN, END = "<!-- picture -->", "<!-- end of the picture -->"
PEERS = ("DGL", "PyG", "torch.sparse")  # other columns are no libraries of graphs, or limits
FASTER, SLOWER, TEXT = "#0072B2", "#D55E00", "#808080"  # told apart by all; on white and on black
WIDEST = 100.0  # a greater ratio is drawn at the edge


def ratio(row: Row, peers: Sequence[str] = PEERS) -> float | None:
    """The best peer's value over graphmp's; None where one of them has none."""
    values = {name: result.value for name, result in row.results.items() if result.value}
    best = min((values[name] for name in peers if name in values), default=None)
    return best / values[OURS] if best is not None and OURS in values else None


def draw(families: Mapping[str, Sequence[Row]], path: Path) -> None:
    """A dot for each case against its best peer, a line for each family; nothing behind them.

    A case in which graphmp is slower has another form and another colour.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    ratios = {name: [r for row in rows if (r := ratio(row))] for name, rows in families.items()}
    ratios = {name: values for name, values in ratios.items() if values}
    names = sorted(ratios, key=lambda name: statistics.geometric_mean(ratios[name]))
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "graphmp", "font.family": "sans-serif"}
    with rc_context(settings):
        figure = Figure(figsize=(7.5, 0.9 + 0.26 * len(names)), layout="constrained")
        axes = figure.add_subplot(xscale="log")
        for line, name in enumerate(names):
            for faster, form, colour in ((True, "o", FASTER), (False, "D", SLOWER)):
                values = [min(r, WIDEST) for r in ratios[name] if (r >= 1) == faster]
                axes.plot(values, [line] * len(values), form, color=colour, markersize=5, alpha=0.6)
            mean = min(statistics.geometric_mean(ratios[name]), WIDEST)
            axes.plot([mean] * 2, [line - 0.35, line + 0.35], color=TEXT, linewidth=2)
        axes.axvline(1, color=TEXT, linewidth=1)
        axes.set_yticks(range(len(names)), names)
        ticks = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100]
        low = min(0.5, *(min(values) for values in ratios.values()))
        axes.set_xlim(low * 0.8, WIDEST * 1.2)
        axes.set_xticks([t for t in ticks if t >= low], [f"{t:g}" for t in ticks if t >= low])
        axes.minorticks_off()
        axes.set_xlabel("best peer's time or memory ÷ graphmp's; bars: geometric means")
        axes.grid(axis="x", color=TEXT, alpha=0.25)
        axes.tick_params(colors=TEXT)
        axes.xaxis.label.set_color(TEXT)
        for side in axes.spines.values():
            side.set_visible(False)
        figure.savefig(path, transparent=True, metadata={"Date": None})


def text(families: Mapping[str, Sequence[Row]], folder: str) -> str:
    """The picture, and what it says in numbers.

    Args:
        families: the rows of each family.
        folder: where the picture is, from the text's file.
    """
    cases = [
        (r, row, name)
        for name, rows in families.items()
        for row in rows
        if (r := ratio(row, ("DGL",)))
    ]
    image = f"![Each case's ratio of the best peer to graphmp, by family]({folder}{NAME})\n"
    if not cases:
        return image
    mean = statistics.geometric_mean(r for r, _, _ in cases)
    least, row, name = min(cases, key=lambda each: each[0])
    return (
        f"{image}\nOver {len(cases)} cases, DGL takes {number(mean)} times what graphmp takes (the "
        f"geometric mean); the smallest ratio is {number(least)}: {row.case} on {row.graph}, in "
        f"`{name}`.\n"
    )
