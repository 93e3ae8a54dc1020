"""Web pages and actors: the graphs of Geom-GCN, most of whose edges join different classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...io.compressed_rows import check_cells
from ..builtin import FixedDataset
from ..dataset import SingleGraphDataset
from ..readers import text
from ..readers.arrays import fitting, read_npz
from ..readers.numbers import integer, real, table
from ..splits import MASKS

NUM_SPLITS = 10
MAX_COLUMNS = 1 << 16
NODES, EDGES = "out1_node_feature_label.txt", "out1_graph_edges.txt"


class GeomGCNDataset(FixedDataset, SingleGraphDataset):
    """A graph of `Geom-GCN <https://arxiv.org/abs/2002.05287>`__ (Pei and others, ICLR 2020).

    The graph has ``feat`` (N, D) float32, ``label`` (N,) int64, and ten splits: ``train_mask``,
    ``val_mask`` and ``test_mask`` (N, 10) bool. The files ``out1_node_feature_label.txt``,
    ``out1_graph_edges.txt`` and ``NAME_split_0.6_0.2_0.npz`` to ``_9.npz`` are read as
    :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to the graph on access.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    _by_column: ClassVar[bool] = False  # features are the columns that are 1

    @property
    def _files(self) -> tuple[str, ...]:  # type: ignore[override]
        splits = (f"{self.name}_split_0.6_0.2_{i}.npz" for i in range(NUM_SPLITS))
        return (NODES, EDGES, *splits)

    def process(self) -> None:
        """Read the files and build the graph."""
        folder = self._folder()
        feat, label = _read_nodes(folder / NODES, self._by_column)
        num_nodes = len(label)
        ends = table(folder / EDGES, int, columns=2, skip=1)
        if ends.min() < 0 or ends.max() >= num_nodes:
            raise GraphValueError(
                f"{folder / EDGES}: expected nodes from 0 to {num_nodes - 1}, got "
                f"{ends.min() if ends.min() < 0 else ends.max()}. Download all files again."
            )
        dst, src = torch.from_numpy(ends).unbind(1)
        self._graph = graph((src, dst), num_nodes=num_nodes)
        self._graph.ndata["feat"] = torch.from_numpy(feat)
        self._graph.ndata["label"] = torch.from_numpy(label)
        self._graph.ndata.update(self._masks(folder, num_nodes))

    def _masks(self, folder: Path, num_nodes: int) -> dict[str, Tensor]:
        columns: dict[str, list[Tensor]] = {name: [] for name in MASKS}
        for path in (folder / name for name in self._files[2:]):
            for name, mask in read_npz(path, MASKS).items():
                mask = fitting(mask, name, path, "biuf", num_nodes)
                columns[name].append(torch.from_numpy(mask != 0))
        return {name: torch.stack(masks, 1) for name, masks in columns.items()}


class ActorDataset(GeomGCNDataset):
    """Actors, joined where they appear on a page: 7,600 in 5 classes, 33,391 edges, 932 words.

    Args and Raises: see :class:`graphmp.data.nodes.geom_gcn.GeomGCNDataset`.
    """

    _set_name, _remote, _by_column = "actor", "dataset/actor.zip", True


class ChameleonDataset(GeomGCNDataset):
    """Pages about chameleons: 2,277 in 5 classes, 36,101 edges, 2,325 words.

    Args and Raises: see :class:`graphmp.data.nodes.geom_gcn.GeomGCNDataset`.
    """

    _set_name, _remote = "chameleon", "dataset/chameleon.zip"


class SquirrelDataset(GeomGCNDataset):
    """Pages about squirrels: 5,201 in 5 classes, 217,073 edges, 2,089 words.

    Args and Raises: see :class:`graphmp.data.nodes.geom_gcn.GeomGCNDataset`.
    """

    _set_name, _remote = "squirrel", "dataset/squirrel.zip"


class CornellDataset(GeomGCNDataset):
    """Pages of Cornell: 183 in 5 classes, 298 edges, 1,703 words.

    Args and Raises: see :class:`graphmp.data.nodes.geom_gcn.GeomGCNDataset`.
    """

    _set_name, _remote = "cornell", "dataset/cornell.zip"


class TexasDataset(GeomGCNDataset):
    """Pages of Texas: 183 in 5 classes, 325 edges, 1,703 words.

    Args and Raises: see :class:`graphmp.data.nodes.geom_gcn.GeomGCNDataset`.
    """

    _set_name, _remote = "texas", "dataset/texas.zip"


class WisconsinDataset(GeomGCNDataset):
    """Pages of Wisconsin: 251 in 5 classes, 515 edges, 1,703 words.

    Args and Raises: see :class:`graphmp.data.nodes.geom_gcn.GeomGCNDataset`.
    """

    _set_name, _remote = "wisconsin", "dataset/wisconsin.zip"


def _read_nodes(path: Path, by_column: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """Features and labels by node, of lines ``node<tab>feature,feature…<tab>label``."""
    lines = list(text.lines(path))[1:]
    features: dict[int, list[float]] = {}
    labels = np.zeros(len(lines), np.int64)
    for number, line in lines:
        try:
            node, values, label = line.split("\t")
            place = integer(node)
            if place in features or not 0 <= place < len(lines):
                raise GraphValueError(f"expected another node from 0 to {len(lines) - 1}")
            read = integer if by_column else real
            features[place] = [read(value) for value in values.split(",")]
            labels[place] = integer(label)
            if labels[place] < 0:
                raise GraphValueError(f"expected a label from 0, got {label}")
        except ValueError as error:
            raise GraphValueError(f"{path}, line {number}: {error}. Download it again.") from error
    widths = {len(row) for row in features.values()}
    if not features or (len(widths) > 1 and not by_column):
        raise GraphValueError(
            f"{path}: expected nodes with equally many features, got {sorted(widths)} features."
        )
    rows = [features[node] for node in range(len(lines))]
    return (_one_hot(rows, path) if by_column else np.array(rows, np.float32)), labels


def _one_hot(rows: list[list[float]], path: Path) -> NDArray[np.float32]:
    """Rows of ones at the columns that they name."""
    columns = np.array([column for row in rows for column in row], np.int64)
    if columns.min() < 0 or columns.max() >= MAX_COLUMNS:
        raise GraphValueError(
            f"{path}: expected columns from 0 to {MAX_COLUMNS - 1}, got {columns.min()} to "
            f"{columns.max()}."
        )
    check_cells(len(rows), int(columns.max()) + 1, len(columns), f"the features in {path}")
    feat = np.zeros((len(rows), int(columns.max()) + 1), np.float32)
    feat[np.repeat(np.arange(len(rows)), [len(row) for row in rows]), columns] = 1
    return feat
