"""CSVDataset: graphs from tables of nodes and edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..construct.from_edges import heterograph
from ..errors import GraphValueError
from ..graph import Graph
from .csv_tables import Meta, Parser, Source, Table, read_meta, read_table
from .many import GraphsDataset
from .sources import Folder

Array = NDArray[Any]
Parsers = Parser | Mapping[Any, Parser] | None


class CSVDataset(GraphsDataset):
    r"""Graphs from CSV files, which the file ``meta.yaml`` describes.

    It has ``dataset_name``; ``node_data``, a list of ``file_name``, ``ntype``, ``node_id_field``
    and ``graph_id_field``; ``edge_data``, a list of ``file_name``, ``etype`` (three names),
    ``src_id_field``, ``dst_id_field`` and ``graph_id_field``; and perhaps ``graph_data`` with
    ``file_name`` and ``graph_id_field``, ``separator`` and ``version``. All but names of the
    dataset and of files may be left out; columns are then called ``node_id``, ``src_id``,
    ``dst_id`` and ``graph_id``. Without a column ``graph_id`` there is one graph.

    Ids are integers, or texts if any id of the node type is no number; texts are compared as they
    are written. Nodes are numbered in the order of their ids. The other columns become features:
    numbers, or lists of numbers in quotes. Columns of graphs are labels. PyYAML is needed, and for
    parsers pandas; the extra ``csv`` has both.

    Args:
        data_path: the folder of ``meta.yaml``.
        force_reload: ignored, as processed data is not cached.
        verbose: ignored.
        ndata_parser: what turns the ``pandas.DataFrame`` of a node type, without ids, into a dict
            of arrays; or a dict of them by node type.
        edata_parser: the same for edges; a dict by three names.
        gdata_parser: the same for graphs.
        transform: a function that is applied to each graph on access.

    Attributes:
        graphs: the graphs.
        data: the columns of the graphs, each (G, D).
        labels: the only column of the graphs, where it is the only one.

    Raises:
        GraphValueError: a missing or damaged file; the message names file, row and value.
        GraphRuntimeError: PyYAML is not installed, or for parsers pandas.

    Example:
        >>> import graphmp as gm
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "meta.yaml").write_text('''
        ... dataset_name: tiny
        ... node_data: [{file_name: nodes.csv}]
        ... edge_data: [{file_name: edges.csv}]
        ... ''')
        >>> _ = (folder / "nodes.csv").write_text('node_id,feat\n7,"0.5,1"\n3,"2,0"\n')
        >>> _ = (folder / "edges.csv").write_text("src_id,dst_id\n7,3\n")
        >>> g = gm.data.CSVDataset(folder)[0]
        >>> g.edges(), g.ndata["feat"].tolist()
        ((tensor([1]), tensor([0])), [[2.0, 0.0], [0.5, 1.0]])
    """

    def __init__(
        self,
        data_path: Folder,
        force_reload: bool = False,
        verbose: bool = True,
        ndata_parser: Parsers = None,
        edata_parser: Parsers = None,
        gdata_parser: Parser | None = None,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        path = Path(data_path).expanduser()
        if path.is_file():
            raise GraphValueError(
                f"Expected the folder of meta.yaml, got the file {path}; pass its folder."
            )
        self._description = read_meta(path / "meta.yaml")
        self._parsers = ndata_parser, edata_parser, gdata_parser
        super().__init__(
            self._description.name,
            raw_dir=path,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the tables and build the graphs."""
        meta: Meta = self._description
        nodes = {
            s.type[0]: self._table(s, _chosen(self._parsers[0], s.type[0])) for s in meta.nodes
        }
        edges = {
            s.type: self._table(s, _chosen(self._parsers[1], s.type), _texts(s, nodes))
            for s in meta.edges
        }
        graphs = None if meta.graphs is None else self._table(meta.graphs, self._parsers[2])
        ids = np.zeros(1, np.int64) if graphs is None else graphs.graph_ids
        _check_graph_ids(ids, graphs and graphs.path, [*nodes.values(), *edges.values()])
        self.graphs = self._graphs = [_graph(int(i), nodes, edges) for i in ids]
        columns = {} if graphs is None else graphs.data
        self.data = {
            name: torch.from_numpy(rows).reshape(len(ids), -1) for name, rows in columns.items()
        }
        if len(self.data) == 1:
            (self.labels,) = self.data.values()

    def _table(
        self, source: Source, parser: Parser | None, texts: Sequence[bool | None] = (None,)
    ) -> Table:
        folder, separator = Path(self.raw_dir), self._description.separator
        return read_table(source, folder, separator, parser, texts)

    def _item(self, idx: int) -> Any:
        g = self._at(idx)
        if not self.data:
            return g
        row = {name: rows[idx] for name, rows in self.data.items()}
        return g, (self.labels[idx] if len(row) == 1 else row)


