"""A drawing of a metagraph as SVG.

Each node type is a pill, and all relations from one type to another are one arrow with their names
stacked on it, so that parallel relations stay readable. Labels look for a free position along their
arrow. Nothing has an id, so that several drawings can be on one page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple, TypeAlias

from .._storage.metagraph import Metagraph

Point: TypeAlias = tuple[float, float]
Pairs: TypeAlias = dict[tuple[str, str], list[str]]  # the names on each arrow

_ADVANCE, _LINE, _HEIGHT = 6.8, 13.0, 30.0  # width of a letter, height of a line, of a pill
_LONGEST, _MOST = 24, 5  # letters in a name, names on an arrow


class Box(NamedTuple):
    """A rectangle around ``x, y``."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        """Whether two boxes overlap."""
        return (
            2 * abs(self.x - other.x) < self.width + other.width
            and 2 * abs(self.y - other.y) < self.height + other.height
        )

    def border(self, towards: Point) -> Point:
        """Where the line from the middle to a point outside leaves the box."""
        dx, dy = towards[0] - self.x, towards[1] - self.y
        reach = max(abs(dx) / self.width, abs(dy) / self.height, 1e-9) * 2
        return self.x + dx / reach, self.y + dy / reach


def draw(meta: Metagraph) -> str:
    """Draw the types of a graph; of a block the sources on the left, destinations on the right.

    Args:
        meta: the types.

    Returns:
        An ``<svg>`` element.
    """
    pairs: Pairs = {}
    sources, targets = ("SRC/", "DST/") if meta.is_block else ("", "")
    for s, name, d in meta.canonical_etypes:
        pairs.setdefault((sources + s, targets + d), []).append(name)
    if meta.is_block:
        columns = [[sources + t for t in meta.srctypes], [targets + t for t in meta.dsttypes]]
        pills = _columns(columns, pairs)
    else:
        pills = _ellipse(list(dict.fromkeys([*meta.srctypes, *meta.ntypes])), pairs)
    arrows = {pair: _arrow(pair, pills, pairs) for pair in pairs}
    labels = _placed(pairs, arrows, list(pills.values()))
    shapes = [arrow.svg for arrow in arrows.values()]
    shapes += [
        _pill(box, key.removeprefix(sources).removeprefix(targets)) for key, box in pills.items()
    ]
    shapes += [_label(labels[pair], names) for pair, names in pairs.items()]
    return _framed("".join(shapes), [*pills.values(), *labels.values()])


# ---- where types are


def _ellipse(names: Sequence[str], pairs: Pairs) -> dict[str, Box]:
    """Pills around an ellipse that leaves room for labels between neighbours."""
    room, count = _room(names, pairs), len(names)
    radius = room / (2 * math.sin(math.pi / count)) if count > 1 else 0.0
    high = max(0.7 * radius, 75.0) if count > 2 else 0.0
    turn = -math.pi / 2 if count > 2 else math.pi
    angles = [turn + 2 * math.pi * i / max(count, 1) for i in range(count)]
    return {
        name: _pill_box(name, radius * math.cos(angle), high * math.sin(angle))
        for name, angle in zip(names, angles, strict=True)
    }


def _columns(columns: Sequence[Sequence[str]], pairs: Pairs) -> dict[str, Box]:
    """Pills in two columns."""
    room = _room([*columns[0], *columns[1]], pairs)
    step = _HEIGHT + _LINE + max([len(names) * _LINE for names in pairs.values()], default=0.0)
    return {
        name: _pill_box(name.split("/", 1)[1], x, step * (i - (len(column) - 1) / 2))
        for x, column in zip((0.0, room), columns, strict=True)
        for i, name in enumerate(column)
    }


def _room(names: Sequence[str], pairs: Pairs) -> float:
    """The distance of neighbours with the longest label between them."""
    pill = max([_pill_box(name, 0, 0).width for name in names], default=0.0)
    return pill + max([_size(labels)[0] for labels in pairs.values()], default=0.0) + 40


def _pill_box(name: str, x: float, y: float) -> Box:
    return Box(x, y, max(len(_short(name)) * _ADVANCE + 22, 48), _HEIGHT)


# ---- arrows


class Arrow(NamedTuple):
    """An arrow.

    Attributes:
        svg: its curve and head.
        points: some points on it, which other labels keep away from.
        positions: where its own label may be, the best first.
    """

    svg: str
    points: list[Point]
    positions: list[Point]


def _arrow(pair: tuple[str, str], pills: dict[str, Box], pairs: Pairs) -> Arrow:
    start, end = (pills[key] for key in pair)
    if pair[0] == pair[1]:
        return _loop(start, pills, _size(pairs[pair])[1])
    back = pairs.get((pair[1], pair[0]))
    return _arc(start, end, 12 + _size(pairs[pair])[1] / 2 if back else 0.0)


def _arc(start: Box, end: Box, bend: float) -> Arrow:
    """An arrow from pill to pill, bent to its left."""
    dx, dy = end.x - start.x, end.y - start.y
    length = math.hypot(dx, dy) or 1.0
    nx, ny = dy / length, -dx / length
    mid = ((start.x + end.x) / 2 + 2 * bend * nx, (start.y + end.y) / 2 + 2 * bend * ny)
    a, b = start.border(mid), end.border(mid)

    def on(t: float) -> Point:
        weights = ((1 - t) ** 2, 2 * t * (1 - t), t**2)
        x, y = (sum(w * p[i] for w, p in zip(weights, (a, mid, b), strict=True)) for i in (0, 1))
        return x, y

    along = [on(t) for t in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)]
    positions = [
        (x + aside * nx, y + aside * ny)
        for aside in (0, 12, -12, 24, -24, 40, -40)
        for x, y in along
    ]
    points = [on(i / 30) for i in range(31)]
    return Arrow(_line(f"M{_at(a)} Q{_at(mid)} {_at(b)}", mid, b), points, positions)


def _loop(pill: Box, pills: dict[str, Box], label: float) -> Arrow:
    """An arrow from a pill to itself, above it, or below those in the lower half."""
    middle = sum(box.y for box in pills.values()) / len(pills)
    side = 1 if pill.y > middle + 1 else -1
    edge = pill.y + side * _HEIGHT / 2
    a, b = (pill.x - 11, edge), (pill.x + 11, edge)
    high = ((pill.x - 30, edge + side * 34), (pill.x + 30, edge + side * 34))
    positions = [(pill.x, edge + side * (30 + label / 2 + 8 * step)) for step in range(8)]
    points = [(pill.x + x, edge + side * y) for x in (-16, 0, 16) for y in (8, 24)]
    svg = _line(f"M{_at(a)} C{_at(high[0])} {_at(high[1])} {_at(b)}", high[1], b)
    return Arrow(svg, points, positions)


def _placed(
    pairs: Pairs, arrows: dict[tuple[str, str], Arrow], pills: list[Box]
) -> dict[tuple[str, str], Box]:
    """A position for each label: off pills and other labels, and if possible off other arrows."""
    placed: dict[tuple[str, str], Box] = {}
    for pair in sorted(pairs, key=lambda pair: pair[0] != pair[1]):
        positions = [Box(x, y, *_size(pairs[pair])) for x, y in arrows[pair].positions]
        others = [a for other, a in arrows.items() if other != pair]
        lines = [Box(x, y, 4, 4) for arrow in others for x, y in arrow.points]
        solid = [*pills, *placed.values()]
        clear = [box for box in positions if not any(map(box.meets, solid))] or positions[:1]
        placed[pair] = next((b for b in clear if not any(map(b.meets, lines))), clear[0])
    return placed


def _line(curve: str, before: Point, tip: Point) -> str:
    """A curve and the arrowhead at its end."""
    dx, dy = tip[0] - before[0], tip[1] - before[1]
    length = math.hypot(dx, dy) or 1.0
    ux, uy = dx / length, dy / length
    back = (tip[0] - 8 * ux, tip[1] - 8 * uy)
    corners = (
        tip,
        (back[0] - 3.5 * uy, back[1] + 3.5 * ux),
        (back[0] + 3.5 * uy, back[1] - 3.5 * ux),
    )
    return (
        f"<path d='{curve}' fill='none' stroke='#777'/>"
        f"<polygon points='{' '.join(map(_at, corners))}' fill='#777'/>"
    )


# ---- SVG


def _shown(names: Sequence[str]) -> list[str]:
    """The names on an arrow; many are cut short."""
    shown = (
        names
        if len(names) <= _MOST
        else [*names[: _MOST - 1], f"and {len(names) - _MOST + 1} more"]
    )
    return [_short(name) for name in shown]


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _size(names: Sequence[str]) -> Point:
    shown = _shown(names)
    return max(map(len, shown)) * _ADVANCE + 4, len(shown) * _LINE + 2


def _label(box: Box, names: Sequence[str]) -> str:
    shown = _shown(names)
    top = box.y - (len(shown) - 1) * _LINE / 2 + 4
    lines = "".join(
        f"<text x='{box.x:.1f}' y='{top + i * _LINE:.1f}'>{escape(name)}</text>"
        for i, name in enumerate(shown)
    )
    return (
        "<g fill='#a33' stroke='#fff' stroke-width='4' paint-order='stroke'>"
        f"<title>{escape(', '.join(names))}</title>{lines}</g>"
    )


def _pill(box: Box, name: str) -> str:
    return (
        f"<g><title>{escape(name)}</title>"
        f"<rect x='{box.x - box.width / 2:.1f}' y='{box.y - _HEIGHT / 2:.1f}' "
        f"width='{box.width:.1f}' height='{_HEIGHT:.0f}' rx='{_HEIGHT / 2:.0f}' fill='#dbe9f6' "
        f"stroke='#3b6ea5'/><text x='{box.x:.1f}' y='{box.y + 4:.1f}' fill='#123'>"
        f"{escape(_short(name))}</text></g>"
    )


def _framed(content: str, boxes: Sequence[Box]) -> str:
    """An SVG element as large as what is in it, with some air."""
    left = min([b.x - b.width / 2 for b in boxes], default=0.0) - 16
    right = max([b.x + b.width / 2 for b in boxes], default=0.0) + 16
    top = min([b.y - b.height / 2 for b in boxes], default=0.0) - 16
    bottom = max([b.y + b.height / 2 for b in boxes], default=0.0) + 16
    width, height = right - left, bottom - top
    return (
        f"<svg width='{width:.0f}' height='{height:.0f}' "
        f"viewBox='{left:.0f} {top:.0f} {width:.0f} {height:.0f}' "
        "style='max-width:100%;background:#fff;border-radius:6px' font-family='sans-serif' "
        f"font-size='11' text-anchor='middle'>{content}</svg>"
    )


def _at(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
