"""Results as JSON, as a table and as a plot; and all newest tables together in the README.

``python -m benchmarks.report`` writes the tables of ``benchmarks/results/`` into
``benchmarks/README.md``, draws all ratios in one picture, and puts it and a summary there and into
``README.md``.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.cases import OURS, ROOFLINES, Case, Family

HERE = Path(__file__).parent
RESULTS = HERE / "results"
README = HERE / "README.md"
BEGIN, END = "<!-- tables -->", "<!-- end of the tables -->"
DIFFERS = "differs: "
LEAST_BYTES = 1e6  # of memory that is shown
UNITS = {"s": 1.0, "ms": 1e3, "µs": 1e6, "ratio": 1.0, "MB": 1e-6}


@dataclass
class Result:
    """What one library did in one case.

    Attributes:
        value: the median of the turns, in seconds, bytes, or as a ratio.
        turns: the value of each turn.
        note: why there is no value, or what is special about it.
        memory: the most bytes that calls have held beyond what is held between them.
    """

    value: float | None = None
    turns: list[float] = field(default_factory=list)
    note: str = ""
    memory: float | None = None


@dataclass
class Row:
    """One case on one graph, as it goes into a results file.

    Attributes:
        case: the case's title.
        graph: the graph's name.
        results: what each library did.
        unit: what values are shown in.
        ratio: the best peer's value over ours; without peers, the limit over ours.
        best: the best peer.
        goal: what the ratio shall be, against the best peer.
        limit: what our value shall be at most.
        of_roofline: the roofline's value over ours.
        roofline_goal: what that shall be.
        met: whether all goals are met, against every peer; None without a goal or a value.
    """

    case: str
    graph: str
    results: dict[str, Result]
    unit: str = "ms"
    ratio: float | None = None
    best: str = ""
    goal: float | None = None
    limit: float | None = None
    of_roofline: float | None = None
    roofline_goal: float | None = None
    met: bool | None = None

    @classmethod
    def of(
        cls, case: Case, graph: str, results: dict[str, Result], limit: float | None = None
    ) -> Row:
        """Compare the values of a case."""
        row = cls(case.title, graph, results, case.unit)
        row.limit, row.roofline_goal = limit, case.of_roofline
        values = {name: r.value for name, r in results.items() if r.value is not None}
        if OURS not in values:
            return row
        ours = max(values.pop(OURS), 1e-12)
        floors = [values.pop(name) for name in ROOFLINES if name in values]
        ratios = {name: value / ours for name, value in values.items()}
        verdicts = []
        if ratios:
            row.best = min(ratios, key=lambda name: ratios[name])
            row.ratio, row.goal = ratios[row.best], case.goal_against(row.best)
            goals = {name: case.goal_against(name) for name in ratios}
            verdicts += [ratios[name] >= goal for name, goal in goals.items() if goal]
        if limit is not None:
            verdicts.append(ours <= limit)
            if not ratios:
                row.ratio, row.goal = limit / ours, 1.0
        if floors:
            row.of_roofline = floors[0] / ours
            verdicts += [row.of_roofline >= case.of_roofline] if case.of_roofline else []
        row.met = all(verdicts) if verdicts else None
        return row


# ---- text


def number(value: float) -> str:
    """Three digits that count, never in powers of ten."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def shown(result: Result | None, unit: str) -> str:
    """A result in a table."""
    if result is None or (result.value is None and not result.note):
        return ""
    if result.value is None:
        return "differs" if result.note.startswith(DIFFERS) else "—"
    text = f"{number(result.value * UNITS[unit])} {unit}{'¹' if result.note else ''}"
    if unit == "MB" or result.memory is None or result.memory < LEAST_BYTES:
        return text
    return f"{text}, {result.memory * UNITS['MB']:,.0f} MB"


def goal_of(row: Row) -> str:
    """All goals of a row, and whether they are met."""
    goals = []
    if row.limit is not None:
        goals.append(f"≤ {number(row.limit * UNITS[row.unit])} {row.unit}")
    if row.goal is not None and row.best:
        goals.append(f"{row.goal:g}")
    if row.roofline_goal is not None and row.of_roofline is not None:
        goals.append(f"{row.roofline_goal:.0%}")
    met = {True: "met", False: "**missed**", None: ""}[row.met]
    return ", ".join(goals) + (f": {met}" if goals else "")


def line(row: Row) -> str:
    """A row for the terminal."""
    parts = [f"{name} {shown(result, row.unit)}" for name, result in row.results.items()]
    ratio = f" | {row.ratio:.2f}" if row.ratio is not None else ""
    notes = [f"\n    {name} {r.note}" for name, r in row.results.items() if r.note]
    goal = f" ({goal_of(row)})" if goal_of(row) else ""
    return f"{row.graph} | {row.case} | {', '.join(parts)}{ratio}{goal}{''.join(notes)}"


