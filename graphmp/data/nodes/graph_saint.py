"""Flickr and Yelp, by the authors of GraphSAINT."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...transforms import reorder_graph
from ..builtin import FixedDataset
from ..dataset import SingleGraphDataset
from ..readers.arrays import fitting, read_npy, read_sparse
from ..readers.numbers import integer
from ..readers.text import read_json
from ..sources import Folder
from ..splits import MASKS, mask_of


class GraphSAINTDataset(FixedDataset, SingleGraphDataset):
    """A graph of `GraphSAINT <https://arxiv.org/abs/1907.04931>`__ (Zeng and others, ICLR 2020).

    The graph has ``feat`` (N, D) float32, ``label`` int64, (N,) or (N, C), and ``train_mask``,
    ``val_mask``, ``test_mask`` (N,) bool. The files ``adj_full.npz``, ``feats.npy``,
    ``class_map.json`` and ``role.json`` are read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to the graph on access.
        reorder: number the nodes by reverse Cuthill-McKee.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    _files = ("adj_full.npz", "feats.npy", "class_map.json", "role.json")
    _num_classes: ClassVar[int]

    def __init__(
        self,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
        reorder: bool = False,
    ) -> None:
        self._reorder = reorder
        super().__init__(raw_dir, force_reload, verbose, transform)

    def process(self) -> None:
        """Read the files and build the graph."""
        folder = self._folder()
        adjacency = read_sparse(folder / "adj_full.npz", "the adjacency")
        size = len(adjacency)
        ends = torch.from_numpy(adjacency.rows()), torch.from_numpy(adjacency.indices)
        g = graph(ends, num_nodes=size)
        path = folder / "feats.npy"
        feat = fitting(read_npy(path), "features", path, "f", size, None)
        g.ndata["feat"] = torch.from_numpy(feat.astype("float32"))
        g.ndata["label"] = _labels(folder / "class_map.json", size)
        role = read_json(folder / "role.json", dict)
        for name, part in zip(MASKS, ("tr", "va", "te"), strict=True):
            g.ndata[name] = mask_of(role.get(part), size, f"{part} in {folder / 'role.json'}")
        if self._reorder:
            g = reorder_graph(g, "rcmk", edge_permute_algo="dst", store_ids=False)
        self._graph = g

    @property
    def num_classes(self) -> int:
        """Number of node classes."""
        return self._num_classes


class FlickrDataset(GraphSAINTDataset):
    """Pictures with common properties: 89,250 in 7 classes, 899,756 edges, 500 words.

    Args and Raises: see :class:`graphmp.data.nodes.graph_saint.GraphSAINTDataset`.
    """

    _set_name, _remote, _num_classes = "flickr", "dataset/flickr.zip", 7


class YelpDataset(GraphSAINTDataset):
    """Users who are friends: 716,847, each in some of 100 classes, 13,954,819 edges, 300 features.

    Args and Raises: see :class:`graphmp.data.nodes.graph_saint.GraphSAINTDataset`.
    """

    _set_name, _remote, _num_classes = "yelp", "dataset/yelp.zip", 100


def _labels(path: Path, size: int) -> Tensor:
    """The class of each node, or its classes as ones and zeros; -1 without one."""
    classes = read_json(path, dict)
    try:
        nodes = [integer(node) for node in classes]
        values = np.array(list(classes.values()))
        if values.dtype.kind not in "iub" or values.ndim not in (1, 2):
            raise GraphValueError("expected a class or a list of classes for each node")
        labels = np.full((size, *values.shape[1:]), -1, np.int64)
        if not nodes or min(nodes) < 0 or max(nodes) >= size:
            raise GraphValueError(f"expected nodes from 0 to {size - 1}")
        labels[nodes] = values
    except ValueError as error:
        raise GraphValueError(f"{path}: {error}. Download it again.") from error
    return torch.from_numpy(labels)
