"""Graph.describe: counts, degrees, components and homophily of a graph."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import numpy as np
import torch
from torch import Tensor

from .._storage.adjacency import Adjacency
from .._storage.metagraph import CanonicalEtype
from .._storage.preview import table_html
from ..errors import GraphKeyError, GraphRuntimeError, GraphTypeError, GraphValueError
from ..kernels.segments import is_first
from .arguments import refuse_block
from .batch_info import BatchInfo
from .display import name_of


@dataclass(frozen=True)
class Degrees:
    """The degrees of the nodes at one end of an edge type.

    Attributes:
        min: the least; 0 without nodes.
        mean: their mean; NaN without nodes.
        median: their median; NaN without nodes.
        max: the greatest; 0 without nodes.
    """

    min: int
    mean: float
    median: float
    max: int

    @classmethod
    def of(cls, degrees: Tensor) -> Degrees:
        """Summarize degrees, (N,)."""
        numbers = degrees.cpu().numpy()
        if not numbers.size:
            return cls(0, math.nan, math.nan, 0)
        mean, median = float(numbers.mean()), float(np.median(numbers))
        return cls(int(numbers.min()), mean, median, int(numbers.max()))

    def __str__(self) -> str:
        return f"{self.min} to {self.max}, mean {self.mean:.3g}, median {self.median:g}"


@dataclass(frozen=True)
class NodeSummary:
    """Numbers about the nodes of one type.

    Attributes:
        count: how many there are.
        isolated: how many have no edge of any type.
    """

    count: int
    isolated: int


@dataclass(frozen=True)
class EdgeSummary:
    """Numbers about the edges of one type.

    Attributes:
        count: how many there are.
        in_degrees: the degrees of the destinations.
        out_degrees: the degrees of the sources.
        self_loops: how many lead from a node to itself.
        duplicates: how many come after the first from one node to another.
        homophily: the share of edges between nodes with the same label; None without labels.
    """

    count: int
    in_degrees: Degrees
    out_degrees: Degrees
    self_loops: int
    duplicates: int
    homophily: float | None


@dataclass(frozen=True, repr=False)
class Description:
    """Numbers about a graph, as :meth:`Graph.describe` returns them.

    Attributes:
        nodes: for each node type its ``count`` and how many are ``isolated``.
        edges: for each canonical edge type its ``count``, ``in_degrees`` and ``out_degrees`` (each
            with ``min``, ``mean``, ``median`` and ``max``), ``self_loops``, ``duplicates``, and
            ``homophily``, None without labels.
        components: the number of weakly connected components of the nodes and edges of all types.
        batch_size: how many graphs the graph is a batch of.

    Example:
        >>> import graphmp as gm
        >>> gm.graph(([0, 0, 2], [1, 1, 2])).describe().components
        2
    """

    nodes: dict[str, NodeSummary]
    edges: dict[CanonicalEtype, EdgeSummary]
    components: int
    batch_size: int

    def __repr__(self) -> str:
        lines = [self._title()]
        for table in self._tables():
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The HTML that a notebook shows."""
        tables = [table_html(header, rows) for header, *rows in self._tables()]
        return f"<div><b>{escape(self._title())}</b>{''.join(tables)}</div>"

    def _title(self) -> str:
        nodes = sum(each.count for each in self.nodes.values())
        edges = sum(each.count for each in self.edges.values())
        graphs = f"; a batch of {self.batch_size:,} graphs" if self.batch_size != 1 else ""
        return (
            f"{nodes:,} nodes, {edges:,} edges, {self.components:,} weakly connected "
            f"components{graphs}"
        )

    def _tables(self) -> list[list[list[str]]]:
        """A table of the node types, and one of the edge types, their headers first."""
        nodes = [["nodes", "count", "isolated"]]
        for ntype, n in self.nodes.items():
            nodes.append([name_of(ntype), f"{n.count:,}", f"{n.isolated:,}"])
        edges = [["edges", "count", "in-degrees", "out-degrees", "self-loops", "duplicates"]]
        for etype, e in self.edges.items():
            counts = [f"{e.self_loops:,}", f"{e.duplicates:,}"]
            degrees = [str(e.in_degrees), str(e.out_degrees)]
            edges.append([name_of(etype), f"{e.count:,}", *degrees, *counts])
        if any(e.homophily is not None for e in self.edges.values()):
            shares = [e.homophily for e in self.edges.values()]
            texts = ["-" if share is None else f"{share:.3f}" for share in shares]
            for row, text in zip(edges, ["homophily", *texts], strict=True):
                row.append(text)
        return [nodes, edges]


