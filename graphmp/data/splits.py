"""Splits of data sets and of their nodes, as indices and as masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils import data

from .. import _checks
from ..errors import GraphIndexError, GraphTypeError, GraphValueError
from ..graph import Graph

__all__ = [
    "Subset",
    "add_node_property_split",
    "add_nodepred_split",
    "check_ratios",
    "generate_mask_tensor",
    "idx2mask",
    "mask_nodes_by_property",
    "random_parts",
    "split_dataset",
]

MASKS = ("train_mask", "val_mask", "test_mask")
PROPERTY_MASKS = (
    "in_train_mask",
    "in_valid_mask",
    "in_test_mask",
    "out_valid_mask",
    "out_test_mask",
)

Array = NDArray[Any]


class Subset(data.Subset[Any]):
    """Some items of a dataset.

    Args:
        dataset: anything with items.
        indices: the numbers of the items.

    Example:
        >>> import graphmp as gm
        >>> part = gm.data.Subset(gm.data.MiniGCDataset(8, 10, 20), [0, 3, 5])
        >>> part
        Subset(MiniGCDataset, 3 of 8 items)
        >>> len(part)
        3
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        super().__init__(dataset, indices)

    def __repr__(self) -> str:
        try:
            whole = f" of {len(self.dataset):,}"  # type: ignore[arg-type]
        except (AttributeError, NotImplementedError, TypeError):
            whole = ""
        return f"{type(self).__name__}({type(self.dataset).__name__}, {len(self):,}{whole} items)"


def split_dataset(
    dataset: Any,
    frac_list: Sequence[float] | None = None,
    shuffle: bool = False,
    random_state: int | None = None,
) -> list[Subset]:
    """Split a dataset into consecutive or random parts.

    Args:
        dataset: anything with a length and items.
        frac_list: the fraction of each part, 1 in all; by default 0.8, 0.1 and 0.1.
        shuffle: whether to permute the items first.
        random_state: the seed of the permutation; None for another one at each call.

    Returns:
        A subset for each fraction.

    Raises:
        GraphValueError: fractions that are negative or do not sum to 1.

    Example:
        >>> import graphmp as gm
        >>> [list(part.indices) for part in gm.data.split_dataset(range(10), [0.5, 0.3, 0.2])]
        [[0, 1, 2, 3, 4], [5, 6, 7], [8, 9]]
    """
    fractions = check_ratios([0.8, 0.1, 0.1] if frac_list is None else frac_list)
    sizes = (len(dataset) * fractions).astype(np.int64)
    sizes[-1] = len(dataset) - sizes[:-1].sum()
    order = np.arange(len(dataset))
    if shuffle:
        order = np.random.RandomState(random_state).permutation(len(dataset))
    parts = np.split(order, np.cumsum(sizes)[:-1])
    return [Subset(dataset, part.tolist()) for part in parts]


def check_ratios(ratios: Sequence[float], count: int | None = None) -> Array:
    """Check fractions that sum to 1.

    Args:
        ratios: the fractions.
        count: how many there must be.

    Raises:
        GraphValueError: another number, negative ones, or another sum.
    """
    fractions = np.asarray(ratios, np.float64)
    fits = fractions.ndim == 1 and len(fractions) == (count or len(fractions)) > 0
    if not fits or (fractions < 0).any() or not np.isclose(fractions.sum(), 1):
        raise GraphValueError(
            f"Expected {count or 'some'} fractions from 0 that sum to 1, got {ratios!r}."
        )
    return fractions


def random_parts(size: int, ratios: Sequence[float]) -> tuple[Tensor, Tensor, Tensor]:
    """Draw a random split of ``range(size)`` into three parts; the last takes what is left.

    Args:
        size: how many items there are.
        ratios: three fractions.

    Raises:
        GraphValueError: other fractions.
    """
    train, val, _ = check_ratios(ratios, 3)
    order = torch.randperm(size)
    first, second = int(size * train), int(size * train) + int(size * val)
    return order[:first], order[first:second], order[second:]


def ids_of(ids: Any, size: int, what: str) -> Tensor:
    """Checked ids from a file: (n,) int64.

    Args:
        ids: the ids.
        size: how many there are.
        what: what they are, for the error.

    Raises:
        GraphValueError: other values, or out of range.
    """
    try:
        return _checks.ids(ids, torch.int64, torch.device("cpu"), size, what)
    except (GraphIndexError, GraphTypeError) as error:
        raise GraphValueError(str(error)) from error


def mask_of(ids: Any, size: int, what: str) -> Tensor:
    """The mask of ids from a file: (size,) bool.

    Args:
        ids: the ids.
        size: how many there are.
        what: what they are, for the error.

    Raises:
        GraphValueError: other values, or out of range.
    """
    mask = torch.zeros(size, dtype=torch.bool)
    mask[ids_of(ids, size, what)] = True
    return mask


def idx2mask(idx: Any, len: int) -> Array:  # noqa: A002
    """Return a mask as an array of numbers: 1 at the indices, 0 elsewhere.

    Args:
        idx: indices.
        len: the length of the mask.

    Raises:
        GraphIndexError: an index out of range.

    Example:
        >>> import graphmp as gm
        >>> gm.data.idx2mask([0, 2], 3)
        array([1., 0., 1.])
    """
    if isinstance(idx, Tensor):
        idx = idx.cpu().long()
    mask = np.zeros(len)
    mask[_checks.ids(idx, torch.int64, torch.device("cpu"), len, "Indices of the mask")] = 1
    return mask


