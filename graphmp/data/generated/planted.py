"""Random graphs with planted communities: a node classification task that needs no download."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ... import _checks
from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...graph import Graph
from ..dataset import SingleGraphDataset

Ints = NDArray[np.int64]


def planted_communities(
    num_nodes: int = 1200,
    num_classes: int = 6,
    mean_degree: float = 6.0,
    homophily: float = 0.8,
    num_feats: int = 240,
    words_per_node: int = 16,
    signal: float = 0.2,
    train_per_class: int = 20,
    num_val: int = 300,
    seed: int = 0,
) -> Graph:
    """Make a random graph whose classes show in its edges and, faintly, in its features.

    All classes have the same size. An edge stays within a class with probability ``homophily``,
    else its other end is any node. Features are bags of words: a word is one of the node's class
    with probability ``signal``, else any word. So a node's own words say little, and those of its
    neighbours together say much.

    Args:
        num_nodes: number of nodes N.
        num_classes: number of classes, at most ``num_feats``.
        mean_degree: mean in-degree, before duplicates are dropped.
        homophily: from 0, where edges ignore the classes, to 1, where none crosses them.
        num_feats: number of words D.
        words_per_node: number of words drawn for each node.
        signal: from 0, where features ignore the classes, to 1.
        train_per_class: number of training nodes in each class.
        num_val: number of validation nodes; the rest are test nodes.
        seed: the same seed gives the same graph.

    Returns:
        A graph with each edge in both directions, sorted by (source, destination), without
        duplicates and self-loops. It has ``feat`` (N, D) float32, rows scaled to sum 1; ``label``
        (N,) int64; and ``train_mask``, ``val_mask``, ``test_mask`` (N,) bool.

    Raises:
        GraphTypeError: a number of things is not an int.
        GraphValueError: a number is out of range, or there are too few nodes for the split.

    Example:
        >>> import graphmp as gm
        >>> g = gm.data.planted_communities(num_nodes=300, num_classes=3, num_val=60, seed=1)
        >>> g.num_nodes(), int(g.ndata["train_mask"].sum()), int(g.ndata["test_mask"].sum())
        (300, 60, 180)
    """
    _check_counts(num_nodes, num_classes, num_feats, words_per_node)
    _check_split(num_nodes, num_classes, train_per_class, num_val)
    _check_rates(mean_degree, homophily, signal)
    rng = np.random.default_rng(_checks.count(seed, "seed"))
    label = rng.permutation(np.arange(num_nodes) % num_classes)
    src, dst = _edges(rng, label, round(num_nodes * mean_degree / 2), homophily)
    feat = _bags_of_words(rng, label, num_feats, words_per_node, signal)
    g = graph((torch.from_numpy(src), torch.from_numpy(dst)), num_nodes=num_nodes)
    g.ndata["feat"] = torch.from_numpy(feat)
    g.ndata["label"] = torch.from_numpy(label)
    for name, mask in _split(rng, label, train_per_class, num_val).items():
        g.ndata[name] = torch.from_numpy(mask)
    return g


class PlantedCommunityDataset(SingleGraphDataset):
    """One graph of :func:`planted_communities`, as a dataset that needs no download.

    Args:
        seed: the same seed gives the same graph.
        transform: a function that is applied to the graph on access.
        **settings: passed to :func:`planted_communities`.

    Example:
        >>> import graphmp as gm
        >>> dataset = gm.data.PlantedCommunityDataset()
        >>> dataset.num_classes, dataset[0].num_nodes()
        (6, 1200)
    """

    def __init__(
        self,
        seed: int = 0,
        transform: Callable[[Any], Any] | None = None,
        **settings: Any,
    ) -> None:
        self._settings = {"seed": seed, **settings}
        super().__init__("planted_communities", transform=transform)

    def process(self) -> None:
        """Build the graph."""
        self._graph = planted_communities(**self._settings)


def _check_counts(num_nodes: int, num_classes: int, num_feats: int, words_per_node: int) -> None:
    counts = {
        "num_nodes": num_nodes,
        "num_classes": num_classes,
        "num_feats": num_feats,
        "words_per_node": words_per_node,
    }
    for name, value in counts.items():
        _checks.positive(value, name)
    if num_classes > num_feats:
        raise GraphValueError(
            f"Expected a word for each class, got {num_classes} classes and {num_feats} words; "
            "increase num_feats."
        )


def _check_split(num_nodes: int, num_classes: int, train_per_class: int, num_val: int) -> None:
    _checks.count(train_per_class, "train_per_class")
    _checks.count(num_val, "num_val")
    needed = num_classes * train_per_class + num_val
    if train_per_class > num_nodes // num_classes or needed > num_nodes:
        raise GraphValueError(
            f"Expected {train_per_class} training nodes in each of {num_classes} classes and "
            f"{num_val} validation nodes, got {num_nodes} nodes in all; increase num_nodes, or "
            "reduce train_per_class or num_val."
        )


def _check_rates(mean_degree: float, homophily: float, signal: float) -> None:
    limits = {
        "mean_degree": (mean_degree, float("inf")),
        "homophily": (homophily, 1.0),
        "signal": (signal, 1.0),
    }
    for name, (value, limit) in limits.items():
        if not 0 <= value <= limit or value == float("inf"):
            raise GraphValueError(f"Expected {name} to be from 0 to {limit}, got {value}.")


def _edges(
    rng: np.random.Generator, label: Ints, num_pairs: int, homophily: float
) -> tuple[Ints, Ints]:
    """Draw pairs of nodes and give each, once in each direction, sorted by (src, dst)."""
    num_nodes, num_classes = len(label), int(label.max()) + 1
    ends = rng.integers(num_nodes, size=num_pairs)
    others = rng.integers(num_nodes, size=num_pairs)
    inside = rng.random(num_pairs) < homophily
    others[inside] = _any_of_class(rng, label, num_classes, label[ends[inside]])
    differ = ends != others
    ends, others = ends[differ], others[differ]
    keys = np.unique(np.concatenate([ends * num_nodes + others, others * num_nodes + ends]))
    return keys // num_nodes, keys % num_nodes


def _any_of_class(rng: np.random.Generator, label: Ints, num_classes: int, wanted: Ints) -> Ints:
    """Draw a node of each wanted class."""
    members = np.argsort(label, kind="stable")
    sizes = np.bincount(label, minlength=num_classes)
    starts = np.cumsum(sizes) - sizes
    drawn: Ints = members[starts[wanted] + rng.integers(sizes[wanted])]
    return drawn


def _bags_of_words(
    rng: np.random.Generator, label: Ints, num_feats: int, words_per_node: int, signal: float
) -> NDArray[np.float32]:
    """Draw the words of each node: (N, D), 1/n for each of its n different words."""
    num_nodes, num_classes = len(label), int(label.max()) + 1
    shape = (num_nodes, words_per_node)
    words = rng.integers(num_feats, size=shape)
    of_class = rng.integers(num_feats // num_classes, size=shape) * num_classes + label[:, None]
    words = np.where(rng.random(shape) < signal, of_class, words)
    bags = np.zeros((num_nodes, num_feats), np.float32)
    bags[np.arange(num_nodes)[:, None], words] = 1
    bags /= bags.sum(axis=1, keepdims=True)
    return bags


def _split(
    rng: np.random.Generator, label: Ints, train_per_class: int, num_val: int
) -> dict[str, NDArray[np.bool_]]:
    """Choose training nodes of every class; then validation and test nodes from the others."""
    order = rng.permutation(len(label))
    masks = {name: np.zeros(len(label), bool) for name in ("train_mask", "val_mask", "test_mask")}
    for each in range(int(label.max()) + 1):
        masks["train_mask"][order[label[order] == each][:train_per_class]] = True
    rest = order[~masks["train_mask"][order]]
    masks["val_mask"][rest[:num_val]] = True
    masks["test_mask"][rest[num_val:]] = True
    return masks
