"""What a picture of a graph shows, whichever library draws it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from .. import _checks
from .._storage.frame import NID, Frame
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from .neighbourhood import khop_in_subgraph
from .structure import Structure

Layout: TypeAlias = str | Tensor | Mapping[str, Tensor] | Callable[[Any], Any]
Labels: TypeAlias = bool | str | Sequence[str] | Mapping[str, Sequence[str]] | None

_LAYOUTS = ("circular", "kamada_kawai", "planar", "random", "shell", "spectral", "spring")
_NARROW, _WIDE = 0.5, 4.0
_FEW_CLASSES = 20


class Look(NamedTuple):
    """How :func:`graphmp.draw` is asked to draw: its arguments of the same names."""

    color: str | None
    labels: Labels
    width: str | None
    layout: Layout
    node_size: float
    seed: int


class Colors(NamedTuple):
    """The colours of nodes.

    Attributes:
        values: the values of a feature, by node.
        classes: the different values if they are classes; None if they are numbers on a scale.
        limits: the least and the greatest finite value.
    """

    values: dict[int, Any]
    classes: list[Any] | None
    limits: tuple[float, float]


class Picture:
    """A graph with its nodes numbered across types, the sources of a block first.

    Args:
        g: a graph, or what is passed for one.
        center: nodes to draw the neighbourhood of; None for the whole graph.
        hops: the number of steps to ``center``.

    Attributes:
        g: the graph that is drawn.
        sides: for each group of nodes its type, number, first position and features.
        num_nodes: the number of nodes in all groups.
        middle: the positions of ``center``.
        edges: for each edge type the pairs of positions.
    """

    def __init__(self, g: Any, center: Any, hops: int) -> None:
        if not isinstance(g, Structure):
            raise GraphTypeError(
                f"Expected a graph, got {_checks.kind(g)}; convert it first, as with "
                "graphmp.from_networkx."
            )
        whole = g
        ids: Mapping[str, Tensor] = {}
        if center is not None:
            g, inverse = khop_in_subgraph(whole, center, hops)
            ids = inverse if isinstance(inverse, Mapping) else {g.ntypes[0]: inverse}
        self.g: Structure = g
        self._whole = whole
        self.sides: list[tuple[str, int, int, Frame]] = []
        self.num_nodes = 0
        frames = g._frames
        count_sources = g.num_src_nodes if g.is_block else g.num_nodes
        sources = self._add({t: count_sources(t) for t in frames.src}, frames.src)
        targets = sources
        if g.is_block:
            targets = self._add({t: g.num_dst_nodes(t) for t in frames.dst}, frames.dst)
        self.middle = {
            sources[t] + row for t, rows in ids.items() for row in rows.view(-1).tolist()
        }
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

    @property
    def types(self) -> list[str]:
        """The node types, each once."""
        return list(dict.fromkeys(ntype for ntype, *_ in self.sides))

    @property
    def title(self) -> str:
        """The number of nodes and edges."""
        return f"{self.num_nodes:,} nodes, {sum(map(len, self.edges)):,} edges"

    def colors(self, name: str) -> Colors:
        """The values of a node feature, and whether they are classes."""
        columns = self._column(name)
        values = {first + i: v for first, rows in columns for i, v in enumerate(rows.tolist())}
        finite = [float(v) for v in values.values() if math.isfinite(v)] or [0.0, 1.0]
        limits = min(finite), max(finite)
        classes = sorted(set(values.values()))
        is_number = any(rows.is_floating_point() for _, rows in columns)
        is_scale = is_number or len(classes) > _FEW_CLASSES
        return Colors(values, None if is_scale else classes, limits)

    def texts(self, labels: Labels) -> dict[int, str]:
        """What to write on each node: a feature, texts, or its id, in the whole graph if known."""
        if labels is None or labels is True:
            if not any(NID in frame for *_, frame in self.sides):
                return {
                    first + i: str(i) for _, count, first, _ in self.sides for i in range(count)
                }
            labels = NID
        if isinstance(labels, str):
            return {
                first + row: f"{value:.3g}" if isinstance(value, float) else str(value)
                for first, values in self._column(labels)
                for row, value in enumerate(values.tolist())
            }
        return {} if labels is False else self._listed(labels)

    def _listed(self, labels: Sequence[str] | Mapping[str, Sequence[str]]) -> dict[int, str]:
        """Texts in the order of the nodes of the whole graph, by position."""
        by_type = labels if isinstance(labels, Mapping) else {self.types[0]: labels}
        if self.g.is_block:
            raise GraphValueError(
                "Expected the name of a feature as the labels of a block, got texts; pass "
                "labels='name'."
            )
        texts = {}
        for ntype, count, first, frame in self.sides:
            if ntype not in by_type:
                continue
            names, expected = by_type[ntype], self._whole.num_nodes(ntype)
            if len(names) != expected:
                raise GraphValueError(
                    f"Expected {expected} labels, one for each node, got {len(names)}; with "
                    "several node types, pass a dict by type."
                )
            is_part = self.g is not self._whole
            rows = frame[NID].tolist() if is_part else range(count)
            texts.update({first + i: str(names[row]) for i, row in enumerate(rows)})
        return texts

    def widths(self, name: str | None) -> list[list[float]]:
        """The widths of the edges of each type, by the size of a feature."""
        columns = [None] * len(self.edges) if name is None else self.weights(name)
        sizes = [abs(w) for column in columns for w in column or () if math.isfinite(w)]
        greatest = max(sizes, default=0.0) or 1.0
        return [
            [1.0] * len(edges)
            if column is None
            else [
                _NARROW + (_WIDE - _NARROW) * (abs(w) / greatest if math.isfinite(w) else 0)
                for w in column
            ]
            for edges, column in zip(self.edges, columns, strict=True)
        ]

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

    def bends(self, is_weighted: bool) -> list[list[int]]:
        """How far each edge is bent, so that none lies on another that looks different.

        Args:
            is_weighted: whether edges of one type look different.

        Returns:
            For each edge type whole numbers, 0 for a straight line.
        """
        every = {pair for edges in self.edges for pair in edges}
        is_marked = is_weighted or len(self.edges) > 1
        before: Counter[tuple[int, int]] = Counter()
        bends: list[list[int]] = []
        for edges in self.edges:
            bends.append([])
            for u, v in edges:
                has_reverse = is_marked and u != v and (v, u) in every
                bends[-1].append(before[u, v] + has_reverse)
                before[u, v] += 1
        return bends

    def network(self, nx: Any) -> Any:
        """The graph as a ``networkx.DiGraph`` of positions."""
        network = nx.DiGraph()
        network.add_nodes_from(range(self.num_nodes))
        for edges in self.edges:
            network.add_edges_from(edges)
        return network

    def positions(self, nx: Any, layout: Layout, seed: int) -> Any:
        """Where each node is drawn."""
        if isinstance(layout, str):
            return self._arranged(nx, layout, seed)
        if callable(layout):
            return layout(self.network(nx))
        by_type = layout if isinstance(layout, Mapping) else {self.types[0]: layout}
        rows = [torch.as_tensor(by_type[side[0]]) for side in self.sides if side[0] in by_type]
        positions = torch.cat([row.detach().cpu() for row in rows]) if rows else torch.empty(0, 2)
        if positions.shape != (self.num_nodes, 2):
            raise GraphValueError(
                f"Expected positions of shape ({self.num_nodes}, 2), got "
                f"{tuple(positions.shape)}; with several node types, pass a dict by type."
            )
        return dict(enumerate(positions.tolist()))

    def _arranged(self, nx: Any, layout: str, seed: int) -> Any:
        """The positions of a layout of NetworkX; those of a block are in two columns."""
        if layout not in _LAYOUTS:
            raise GraphValueError(
                f"Expected a layout among {', '.join(_LAYOUTS)}, positions or a function, got "
                f"{layout!r}."
            )
        network = self.network(nx)
        if self.g.is_block:
            left = range(sum(self.g.num_src_nodes(ntype) for ntype in self.g.srctypes))
            return nx.bipartite_layout(network, left)
        options = {"seed": seed} if layout in ("random", "spring") else {}
        try:
            return getattr(nx, f"{layout}_layout")(network, **options)
        except nx.NetworkXException as error:
            raise GraphValueError(
                f"Expected a graph that the layout {layout!r} can draw: {error} Choose another."
            ) from error

    def _column(self, name: str) -> list[tuple[int, Tensor]]:
        """A node feature: the first position of each group that has it, and its values."""
        columns = [(first, f[name]) for _, _, first, f in self.sides if name in f]
        if not columns:
            raise GraphKeyError(
                f"Expected the name of a node feature, got {name!r}; there are "
                f"{sorted({field for *_, frame in self.sides for field in frame})}."
            )
        return [(first, _flat(values, name)) for first, values in columns]


def _flat(values: Tensor, name: str) -> Tensor:
    if values.dim() == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.dim() != 1 or values.is_complex():
        raise GraphValueError(
            f"Expected one real number a row of {name!r}, got {tuple(values.shape)} of "
            f"{values.dtype}; choose a column or reduce them."
        )
    return values.detach().cpu()
