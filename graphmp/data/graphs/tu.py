"""Datasets of the TU Dortmund collection, for learning with whole graphs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ... import _checks
from ...construct.from_edges import graph
from ...errors import GraphTypeError, GraphValueError
from ...graph import Graph
from ...io.compressed_rows import check_cells
from ..builtin import BuiltinDataset
from ..many import LabelledGraphsDataset
from ..readers import numbers
from ..sources import Folder

Array: TypeAlias = "NDArray[Any]"

URL = "https://www.chrsmrrs.com/graphkerneldatasets/{}.zip"


class TUDataset(BuiltinDataset, LabelledGraphsDataset):
    """A set of `TUDataset <https://arxiv.org/abs/2007.08663>`__ (Morris and others, 2020).

    ``dataset[i]`` is a graph and its label; ``dataset[ids]``, with a tensor or list, is a subset.
    The label is (1,) int64 for classes, or (D,) float64 for regression. Features are
    ``ndata["node_labels"]`` (n, L) int64, ``ndata["node_attr"]`` (n, D) float64,
    ``edata["edge_labels"]`` (e, L) int64 and ``edata["edge_attr"]`` (e, D) float64, as far as the
    files have them. Classes of graphs are numbered from 0 in ascending order; the smallest label
    of nodes, or of edges, becomes 0. Edges keep the order of the file, without duplicates.

    The files ``NAME_A.txt``, ``NAME_graph_indicator.txt`` and so on are read, or
    downloaded, as :class:`graphmp.data.DGLBuiltinDataset` says, and from ``tu_raw/NAME`` too.

    Args:
        name: as the collection has it, such as MUTAG, PROTEINS or IMDB-BINARY.
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print counts.
        transform: a function that is applied to each graph on access.

    Attributes:
        graph_lists: the graphs.
        graph_labels: (N, 1) int64, or (N, D) float64.
        num_labels: number of classes of graphs; None for regression.
        max_num_node: number of nodes of the largest graph.

    Raises:
        GraphTypeError: a name that is not a string.
        GraphValueError: a damaged or inconsistent file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    def __init__(
        self,
        name: str,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if not isinstance(name, str):
            raise GraphTypeError(f"Expected a name such as 'MUTAG', got {_checks.kind(name)}.")
        super().__init__(
            name,
            URL.format(name),
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the files and build the graphs."""
        self._path_of_set = self._folder()
        owner = self._rows("graph_indicator", int)[:, 0]
        self._read_labels()
        num_graphs = len(self.graph_labels)
        if owner.min() < 1 or owner.max() > num_graphs or (owner[1:] < owner[:-1]).any():
            raise GraphValueError(
                self._unfit(f"nodes must lie in the order of the {num_graphs} labelled graphs")
            )
        self.graph_lists = self._split(owner - 1, num_graphs)
        self.max_num_node = max(g.num_nodes() for g in self.graph_lists)
        self._graphs, self._labels = self.graph_lists, self.graph_labels
        if self.verbose:
            print(f"{num_graphs} graphs with at most {self.max_num_node} nodes.")
            print(f"Done loading data from {self._path_of_set}.")

    @property
    def num_classes(self) -> int | None:
        """Number of classes of graphs; None where numbers are to be predicted."""
        return self.num_labels

    def statistics(self) -> tuple[int, int | None, int]:
        """Return the size of ``feat``, the number of classes, and the most nodes of a graph.

        Raises:
            GraphKeyError: nodes have no ``feat``: give them one first.
        """
        first = self.graph_lists[0].ndata["feat"]
        return first.shape[1], self.num_labels, self.max_num_node

    def _read_labels(self) -> None:
        labels = self._rows_if_there("graph_labels", int)
        if labels is not None:
            known, number = np.unique(labels, return_inverse=True)
            self.graph_labels = torch.from_numpy(number.reshape(labels.shape))
            self.num_labels: int | None = len(known)
            return
        self.graph_labels = torch.from_numpy(self._rows("graph_attributes", float))
        self.num_labels = None

    def _split(self, owner: Array, num_graphs: int) -> list[Graph]:
        """Make the graphs, with the features of their nodes and edges."""
        sizes = np.bincount(owner, minlength=num_graphs)
        starts = np.cumsum(sizes) - sizes
        src, dst, lines = self._edges(owner)
        counts = np.bincount(owner[src], minlength=num_graphs)
        local = [torch.from_numpy(ends - starts[owner[ends]]) for ends in (src, dst)]
        pairs = zip(
            *(torch.split(ends, counts.tolist()) for ends in local), sizes.tolist(), strict=True
        )
        graphs = [graph((u, v), num_nodes=size) for u, v, size in pairs]
        for column, rows in self._columns("node", len(owner)).items():
            for g, values in zip(graphs, torch.split(rows, sizes.tolist()), strict=True):
                g.ndata[column] = values
        for column, rows in self._columns("edge", None).items():
            if len(rows) <= lines.max(initial=-1):
                raise GraphValueError(self._unfit(f"there are edges without {column}"))
            rows = rows[torch.from_numpy(lines)]
            for g, values in zip(graphs, torch.split(rows, counts.tolist()), strict=True):
                g.edata[column] = values
        return graphs

    def _edges(self, owner: Array) -> tuple[Array, Array, Array]:
        """Sources, destinations and lines of the distinct edges, graph after graph."""
        pairs = numbers.table(self._path("A"), int, columns=2)
        if pairs.min() < 1 or pairs.max() > len(owner):
            raise GraphValueError(
                self._unfit(f"A names a node that is not one of the {len(owner)}")
            )
        src, dst = pairs.T - 1
        if (owner[src] != owner[dst]).any():
            raise GraphValueError(self._unfit("an edge joins two graphs"))
        _, lines = np.unique(src * len(owner) + dst, return_index=True)
        lines.sort()
        lines = lines[np.argsort(owner[src[lines]], kind="stable")]
        return src[lines], dst[lines], lines

    def _columns(self, of: str, count: int | None) -> dict[str, Tensor]:
        """The fields of all nodes or edges, by name."""
        columns = {}
        labels = self._rows_if_there(f"{of}_labels", int)
        if labels is not None:
            columns[f"{of}_labels"] = torch.from_numpy(labels - labels.min())
        attributes = self._rows_if_there(f"{of}_attributes", float)
        if attributes is not None:
            columns[f"{of}_attr"] = torch.from_numpy(attributes)
        for name, rows in columns.items():
            if count is not None and len(rows) != count:
                raise GraphValueError(self._unfit(f"{name} has {len(rows)} rows for {count} {of}s"))
        return columns

    def _rows_if_there(self, part: str, kind: type) -> Array | None:
        return self._rows(part, kind) if self._path(part).is_file() else None

    def _rows(self, part: str, kind: type) -> Array:
        """The numbers of a file, a row for each line."""
        return numbers.table(self._path(part), kind)

    def _choices(self) -> list[list[str]]:
        return [[f"{self.name}_{part}.txt" for part in ("A", "graph_indicator")]]

    def _places(self) -> list[str]:
        return [f"tu_raw/{self.name}", *super()._places()]

    def _path(self, part: str) -> Path:
        return self._path_of_set / f"{self.name}_{part}.txt"

    def _unfit(self, why: str) -> str:
        return (
            f"The files of {self.name!r} in {self._path_of_set} do not fit together: {why}. "
            "Download all of them again."
        )


class LegacyTUDataset(TUDataset):
    """A set of :class:`TUDataset` whose nodes have ``feat`` (n, D) float32.

    The features are the attributes of nodes; else their labels, one-hot; else ones.

    Args:
        name: see :class:`TUDataset`.
        use_pandas: ignored; for compatibility with DGL.
        hidden_size: the width of ``feat`` where it is ones.
        max_allow_node: leave out graphs with more nodes; None keeps all.
        raw_dir: see :class:`TUDataset`.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print counts, and a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Attributes:
        data_mode: ``"node_attr"``, ``"node_label"`` or ``"constant"``: what ``feat`` is.

    Raises:
        GraphTypeError, GraphValueError, GraphRuntimeError: see :class:`TUDataset`.
    """

    def __init__(
        self,
        name: str,
        use_pandas: bool = False,
        hidden_size: int = 10,
        max_allow_node: int | None = None,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.use_pandas, self.hidden_size, self.max_allow_node = (
            use_pandas,
            _checks.count(hidden_size, "hidden_size"),
            max_allow_node,
        )
        super().__init__(name, raw_dir, force_reload, verbose, transform)

    def process(self) -> None:
        """Read the files, build the graphs and their features."""
        super().process()
        self._add_features()
        if self.max_allow_node is not None:
            few = [g.num_nodes() <= self.max_allow_node for g in self.graph_lists]
            self.graph_lists = [g for g, stays in zip(self.graph_lists, few, strict=True) if stays]
            self.graph_labels = self.graph_labels[torch.tensor(few, dtype=torch.bool)]
            self.max_num_node = self.max_allow_node
        self.graph_labels = self.graph_labels.squeeze(1)
        self._graphs, self._labels = self.graph_lists, self.graph_labels

    def _add_features(self) -> None:
        frames = [g.ndata for g in self.graph_lists]
        if "node_attr" in frames[0]:
            self.data_mode = "node_attr"
            for frame in frames:
                frame["feat"] = frame["node_attr"].float()
        elif "node_labels" in frames[0]:
            self.data_mode = "node_label"
            labels = torch.cat([frame["node_labels"][:, 0] for frame in frames])
            size = int(labels.max()) + 1
            check_cells(len(labels), size, len(labels), f"labels in {self._path('node_labels')}")
            for frame in frames:
                frame["feat"] = F.one_hot(frame["node_labels"][:, 0], size).float()
        else:
            self.data_mode = "constant"
            for g in self.graph_lists:
                g.ndata["feat"] = torch.ones(g.num_nodes(), self.hidden_size)
