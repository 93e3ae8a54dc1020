"""How a graph shows itself: as text, and as HTML in a notebook."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .graph import Graph


def text(graph: Graph) -> str:
    """The text of ``repr(graph)``."""
    if graph.is_block:
        return _block_text(graph)
    if graph.is_homogeneous:
        return (
            f"Graph(num_nodes={graph.num_nodes()}, num_edges={graph.num_edges()},\n"
            f"      ndata_schemes={graph.node_attr_schemes()}\n"
            f"      edata_schemes={graph.edge_attr_schemes()})"
        )
    nodes = {ntype: graph.num_nodes(ntype) for ntype in graph.ntypes}
    return (
        f"Graph(num_nodes={nodes},\n"
        f"      num_edges={_edge_counts(graph)},\n"
        f"      metagraph={_metagraph(graph)})"
    )


def _block_text(graph: Graph) -> str:
    if len(graph.ntypes) == 2 and len(graph.adjacencies) == 1:
        return (
            f"Block(num_src_nodes={graph.num_src_nodes()}, "
            f"num_dst_nodes={graph.num_dst_nodes()}, num_edges={graph.num_edges()})"
        )
    sources = {ntype: graph.num_src_nodes(ntype) for ntype in graph.srctypes}
    targets = {ntype: graph.num_dst_nodes(ntype) for ntype in graph.dsttypes}
    return (
        f"Block(num_src_nodes={sources},\n"
        f"      num_dst_nodes={targets},\n"
        f"      num_edges={_edge_counts(graph)},\n"
        f"      metagraph={_metagraph(graph)})"
    )


def _edge_counts(graph: Graph) -> dict[Any, int]:
    return {etype: graph.num_edges(etype) for etype in graph.canonical_etypes}


def _metagraph(graph: Graph) -> list[tuple[str, str, str]]:
    return [(s, d, name) for s, name, d in graph.canonical_etypes]


# ---- HTML

_CELL = "style='text-align:left;padding:2px 10px'"


def html(graph: Graph) -> str:
    """The HTML that a notebook shows: counts, types, features, and a drawing of the types."""
    kind = "Block" if graph.is_block else "Graph"
    head = (
        f"<b>{kind}</b> &nbsp; {graph.num_nodes():,} nodes, {graph.num_edges():,} edges, "
        f"{escape(str(graph.idtype))} ids on {escape(str(graph.device))}"
    )
    sections = []
    if graph.is_block:
        sections += [("source nodes", t, f) for t, f in graph._frames.src.items()]
        sections += [("destination nodes", t, f) for t, f in graph._frames.dst.items()]
    else:
        sections += [("nodes", t, graph._frames.src[t]) for t in graph.ntypes]
    edges = graph._frames.edge
    sections += [("edges", " → ".join(t), edges[t]) for t in graph.canonical_etypes]
    rows = "".join(_rows(kind, name, frame) for kind, name, frame in sections)
    names = ("", "type", "count", "feature", "shape", "dtype")
    header = "".join(f"<th {_CELL}>{name}</th>" for name in names)
    table = f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"
    return (
        "<div style='display:flex;flex-wrap:wrap;gap:24px;align-items:flex-start'>"
        f"<div><div>{head}</div>{table}</div>{drawing(graph)}</div>"
    )


def _rows(kind: str, name: str, frame: Any) -> str:
    schemes = frame.schemes() or {"": None}
    rows = []
    for place, (field, scheme) in enumerate(schemes.items()):
        first = (kind, name, f"{frame.num_rows:,}") if place == 0 else ("", "", "")
        shape = "" if scheme is None else str((frame.num_rows, *scheme.shape))
        dtype = "" if scheme is None else str(scheme.dtype).removeprefix("torch.")
        cells = (*first, field, shape, dtype)
        rows.append("<tr>" + "".join(f"<td {_CELL}>{escape(c)}</td>" for c in cells) + "</tr>")
    return "".join(rows)


_SIZE, _RADIUS, _NODE = 300, 95, 30


def drawing(graph: Graph) -> str:
    """An SVG drawing of the types: a circle for each node type, an arrow for each edge type."""
    if graph.is_block:
        left = {f"SRC/{t}": t for t in graph.srctypes}
        right = {f"DST/{t}": t for t in graph.dsttypes}
        labels = {**left, **right}
        place = {**_column(list(left), 50), **_column(list(right), _SIZE - 50)}
        arrows = [(f"SRC/{s}", name, f"DST/{d}") for s, name, d in graph.canonical_etypes]
    else:
        labels = {t: t for t in graph.ntypes}
        place, arrows = _circle(graph.ntypes), graph.canonical_etypes
    seen: dict[frozenset[str], int] = {}
    paths = []
    for s, name, d in arrows:
        turn = seen[frozenset((s, d))] = seen.get(frozenset((s, d)), 0) + 1
        paths.append(
            _loop(place[s], name, turn) if s == d else _arc(place[s], place[d], name, turn)
        )
    circles = [_node(place[key], label) for key, label in labels.items()]
    marker = (
        "<defs><marker id='gm-arrow' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' "
        "markerHeight='7' orient='auto'><path d='M0,0 L8,4 L0,8 z' fill='#666'/></marker></defs>"
    )
    return (
        f"<svg width='{_SIZE}' height='{_SIZE}' viewBox='0 0 {_SIZE} {_SIZE}' "
        f"font-family='sans-serif' font-size='11'>{marker}{''.join(paths)}{''.join(circles)}</svg>"
    )


def _circle(names: list[str]) -> dict[str, tuple[float, float]]:
    middle = _SIZE / 2
    if len(names) == 1:
        return {names[0]: (middle, middle + 20)}
    turns = [2 * math.pi * i / len(names) - math.pi / 2 for i in range(len(names))]
    return {
        name: (middle + _RADIUS * math.cos(turn), middle + _RADIUS * math.sin(turn))
        for name, turn in zip(names, turns, strict=True)
    }


def _column(names: list[str], x: float) -> dict[str, tuple[float, float]]:
    step = _SIZE / (len(names) + 1)
    return {name: (x, step * (i + 1)) for i, name in enumerate(names)}


def _node(at: tuple[float, float], label: str) -> str:
    x, y = at
    shown = label if len(label) <= 9 else label[:8] + "…"
    return (
        f"<circle cx='{x:.0f}' cy='{y:.0f}' r='{_NODE}' fill='#dbe9f6' stroke='#3b6ea5'/>"
        f"<text x='{x:.0f}' y='{y + 4:.0f}' text-anchor='middle' fill='#123'>{escape(shown)}"
        f"<title>{escape(label)}</title></text>"
    )


def _line(path: str, label: str, x: float, y: float) -> str:
    return (
        f"<path d='{path}' fill='none' stroke='#666' marker-end='url(#gm-arrow)'/>"
        f"<text x='{x:.0f}' y='{y:.0f}' text-anchor='middle' fill='#a33'>{escape(label)}</text>"
    )


def _arc(a: tuple[float, float], b: tuple[float, float], label: str, turn: int) -> str:
    """An arrow between two types; further ones between the same two bend more."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = math.hypot(dx, dy) or 1.0
    ux, uy = dx / length, dy / length
    bend = 26.0 * turn
    mx, my = (a[0] + b[0]) / 2 - uy * bend, (a[1] + b[1]) / 2 + ux * bend
    start = (a[0] + ux * _NODE, a[1] + uy * _NODE)
    end = (b[0] - ux * _NODE, b[1] - uy * _NODE)
    path = f"M{start[0]:.0f},{start[1]:.0f} Q{mx:.0f},{my:.0f} {end[0]:.0f},{end[1]:.0f}"
    return _line(path, label, mx - uy * 4, my + ux * 4)


def _loop(at: tuple[float, float], label: str, turn: int) -> str:
    """An arrow from a type to itself, above it."""
    x, y = at
    high = 26 + 22 * turn
    top = y - _NODE + 4
    path = (
        f"M{x - 12:.0f},{top:.0f} C{x - 12 - high:.0f},{top - high:.0f} "
        f"{x + 12 + high:.0f},{top - high:.0f} {x + 12:.0f},{top:.0f}"
    )
    return _line(path, label, x, top - high * 0.75 - 4)
