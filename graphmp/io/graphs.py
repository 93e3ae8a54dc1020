"""Graphs in files: ``save_graphs``, ``load_graphs``, ``load_labels`` and ``open_graphs``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, overload

import torch
from torch import Tensor

from .._checks import AnyMapping, id_tensor, ids_or_mask, is_mask
from ..errors import GraphTypeError
from ..graph import Graph
from . import container, dgl_graphs
from .container import Container
from .files import File, contents, local, position, reading
from .packing import pack
from .recognition import refuse_others
from .unpacking import Packed

KIND = "graphs"
_LABEL = "labels/"


class Source(Protocol):
    """The graphs of a file of some format."""

    def __len__(self) -> int: ...

    def graph(self, index: int) -> Graph:
        """Graph number ``index``."""

    def node_data(self, index: int, ntype: str | None) -> dict[str, Tensor]:
        """The features of its nodes of a type."""

    def edge_data(self, index: int, etype: Any) -> dict[str, Tensor]:
        """The features of its edges of a type."""


class GraphFile(Sequence[Graph]):
    """A file of graphs, which are read when they are used; :func:`open_graphs` opens one.

    ``file[3]`` is a graph, ``file[:3]`` a list of graphs. The file is mapped into memory: of a
    graph, ids are read and checked, and a feature is read when its values are used first.

    Attributes:
        labels: the labels, by name.
    """

    def __init__(self, path: Path, source: Source, labels: dict[str, Tensor]) -> None:
        self._path, self._source, self.labels = path, source, labels

    def __len__(self) -> int:
        """The number of graphs."""
        return len(self._source)

    @overload
    def __getitem__(self, index: int) -> Graph: ...
    @overload
    def __getitem__(self, index: slice) -> list[Graph]: ...
    def __getitem__(self, index: int | slice) -> Graph | list[Graph]:
        """Read a graph, or a list of graphs for a slice.

        Raises:
            GraphIndexError: there is no such graph.
            GraphValueError: the graph is damaged.
        """
        if isinstance(index, slice):
            return [self[each] for each in range(len(self))[index]]
        number = position(index, len(self), self._path)
        with reading(self._path):
            return self._source.graph(number)

    def __iter__(self) -> Iterator[Graph]:
        return (self[number] for number in range(len(self)))

    def node_data(self, index: int, ntype: str | None = None) -> dict[str, Tensor]:
        """The features of a graph's nodes, without the graph.

        Args:
            index: the number of the graph.
            ntype: the node type, or source type of a block; None for the only one.

        Returns:
            The features by name; their values are read when they are used.

        Raises:
            GraphIndexError: there is no such graph.
            GraphKeyError: there is no such type.
        """
        return self._source.node_data(position(index, len(self), self._path), ntype)

    def edge_data(self, index: int, etype: Any = None) -> dict[str, Tensor]:
        """The features of a graph's edges, without the graph.

        Args:
            index: the number of the graph.
            etype: the edge type; None for the only one.

        Returns:
            The features by name; their values are read when they are used.

        Raises:
            GraphIndexError: there is no such graph.
            GraphKeyError: there is no such type.
        """
        return self._source.edge_data(position(index, len(self), self._path), etype)

    def __repr__(self) -> str:
        return f"GraphFile({str(self._path)!r}, num_graphs={len(self)})"


def save_graphs(
    filename: File,
    g_list: Graph | Sequence[Graph],
    labels: Mapping[str, Tensor] | None = None,
    formats: str | Sequence[str] | None = None,
) -> None:
    """Save graphs, their features and labels to a file.

    :doc:`Files </files>` describes the layout; every program that reads safetensors reads its
    tensors. The old file stays as it is until the new one is complete.

    Args:
        filename: the path of the file. Its folder is created if it does not exist.
        g_list: a graph, or a list of graphs and blocks, of any types and on any devices.
        labels: tensors that belong to all graphs, by name.
        formats: the layouts of the edges to store, one or several of ``"coo"``, ``"csr"`` and
            ``"csc"``; None for one that exists.

    Raises:
        GraphTypeError: something else than graphs, or labels that are not tensors; or a dtype that
            files do not have.
        GraphValueError: an unknown format, or the path of a folder.
        GraphRuntimeError: the file cannot be written.

    Example:
        >>> import tempfile, torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["x"] = torch.ones(3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     gm.save_graphs(f"{folder}/graphs.gmp", [g, g], {"label": torch.tensor([0, 1])})
        ...     graphs, labels = gm.load_graphs(f"{folder}/graphs.gmp")
        >>> graphs[1].ndata["x"], labels["label"]
        (tensor([1., 1., 1.]), tensor([0, 1]))
    """
    graphs = [g_list] if isinstance(g_list, Graph) else g_list
    if isinstance(graphs, (str, AnyMapping)) or not isinstance(graphs, Iterable):
        raise GraphTypeError(f"Expected a graph or a list of graphs, got {type(graphs).__name__}.")
    forms, tensors = pack(graphs, formats)
    named = container.named({} if labels is None else labels, "labels")
    tensors.update({_LABEL + name: [label] for name, label in named.items()})
    container.write(local(filename), KIND, {"forms": forms}, tensors)


def load_graphs(
    filename: File, idx_list: Iterable[int] | int | None = None
) -> tuple[list[Graph], dict[str, Tensor]]:
    """Load graphs and labels from a file of :func:`save_graphs`, or of DGL's function of that name.

    The features of a large file are mapped into memory and read when they are used; what is
    written to them does not reach the file.

    Args:
        filename: the path of the file.
        idx_list: the numbers of the graphs, where -1 is the last one; or a mask, a bool for each
            graph; None for all.

    Returns:
        The graphs, in the order of ``idx_list``; and the labels of all graphs, by name.

    Raises:
        GraphValueError: there is no such file, or it is damaged or of another kind; or a mask of
            another length.
        GraphTypeError: an ``idx_list`` of something else.
        GraphIndexError: there is no such graph.

    Example:
        >>> import tempfile, graphmp as gm
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     gm.save_graphs(f"{folder}/graphs.gmp", [gm.rand_graph(n, 1) for n in (5, 7)])
        ...     graphs, _ = gm.load_graphs(f"{folder}/graphs.gmp", [1])
        >>> graphs[0].num_nodes()
        7
    """
    file = open_graphs(filename)
    numbers = range(len(file)) if idx_list is None else _numbers(idx_list, len(file))
    return [file[number] for number in numbers], file.labels


def _numbers(idx_list: Any, size: int) -> list[int]:
    """The numbers of graphs that a list, an array, a tensor or a mask names."""
    values = idx_list.tolist() if isinstance(idx_list, Tensor) else idx_list
    if is_mask(values):
        ids = ids_or_mask(values, torch.int64, torch.device("cpu"), size, "idx_list")
    else:
        ids = id_tensor(values, torch.int64, torch.device("cpu"), "idx_list")
    numbers: list[int] = ids.tolist()
    return numbers


def load_labels(filename: File) -> dict[str, Tensor]:
    """Load the labels of a file of graphs.

    Args:
        filename: the path of the file.

    Returns:
        The labels by name; none if none were saved.

    Raises:
        GraphValueError: see :func:`load_graphs`.
    """
    return open_graphs(filename).labels


def open_graphs(filename: File) -> GraphFile:
    """Open a file of graphs, of which each is read when it is used.

    Args:
        filename: the path of the file.

    Returns:
        A sequence of graphs.

    Raises:
        GraphValueError: see :func:`load_graphs`.

    Example:
        >>> import tempfile, torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["x"] = torch.ones(3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     gm.save_graphs(f"{folder}/graphs.gmp", [g] * 1000)
        ...     file = gm.io.open_graphs(f"{folder}/graphs.gmp")
        >>> len(file), file[999].num_edges(), file.node_data(3)["x"]
        (1000, 2, tensor([1., 1., 1.]))
    """
    path = local(filename)
    content = contents(path)
    if dgl_graphs.is_graphs(content):
        dgl = dgl_graphs.DGLGraphs(path, content)
        return GraphFile(path, dgl, dgl.labels)
    refuse_others(path, content, "a file of graphs")
    tensors = Container(path, content)
    about = tensors.content(KIND)
    with reading(path):
        labels = {
            name.removeprefix(_LABEL): tensors[name] for name in tensors if name.startswith(_LABEL)
        }
        return GraphFile(path, Packed(tensors, about["forms"]), labels)
