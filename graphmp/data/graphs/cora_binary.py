"""Cora in pairs of classes, for the detection of communities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...construct.from_edges import graph
from ...errors import GraphRuntimeError, GraphValueError
from ...graph import Graph
from ...io import pickles
from ...transforms.batch import batch
from ..builtin import FixedDataset
from ..many import GraphsDataset
from ..readers import text
from ..readers.numbers import integer

Item = tuple[Graph, Any, NDArray[np.int64]]


class CoraBinary(FixedDataset, GraphsDataset):
    """Parts of Cora with two classes each: which nodes belong together?

    From `Supervised Community Detection with Line Graph Neural Networks
    <https://arxiv.org/abs/1705.08415>`__. ``dataset[i]`` is a graph; a sparse matrix of SciPy that
    maps nodes to the ends of edges; and the labels of the nodes, an array. The files
    ``graphs.txt``, ``labels.txt`` and ``pmpds.pkl`` are read as
    :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded, or SciPy is not installed.
    """

    _set_name, _remote = "cora_binary", "dataset/cora_binary.zip"
    _files = ("graphs.txt", "labels.txt", "pmpds.pkl")

    def process(self) -> None:
        """Read the files and build the graphs."""
        edges, labels, matrices = (self._folder() / name for name in self._files)
        self.labels = [np.array(rows, np.int64)[:, 0] for rows in _parts(labels, 1)]
        ends = [np.array(rows, np.int64) for rows in _parts(edges, 2)]
        self.pmpds = _matrices(matrices)
        if not len(ends) == len(self.labels) == len(self.pmpds):
            raise GraphValueError(
                f"Expected as many graphs as labels and matrices in {edges.parent}, got "
                f"{len(ends)}, {len(self.labels)} and {len(self.pmpds)}."
            )
        self.graphs = self._graphs = [
            _graph(pairs, len(label), edges) for pairs, label in zip(ends, self.labels, strict=True)
        ]

    def _item(self, idx: int) -> Item:
        return self._at(idx), self.pmpds[idx], self.labels[idx]

    @staticmethod
    def collate_fn(cur: Sequence[Item]) -> Item:
        """Batch items: the graphs as a batch, matrices along the diagonal, labels in a row.

        Args:
            cur: items of the dataset.
        """
        from scipy import sparse

        graphs, matrices, labels = zip(*cur, strict=True)
        return batch(list(graphs)), sparse.block_diag(matrices), np.concatenate(labels, axis=0)


def _parts(path: Path, columns: int) -> list[list[list[int]]]:
    """Rows of numbers, in parts that begin with a line ``graph …``."""
    parts: list[list[list[int]]] = []
    for number, line in text.lines(path):
        if line.startswith("graph"):
            parts.append([])
            continue
        try:
            row = [integer(word) for word in line.split()]
            if len(row) != columns or not parts:
                raise GraphValueError(f"expected {columns} numbers below a line 'graph'")
            parts[-1].append(row)
        except GraphValueError as error:
            raise GraphValueError(f"{path}, line {number}: {error}. Download it again.") from error
    return [part for part in parts if part]


def _graph(pairs: NDArray[np.int64], size: int, path: Path) -> Graph:
    if pairs.min() < 0 or pairs.max() >= size:
        raise GraphValueError(f"{path}: expected nodes from 0 to {size - 1}, got {pairs.max()}.")
    return graph(torch.from_numpy(pairs).unbind(1), num_nodes=size)


def _matrices(path: Path) -> list[Any]:
    try:
        from scipy import sparse
    except ImportError as error:
        raise GraphRuntimeError(
            f"Expected SciPy to be installed, to read {path}; pip install scipy."
        ) from error
    records = pickles.read(path)
    if not isinstance(records, list):
        raise GraphValueError(f"{path}: expected a list of matrices. Download it again.")
    parts = [pickles.matrix(record, f"a matrix of {path}") for record in records]
    return [sparse.csr_matrix((m.data, m.indices, m.indptr), shape=m.shape) for m in parts]
