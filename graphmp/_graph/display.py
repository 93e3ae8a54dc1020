"""How a graph shows itself: as text, and as HTML in a notebook."""

from __future__ import annotations

from html import escape
from typing import Any

from .._storage.frame import Frame, Scheme
from .._storage.metagraph import UNNAMED, CanonicalEtype
from .._storage.preview import table_html
from .batch_info import BatchInfo
from .drawing import draw


def text(graph: BatchInfo) -> str:
    """The text of ``repr(graph)``."""
    if graph.is_block:
        return _block_text(graph)
    batch = f", batch_size={graph.batch_size}" if graph.batch_size != 1 else ""
    if graph.is_homogeneous:
        nodes, edges = graph._frames.all()
        return (
            f"Graph(num_nodes={nodes.num_rows}, num_edges={edges.num_rows}{batch},\n"
            f"      ndata_schemes={nodes.schemes()}\n"
            f"      edata_schemes={edges.schemes()})"
        )
    counts = {ntype: graph.num_nodes(ntype) for ntype in graph.ntypes}
    return (
        f"Graph(num_nodes={counts},\n"
        f"      num_edges={_edge_counts(graph)}{batch},\n"
        f"      metagraph={_metagraph(graph)})"
    )


def _block_text(graph: BatchInfo) -> str:
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


def _edge_counts(graph: BatchInfo) -> dict[Any, int]:
    return {etype: graph.num_edges(etype) for etype in graph.canonical_etypes}


def _metagraph(graph: BatchInfo) -> list[tuple[str, str, str]]:
    """The relations in NetworkX's order, as DGL prints them: by source, then by destination."""
    ends: dict[str, dict[str, list[str]]] = {}
    for s, name, d in graph.canonical_etypes:
        ends.setdefault(s, {}).setdefault(d, []).append(name)
        ends.setdefault(d, {})
    return [
        (s, d, name)
        for s, targets in ends.items()
        for d, names in targets.items()
        for name in names
    ]


# ---- HTML


def html(graph: BatchInfo) -> str:
    """The HTML that a notebook shows: counts, types, features, and a drawing of named types."""
    kind = "Block" if graph.is_block else "Graph"
    head = (
        f"<b>{kind}</b> &nbsp; {graph.num_nodes():,} nodes, {graph.num_edges():,} edges, "
        f"{escape(str(graph.idtype))} ids on {escape(str(graph.device))}"
    )
    if graph.batch_size != 1:
        head += f", a batch of {graph.batch_size:,} graphs"
    sections = []
    if graph.is_block:
        sections += [("source nodes", name_of(t), f) for t, f in graph._frames.src.items()]
        sections += [("destination nodes", name_of(t), f) for t, f in graph._frames.dst.items()]
    else:
        sections += [("nodes", name_of(t), graph._frames.src[t]) for t in graph.ntypes]
    edges = graph._frames.edge
    sections += [("edges", name_of(t), edges[t]) for t in graph.canonical_etypes]
    rows = [row for kind, name, frame in sections for row in _rows(kind, name, frame)]
    is_named = any(t not in UNNAMED for t in (*graph.ntypes, *graph.canonical_etypes))
    drawing = draw(graph._meta) if is_named else ""
    table = table_html(("", "type", "count", "feature", "shape", "dtype"), rows)
    return (
        "<div style='display:flex;flex-wrap:wrap;gap:24px;align-items:flex-start'>"
        f"<div><div>{head}</div>{table}</div>{drawing}</div>"
    )


def _rows(kind: str, name: str, frame: Frame) -> list[tuple[str, ...]]:
    schemes: dict[str, Scheme | None] = {**frame.schemes()} or {"": None}
    rows: list[tuple[str, ...]] = []
    for row, (field, scheme) in enumerate(schemes.items()):
        first = (kind, name, f"{frame.num_rows:,}") if row == 0 else ("", "", "")
        shape = "" if scheme is None else str((frame.num_rows, *scheme.shape))
        dtype = "" if scheme is None else str(scheme.dtype).removeprefix("torch.")
        rows.append((*first, field, shape, dtype))
    return rows


def name_of(kind: str | CanonicalEtype) -> str:
    """A node type or an edge type as a table shows it.

    Example:
        >>> name_of("user"), name_of(("user", "buys", "game"))
        ('user', 'user → buys → game')
        >>> name_of("_N"), name_of(("_N", "_E", "_N"))  # the types of a homogeneous graph
        ('', '')
    """
    if kind in UNNAMED:
        return ""
    return kind if isinstance(kind, str) else " → ".join(kind)
