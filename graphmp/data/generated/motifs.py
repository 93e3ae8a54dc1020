"""Base graphs with motifs attached, for explanations: which part of a graph matters?

From `GNNExplainer <https://arxiv.org/abs/1903.03894>`__ (R. Ying and others, NeurIPS 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ... import _checks
from ... import random as _random
from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...graph import Graph
from ...transforms import reorder_graph
from ..builtin import BuiltinDataset
from ..dataset import SingleGraphDataset
from ..sources import Folder

Pairs = list[tuple[int, int]]

HOUSE: Pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (4, 0), (4, 1)]
HOUSE_LABELS = [1, 1, 2, 2, 3]  # the middle, the ground, the roof


class _MotifDataset(BuiltinDataset, SingleGraphDataset):
    """A base graph with motifs; the constructors of subclasses store their settings first."""

    seed: int | None

    def __init__(
        self,
        name: str,
        raw_dir: Folder | None,
        force_reload: bool,
        verbose: bool,
        transform: Callable[[Any], Any] | None,
    ) -> None:
        super().__init__(
            name,
            url=None,
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def _rng(self) -> np.random.RandomState:
        return np.random.RandomState(_random.key() % 2**32 if self.seed is None else self.seed)


class BAShapeDataset(_MotifDataset):
    """A Barabási–Albert graph with houses: which part of a house is a node, if any?

    Each house of five nodes is joined to a base node by one edge; then edges between random nodes
    are added. Every edge goes one way: :func:`graphmp.add_reverse_edges` adds the other. Nodes are
    numbered by reverse Cuthill-McKee and edges sorted by destination, as in DGL. The graph has
    ``label`` (N,) int64, 0 to 3, and ``feat`` (N, 1) ones. networkx and SciPy are needed.

    Args:
        num_base_nodes: number of base nodes.
        num_base_edges_per_node: number of edges of each new base node.
        num_motifs: number of houses, at most ``num_base_nodes``.
        perturb_ratio: how many random edges to add, as a fraction of the edges.
        seed: the seed of all draws; None draws one.
        raw_dir: ignored, as graphs are not cached.
        force_reload: ignored, as graphs are not cached.
        verbose: ignored.
        transform: a function that is applied to the graph on access.

    Raises:
        GraphTypeError: a number that is not an int.
        GraphValueError: a number out of range.

    Example:
        >>> import graphmp as gm
        >>> data = gm.data.BAShapeDataset(seed=0)
        >>> data.num_classes, data[0].num_nodes()
        (4, 700)
    """

    def __init__(
        self,
        num_base_nodes: int = 300,
        num_base_edges_per_node: int = 5,
        num_motifs: int = 80,
        perturb_ratio: float = 0.01,
        seed: int | None = None,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = True,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        _check_base(num_base_nodes, num_base_edges_per_node, num_motifs)
        self.num_base_nodes, self.num_motifs, self.seed = num_base_nodes, num_motifs, seed
        self.num_base_edges_per_node = num_base_edges_per_node
        self.perturb_ratio = perturb_ratio
        super().__init__("BA-SHAPES", raw_dir, force_reload, verbose, transform)

    def process(self) -> None:
        """Build the graph."""
        self._graph = _ordered(
            ba_shapes(
                self.num_base_nodes,
                self.num_base_edges_per_node,
                self.num_motifs,
                self.perturb_ratio,
                self.seed,
                self._rng(),
            )
        )

    @property
    def num_classes(self) -> int:
        """4: no house, its middle, its ground, its roof."""
        return 4


class BACommunityDataset(_MotifDataset):
    """Two graphs of :class:`BAShapeDataset`, joined: which part of which community is a node?

    The graph has ``label`` (N,) int64, 0 to 7, and ``feat`` (N, 10) float64, drawn from a normal
    distribution around -1 or 1 in the first two columns.

    Args:
        num_base_nodes: see :class:`BAShapeDataset`.
        num_base_edges_per_node: see :class:`BAShapeDataset`.
        num_motifs: see :class:`BAShapeDataset`.
        perturb_ratio: see :class:`BAShapeDataset`.
        num_inter_edges: number of edges between the communities.
        seed: the seed of all draws; None draws one.
        raw_dir: ignored, as graphs are not cached.
        force_reload: ignored, as graphs are not cached.
        verbose: ignored.
        transform: a function that is applied to the graph on access.

    Raises:
        GraphTypeError: a number that is not an int.
        GraphValueError: a number out of range.

    Example:
        >>> import graphmp as gm
        >>> data = gm.data.BACommunityDataset(seed=0)
        >>> data.num_classes, data[0].num_nodes()
        (8, 1400)
    """

    def __init__(
        self,
        num_base_nodes: int = 300,
        num_base_edges_per_node: int = 4,
        num_motifs: int = 80,
        perturb_ratio: float = 0.01,
        num_inter_edges: int = 350,
        seed: int | None = None,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = True,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        _check_base(num_base_nodes, num_base_edges_per_node, num_motifs)
        self.num_base_nodes, self.num_motifs, self.seed = num_base_nodes, num_motifs, seed
        self.num_base_edges_per_node = num_base_edges_per_node
        self.perturb_ratio = perturb_ratio
        self.num_inter_edges = _checks.count(num_inter_edges, "num_inter_edges")
        super().__init__("BA-COMMUNITY", raw_dir, force_reload, verbose, transform)

    def process(self) -> None:
        """Build the graph."""
        rng = self._rng()
        first, second = (
            ba_shapes(
                self.num_base_nodes,
                self.num_base_edges_per_node,
                self.num_motifs,
                self.perturb_ratio,
                int(rng.randint(2**31)),
                rng,
            )
            for _ in range(2)
        )
        size = first.num_nodes()
        src, dst = (
            torch.cat(
                [a, b + size, torch.from_numpy(rng.randint(low, low + size, self.num_inter_edges))]
            )
            for a, b, low in zip(first.edges(), second.edges(), (0, size), strict=True)
        )
        g = graph((src, dst), num_nodes=2 * size)
        g.ndata["label"] = torch.cat([first.ndata["label"], second.ndata["label"] + 4])
        g.ndata["feat"] = torch.from_numpy(
            np.concatenate([_features(rng, mean, size) for mean in (-1.0, 1.0)])
        )
        self._graph = _ordered(g)

    @property
    def num_classes(self) -> int:
        """4 in each of the two communities."""
        return 8


class TreeCycleDataset(_MotifDataset):
    """A balanced binary tree with cycles: is a node part of a cycle?

    Each cycle is joined to a node of the tree by one edge or two; then edges between random nodes
    are added. The graph has ``label`` (N,) int64, 0 or 1, and ``feat`` (N, 1) ones, and is ordered
    as that of :class:`BAShapeDataset`.

    Args:
        tree_height: height of the tree, whose root has the height 0.
        num_motifs: number of cycles, at most that of the nodes of the tree.
        cycle_size: number of nodes of a cycle, at least 3.
        perturb_ratio: how many random edges to add, as a fraction of the edges.
        seed: the seed of all draws; None draws one.
        raw_dir: ignored, as graphs are not cached.
        force_reload: ignored, as graphs are not cached.
        verbose: ignored.
        transform: a function that is applied to the graph on access.

    Raises:
        GraphTypeError: a number that is not an int.
        GraphValueError: a number out of range.

    Example:
        >>> import graphmp as gm
        >>> data = gm.data.TreeCycleDataset(seed=0)
        >>> data.num_classes, data[0].num_nodes()
        (2, 871)
    """

    def __init__(
        self,
        tree_height: int = 8,
        num_motifs: int = 60,
        cycle_size: int = 6,
        perturb_ratio: float = 0.01,
        seed: int | None = None,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = True,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        _check_tree(tree_height, num_motifs)
        _at_least(cycle_size, 3, "cycle_size")
        self.tree_height, self.num_motifs, self.cycle_size = tree_height, num_motifs, cycle_size
        self.perturb_ratio, self.seed = perturb_ratio, seed
        super().__init__("TREE-CYCLES", raw_dir, force_reload, verbose, transform)

    def process(self) -> None:
        """Build the graph."""
        rng, size = self._rng(), self.cycle_size
        pairs, num_nodes = _tree(self.tree_height)
        cycle = [(node, node + 1) for node in range(size - 1)] + [(size - 1, 0)]
        last = min(4, size)

        def bridges(start: int, anchor: int) -> Pairs:
            extra = rng.random_sample() > 0.5
            ends = (start + rng.randint(1, last), anchor + rng.randint(1, last)) if extra else None
            return [(start, anchor)] + ([ends] if ends else [])

        g = _attach(pairs, num_nodes, cycle, [1] * size, self.num_motifs, bridges)
        self._graph = _ordered(_perturbed(g, self.perturb_ratio, rng))

    @property
    def num_classes(self) -> int:
        """2: in the tree, in a cycle."""
        return 2


class TreeGridDataset(_MotifDataset):
    """A balanced binary tree with grids: is a node part of a grid?

    Each grid is joined to a node of the tree by one edge; then edges between random nodes are
    added. The graph has ``label`` (N,) int64, 0 or 1, and ``feat`` (N, 1) ones, and is ordered as
    that of :class:`BAShapeDataset`.

    Args:
        tree_height: height of the tree, whose root has the height 0.
        num_motifs: number of grids, at most that of the nodes of the tree.
        grid_size: number of nodes of a side of a grid.
        perturb_ratio: how many random edges to add, as a fraction of the edges.
        seed: the seed of all draws; None draws one.
        raw_dir: ignored, as graphs are not cached.
        force_reload: ignored, as graphs are not cached.
        verbose: ignored.
        transform: a function that is applied to the graph on access.

    Raises:
        GraphTypeError: a number that is not an int.
        GraphValueError: a number out of range.

    Example:
        >>> import graphmp as gm
        >>> data = gm.data.TreeGridDataset(seed=0)
        >>> data.num_classes, data[0].num_nodes()
        (2, 1231)
    """

    def __init__(
        self,
        tree_height: int = 8,
        num_motifs: int = 80,
        grid_size: int = 3,
        perturb_ratio: float = 0.1,
        seed: int | None = None,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = True,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        _check_tree(tree_height, num_motifs)
        _at_least(grid_size, 2, "grid_size")
        self.tree_height, self.num_motifs, self.grid_size = tree_height, num_motifs, grid_size
        self.perturb_ratio, self.seed = perturb_ratio, seed
        super().__init__("TREE-GRIDS", raw_dir, force_reload, verbose, transform)

    def process(self) -> None:
        """Build the graph."""
        import networkx as nx

        pairs, num_nodes = _tree(self.tree_height)
        motif = nx.convert_node_labels_to_integers(nx.grid_graph([self.grid_size] * 2))
        labels = [1] * self.grid_size**2
        g = _attach(pairs, num_nodes, list(motif.edges()), labels, self.num_motifs)
        self._graph = _ordered(_perturbed(g, self.perturb_ratio, self._rng()))

    @property
    def num_classes(self) -> int:
        """2: in the tree, in a grid."""
        return 2


def ba_shapes(
    num_base_nodes: int,
    num_base_edges_per_node: int,
    num_motifs: int,
    perturb_ratio: float,
    seed: int | None,
    rng: np.random.RandomState,
) -> Graph:
    """A Barabási–Albert graph with houses; see :class:`BAShapeDataset`.

    Args:
        num_base_nodes: number of base nodes.
        num_base_edges_per_node: number of edges of each new base node.
        num_motifs: number of houses.
        perturb_ratio: how many random edges to add.
        seed: the seed of the base graph; None draws one from ``rng``.
        rng: the generator of random edges.
    """
    import networkx as nx

    seed = int(rng.randint(2**31)) if seed is None else seed
    base = nx.barabasi_albert_graph(num_base_nodes, num_base_edges_per_node, seed)
    g = _attach(list(base.edges()), num_base_nodes, HOUSE, HOUSE_LABELS, num_motifs)
    return _perturbed(g, perturb_ratio, rng)


def _tree(height: int) -> tuple[Pairs, int]:
    import networkx as nx

    tree = nx.balanced_tree(r=2, h=height)
    return list(tree.edges()), tree.number_of_nodes()


def _one_bridge(start: int, anchor: int) -> Pairs:
    return [(start, anchor)]


def _attach(
    pairs: Pairs,
    num_base_nodes: int,
    motif: Pairs,
    motif_labels: Sequence[int],
    num_motifs: int,
    bridges: Callable[[int, int], Pairs] = _one_bridge,
) -> Graph:
    """Attach motifs to evenly spaced base nodes."""
    spacing = num_base_nodes // max(num_motifs, 1)
    pairs, labels = list(pairs), [0] * num_base_nodes
    for number in range(num_motifs):
        start = len(labels)
        pairs += [(start + u, start + v) for u, v in motif]
        pairs += bridges(start, number * spacing)
        labels += motif_labels
    g = graph(torch.tensor(pairs, dtype=torch.int64).unbind(1), num_nodes=len(labels))
    g.ndata["label"] = torch.tensor(labels, dtype=torch.int64)
    g.ndata["feat"] = torch.ones(len(labels), 1)
    return g


def _perturbed(g: Graph, ratio: float, rng: np.random.RandomState) -> Graph:
    """Add edges between different random nodes that have none."""
    size, num_edges = g.num_nodes(), g.num_edges()
    most = (size * (size - 1) - num_edges) / max(num_edges, 1)
    if not 0 <= ratio <= most:
        raise GraphValueError(f"Expected perturb_ratio from 0 to {most:.4f}, got {ratio}.")
    src, dst = (ends.tolist() for ends in g.edges())
    existing = set(zip(src, dst, strict=True))
    fresh: Pairs = []
    while len(fresh) < int(num_edges * ratio):
        u, v = int(rng.randint(0, size)), int(rng.randint(0, size))
        if u != v and (u, v) not in existing:
            existing.add((u, v))
            fresh.append((u, v))
    ends = torch.tensor(fresh, dtype=torch.int64).view(-1, 2)
    g.add_edges(ends[:, 0], ends[:, 1])
    return g


def _ordered(g: Graph) -> Graph:
    ordered: Graph = reorder_graph(g, "rcmk", edge_permute_algo="dst", store_ids=False)
    return ordered


def _features(rng: np.random.RandomState, mean: float, size: int) -> Any:
    """Normal features of one community; the first two columns have a mean."""
    center, variance = np.array([mean] * 2 + [0.0] * 8), np.array([0.5] * 2 + [1.0] * 8)
    return rng.multivariate_normal(center, np.diag(variance), size)


def _check_base(num_base_nodes: int, num_edges: int, num_motifs: int) -> None:
    _at_least(num_base_nodes, 2, "num_base_nodes")
    _at_least(num_edges, 1, "num_base_edges_per_node")
    _checks.count(num_motifs, "num_motifs")
    if num_edges >= num_base_nodes or num_motifs > num_base_nodes:
        raise GraphValueError(
            f"Expected less edges of a node than nodes and at most as many motifs as nodes, got "
            f"{num_edges} edges, {num_motifs} motifs and {num_base_nodes} nodes."
        )


def _check_tree(height: int, num_motifs: int) -> None:
    _at_least(height, 1, "tree_height")
    most = 2 ** (min(height, 30) + 1) - 1
    if _checks.count(num_motifs, "num_motifs") > most:
        raise GraphValueError(f"Expected at most {most} motifs, one a node, got {num_motifs}.")


def _at_least(value: int, least: int, name: str) -> None:
    if _checks.count(value, name) < least:
        raise GraphValueError(f"Expected {name} to be at least {least}, got {value}.")
