"""Pictures of small graphs, with matplotlib."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor

from .._storage.frame import NID, Frame
from ..errors import GraphImportError, GraphKeyError, GraphValueError
from .neighbourhood import khop_in_subgraph
from .structure import Structure

Layout: TypeAlias = str | Tensor | Mapping[str, Tensor] | Callable[[Any], Any]

_MOST_NODES = 1000
_LAYOUTS = ("circular", "kamada_kawai", "planar", "random", "shell", "spectral", "spring")
_NARROW, _WIDE = 0.5, 4.0
_FEW_CLASSES = 20


def draw(
    g: Structure,
    center: Any = None,
    hops: int = 1,
    color: str | None = None,
    labels: bool | str | None = None,
    width: str | None = None,
    layout: Layout = "spring",
    node_size: float = 300,
    seed: int = 0,
    ax: Any = None,
) -> Any:
    """Draw a small graph, or the neighbourhood of some nodes.

    Nodes of several types have a colour for each type, edges of several types a colour for each
    edge type, and a legend says which. A block has its sources on the left and its destinations on
    the right.

    Args:
        g: a graph of at most 1,000 nodes; of any size with ``center``.
        center: a node, or ids of nodes: draw only what reaches them within ``hops`` steps, with
            their own outline. With several node types a dict by type.
        hops: the number of steps.
        color: a node feature, (N,) or (N, 1). Integers and bools are classes with a legend,
            floats have a colour bar.
        labels: the node feature, (N,), to write on the nodes; True for ids, False for nothing; by
            default ids if there are at most 50 nodes.
        width: an edge feature, (E,) or (E, 1), such as a weight or an attention: greater is wider.
        layout: the name of a NetworkX layout: ``"spring"``, ``"kamada_kawai"``, ``"circular"``,
            ``"planar"``, ``"shell"``, ``"spectral"`` or ``"random"``; or positions, (N, 2), with
            several node types a dict by type; or a function of a ``networkx.DiGraph``.
        node_size: the area of a node, in square points.
        seed: decides the positions of random layouts.
        ax: the matplotlib axes to draw on; a new figure's by default.

    Returns:
        The axes.

    Raises:
        GraphImportError: matplotlib or networkx is not installed.
        GraphKeyError: an unknown feature.
        GraphValueError: too many nodes, features of more dimensions, an unknown layout, or
            positions of another shape.

    Example:
        >>> import graphmp as gm
        >>> g = gm.data.KarateClubDataset()[0]
        >>> ax = gm.draw(g, center=0, hops=1, color="label")
        >>> ax.get_title()
        '17 nodes, 68 edges'
    """
    try:
        import networkx as nx
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise GraphImportError(
            f"Expected matplotlib and networkx to draw a graph: {error}; pip install "
            "'graphmp[plot]'."
        ) from error

    part, centers = _part(g, center, hops)
    picture = _Picture(part)
    if picture.num_nodes > _MOST_NODES:
        raise GraphValueError(
            f"Expected at most {_MOST_NODES:,} nodes, got {picture.num_nodes:,}; draw a part: "
            "center=node, hops=1."
        )
    ax = plt.subplots()[1] if ax is None else ax
    network = nx.DiGraph()
    network.add_nodes_from(range(picture.num_nodes))
    for edges in picture.edges:
        network.add_edges_from(edges)
    positions = _positions(nx, network, picture, layout, seed)

    style: dict[str, Any] = {"ax": ax, "node_size": node_size}
    handles = _draw_nodes(nx, plt, network, positions, picture, color, centers, style)
    handles += _draw_edges(nx, plt, network, positions, picture, width, style)
    shown = picture.num_nodes <= 50 if labels is None else labels
    if shown:
        texts = picture.texts(None if shown is True else shown)
        nx.draw_networkx_labels(network, positions, texts, font_size=8, ax=ax)
    if handles:
        ax.legend(handles=handles, loc="best", fontsize=8)
    ax.set_title(f"{picture.num_nodes:,} nodes, {sum(map(len, picture.edges)):,} edges")
    ax.set_axis_off()
    return ax


def _part(g: Structure, center: Any, hops: int) -> tuple[Structure, dict[str, Tensor]]:
    """The graph to draw, and the ids in it of the nodes in the middle."""
    if center is None:
        return g, {}
    part, inverse = khop_in_subgraph(g, center, hops)
    ids = inverse if isinstance(inverse, Mapping) else {part.ntypes[0]: inverse}
    return part, {ntype: rows.view(-1).cpu() for ntype, rows in ids.items()}


class _Picture:
    """A graph with its nodes numbered across types, the sources of a block first.

    Attributes:
        sides: for each group of nodes its type, number, first position and features.
        edges: for each edge type the pairs of positions.
    """

    def __init__(self, g: Structure) -> None:
        self.g = g
        self.sides: list[tuple[str, int, int, Frame]] = []
        self.num_nodes = 0
        sources = self._add({t: g.num_src_nodes(t) for t in g._frames.src}, g._frames.src)
        targets = sources
        if g.is_block:
            targets = self._add({t: g.num_dst_nodes(t) for t in g._frames.dst}, g._frames.dst)
        self.edges = []
        for etype in g.canonical_etypes:
            adjacency = g.adjacency_of(etype)
            src = (adjacency.src + sources[etype[0]]).tolist()
            dst = (adjacency.dst + targets[etype[2]]).tolist()
            self.edges.append(list(zip(src, dst, strict=True)))

    def _add(self, counts: dict[str, int], frames: Mapping[str, Frame]) -> dict[str, int]:
        """Add nodes of some types, and return their first positions."""
        starts = {}
        for ntype, count in counts.items():
            starts[ntype] = self.num_nodes
            self.sides.append((ntype, count, self.num_nodes, frames[ntype]))
            self.num_nodes += count
        return starts

    def column(self, name: str) -> list[tuple[int, Tensor]]:
        """A node feature: the first position of each group that has it, and its values."""
        columns = [(first, f[name]) for _, _, first, f in self.sides if name in f]
        if not columns:
            raise GraphKeyError(
                f"Expected the name of a node feature, got {name!r}; there are "
                f"{sorted({field for *_, frame in self.sides for field in frame})}."
            )
        return [(first, _flat(values, name)) for first, values in columns]

    def weights(self, name: str) -> list[list[float] | None]:
        """An edge feature: the values of each edge type, or None."""
        frames = [self.g._frames.edge[etype] for etype in self.g.canonical_etypes]
        if not any(name in frame for frame in frames):
            raise GraphKeyError(
                f"Expected the name of an edge feature, got {name!r}; there are "
                f"{sorted({field for frame in frames for field in frame})}."
            )
        return [
            _flat(frame[name], name).double().tolist() if name in frame else None
            for frame in frames
        ]

    def texts(self, name: str | None) -> dict[int, str]:
        """What to write on each node: a feature; or its id, in the whole graph if it has one."""
        if name is None and any(NID in frame for *_, frame in self.sides):
            name = NID
        if name is not None:
            return {
                first + row: f"{value:.3g}" if isinstance(value, float) else str(value)
                for first, values in self.column(name)
                for row, value in enumerate(values.tolist())
            }
        return {first + i: str(i) for _, count, first, _ in self.sides for i in range(count)}


def _flat(values: Tensor, name: str) -> Tensor:
    if values.dim() == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.dim() != 1 or values.is_complex():
        raise GraphValueError(
            f"Expected one real number a row of {name!r}, got {tuple(values.shape)} of "
            f"{values.dtype}; choose a column or reduce them."
        )
    return values.detach().cpu()


def _positions(nx: Any, network: Any, picture: _Picture, layout: Layout, seed: int) -> Any:
    """Where each node is drawn."""
    if isinstance(layout, str):
        if layout not in _LAYOUTS:
            raise GraphValueError(
                f"Expected a layout among {', '.join(_LAYOUTS)}, positions or a function, got "
                f"{layout!r}."
            )
        if picture.g.is_block:
            left = range(sum(picture.g.num_src_nodes(ntype) for ntype in picture.g.srctypes))
            return nx.bipartite_layout(network, left)
        options = {"seed": seed} if layout in ("random", "spring") else {}
        return getattr(nx, f"{layout}_layout")(network, **options)
    if callable(layout):
        return layout(network)
    by_type = layout if isinstance(layout, Mapping) else {picture.sides[0][0]: layout}
    rows = [torch.as_tensor(by_type[side[0]]) for side in picture.sides if side[0] in by_type]
    positions = torch.cat([row.detach().cpu() for row in rows]) if rows else torch.empty(0, 2)
    if positions.shape != (picture.num_nodes, 2):
        raise GraphValueError(
            f"Expected positions of shape ({picture.num_nodes}, 2), got {tuple(positions.shape)}; "
            "with several node types, pass a dict by type."
        )
    return dict(enumerate(positions.tolist()))


def _draw_nodes(
    nx: Any,
    plt: Any,
    network: Any,
    positions: Any,
    picture: _Picture,
    color: str | None,
    centers: Mapping[str, Tensor],
    style: dict[str, Any],
) -> list[Any]:
    """Draw the nodes, and return the entries of the legend."""
    palette = plt.get_cmap("tab20" if len(picture.sides) > 10 else "tab10")
    colors: list[Any] = ["#cccccc"] * picture.num_nodes
    entries: list[tuple[Any, str]] = []
    if color is not None:
        entries = _color(plt, picture, color, colors, style["ax"])
    else:
        types = list(dict.fromkeys(ntype for ntype, *_ in picture.sides))
        for ntype, count, first, _ in picture.sides:
            colors[first : first + count] = [palette(types.index(ntype) % palette.N)] * count
        if len(types) > 1:
            entries = [(palette(i % palette.N), ntype) for i, ntype in enumerate(types)]
    middle = {
        first + int(row)
        for ntype, _, first, _ in picture.sides
        for row in centers.get(ntype, torch.empty(0))
    }
    outlines = ["black" if node in middle else "white" for node in range(picture.num_nodes)]
    nx.draw_networkx_nodes(
        network,
        positions,
        node_color=colors,
        edgecolors=outlines,
        linewidths=[2.0 if node in middle else 0.5 for node in range(picture.num_nodes)],
        **style,
    )
    marker = {"marker": "o", "linestyle": ""}
    return [plt.Line2D([], [], color=value, label=text, **marker) for value, text in entries]


def _color(
    plt: Any, picture: _Picture, name: str, colors: list[Any], ax: Any
) -> list[tuple[Any, str]]:
    """Set the colours of nodes by a feature, and return the entries of the legend."""
    columns = picture.column(name)
    every = torch.cat([values.double() for _, values in columns])
    is_number = any(values.is_floating_point() for _, values in columns)
    classes = sorted(set(every.tolist()))
    if is_number or len(classes) > _FEW_CLASSES:
        low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
        scale = plt.cm.ScalarMappable(plt.Normalize(low, high), "viridis")
        for first, values in columns:
            colors[first : first + len(values)] = [scale.to_rgba(v) for v in values.tolist()]
        plt.colorbar(scale, ax=ax, label=name)
        return []
    palette = plt.get_cmap("tab20" if len(classes) > 10 else "tab10")
    for first, values in columns:
        numbers = [classes.index(float(value)) for value in values.tolist()]
        colors[first : first + len(values)] = [palette(number) for number in numbers]
    return [(palette(i), f"{name} {int(value)}") for i, value in enumerate(classes)]


def _draw_edges(
    nx: Any,
    plt: Any,
    network: Any,
    positions: Any,
    picture: _Picture,
    width: str | None,
    style: dict[str, Any],
) -> list[Any]:
    """Draw the edges, and return the entries of the legend."""
    palette = plt.get_cmap("Dark2")
    weights = [None] * len(picture.edges) if width is None else picture.weights(width)
    known = [abs(w) for column in weights for w in column or () if math.isfinite(w)]
    greatest = max(known, default=0.0) or 1.0
    is_several = len(picture.edges) > 1
    handles = []
    for number, (edges, column) in enumerate(zip(picture.edges, weights, strict=True)):
        color = palette(number % palette.N) if is_several else "#888888"
        nx.draw_networkx_edges(
            network,
            positions,
            edgelist=edges,
            edge_color=[color] * len(edges),
            width=_widths(column, len(edges), greatest),
            arrowsize=8,
            **style,
        )
        if is_several:
            name = picture.g.canonical_etypes[number][1]
            handles.append(plt.Line2D([], [], color=color, label=name))
    return handles


def _widths(weights: Iterable[float] | None, count: int, greatest: float) -> list[float]:
    if weights is None:
        return [1.0] * count
    return [
        _NARROW + (_WIDE - _NARROW) * (abs(w) / greatest if math.isfinite(w) else 0)
        for w in weights
    ]