def table(found: Mapping[str, Any]) -> str:
    """A results file's content as Markdown."""
    rows = [_row(row) for row in found["rows"]]
    names = list(dict.fromkeys(name for row in rows for name in row.results))
    heads = ["case", "graph", *names]
    has_peers = any(row.best for row in rows)
    has_floor = any(row.of_roofline for row in rows)
    heads += ["best peer ÷ graphmp"] if has_peers else []
    heads += [f"of {name}" for name in ROOFLINES if name in names][:1] if has_floor else []
    lines = [heads, ["---"] * 2 + ["---:"] * (len(heads) - 2)]
    for row in rows:
        cells = [row.case, row.graph, *(shown(row.results.get(name), row.unit) for name in names)]
        cells += [number(row.ratio) if row.best and row.ratio else ""] if has_peers else []
        cells += [f"{row.of_roofline:.0%}" if row.of_roofline else ""] if has_floor else []
        lines.append(cells)
    body = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    turns = max((len(r.turns) for row in rows for r in row.results.values()), default=0)
    where = f"{found['machine']}; {turns} turns"
    head = f"### {found['title']} (`{found['name']}`)\n\n{where}"
    return f"{head}\n\n{body}\n{_notes(rows)}"


def _row(row: Mapping[str, Any]) -> Row:
    results = {name: Result(**result) for name, result in row["results"].items()}
    return Row(**{**row, "results": results})


def _notes(rows: Sequence[Row]) -> str:
    """Why values are missing, each reason once with its cases."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        for name, result in row.results.items():
            if result.note:
                reason = f"{name}: {result.note.splitlines()[0][:150]}"
                reason = f"¹ {reason}" if result.value is not None else reason
                reasons.setdefault(reason, []).append(row.case)
    return "".join(
        f"\n- {reason} ({'; '.join(dict.fromkeys(cases))})" for reason, cases in reasons.items()
    ) + ("\n" if reasons else "")


def machine(
    versions: Mapping[str, Mapping[str, str]], threads: int, load: float, on_gpu: bool = False
) -> str:
    """What it was measured on: the GPU if it was, processor, threads, versions, date.

    ``load`` is how many programs ran before; on a machine of its own a benchmark finds none.
    """
    packages = {OURS: "graphmp", "DGL": "dgl", "PyG": "torch_geometric"}
    found = []
    for library, modules in versions.items():
        names = [name for name in (packages.get(library), "torch") if name and name in modules]
        if library in packages:
            found.append(" with ".join(f"{name} {modules[name]}" for name in names))
    busy = f"; other programs were running, load {load:.1f}" if load > 0.5 else ""
    where = f"{graphics()}; " if on_gpu else ""
    return f"{where}{processor()}, {threads} threads; {'; '.join(found)}; {date.today()}{busy}"


def graphics() -> str:
    """The model of the GPU, and how its caches are found."""
    import torch

    if not torch.cuda.is_available():
        return "no GPU, a trial without meaning"
    return f"{torch.cuda.get_device_name()}, caches emptied before each call"


def processor() -> str:
    """The model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


# ---- files


def write(
    family: Family,
    rows: Sequence[Row],
    measured_on: str,
    folder: Path,
    seconds: float = 0.0,
) -> None:
    """Write the results of a family as JSON, Markdown and, with matplotlib, as a plot."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {
        "name": family.name,
        "title": family.title,
        "machine": measured_on,
        "seconds": round(seconds),
        "rows": [asdict(row) for row in rows],
    }
    path = folder / f"{family.name}.json"
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(table(found), encoding="utf-8")
    draw(family.title, [row for row in rows if row.ratio], path.with_suffix(".png"))


def draw(title: str, rows: Sequence[Row], path: Path) -> None:
    """A bar of the ratio for each row, and a tick at its goal."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return
    figure = Figure(figsize=(8, 1.2 + 0.28 * len(rows)), layout="constrained")
    axes = figure.add_subplot(xscale="log", title=title)
    axes.set_xlabel("best peer's time ÷ graphmp's, or limit ÷ graphmp's; black: the goal")
    colours = {True: "tab:green", False: "tab:red", None: "tab:gray"}
    places = range(len(rows))
    ratios = [row.ratio or 1.0 for row in rows]
    axes.barh(places, ratios, color=[colours[row.met] for row in rows])
    for place, row in zip(places, rows, strict=True):
        if row.goal is not None:
            axes.plot([row.goal] * 2, [place - 0.4, place + 0.4], color="black", linewidth=2)
    axes.set_yticks(places, [f"{row.case} ({row.graph})" for row in rows], fontsize=8)
    axes.axvline(1, color="gray", linewidth=0.5)
    axes.invert_yaxis()
    figure.savefig(path, dpi=100)


def replace_between(path: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands between two marks of a file."""
    before, rest = path.read_text(encoding="utf-8").split(begin)
    after = rest.split(end)[1]
    path.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Write all tables, the picture and the summary into the READMEs."""
    from benchmarks import picture

    parser = argparse.ArgumentParser(description="Write the newest results into the READMEs.")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the results")
    paths = sorted(parser.parse_args().results.glob("*.json"))
    families = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    replace_between(README, BEGIN, END, "\n".join(map(table, families)))
    rows = {one["name"]: [_row(row) for row in one["rows"]] for one in families}
    picture.draw(rows, HERE / picture.NAME)
    for path, folder in ((README, ""), (HERE.parent / "README.md", "benchmarks/")):
        replace_between(path, picture.BEGIN, picture.END, picture.text(rows, folder))


if __name__ == "__main__":
    main()
