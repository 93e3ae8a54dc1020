"""Graphs most of whose edges join different classes, by O. Platonov and others."""

from __future__ import annotations

import torch

from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...transforms import to_bidirected
from ..builtin import FixedDataset
from ..dataset import SingleGraphDataset
from ..readers.arrays import fitting, read_npz

BASE_URL = "https://github.com/yandex-research/heterophilous-graphs/raw/main/data/"
NAMES = ["edges", "node_features", "node_labels", "train_masks", "val_masks", "test_masks"]


class HeterophilousGraphDataset(FixedDataset, SingleGraphDataset):
    """A graph of `a critical look at GNNs under heterophily <https://arxiv.org/abs/2302.11640>`__.

    From O. Platonov and others, ICLR 2023. Edges are distinct and go both ways. The graph
    has ``feat`` (N, D), ``label`` (N,), and ten splits: ``train_mask``, ``val_mask`` and
    ``test_mask`` (N, 10) bool. The file ``NAME.npz`` is read as
    :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        raw_dir: the folder of the file.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to the graph on access.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    @property
    def _files(self) -> tuple[str, ...]:  # type: ignore[override]
        return (f"{self.name}.npz",)

    def process(self) -> None:
        """Read the file and build the graph."""
        path = self._folder() / self._files[0]
        parts = read_npz(path, NAMES)
        label = fitting(parts["node_labels"], "labels", path, "iu", None)
        num_nodes = len(label)
        ends = fitting(parts["edges"], "edges", path, "iu", None, 2).astype("int64")
        if ends.size and not 0 <= ends.min() <= ends.max() < num_nodes:
            raise GraphValueError(f"{path}: expected edges of the {num_nodes} nodes.")
        src, dst = torch.from_numpy(ends).unbind(1)
        g = to_bidirected(graph((src, dst), num_nodes=num_nodes))
        feat = fitting(parts["node_features"], "features", path, "fiu", num_nodes, None)
        g.ndata["feat"] = torch.from_numpy(feat.astype("float32"))
        g.ndata["label"] = torch.from_numpy(label.astype("int64"))
        for part in ("train", "val", "test"):
            masks = fitting(parts[f"{part}_masks"], "masks", path, "b", None, num_nodes)
            g.ndata[f"{part}_mask"] = torch.from_numpy(masks.T.copy())
        self._graph = g

    @property
    def num_classes(self) -> int:
        """Number of node classes."""
        return len(torch.unique(self._graph.ndata["label"]))


class RomanEmpireDataset(HeterophilousGraphDataset):
    """The words of an article: 22,662 in 18 classes, 65,854 edges, 300 features.

    Args and Raises: see :class:`graphmp.data.nodes.heterophilous.HeterophilousGraphDataset`.
    """

    _set_name, _remote = "roman_empire", f"{BASE_URL}roman_empire.npz"


class AmazonRatingsDataset(HeterophilousGraphDataset):
    """Goods that are bought together: 24,492 in 5 classes of ratings, 186,100 edges.

    Args and Raises: see :class:`graphmp.data.nodes.heterophilous.HeterophilousGraphDataset`.
    """

    _set_name, _remote = "amazon_ratings", f"{BASE_URL}amazon_ratings.npz"


class MinesweeperDataset(HeterophilousGraphDataset):
    """A grid with mines: 10,000 nodes in 2 classes, 78,804 edges, 7 features.

    Args and Raises: see :class:`graphmp.data.nodes.heterophilous.HeterophilousGraphDataset`.
    """

    _set_name, _remote = "minesweeper", f"{BASE_URL}minesweeper.npz"


class TolokersDataset(HeterophilousGraphDataset):
    """Workers who did the same task: 11,758 in 2 classes, 1,038,000 edges, 10 features.

    Args and Raises: see :class:`graphmp.data.nodes.heterophilous.HeterophilousGraphDataset`.
    """

    _set_name, _remote = "tolokers", f"{BASE_URL}tolokers.npz"


class QuestionsDataset(HeterophilousGraphDataset):
    """Users who answered each other: 48,921 in 2 classes, 307,080 edges, 301 features.

    Args and Raises: see :class:`graphmp.data.nodes.heterophilous.HeterophilousGraphDataset`.
    """

    _set_name, _remote = "questions", f"{BASE_URL}questions.npz"
