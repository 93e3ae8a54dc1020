"""BA-2motifs: graphs with one of two motifs, for explanations."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...graph import Graph
from ...io import pickles
from ..builtin import FixedDataset
from ..many import LabelledGraphsDataset


class BA2MotifDataset(FixedDataset, LabelledGraphsDataset):
    """1,000 Barabási–Albert graphs with a house or a cycle: with which?

    From `Parameterized Explainer for Graph Neural Network <https://arxiv.org/abs/2011.04573>`__ (D.
    Luo and others, NeurIPS 2020). Graphs have 25 nodes with ``feat`` (25, 10). Labels are those of
    the file: (2,) int64, one-hot. The file ``BA-2motif.pkl`` is read, without running what it
    holds, as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        raw_dir: the folder of the file.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Attributes:
        graphs: the graphs.
        labels: the labels.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    _set_name, _remote = "BA-2motifs", "dataset/BA-2motif.pkl"

    def process(self) -> None:
        """Read the file and build the graphs."""
        folder = self._folder()
        (path, *_) = (folder / name for (name,) in self._choices() if (folder / name).is_file())
        parts = pickles.read(path)
        if not isinstance(parts, (tuple, list)) or len(parts) != 3:
            raise GraphValueError(f"{path}: expected adjacencies, features and labels.")
        names = ("adjacencies", "features", "labels")
        adjacency, feat, labels = (
            pickles.array(part, f"the {name} of {path}")
            for part, name in zip(parts, names, strict=True)
        )
        is_square = adjacency.ndim == 3 and adjacency.shape[1] == adjacency.shape[2]
        is_each = feat.shape[:2] == adjacency.shape[:2] and labels.shape[:1] == feat.shape[:1]
        if not (adjacency.size and is_square and is_each and feat.dtype.kind in "if"):
            raise GraphValueError(
                f"{path}: expected a square matrix, rows of features and a label for each graph, "
                f"got shapes {adjacency.shape}, {feat.shape} of {feat.dtype} and {labels.shape}."
            )
        self.graphs = self._graphs = [_graph(*each) for each in zip(adjacency, feat, strict=True)]
        self.labels = self._labels = torch.from_numpy(labels.astype(np.int64))

    @property
    def num_classes(self) -> int:
        """2: a house, a cycle."""
        return 2

    def _choices(self) -> list[list[str]]:
        return [["BA-2motif.pkl"], ["BA-2motifs.pkl"]]


def _graph(adjacency: NDArray[Any], feat: NDArray[Any]) -> Graph:
    src, dst = np.nonzero(adjacency)
    g = graph((torch.from_numpy(src), torch.from_numpy(dst)), num_nodes=len(feat))
    g.ndata["feat"] = torch.from_numpy(feat.copy())
    return g
