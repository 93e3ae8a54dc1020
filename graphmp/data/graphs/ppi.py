"""PPI: interactions of proteins in tissues."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..._graph.subgraph import node_subgraph
from ...construct.from_edges import graph
from ...errors import GraphValueError
from ..builtin import BuiltinDataset
from ..downloads import get_dgl_url
from ..many import GraphsDataset
from ..readers.arrays import fitting, read_npy
from ..readers.text import read_json
from ..sources import Folder

GRAPH_IDS = {"train": range(1, 21), "valid": range(21, 23), "test": range(23, 25)}


class PPIDataset(BuiltinDataset, GraphsDataset):
    """Proteins of 24 tissues: which of 121 functions does a protein have?

    From M. Zitnik and J. Leskovec, "Predicting Multicellular Function through Multi-layer Tissue
    Networks", 2017. Graphs have ``feat`` (n, 50) and ``label`` (n, 121), float32; edges are
    distinct and sorted. Nodes and edges have ``"_ID"``, their id in the graph of all tissues of
    the mode. The files ``MODE_graph.json``, ``MODE_labels.npy``, ``MODE_feats.npy`` and
    ``MODE_graph_id.npy`` are read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        mode: ``"train"``, ``"valid"`` or ``"test"``: 20, 2 or 2 graphs.
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: another mode, or a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    def __init__(
        self,
        mode: str = "train",
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if mode not in GRAPH_IDS:
            raise GraphValueError(f"Expected mode to be train, valid or test, got {mode!r}.")
        self.mode = mode
        parts = ("graph.json", "labels.npy", "feats.npy", "graph_id.npy")
        self._files = tuple(f"{mode}_{part}" for part in parts)
        super().__init__(
            "ppi",
            get_dgl_url("dataset/ppi.zip"),
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the files and build the graphs."""
        links, labels, feats, ids = (self._folder() / name for name in self._files)
        owner = fitting(read_npy(ids), "the numbers of graphs", ids, "iu", None)
        size = len(owner)
        src, dst = _links(links, size)
        g = graph((torch.from_numpy(src), torch.from_numpy(dst)), num_nodes=size)
        for name, path in (("feat", feats), ("label", labels)):
            rows = fitting(read_npy(path), name, path, "fiub", size, None)
            g.ndata[name] = torch.from_numpy(rows.astype(np.float32))
        members = (np.flatnonzero(owner == number) for number in GRAPH_IDS[self.mode])
        self.graphs = self._graphs = [
            node_subgraph(g, torch.from_numpy(nodes)) for nodes in members
        ]

    @property
    def num_classes(self) -> int:
        """121 functions, each of which a protein has or not."""
        return 121

    @property
    def num_labels(self) -> int:
        """The same as :attr:`num_classes`."""
        return 121


class LegacyPPIDataset(PPIDataset):
    """:class:`PPIDataset`, whose items are a graph, its features and its labels."""

    def _item(self, idx: int) -> Any:
        g = self._at(idx)
        return g, g.ndata["feat"], g.ndata["label"]


def _links(path: Path, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct edges of a graph in the node-link format of networkx, sorted."""
    content = read_json(path, dict)
    try:
        place = {node["id"]: i for i, node in enumerate(content["nodes"])}
        ends = [(place[link["source"]], place[link["target"]]) for link in content["links"]]
        if len(place) != size:
            raise GraphValueError(f"{len(place)} nodes, where {size} are in a graph")
    except (KeyError, TypeError, ValueError) as error:
        raise GraphValueError(
            f"{path}: expected nodes and links between them, got: {error!r:.80}. Download it again."
        ) from error
    pairs = np.array(ends, np.int64).reshape(-1, 2)
    if not content.get("directed", False):
        pairs = np.concatenate([pairs, pairs[:, ::-1]])
    keys = np.unique(pairs[:, 0] * size + pairs[:, 1])
    return keys // max(size, 1), keys % max(size, 1)
