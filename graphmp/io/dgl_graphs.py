"""DGL's binary files: graphs of ``dgl.save_graphs``, tensors of ``dgl.data.utils.save_tensors``.

A file of graphs begins with a number, a version and a kind; a header of 4096 bytes, most of them
arbitrary, ends in front of the labels and the graphs. Version 2 is that of DGL 0.5 and later, and
lists where graphs begin at its end; version 1, of older releases, in front of its labels.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .._storage.adjacency import Adjacency
from ..construct.from_edges import graph as graph_of
from ..construct.from_edges import heterograph
from ..errors import GraphValueError
from ..graph import Graph
from .dgl_stream import Stream
from .files import reading

GRAPHS = 0xDD2E4FF046B4A13F
TENSORS = 0xDD5A9FBE3FA2443F
_HETERO, _METAGRAPH, _RELATION = 0xDD589FBE35224ABF, 0xDD3C5FFE20046ABF, 0xDD2E60F0F6B4A127
_CSR, _COO = 0xDD6CD31205DFF127, 0xDD61FFD305DFF127
_HEADER = 4096
LAYOUTS = ("coo", "csr", "csc")  # bits 0 to 2 of the numbers that say which there are


def is_graphs(content: memoryview) -> bool:
    """Whether a file begins as DGL's files of graphs do."""
    return bytes(content[:8]) == GRAPHS.to_bytes(8, "little")


def is_tensors(content: memoryview) -> bool:
    """Whether a file begins as DGL's files of tensors do."""
    return bytes(content[:8]) == TENSORS.to_bytes(8, "little")


def read_tensors(path: Path, content: memoryview) -> dict[str, Tensor]:
    """Read a file of tensors.

    Args:
        path: the file.
        content: its bytes.

    Raises:
        GraphValueError: it is damaged.
    """
    with reading(path):
        stream = Stream(content)
        stream.expect(TENSORS, "tensors")
        count = stream.number()
        tensors = stream.arrays()
        if len(tensors) != count:
            raise GraphValueError(f"expected {count} tensors, got {len(tensors)}.")
        return tensors


class DGLGraphs:
    """The graphs of a file of DGL.

    Args:
        path: the file.
        content: its bytes.

    Raises:
        GraphValueError: it is damaged, or of a version that is unknown.

    Attributes:
        labels: the labels, by name.
    """

    def __init__(self, path: Path, content: memoryview) -> None:
        self._content = content
        with reading(path):
            stream = Stream(content)
            stream.expect(GRAPHS, "graphs")
            version = stream.number()
            if version not in (1, 2):
                raise GraphValueError(f"expected version 1 or 2 of DGL's format, got {version}.")
            self._read = _read_old if version == 1 else _read
            stream.skip(_HEADER - stream.position)
            self._starts, self.labels = (_old_index if version == 1 else _index)(stream)
            _check_starts(self._starts, stream.position)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def graph(self, index: int) -> Graph:
        """Graph number ``index``."""
        stream = Stream(self._content, self._starts[index], self._starts[index + 1])
        return self._read(stream)

    def node_data(self, index: int, ntype: str | None) -> dict[str, Tensor]:
        """The features of its nodes of a type."""
        graph = self.graph(index)
        return dict(graph._frames.src[graph._meta.ntype(ntype)])

    def edge_data(self, index: int, etype: Any) -> dict[str, Tensor]:
        """The features of its edges of a type."""
        graph = self.graph(index)
        return dict(graph._frames.edge[graph._meta.etype(etype)])


def _check_starts(starts: list[int], first: int) -> None:
    """Check that graphs follow each other, so that no part of a file is read twice."""
    if any(a >= b for a, b in zip([first - 1, *starts], starts, strict=False)):
        raise GraphValueError("expected graphs one after another; it is damaged.")


def _index(stream: Stream) -> tuple[list[int], dict[str, Tensor]]:
    """Where graphs begin, with the end of the last one; and the labels."""
    content = stream.content
    count = Stream(content, 24).number()
    stream.number()  # where the graphs begin
    labels = stream.arrays()
    size = Stream(content, len(content) - 8).number()
    index = len(content) - 8 - size
    starts: list[int] = []
    if index >= stream.position + 8 and size == 8 * (count + 1):
        last = Stream(content, index)
        starts = last.items(last.number)
    if len(starts) != count:
        raise GraphValueError(f"expected a list of {count} graphs at the end; it is cut off.")
    return [*starts, index - 8], labels


def _old_index(stream: Stream) -> tuple[list[int], dict[str, Tensor]]:
    count = stream.number()
    lists = [stream.items(stream.number) for _ in range(3)]  # starts, numbers of nodes, of edges
    if any(len(each) != count for each in lists):
        raise GraphValueError(f"expected lists of {count} graphs, got others; it is damaged.")
    return [*lists[0], len(stream.content)], stream.arrays()


def _read_old(stream: Stream) -> Graph:
    indptr, indices, eids = (stream.array() for _ in range(3))
    count = max(indptr.numel() - 1, 0)
    graph = graph_of(("csc", (indptr, indices, eids)), num_nodes=count)
    graph.ndata.update(stream.arrays())
    graph.edata.update(stream.arrays())
    return graph


