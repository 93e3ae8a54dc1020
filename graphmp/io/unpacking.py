"""Graphs from the tensors of a file, which :mod:`graphmp.io.packing` lays out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from .._graph.frames import Frames
from .._storage.adjacency import Adjacency
from .._storage.frame import Frame
from .._storage.layouts import COO, DST, SRC, Layouts, Unnumbered
from .._storage.metagraph import CanonicalEtype, Metagraph
from .._storage.pickled import check_rows, copied_ids
from ..errors import GraphValueError
from ..graph import Graph
from ..kernels.contract import Csr
from .container import Container

_CPU = torch.device("cpu")
_IDTYPES = {"int32": torch.int32, "int64": torch.int64}
_NUMBERS = {"csr": SRC, "csc": DST, "coo": COO}


class Rows:
    """The rows of each graph in tensors where those of all graphs follow each other.

    Args:
        counts: how many each graph has.
        size: the number of graphs.

    Raises:
        GraphValueError: other counts.
    """

    def __init__(self, counts: list[int], size: int) -> None:
        if len(counts) != size or min(counts, default=0) < 0:
            raise GraphValueError(f"expected {size} counts, got others.")
        self._stops = [0, *accumulate(counts)]

    def count(self, position: int) -> int:
        """The number of rows of one graph."""
        return self._stops[position + 1] - self._stops[position]

    def checked(self, column: Tensor, name: str, more: int = 0) -> Tensor:
        """A tensor that has these rows, and ``more`` for each graph."""
        rows = self._stops[-1] + more * (len(self._stops) - 1)
        if column.dim() == 0 or len(column) != rows:
            raise GraphValueError(
                f"expected {rows} rows of {name[:80]!r}, got a shape of {tuple(column.shape)}."
            )
        return column

    def part(self, column: Tensor, position: int, more: int = 0) -> Tensor:
        """The rows of one graph."""
        start, stop = self._stops[position], self._stops[position + 1]
        return column[start + more * position : stop + more * (position + 1)]


class Table(Rows):
    """The nodes or edges of one type: how many each graph has, and their features."""

    def __init__(self, tensors: Container, prefix: str, fields: Iterable[str], size: int) -> None:
        super().__init__(tensors.numbers(f"{prefix}/count"), size)
        names = {field: f"{prefix}/data/{field}" for field in _distinct_texts(fields)}
        self._columns = {field: self.checked(tensors[n], n) for field, n in names.items()}

    def data(self, position: int) -> dict[str, Tensor]:
        """The features of one graph."""
        return {field: self.part(each, position) for field, each in self._columns.items()}


class Edges(Table):
    """The edges of one type, in one or several layouts."""

    def __init__(
        self,
        tensors: Container,
        prefix: str,
        entry: dict[str, Any],
        size: int,
        ends: tuple[Rows, Rows],
    ) -> None:
        super().__init__(tensors, prefix, entry["fields"], size)
        self._ends, self._file = ends, str(tensors.path) if tensors.is_mapped else ""
        self._allowed = frozenset(_NUMBERS[name] for name in entry["allowed"] + entry["layouts"])
        self._ids: dict[int, list[Tensor]] = {}
        for layout in entry["layouts"]:
            number = _NUMBERS[layout]
            names = ("src", "dst") if number == COO else Csr._fields
            paths = [f"{prefix}/{layout}/{name}" for name in names]
            ids = [tensors[path] for path in paths]
            for path, column in zip(paths, ids, strict=True):
                if path.endswith("indptr"):
                    ends[number].checked(column, path, 1)
                else:
                    self.checked(column, path)
            self._ids[number] = ids

    def adjacency(self, position: int, idtype: torch.dtype) -> Adjacency:
        """The edges of one graph.

        The ids are copied and checked: what happens to the file later does not reach them. Whether
        each edge id is there once takes longer to check, for a large file when they are first read.
        """
        num = self._ends[SRC].count(position), self._ends[DST].count(position)
        count, layouts = self.count(position), Layouts(num, self._allowed)
        copies = iter(copied_ids(*self._arrays(position, num)))
        for number in self._ids:
            if number == COO:
                (src, _), (dst, _) = next(copies), next(copies)
                layouts.ends = src, dst
            else:
                (indptr, ascend), (indices, _), (edge_ids, _) = (next(copies) for _ in range(3))
                check_rows(indptr, ascend, num[number], count)
                layouts.unnumbered[number] = Unnumbered(indptr, indices, edge_ids, self._file)
                if not self._file:
                    layouts.grouped(number)
        layouts.check_agreement()
        adjacency = Adjacency(layouts)
        if adjacency.idtype != idtype:
            raise GraphValueError(f"expected ids of {idtype}, got {adjacency.idtype}.")
        return adjacency

    def _arrays(self, position: int, num: tuple[int, int]) -> tuple[list[Tensor], list[int]]:
        """The ids of one graph in the file, layout after layout, and what those of each are below.

        Args:
            position: the graph.
            num: its nodes at each end.
        """
        count = self.count(position)
        arrays: list[Tensor] = []
        limits: list[int] = []
        for number, ids in self._ids.items():
            if number == COO:
                limits += num
            else:
                arrays.append(self._ends[number].part(ids[0], position, 1))
                limits += [count + 1, num[1 - number], count]
            arrays += [self.part(each, position) for each in ids[-2:]]
        return arrays, limits


def _distinct_texts(values: Iterable[Any]) -> list[str]:
    """Check that names are texts, each of which occurs once.

    Raises:
        GraphValueError: they are not.
    """
    names = list(values)
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise GraphValueError(f"expected distinct names, got {names!r:.80}.")
    return names


class Group:
    """The graphs of one form.

    Args:
        tensors: the tensors of the file.
        prefix: what their names begin with.
        form: what the file says about the graphs.
        size: the number of graphs.

    Raises:
        GraphValueError: tensors and form contradict each other; or other errors.
    """

    def __init__(self, tensors: Container, prefix: str, form: dict[str, Any], size: int) -> None:
        self._idtype = _IDTYPES[form["idtype"]]
        self.is_block = "sources" in form

        def tables(side: str) -> dict[str, Table]:
            types = _distinct_texts(entry["type"] for entry in form[side])
            return {
                ntype: Table(tensors, f"{prefix}/{side}/{i}", entry["fields"], size)
                for i, (ntype, entry) in enumerate(zip(types, form[side], strict=True))
            }

        self.sources = tables("sources" if self.is_block else "nodes")
        self.destinations = tables("destinations") if self.is_block else self.sources
        self.edges: dict[CanonicalEtype, Edges] = {}
        for i, entry in enumerate(form["edges"]):
            source, name, target = entry["type"]
            _distinct_texts([name])
            ends = self.sources[source], self.destinations[target]
            path = f"{prefix}/edges/{i}"
            self.edges[source, name, target] = Edges(tensors, path, entry, size, ends)
        if len(self.edges) != len(form["edges"]):
            raise GraphValueError("expected every edge type once, got one twice.")
        self.meta = Metagraph(
            self.edges, self.sources, self.destinations if self.is_block else None
        )
        self._tables: list[tuple[int, Mapping[Any, Table]]] = [(0, self.sources), (2, self.edges)]
        if self.is_block:
            self._tables.append((1, self.destinations))
        self._batch = {
            what: [
                Table(tensors, f"{prefix}/batch/{what}/{i}", ["sizes"], size)
                for i in range(len(form[what]))
            ]
            for what in form["batch"]
        }

    def graph(self, position: int) -> Graph:
        """One graph, its ids checked."""
        num_src = {ntype: table.count(position) for ntype, table in self.sources.items()}
        num_dst = None
        if self.is_block:
            num_dst = {ntype: table.count(position) for ntype, table in self.destinations.items()}
        adjacencies = {
            etype: self.edges[etype].adjacency(position, self._idtype)
            for etype in self.meta.canonical_etypes
        }
        frames = Frames.empty(adjacencies, num_src, num_dst, _CPU)
        for number, tables in self._tables:
            for name, table in tables.items():
                by_type: Mapping[Any, Frame] = frames[number]
                by_type[name].update(table.data(position))
        graph = Graph(self.meta, adjacencies, num_src, num_dst, frames, self._idtype, _CPU)
        self._set_batch(graph, position)
        return graph

    def _set_batch(self, graph: Graph, position: int) -> None:
        sizes = {
            what: [table.data(position)["sizes"] for table in tables]
            for what, tables in self._batch.items()
        }
        if "nodes" in sizes:
            graph.set_batch_num_nodes(dict(zip(self.sources, sizes["nodes"], strict=True)))
        if "edges" in sizes:
            graph.set_batch_num_edges(dict(zip(self.edges, sizes["edges"], strict=True)))
        graph._refuse_unfit_sizes()


class Packed:
    """The graphs of a file.

    Args:
        tensors: the tensors of the file.
        forms: what the file says about them.

    Raises:
        GraphValueError: the two contradict each other; or other errors.
    """

    def __init__(self, tensors: Container, forms: list[Any]) -> None:
        sizes = [0] * len(forms)
        self._places: list[tuple[int, int]] = []
        for group in tensors.numbers("form"):
            self._places.append((group, sizes[group]))
            sizes[group] += 1
        if any(group < 0 for group, _ in self._places):
            raise GraphValueError("expected numbers of forms that are not negative.")
        self._groups = [
            Group(tensors, str(i), form, size)
            for i, (form, size) in enumerate(zip(forms, sizes, strict=True))
        ]

    def __len__(self) -> int:
        return len(self._places)

    def graph(self, index: int) -> Graph:
        """Graph number ``index``, its ids checked."""
        group, position = self._places[index]
        return self._groups[group].graph(position)

    def node_data(self, index: int, ntype: str | None) -> dict[str, Tensor]:
        """The features of the nodes of a type; None for the only one."""
        number, position = self._places[index]
        group = self._groups[number]
        meta = group.meta
        return group.sources[meta.src(ntype) if meta.is_block else meta.ntype(ntype)].data(position)

    def edge_data(self, index: int, etype: Any) -> dict[str, Tensor]:
        """The features of the edges of a type; None for the only one."""
        number, position = self._places[index]
        group = self._groups[number]
        return group.edges[group.meta.etype(etype)].data(position)