def generate_mask_tensor(mask: Array) -> Tensor:
    """Return an array as a boolean tensor.

    Args:
        mask: numbers, of which those other than 0 are True.

    Raises:
        GraphTypeError: not an array.

    Example:
        >>> import graphmp as gm
        >>> gm.data.generate_mask_tensor(gm.data.idx2mask([1], 3))
        tensor([False,  True, False])
    """
    if not isinstance(mask, np.ndarray):
        raise GraphTypeError(f"Expected a mask as an array of NumPy, got {_checks.kind(mask)}.")
    return torch.as_tensor(mask).bool()


def add_nodepred_split(dataset: Any, ratio: Sequence[float], ntype: str | None = None) -> None:
    """Split the nodes of each graph at random, as masks.

    The graphs get ``train_mask``, ``val_mask`` and ``test_mask`` (N,) bool. ``torch.manual_seed``
    decides the split.

    Args:
        dataset: a dataset or a list of graphs.
        ratio: the fractions of training, validation and test nodes.
        ntype: the node type.

    Raises:
        GraphTypeError: a graph that is not in a list.
        GraphValueError: not three fractions that sum to 1.

    Example:
        >>> import graphmp as gm
        >>> g = gm.rand_graph(10, 30)
        >>> gm.data.add_nodepred_split([g], (0.6, 0.2, 0.2))
        >>> [int(g.ndata[f"{part}_mask"].sum()) for part in ("train", "val", "test")]
        [6, 2, 2]
    """
    check_ratios(ratio, 3)
    for g in _graphs(dataset):
        size = g.num_nodes(ntype)
        for name, part in zip(MASKS, random_parts(size, ratio), strict=True):
            mask = torch.zeros(size, dtype=torch.bool)
            mask[part] = True
            g.nodes[ntype].data[name] = mask.to(g.device)


def _graphs(dataset: Any) -> Iterator[Graph]:
    """The graphs to split.

    Raises:
        GraphTypeError: a graph.
    """
    if isinstance(dataset, Graph):
        raise GraphTypeError("Expected a dataset or a list of graphs, got a graph; pass [g].")
    return (dataset[idx] for idx in range(len(dataset)))


def mask_nodes_by_property(
    property_values: Array, part_ratios: Sequence[float], random_seed: int | None = None
) -> dict[str, Tensor]:
    """Split nodes by a property: those with the least values are in distribution.

    Args:
        property_values: (N,) the value of each node.
        part_ratios: five fractions: training, validation and test nodes in distribution, and
            validation and test nodes out of it.
        random_seed: the seed of the order of equal values and of the nodes in distribution.

    Returns:
        ``in_train_mask``, ``in_valid_mask``, ``in_test_mask``, ``out_valid_mask`` and
        ``out_test_mask``, each (N,) bool.

    Raises:
        GraphValueError: not five fractions that sum to 1.
    """
    fractions = check_ratios(part_ratios, 5)
    num_nodes = len(property_values)
    sizes = np.round(num_nodes * fractions).astype(np.int64)
    sizes[-1] -= sizes.sum() - num_nodes
    generator = np.random.RandomState(random_seed)
    order = generator.permutation(num_nodes)
    order = order[np.argsort(np.asarray(property_values)[order])]
    inside = int(sizes[:3].sum())
    order[:inside] = generator.permutation(order[:inside])
    parts = np.split(order, np.cumsum(sizes)[:-1])
    return {
        name: generate_mask_tensor(idx2mask(part, num_nodes))
        for name, part in zip(PROPERTY_MASKS, parts, strict=True)
    }


def add_node_property_split(
    dataset: Any,
    part_ratios: Sequence[float],
    property_name: str,
    ascending: bool = True,
    random_seed: int | None = None,
) -> None:
    """Split the nodes of each graph by a property of the graph's structure, as masks.

    See `Evaluating Robustness and Uncertainty of Graph Models Under Structural Distributional
    Shifts <https://arxiv.org/abs/2302.13875>`__ and :func:`mask_nodes_by_property`.

    Args:
        dataset: a dataset or a list of graphs of one type.
        part_ratios: see :func:`mask_nodes_by_property`.
        property_name: ``"popularity"`` (PageRank), ``"locality"`` (personalized PageRank of the
            most popular node) or ``"density"`` (clustering coefficient).
        ascending: whether nodes with large values are in distribution; else those with small ones.
        random_seed: see :func:`mask_nodes_by_property`.

    Raises:
        GraphTypeError: a graph that is not in a list.
        GraphValueError: another property, or not five fractions that sum to 1.
    """
    if property_name not in _PROPERTIES:
        names = ", ".join(_PROPERTIES)
        raise GraphValueError(
            f"Expected property_name to be one of {names}, got {property_name!r}."
        )
    check_ratios(part_ratios, 5)
    import networkx as nx

    for g in _graphs(dataset):
        values = _PROPERTIES[property_name](nx.Graph(g.to_networkx()))
        ranks = np.array([values[node] for node in range(g.num_nodes())])
        masks = mask_nodes_by_property(-ranks if ascending else ranks, part_ratios, random_seed)
        for name, mask in masks.items():
            g.ndata[name] = mask.to(g.device)


def _popularity(nx_graph: Any) -> dict[int, float]:
    import networkx as nx

    ranks: dict[int, float] = nx.pagerank(nx_graph)
    return ranks


def _locality(nx_graph: Any) -> dict[int, float]:
    import networkx as nx

    ranks = _popularity(nx_graph)
    start = dict.fromkeys(ranks, 0.0)
    start[max(ranks, key=lambda node: ranks[node])] = 1.0
    local: dict[int, float] = nx.pagerank(nx_graph, personalization=start)
    return local


def _density(nx_graph: Any) -> dict[int, float]:
    import networkx as nx

    coefficients: dict[int, float] = nx.clustering(nx_graph)
    return coefficients


_PROPERTIES: dict[str, Callable[[Any], dict[int, float]]] = {
    "popularity": _popularity,
    "locality": _locality,
    "density": _density,
}
