"""Fake news: how an article spreads, as a tree of users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..._graph.subgraph import node_subgraph
from ...construct.from_edges import graph
from ...errors import GraphValueError
from ..builtin import BuiltinDataset
from ..downloads import get_dgl_url
from ..many import LabelledGraphsDataset
from ..readers.arrays import fitting, read_npy, read_sparse
from ..readers.numbers import table
from ..sources import Folder
from ..splits import mask_of

URLS = {"gossipcop": "dataset/FakeNewsGOS.zip", "politifact": "dataset/FakeNewsPOL.zip"}
FEATURES = ("bert", "content", "profile", "spacy")


class FakeNewsDataset(BuiltinDataset, LabelledGraphsDataset):
    """Trees of users who shared an article: is the article fake?

    From `User Preference-aware Fake News Detection <https://arxiv.org/abs/2104.12259>`__ (Y. Dou
    and others, SIGIR 2021). ``dataset[i]`` is a graph and its label. Features of all nodes are in
    ``dataset.feature``; ``ndata["_ID"]`` says which row is that of a node. The files ``A.txt``,
    ``graph_labels.npy``, ``node_graph_id.npy``, ``train_idx.npy``, ``val_idx.npy``,
    ``test_idx.npy`` and ``new_FEATURE_feature.npz`` are read as
    :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        name: ``"gossipcop"`` (5,464 graphs) or ``"politifact"`` (314 graphs).
        feature_name: ``"bert"``, ``"content"``, ``"profile"`` or ``"spacy"``.
        raw_dir: the folder of the files.
        transform: a function that is applied to each graph on access.

    Attributes:
        labels: (G,) labels, 1 for fake.
        feature: (N, D) float32, the features of all nodes.
        train_mask: (G,) bool; ``val_mask`` and ``test_mask`` likewise.

    Raises:
        GraphValueError: an unknown name, or a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    def __init__(
        self,
        name: str,
        feature_name: str,
        raw_dir: Folder | None = None,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if name not in URLS or feature_name not in FEATURES:
            raise GraphValueError(
                f"Expected name to be one of {', '.join(URLS)} and feature_name to be one of "
                f"{', '.join(FEATURES)}, got {name!r} and {feature_name!r}."
            )
        self.feature_name = feature_name
        parts = ("graph_labels", "node_graph_id", "train_idx", "val_idx", "test_idx")
        self._files = (
            "A.txt",
            *(f"{part}.npy" for part in parts),
            f"new_{feature_name}_feature.npz",
        )
        super().__init__(name, get_dgl_url(URLS[name]), raw_dir=raw_dir, transform=transform)

    def process(self) -> None:
        """Read the files and build the graphs."""
        folder = self._folder()
        path = folder / "graph_labels.npy"
        labels = fitting(read_npy(path), "labels", path, "iu", None)
        path = folder / "node_graph_id.npy"
        owner = fitting(read_npy(path), "the numbers of graphs", path, "iu", None).astype(np.int64)
        if owner.size and not 0 <= owner.min() <= owner.max() < len(labels):
            raise GraphValueError(f"{path}: expected numbers of the {len(labels)} labelled graphs.")
        pairs = table(folder / "A.txt", int, columns=2)
        if pairs.min() < 0 or pairs.max() >= len(owner):
            raise GraphValueError(f"{folder / 'A.txt'}: expected edges of the {len(owner)} nodes.")
        g = graph(torch.from_numpy(pairs).unbind(1), num_nodes=len(owner))
        order = torch.from_numpy(np.argsort(owner, kind="stable"))
        sizes = np.bincount(owner, minlength=len(labels)).tolist()
        self.graphs = self._graphs = [
            node_subgraph(g, nodes) for nodes in torch.split(order, sizes)
        ]
        self.labels = self._labels = torch.from_numpy(labels.astype(np.int64))
        self.train_mask, self.val_mask, self.test_mask = (
            mask_of(read_npy(folder / f"{part}_idx.npy"), len(labels), f"{folder / part}_idx.npy")
            for part in ("train", "val", "test")
        )
        path = folder / self._files[-1]
        feature = read_sparse(path, f"the features in {path}")
        self.feature = torch.from_numpy(feature.dense(f"the features in {path}").astype(np.float32))
        if len(self.feature) != len(owner):
            raise GraphValueError(f"{path}: expected {len(owner)} rows, got {len(self.feature)}.")

    @property
    def num_classes(self) -> int:
        """2: real and fake."""
        return 2

    @property
    def num_graphs(self) -> int:
        """Number of graphs."""
        return len(self)