def _read(stream: Stream) -> Graph:
    stream.expect(_HETERO, "a graph")
    ends = _metagraph(stream)
    relations = stream.items(lambda: _Relation(stream))
    counts = stream.items(stream.number)
    node_data, edge_data = stream.items(stream.arrays), stream.items(stream.arrays)
    ntypes, names = stream.items(stream.text), stream.items(stream.text)
    etypes = [
        (ntypes[source], name, ntypes[target])
        for (source, target), name in zip(ends, names, strict=True)
    ]
    if len(set(etypes)) != len(etypes) or len(set(ntypes)) != len(ntypes):
        raise GraphValueError("expected every type once, got one twice; it is damaged.")
    for (source, target), relation in zip(ends, relations, strict=True):
        relation.check(counts[source], counts[target])
    edges = {etype: relation.edges for etype, relation in zip(etypes, relations, strict=True)}
    graph = heterograph(edges, dict(zip(ntypes, counts, strict=True)))
    for ntype, columns in zip(ntypes, node_data, strict=True):
        graph.nodes[ntype].data.update(columns)
    for etype, columns in zip(etypes, edge_data, strict=True):
        graph.edges[etype].data.update(columns)
    created = {
        etype: relation.created(graph.adjacencies[etype])
        for etype, relation in zip(etypes, relations, strict=True)
    }
    graph._replace_layouts({etype: created[etype] for etype in graph.canonical_etypes})
    return graph


def _metagraph(stream: Stream) -> list[tuple[int, int]]:
    """The types at the ends of each edge type."""
    stream.expect(_METAGRAPH, "types")
    _, count, arrays = _compressed(stream)
    starts, targets, ids = (array.tolist() for array in arrays)
    ids = ids or list(range(len(targets)))
    is_whole = sorted(ids) == list(range(len(targets))) and starts == sorted(starts)
    if not is_whole or (starts[0], starts[-1]) != (0, len(targets)):
        raise GraphValueError("expected types and edge types, got others; it is damaged.")
    if not all(0 <= target < count for target in targets):
        raise GraphValueError(f"expected types from 0 to {count - 1}, got others; it is damaged.")
    sources = [row for row, (a, b) in enumerate(pairwise(starts)) for _ in range(a, b)]
    ends = sorted(zip(ids, sources, targets, strict=True))
    return [(source, target) for _, source, target in ends]


def _compressed(stream: Stream) -> tuple[int, int, tuple[Tensor, ...]]:
    """The number of columns, that of rows, and the arrays of grouped edges."""
    stream.expect(_CSR, "grouped edges")
    columns, rows = stream.number(), stream.number()
    indptr, indices, eids = (stream.array() for _ in range(3))
    stream.skip(1)  # whether columns are sorted
    if indptr.shape != (rows + 1,):
        raise GraphValueError(f"expected {rows + 1} limits of rows, got {tuple(indptr.shape)}.")
    return columns, rows, (indptr, indices, eids)


class _Relation:
    """The edges of one type, in one or several layouts.

    Attributes:
        edges: the first layout, as :func:`graphmp.heterograph` takes it.
    """

    def __init__(self, stream: Stream) -> None:
        stream.expect(_RELATION, "edges")
        self._stored = _names(*stream.numbers("<II"))
        self._allowed = _names(*stream.numbers("<II")) or list(LAYOUTS)
        self._ends: set[tuple[int, int]] = set()
        layouts = [(name, self._layout(stream, name)) for name in self._stored]
        if not layouts:
            raise GraphValueError("expected edges in one layout at least, got none.")
        self.edges: tuple[str, tuple[Tensor, ...]] = layouts[0]

    def _layout(self, stream: Stream, name: str) -> tuple[Tensor, ...]:
        stream.expect(_METAGRAPH, "types")
        _compressed(stream)
        if name != "coo":
            columns, rows, arrays = _compressed(stream)
            self._ends.add((rows, columns) if name == "csr" else (columns, rows))
            return arrays
        stream.expect(_COO, "pairs of nodes")
        columns, rows = stream.number(), stream.number()
        self._ends.add((rows, columns))
        src, dst, eids = (stream.array() for _ in range(3))
        stream.skip(2)  # whether rows and columns are sorted
        return _in_order(src, dst, eids)

    def check(self, num_src: int, num_dst: int) -> None:
        """Check the numbers of nodes at both ends.

        Raises:
            GraphValueError: other numbers than those of the layouts.
        """
        if self._ends != {(num_src, num_dst)}:
            raise GraphValueError(
                f"expected edges between {num_src} and {num_dst} nodes, got {self._ends}."
            )

    def created(self, adjacency: Adjacency) -> Adjacency:
        """The edges in all the layouts that the file has; those after the first are computed."""
        if len(self._stored) == 1 and self._allowed == list(LAYOUTS):
            return adjacency
        adjacency = adjacency.restricted(LAYOUTS)
        for name in self._stored[1:]:
            _create(adjacency, name)
        stored = adjacency.restricted(self._stored)
        return stored.restricted({*self._allowed, *self._stored})


def _create(adjacency: Adjacency, layout: str) -> Any:
    """Compute a layout and store it."""
    return adjacency.csr if layout == "csr" else adjacency.csc


def _names(code: int, is_set: int) -> list[str]:
    """The layouts of a number: bits, or in files of older releases one layout or 0 for all."""
    if not is_set:
        return [LAYOUTS[code - 1]] if 0 < code <= len(LAYOUTS) else []
    return [name for bit, name in enumerate(LAYOUTS) if code & 1 << bit]


def _in_order(src: Tensor, dst: Tensor, eids: Tensor) -> tuple[Tensor, ...]:
    """Both ends in the order of edge ids, which may be missing if they are in order."""
    if not eids.numel():
        return src, dst
    ids, order = torch.sort(eids)
    if not torch.equal(ids, torch.arange(len(ids), dtype=ids.dtype, device="cpu")):
        raise GraphValueError("expected every edge id once, got others; it is damaged.")
    return src[order], dst[order]
