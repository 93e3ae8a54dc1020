"""Datasets prepared for a task: masks of nodes, splits of edges or of graphs.

A random split is drawn again by each program, unless a folder is passed as ``save_dir`` or
``raw_dir``: then it is saved there, and loaded by the next program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from .. import _checks
from ..construct.from_edges import graph
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..graph import Graph
from ..io import load_tensors, save_tensors
from .dataset import GraphDataset, SingleGraphDataset
from .splits import MASKS, check_ratios, ids_of, random_parts

Ends: TypeAlias = tuple[Tensor, Tensor]

NAMES = ("train", "valid", "test")


class AsNodePredDataset(SingleGraphDataset):
    """A graph prepared for the prediction of nodes.

    The graph is a copy of the first one of ``dataset``, with ``label``, ``train_mask``,
    ``val_mask`` and ``test_mask`` in the data of its nodes. Datasets of OGB keep their split.

    Args:
        dataset: a dataset of one graph whose nodes have ``label``.
        split_ratio: the fractions of training, validation and test nodes; None keeps the masks.
        target_ntype: the node type.
        **kwargs: passed to :class:`graphmp.data.GraphDataset`.

    Attributes:
        train_idx: the training nodes; ``val_idx`` and ``test_idx`` likewise.

    Raises:
        GraphKeyError: nodes without labels, or without masks and no ``split_ratio``.
        GraphTypeError: no dataset.
        GraphValueError: not three fractions that sum to 1.

    Example:
        >>> import graphmp as gm
        >>> data = gm.data.AsNodePredDataset(gm.data.KarateClubDataset(), [0.5, 0.25, 0.25])
        >>> data.num_classes, len(data.train_idx), int(data[0].ndata["train_mask"].sum())
        (2, 17, 17)
    """

    def __init__(
        self,
        dataset: Any,
        split_ratio: Sequence[float] | None = None,
        target_ntype: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.dataset, self.split_ratio, self.target_ntype = dataset, split_ratio, target_ntype
        name = _name(dataset)
        key = (split_ratio, target_ntype, name, "nodepred")
        super().__init__(f"{name}-as-nodepred", hash_key=key, **kwargs)

    def process(self) -> None:
        """Copy the graph and split its nodes."""
        self._graph = _first(self.dataset, self.target_ntype)
        data = self.g.nodes[self.target_ntype].data
        if "label" not in data:
            raise GraphKeyError("Expected nodes with labels in the field 'label', got none.")
        size = self.g.num_nodes(self.target_ntype)
        if self.split_ratio is not None:
            ratios = self.split_ratio
            _add_masks(data, _saved(self, size, lambda: _drawn(size, ratios)), size)
        elif hasattr(self.dataset, "get_idx_split"):
            _add_masks(data, self.dataset.get_idx_split(), size)
        elif not all(name in data for name in MASKS):
            raise GraphKeyError(
                f"Expected nodes with the masks {', '.join(MASKS)}, got not all of them; pass "
                "split_ratio to draw a split."
            )
        self.train_idx, self.val_idx, self.test_idx = (
            data[name].nonzero().view(-1) for name in MASKS
        )
        num_classes = getattr(self.dataset, "num_classes", None)
        self._num_classes = len(torch.unique(data["label"])) if num_classes is None else num_classes

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return self._num_classes

    @property
    def g(self) -> Graph:
        """The graph, not transformed."""
        return self._graph


class AsLinkPredDataset(SingleGraphDataset):
    """A graph prepared for the prediction of edges.

    Each edge is drawn on its own, so that in a graph with edges in both directions most reverses of
    test edges are among the training edges, and give the answer: pass ``undirected=True`` there.

    Args:
        dataset: a dataset of one graph of one type.
        split_ratio: the fractions of training, validation and test edges; None takes the split of
            a dataset of OGB.
        neg_ratio: how many pairs without an edge to draw for each edge to validate and to test.
        undirected: keep all edges between two nodes, in both directions, in the same part.
        **kwargs: passed to :class:`graphmp.data.GraphDataset`.

    Attributes:
        train_graph: the graph with the training edges alone.
        val_edges: ``((src, dst), (src, dst))``: edges, and pairs without one.
        test_edges: as ``val_edges``.

    Raises:
        GraphValueError: not three fractions that sum to 1, or no ``split_ratio`` for a dataset
            without a split.

    Example:
        >>> import graphmp as gm
        >>> karate = gm.data.KarateClubDataset()
        >>> data = gm.data.AsLinkPredDataset(karate, [0.8, 0.1, 0.1], neg_ratio=2)
        >>> (src, dst), (neg_src, neg_dst) = data.val_edges
        >>> data.train_graph.num_edges(), len(src), len(neg_src)
        (124, 15, 30)
        >>> data = gm.data.AsLinkPredDataset(karate, [0.8, 0.1, 0.1], undirected=True)
        >>> bool(data.train_graph.has_edges_between(*reversed(data.val_edges[0])).any())
        False
    """

    train_graph: Graph
    val_edges: tuple[Ends, Ends]
    test_edges: tuple[Ends, Ends]

    def __init__(
        self,
        dataset: Any,
        split_ratio: Sequence[float] | None = None,
        neg_ratio: int = 3,
        undirected: bool = False,
        **kwargs: Any,
    ) -> None:
        name = _name(dataset)
        self._graph = _first(dataset)
        self.dataset, self.split_ratio = dataset, split_ratio
        self.neg_ratio = _checks.count(neg_ratio, "neg_ratio")
        self.undirected = undirected
        key = (neg_ratio, split_ratio, name, "linkpred", *(["undirected"] * undirected))
        super().__init__(f"{name}-as-linkpred", hash_key=key, **kwargs)

    def process(self) -> None:
        """Split the edges."""
        if self.split_ratio is not None:
            self._draw(self.split_ratio)
        elif hasattr(self.dataset, "get_edge_split"):
            split = self.dataset.get_edge_split()
            self.train_graph = self.g
            self.val_edges, self.test_edges = _ogb_edges(split["valid"]), _ogb_edges(split["test"])
        else:
            raise GraphValueError(
                "Expected split_ratio for a dataset without get_edge_split, got None."
            )

    @property
    def feat_size(self) -> int:
        """Number of features of a node."""
        return int(self.train_graph.ndata["feat"].shape[-1])

    @property
    def g(self) -> Graph:
        """The whole graph, not transformed."""
        return self._graph

    @property
    def num_nodes(self) -> int:
        """Number of nodes."""
        return self._graph.num_nodes()

    def _draw(self, ratios: Sequence[float]) -> None:
        src, dst = self.g.edges()

        def draw() -> dict[str, Tensor]:
            split = _drawn_pairs(src, dst, ratios) if self.undirected else _drawn(len(src), ratios)
            count = self.neg_ratio * (len(split["valid"]) + len(split["test"]))
            ends = _pairs_without_edges(self.g, count)
            return {**split, "src": ends[0].long(), "dst": ends[1].long()}

        split = _saved(self, len(src), draw)
        train, val, test = (split[name].to(src) for name in NAMES)
        what = "ends of pairs without an edge"
        negative = _checks.paired(
            *(ids_of(split.get(name, []), self.num_nodes, what).to(src) for name in ("src", "dst"))
        )
        sizes = [self.neg_ratio * len(val), len(negative[0])]
        limit = min(sizes)
        self.val_edges = (src[val], dst[val]), (negative[0][:limit], negative[1][:limit])
        self.test_edges = (src[test], dst[test]), (negative[0][limit:], negative[1][limit:])
        self.train_graph = graph((src[train], dst[train]), num_nodes=self.num_nodes)
        self.train_graph.ndata.update(self.g.ndata)


class AsGraphPredDataset(GraphDataset):
    """A set of graphs prepared for the prediction of graphs.

    Args:
        dataset: a dataset of graphs with labels.
        split_ratio: the fractions of training, validation and test graphs; None takes the split
            of the dataset: its ``get_idx_split``, or its masks.
        **kwargs: passed to :class:`graphmp.data.GraphDataset`.

    Attributes:
        train_idx: the training graphs; ``val_idx`` and ``test_idx`` likewise.
        num_tasks: that of the dataset, else 1.
        num_classes: that of the dataset, else None.

    Raises:
        GraphValueError: not three fractions that sum to 1, or no ``split_ratio`` for a dataset
            without a split.

    Example:
        >>> import graphmp as gm
        >>> data = gm.data.AsGraphPredDataset(gm.data.MiniGCDataset(16, 10, 20), [0.5, 0.25, 0.25])
        >>> len(data), len(data.train_idx), data.num_classes
        (16, 8, 8)
    """

    def __init__(
        self, dataset: Any, split_ratio: Sequence[float] | None = None, **kwargs: Any
    ) -> None:
        self.dataset, self.split_ratio = dataset, split_ratio
        name = _name(dataset)
        key = (split_ratio, name, "graphpred")
        super().__init__(f"{name}-as-graphpred", hash_key=key, **kwargs)

    def process(self) -> None:
        """Split the graphs."""
        self.num_tasks = getattr(self.dataset, "num_tasks", 1)
        self.num_classes = getattr(self.dataset, "num_classes", None)
        self.train_idx, self.val_idx, self.test_idx = self._parts()

    def _parts(self) -> tuple[Tensor, ...]:
        if self.split_ratio is not None:
            ratios, size = check_ratios(self.split_ratio, 3).tolist(), len(self.dataset)
            split = _saved(self, size, lambda: _drawn(size, ratios))
            return tuple(split[name] for name in NAMES)
        if hasattr(self.dataset, "get_idx_split"):
            split = self.dataset.get_idx_split()
            return tuple(split["val" if n == "valid" and n not in split else n] for n in NAMES)
        if all(hasattr(self.dataset, name) for name in MASKS):
            return tuple(getattr(self.dataset, name).nonzero().view(-1) for name in MASKS)
        raise GraphValueError("Expected split_ratio for a dataset without a split, got None.")

    def __getitem__(self, idx: Any) -> Any:
        """Return an item of the dataset; its graph transformed."""
        item = self.dataset[idx]
        if self._transform is None:
            return item
        g, label = item
        return self._transform(g), label

    def __len__(self) -> int:
        """Return the number of graphs."""
        return len(self.dataset)

    @property
    def node_feat_size(self) -> int | None:
        """Number of features ``feat`` of a node, None without them."""
        return _width(self[0][0].ndata)

    @property
    def edge_feat_size(self) -> int | None:
        """Number of features ``feat`` of an edge, None without them."""
        return _width(self[0][0].edata)


def _drawn(size: int, ratios: Sequence[float]) -> dict[str, Tensor]:
    """A random split of items into training, validation and test items."""
    return dict(zip(NAMES, random_parts(size, ratios), strict=True))


def _drawn_pairs(src: Tensor, dst: Tensor, ratios: Sequence[float]) -> dict[str, Tensor]:
    """A random split of edges, those between the same two nodes in the same part."""
    ends = torch.stack([torch.minimum(src, dst), torch.maximum(src, dst)])
    pairs, pair_of_edge = (x.cpu() for x in torch.unique(ends, dim=1, return_inverse=True))
    part_of_pair = torch.empty(pairs.shape[1], dtype=torch.int64)
    for part, ids in enumerate(_drawn(pairs.shape[1], ratios).values()):
        part_of_pair[ids] = part
    part_of_edge = part_of_pair[pair_of_edge]
    return {name: (part_of_edge == part).nonzero().view(-1) for part, name in enumerate(NAMES)}


def _saved(dataset: Any, size: int, draw: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """The split that was saved in the folder of a dataset; else a new one, which is saved there.

    Without a folder, it is drawn and not saved.

    Raises:
        GraphValueError: the saved split is one of other items.
    """
    if dataset._save_dir is None and dataset._raw_dir is None:
        return draw()
    path = Path(dataset.save_path) / f"split_{dataset.hash}.gmp"
    if dataset._force_reload or not path.is_file():
        split = draw()
        save_tensors(path, split)
        return split
    split = load_tensors(path)
    parts = {name: split.get(name, torch.empty(0)) for name in NAMES}
    if sum(map(len, parts.values())) != size:
        raise GraphValueError(
            f"Expected the split of {size} items in {path}, got one of others; delete the file, or "
            "pass force_reload=True."
        )
    checked = {name: ids_of(ids, size, f"{name} of {path}") for name, ids in parts.items()}
    return {**split, **checked}


def _name(dataset: Any) -> str:
    """The name of a dataset."""
    if not hasattr(dataset, "name"):
        raise GraphTypeError(
            f"Expected a dataset, which has a name, got {_checks.kind(dataset)}; derive one from "
            "DGLDataset."
        )
    name: str = dataset.name
    return name


def _first(dataset: Any, ntype: str | None = None) -> Graph:
    """A copy of the only graph; with its labels, where they lie beside it as in OGB."""
    item = dataset[0]
    if not isinstance(item, tuple):
        copy: Graph = item.clone()
        return copy
    g: Graph = item[0].clone()
    if item[1] is not None and isinstance(item[1], Tensor):
        g.nodes[ntype].data["label"] = item[1].view(-1)
    return g


def _add_masks(data: Any, split: Any, size: int) -> None:
    for name, part in zip(MASKS, (split[name] for name in NAMES), strict=True):
        mask = torch.zeros(size, dtype=torch.bool)
        mask[torch.as_tensor(part)] = True
        data[name] = mask.to(data["label"].device)


def _pairs_without_edges(g: Graph, count: int) -> Ends:
    """Different pairs of different nodes without an edge; fewer where the graph has not as many."""
    size = g.num_nodes()
    src, dst = (ends.long() for ends in g.edges())
    existing = torch.unique(src * size + dst).cpu()
    pairs = torch.empty(0, dtype=torch.int64)
    for _ in range(20):
        drawn = torch.randint(max(size, 1) ** 2, (2 * (count - len(pairs)) + 8,))
        drawn = torch.unique(torch.cat([pairs, drawn]))
        fresh = (drawn // max(size, 1) != drawn % max(size, 1)) & ~torch.isin(drawn, existing)
        pairs = drawn[fresh & (drawn < size * size)]
        if len(pairs) >= count:
            break
    pairs = pairs[torch.randperm(len(pairs))[:count]]
    return (pairs // max(size, 1)).to(g.edges()[0]), (pairs % max(size, 1)).to(g.edges()[0])


def _ogb_edges(split: Any) -> tuple[Ends, Ends]:
    """Edges, and pairs without one, of a split of OGB."""
    if "source_node" in split:
        src, dst, negative = split["source_node"], split["target_node"], split["target_node_neg"]
        neg_src = src.repeat_interleave(negative.shape[-1])
        return (src, dst), (neg_src, negative.reshape(-1))
    edge, edge_neg = split["edge"], split["edge_neg"]
    return (edge[:, 0], edge[:, 1]), (edge_neg[:, 0], edge_neg[:, 1])


def _width(data: Any) -> int | None:
    return int(data["feat"].shape[-1]) if "feat" in data else None
