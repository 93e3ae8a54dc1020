"""Graphs of goods bought together, of authors and of papers, by O. Shchur and others."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import torch

from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...graph import Graph
from ...io.compressed_rows import CompressedRows
from ...transforms import reorder_graph, to_bidirected
from ..builtin import FixedDataset
from ..dataset import SingleGraphDataset
from ..readers.arrays import fitting, read_npz

ADJACENCY_PARTS = ("data", "indices", "indptr", "shape")
ADJACENCY = [f"adj_{part}" for part in ADJACENCY_PARTS]
OPTIONAL = [
    *(f"{name}_{part}" for name in ("attr", "labels") for part in ADJACENCY_PARTS),
    "attr_matrix",
    "labels",
]


class GNNBenchmarkDataset(FixedDataset, SingleGraphDataset):
    """A graph of `Pitfalls of Graph Neural Network Evaluation <https://arxiv.org/abs/1811.05868>`__.

    Edges are distinct and go both ways; nodes are numbered by reverse Cuthill-McKee, as in DGL. The
    graph has ``feat`` (N, D) float32 and ``label`` (N,) int64. There is no split. The file
    ``NAME.npz`` is read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        raw_dir: the folder of the file.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print counts, and a progress bar for downloads.
        transform: a function that is applied to the graph on access.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: a missing file that cannot be downloaded, or SciPy is not installed.
    """

    _also: ClassVar[str] = ""  # the name that the authors gave the file
    _num_classes: ClassVar[int]

    def process(self) -> None:
        """Read the file and build the graph."""
        folder = self._folder()
        (path,) = (folder / c[0] for c in self._choices()[::-1] if (folder / c[0]).is_file())
        g = _read(path)
        self._graph = reorder_graph(g, "rcmk", edge_permute_algo="dst", store_ids=False)
        if self.verbose:
            print(f"  NumNodes: {g.num_nodes()}\n  NumEdges: {g.num_edges()}")
            print(f"  NumFeats: {g.ndata['feat'].shape[1]}\n  NumClasses: {self.num_classes}")

    @property
    def num_classes(self) -> int:
        """Number of node classes."""
        return self._num_classes

    def _choices(self) -> list[list[str]]:
        return [[f"{name}.npz"] for name in (self.name, self._also) if name]

    def _places(self) -> list[str]:
        return [*super()._places(), "shchur_npz"]


class AmazonCoBuyComputerDataset(GNNBenchmarkDataset):
    """Computers that are bought together: 13,752 goods in 10 classes, 491,722 edges, 767 words.

    Args and Raises: see :class:`graphmp.data.nodes.co_purchase.GNNBenchmarkDataset`.
    """

    _set_name, _remote = "amazon_co_buy_computer", "dataset/amazon_co_buy_computer.zip"
    _also, _num_classes = "amazon_electronics_computers", 10


class AmazonCoBuyPhotoDataset(GNNBenchmarkDataset):
    """Photography goods that are bought together: 7,650 in 8 classes, 238,162 edges, 745 words.

    Args and Raises: see :class:`graphmp.data.nodes.co_purchase.GNNBenchmarkDataset`.
    """

    _set_name, _remote = "amazon_co_buy_photo", "dataset/amazon_co_buy_photo.zip"
    _also, _num_classes = "amazon_electronics_photo", 8


class CoauthorCSDataset(GNNBenchmarkDataset):
    """Authors in computer science: 18,333 in 15 classes, 163,788 edges, 6,805 words.

    Args and Raises: see :class:`graphmp.data.nodes.co_purchase.GNNBenchmarkDataset`.
    """

    _set_name, _remote = "coauthor_cs", "dataset/coauthor_cs.zip"
    _also, _num_classes = "ms_academic_cs", 15


class CoauthorPhysicsDataset(GNNBenchmarkDataset):
    """Authors in physics: 34,493 in 5 classes, 495,924 edges, 8,415 words.

    Args and Raises: see :class:`graphmp.data.nodes.co_purchase.GNNBenchmarkDataset`.
    """

    _set_name, _remote = "coauthor_physics", "dataset/coauthor_physics.zip"
    _also, _num_classes = "ms_academic_phy", 5


class CoraFullDataset(GNNBenchmarkDataset):
    """All papers of Cora: 19,793 in 70 classes, 126,842 edges, 8,710 words.

    From `Deep Gaussian Embedding of Graphs <https://arxiv.org/abs/1707.03815>`__. Args and Raises:
    see :class:`graphmp.data.nodes.co_purchase.GNNBenchmarkDataset`.
    """

    _set_name, _remote, _num_classes = "cora_full", "dataset/cora_full.zip", 70


CoraFull = CoraFullDataset


def AmazonCoBuy(name: str) -> GNNBenchmarkDataset:  # noqa: N802
    """Return :class:`AmazonCoBuyComputerDataset` or :class:`AmazonCoBuyPhotoDataset`.

    Args:
        name: ``"computers"`` or ``"photo"``.

    Raises:
        GraphValueError: another name.
    """
    return _choose(
        {"computers": AmazonCoBuyComputerDataset, "photo": AmazonCoBuyPhotoDataset}, name
    )


def Coauthor(name: str) -> GNNBenchmarkDataset:  # noqa: N802
    """Return :class:`CoauthorCSDataset` or :class:`CoauthorPhysicsDataset`.

    Args:
        name: ``"cs"`` or ``"physics"``.

    Raises:
        GraphValueError: another name.
    """
    return _choose({"cs": CoauthorCSDataset, "physics": CoauthorPhysicsDataset}, name)


def _choose(choices: dict[str, Any], name: str) -> GNNBenchmarkDataset:
    if name not in choices:
        raise GraphValueError(f"Expected name to be one of {', '.join(choices)}, got {name!r}.")
    dataset: GNNBenchmarkDataset = choices[name]()
    return dataset


def _read(path: Path) -> Graph:
    parts = read_npz(path, ADJACENCY, OPTIONAL)
    adjacency = _matrix(parts, "adj", path)
    num_nodes = len(adjacency)
    src, dst = torch.from_numpy(adjacency.rows()), torch.from_numpy(adjacency.indices)
    g = to_bidirected(graph((src, dst), num_nodes=num_nodes))
    feat = fitting(_dense(parts, "attr", path), "features", path, "fiub", num_nodes, None)
    label = fitting(_dense(parts, "labels", path), "labels", path, "iu", num_nodes)
    g.ndata["feat"] = torch.from_numpy(feat.astype("float32"))
    g.ndata["label"] = torch.from_numpy(label.astype("int64"))
    return g


def _dense(parts: dict[str, Any], name: str, path: Path) -> Any:
    whole = parts.get("attr_matrix" if name == "attr" else name)
    if whole is not None:
        return whole
    matrix = _matrix(parts, name, path)
    return matrix.dense(f"{name} of {path}")


def _matrix(parts: dict[str, Any], name: str, path: Path) -> CompressedRows:
    missing = [f"{name}_{part}" for part in ADJACENCY_PARTS if f"{name}_{part}" not in parts]
    if missing:
        raise GraphValueError(f"{path} lacks {', '.join(missing)}; download it again.")
    data, indices, indptr, shape = (parts[f"{name}_{part}"] for part in ADJACENCY_PARTS)
    return CompressedRows.checked(indptr, indices, data, shape, f"{name} of {path}")