def describe(g: BatchInfo, label: str | None = None) -> Description:
    """Count what one asks of a new graph: degrees, isolated nodes, components and others.

    The numbers are computed from all edges at each call, components on the CPU.

    Args:
        g: any graph but a block.
        label: the field of the nodes' labels, (N,) integers, for the homophily of the edge types
            whose ends both have it: the share of edges between nodes with the same label.

    Returns:
        A record that shows itself as text, and as HTML in a notebook.

    Raises:
        GraphKeyError: no node type has the field ``label``.
        GraphRuntimeError: SciPy is not installed.
        GraphTypeError: something else than a graph, or labels that are not integers.
        GraphValueError: a block, or labels with several dimensions.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 0, 1, 2], [1, 1, 0, 2]), num_nodes=4)
        >>> g.ndata["y"] = torch.tensor([0, 1, 0, 0])
        >>> numbers = g.describe(label="y")
        >>> numbers.components, numbers.nodes["_N"].isolated
        (3, 1)
        >>> edges = numbers.edges["_N", "_E", "_N"]
        >>> edges.self_loops, edges.duplicates, edges.homophily
        (1, 1, 0.25)
        >>> edges.in_degrees.median
        1.0
    """
    refuse_block(g)
    has_edge = {t: torch.zeros(g.num_nodes(t), dtype=torch.bool, device=g.device) for t in g.ntypes}
    for (source, _, target), adjacency in g.adjacencies.items():
        has_edge[source] |= adjacency.out_degrees > 0
        has_edge[target] |= adjacency.in_degrees > 0
    nodes = {t: NodeSummary(len(some), int((~some).sum())) for t, some in has_edge.items()}
    labels = {} if label is None else _labels(g, label)
    edges = {t: _summary(t, adjacency, labels) for t, adjacency in g.adjacencies.items()}
    return Description(nodes, edges, _components(g), g.batch_size)


def _labels(g: BatchInfo, name: str) -> dict[str, Tensor]:
    """The labels of each node type that has the field."""
    labels = {t: frame[name] for t, frame in g._frames.src.items() if name in frame}
    if not labels:
        raise GraphKeyError(
            f"Expected label as a field of the nodes, got {name!r}, which no node type has."
        )
    for values in labels.values():
        if values.is_floating_point() or values.is_complex():
            raise GraphTypeError(
                f"Expected integers in the field {name!r} of labels, got {values.dtype}."
            )
        if values.ndim != 1:
            raise GraphValueError(
                f"Expected one label for each node in the field {name!r}, got rows of shape "
                f"{tuple(values.shape[1:])}; call .argmax(1) on one-hot labels."
            )
    return labels


def _summary(etype: CanonicalEtype, adjacency: Adjacency, labels: dict[str, Tensor]) -> EdgeSummary:
    """Numbers about one edge type."""
    (source, _, target), (u, v) = etype, adjacency.ends
    homophily = None
    if source in labels and target in labels:
        homophily = float(has_same_label(adjacency, labels[source], labels[target]).mean())
    return EdgeSummary(
        count=adjacency.num_edges,
        in_degrees=Degrees.of(adjacency.in_degrees),
        out_degrees=Degrees.of(adjacency.out_degrees),
        self_loops=int((u == v).sum()) if source == target else 0,
        duplicates=adjacency.num_edges - int(is_first(adjacency.sorted_csr).sum()),
        homophily=homophily,
    )


def has_same_label(adjacency: Adjacency, sources: Tensor, targets: Tensor) -> Tensor:
    """Whether the ends of each edge have the same label.

    Args:
        adjacency: the edges.
        sources: (num_src,) labels.
        targets: (num_dst,) labels.

    Returns:
        (E,) float64: 1 where they have, else 0.

    Example:
        >>> import torch, graphmp as gm
        >>> labels = torch.tensor([5, 5, 7])
        >>> has_same_label(gm.graph(([0, 1], [1, 2])).adjacency, labels, labels)
        tensor([1., 0.], dtype=torch.float64)
    """
    u, v = adjacency.ends
    return (sources[u.long()] == targets[v.long()]).double()


def _components(g: BatchInfo) -> int:
    """The number of weakly connected components of the nodes and edges of all types."""
    try:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components
    except ImportError as error:
        raise GraphRuntimeError(
            "describe needs SciPy, which is not installed: pip install scipy."
        ) from error
    starts, total = {}, 0
    for ntype in g.ntypes:
        starts[ntype], total = total, total + g.num_nodes(ntype)
    if total == 0:
        return 0
    ends = [
        [end.long().cpu() + starts[ntype] for end, ntype in zip(a.ends, (s, d), strict=True)]
        for (s, _, d), a in g.adjacencies.items()
    ]
    none = torch.empty(0, dtype=torch.int64, device="cpu")
    u, v = (torch.cat([none, *(pair[end] for pair in ends)]).numpy() for end in (0, 1))
    matrix = coo_array((np.ones(len(u), dtype=np.int8), (u, v)), shape=(total, total))
    return int(connected_components(matrix, directed=False, return_labels=False))