def _chosen(parsers: Parsers, name: Any) -> Parser | None:
    if isinstance(parsers, Mapping):
        parser: Parser | None = parsers.get(name)
        return parser
    return parsers


def _check_graph_ids(ids: Array, path: Path | None, tables: list[Table]) -> None:
    if len(np.unique(ids)) != len(ids):
        raise GraphValueError(f"{path}: expected a row for each graph, got several of one id.")
    for table in tables:
        unknown = np.setdiff1d(table.graph_ids, ids)
        if unknown.size:
            raise GraphValueError(
                f"{table.path}: expected ids of graphs that have a row in the table of graphs, got "
                f"{unknown[0]}."
            )


def _texts(edges: Source, nodes: dict[str, Table]) -> list[bool]:
    """Whether the ids of sources and of destinations are texts, as those of the nodes are."""
    ends = edges.type[0], edges.type[2]
    for ntype in ends:
        if ntype not in nodes:
            raise GraphValueError(
                f"{edges.file_name}: expected a table of nodes of type {ntype!r}, got none in "
                "meta.yaml."
            )
    return [nodes[ntype].ids[0].dtype.kind == "U" for ntype in ends]


def _graph(graph_id: int, nodes: dict[str, Table], edges: dict[tuple[str, ...], Table]) -> Graph:
    """The graph of an id; of every type there are nodes, perhaps none."""
    rows = {ntype: _node_rows(table, graph_id) for ntype, table in nodes.items()}
    data, edge_rows = {}, {}
    for etype, table in edges.items():
        edge_rows[etype] = np.flatnonzero(table.graph_ids == graph_id)
        data[etype] = tuple(
            _places(table, side, edge_rows[etype], nodes[ntype], rows[ntype])
            for side, ntype in ((0, etype[0]), (1, etype[2]))
        )
    g = heterograph(data, {ntype: len(order) for ntype, order in rows.items()})  # type: ignore[arg-type]
    for ntype, order in rows.items():
        for name, values in nodes[ntype].data.items():
            g.nodes[ntype].data[name] = torch.from_numpy(values[order])
    for etype, order in edge_rows.items():
        for name, values in edges[etype].data.items():
            g.edges[etype].data[name] = torch.from_numpy(values[order])
    return g


def _node_rows(table: Table, graph_id: int) -> Array:
    """The rows of a graph's nodes, in the order of their ids."""
    (ids,) = table.ids
    rows = np.flatnonzero(table.graph_ids == graph_id)
    order: Array = rows[np.argsort(ids[rows], kind="stable")]
    repeated = np.flatnonzero(ids[order][1:] == ids[order][:-1])
    if repeated.size:
        raise GraphValueError(
            f"{table.path}: expected different ids of nodes in graph {graph_id}, got "
            f"{ids[order][repeated[0]]!s} twice."
        )
    return order


def _places(edges: Table, side: int, rows: Array, nodes: Table, order: Array) -> Tensor:
    """The numbers of the nodes that edges name."""
    ids, wanted = nodes.ids[0][order], edges.ids[side][rows]
    place = np.searchsorted(ids, wanted).clip(max=max(len(ids) - 1, 0))
    unknown = np.flatnonzero(ids[place] != wanted) if len(ids) else np.arange(len(wanted))
    if unknown.size:
        raise GraphValueError(
            f"{edges.path}, row {rows[unknown[0]] + 2}: expected the id of a node in {nodes.path}, "
            f"got {wanted[unknown[0]]!s:.40}."
        )
    return torch.from_numpy(place.astype(np.int64)) if len(ids) else torch.zeros(0).long()
