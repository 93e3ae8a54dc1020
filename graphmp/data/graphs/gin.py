"""Datasets for graph classification, as the code of GIN has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...graph import Graph
from ..builtin import BuiltinDataset
from ..many import LabelledGraphsDataset
from ..readers import gin as gin_files
from ..sources import Folder

NAMES = (
    "COLLAB",
    "IMDBBINARY",
    "IMDBMULTI",
    "MUTAG",
    "NCI1",
    "PROTEINS",
    "PTC",
    "REDDITBINARY",
    "REDDITMULTI5K",
)
URL = "https://github.com/weihua916/powerful-gnns/raw/master/dataset.zip"


class GINDataset(BuiltinDataset, LabelledGraphsDataset):
    """A set of `How Powerful are Graph Neural Networks? <https://arxiv.org/abs/1810.00826>`__.

    From Xu, Hu, Leskovec and Jegelka, ICLR 2019. ``dataset[i]`` is a graph and its label, an int64
    scalar. Edges have both directions. Nodes have ``label`` (n,) int64 and ``attr`` (n, D)
    float32: the file's attributes, or else one-hot labels.

    The file ``NAME.txt`` is read, or downloaded, as :class:`graphmp.data.DGLBuiltinDataset`
    says, and from ``gin_tu/NAME``, ``GINDataset/dataset/NAME`` or ``dataset/NAME`` too.

    Args:
        name: COLLAB, IMDBBINARY, IMDBMULTI, MUTAG, NCI1, PROTEINS, PTC, REDDITBINARY or
            REDDITMULTI5K.
        self_loop: add an edge from each node to itself.
        degree_as_nlabel: use in-degrees as the labels of nodes without attributes; the columns
            of ``attr`` are then the degrees that occur, in ascending order.
        raw_dir: folder of the file.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print counts.
        transform: a function that is applied to each graph on access.

    Attributes:
        graphs: the graphs.
        labels: (N,) int64.
        N: number of graphs.
        n: number of nodes in all.
        m: number of edges in all.
        gclasses: number of classes of graphs; ``num_classes`` too.
        nclasses: number of tags of nodes in the file.
        dim_nfeats: number D of features of a node.
        glabel_dict: the class of each label in the file, in order of appearance.
        nlabel_dict: the label of each tag in the file, in order of appearance.

    Raises:
        GraphValueError: an unknown name, or a damaged file.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    def __init__(
        self,
        name: str,
        self_loop: bool,
        degree_as_nlabel: bool = False,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if name not in NAMES:
            raise GraphValueError(f"Expected name to be one of {', '.join(NAMES)}, got {name!r}.")
        self.self_loop = self_loop
        self.degree_as_nlabel = degree_as_nlabel
        super().__init__(
            name,
            URL,
            raw_dir=raw_dir,
            hash_key=(name, self_loop, degree_as_nlabel),
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the file and build the graphs."""
        path = self._folder() / f"{self.name}.txt"
        raw = gin_files.read(path)
        self.glabel_dict = _numbered(each.label for each in raw)
        self.nlabel_dict = _numbered(tag for each in raw for tag in each.tags)
        labels = [self.glabel_dict[each.label] for each in raw]
        self.labels = torch.tensor(labels, dtype=torch.int64)
        self.graphs = [self._graph(each) for each in raw]
        self._add_features(raw, path)
        self._graphs, self._labels = self.graphs, self.labels
        self._count()
        if self.verbose:
            print(f"{self.N} graphs of {self.gclasses} classes, {self.n} nodes, {self.m} edges.")
            print(f"Done loading data from {path}.")

    @property
    def num_classes(self) -> int:
        """Number of classes of graphs."""
        return self.gclasses

    def _choices(self) -> list[list[str]]:
        return [[f"{self.name}.txt"]]

    def _places(self) -> list[str]:
        roots = ("gin_tu", "GINDataset/dataset", f"{self.name}/dataset", "dataset")
        return [*(f"{root}/{self.name}" for root in roots), self.name]

    def _graph(self, raw: gin_files.GINGraph) -> Graph:
        src, dst = [], []
        for node, others in enumerate(raw.neighbours):
            ends = [*others, node] if self.self_loop else others
            src += [node] * len(ends)
            dst += ends
        ids = torch.tensor([src, dst], dtype=torch.int64)
        g = graph((ids[0], ids[1]), num_nodes=len(raw.tags))
        labels = [self.nlabel_dict[tag] for tag in raw.tags]
        g.ndata["label"] = torch.tensor(labels, dtype=torch.int64)
        return g

    def _add_features(self, raw: list[gin_files.GINGraph], path: Path) -> None:
        widths = {len(row) for each in raw for row in each.attributes}
        if len(widths) > 1:
            raise GraphValueError(f"{path}: some nodes have attributes and others do not.")
        width = max(widths, default=0)
        if width > 0:
            for g, each in zip(self.graphs, raw, strict=True):
                rows = torch.tensor(each.attributes, dtype=torch.float32)
                g.ndata["attr"] = rows.view(-1, width)
            return
        if self.degree_as_nlabel:
            for g in self.graphs:
                g.ndata["label"] = g.in_degrees()
        for g, rows in zip(self.graphs, _one_hot(self.graphs), strict=True):
            g.ndata["attr"] = rows

    def _count(self) -> None:
        self.N = len(self.graphs)
        self.n = sum(g.num_nodes() for g in self.graphs)
        self.m = sum(g.num_edges() for g in self.graphs)
        self.gclasses, self.nclasses = len(self.glabel_dict), len(self.nlabel_dict)
        self.dim_nfeats = self.graphs[0].ndata["attr"].shape[1] if self.graphs else 0


def _numbered(values: Any) -> dict[int, int]:
    """Number values from 0 in order of appearance."""
    return {value: number for number, value in enumerate(dict.fromkeys(values))}


def _one_hot(graphs: list[Graph]) -> tuple[Tensor, ...]:
    """The labels of the nodes of each graph, one-hot: a column for each that occurs, ascending."""
    if not graphs:
        return ()
    labels = torch.cat([g.ndata["label"] for g in graphs])
    occurring, column = torch.unique(labels, return_inverse=True)
    rows = F.one_hot(column, len(occurring)).float()
    return torch.split(rows, [g.num_nodes() for g in graphs])
