"""Graphs of eight kinds, told apart by their structure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ... import _checks
from ... import random as _random
from ...construct.from_other import from_networkx
from ...errors import GraphValueError
from ...graph import Graph
from ...transforms import add_self_loop
from ..many import LabelledGraphsDataset


class MiniGCDataset(LabelledGraphsDataset):
    """A set of graphs of eight kinds: which kind is a graph?

    An eighth of the graphs is of each kind, in order: cycles, stars, wheels, lollipops, hypercubes,
    grids, cliques and circular ladders. Each node has an edge to itself. The same seed gives the
    same graphs, those of DGL. networkx is needed.

    Args:
        num_graphs: number of graphs.
        min_num_v: the least number of nodes, at least 6.
        max_num_v: above the greatest number of nodes.
        seed: the seed of the sizes; None draws one.
        save_graph: ignored, as graphs are not cached.
        force_reload: ignored, as graphs are not cached.
        verbose: ignored.
        transform: a function that is applied to each graph on access.

    Attributes:
        graphs: the graphs.
        labels: (num_graphs,) int64, the kinds.

    Raises:
        GraphTypeError: a number that is not an int.
        GraphValueError: sizes out of range.

    Example:
        >>> import graphmp as gm
        >>> data = gm.data.MiniGCDataset(16, 10, 20)
        >>> g, label = data[1]
        >>> len(data), data.num_classes, g.num_nodes(), int(label)
        (16, 8, 10, 0)
    """

    def __init__(
        self,
        num_graphs: int,
        min_num_v: int,
        max_num_v: int,
        seed: int | None = 0,
        save_graph: bool = True,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.num_graphs = _checks.count(num_graphs, "num_graphs")
        self.min_num_v = _checks.count(min_num_v, "min_num_v")
        self.max_num_v = _checks.count(max_num_v, "max_num_v")
        if not 6 <= min_num_v < max_num_v:
            raise GraphValueError(
                f"Expected min_num_v from 6 and below max_num_v, got {min_num_v} and {max_num_v}."
            )
        self.seed, self.save_graph = seed, save_graph
        super().__init__(
            "minigc",
            hash_key=(num_graphs, min_num_v, max_num_v, seed),
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Build the graphs."""
        import networkx as nx

        rng = np.random.RandomState(_random.key() % 2**32 if self.seed is None else self.seed)
        each = self.num_graphs // len(KINDS)
        counts = [each] * (len(KINDS) - 1)
        counts.append(self.num_graphs - sum(counts))
        kinds = [kind for kind, count in enumerate(counts) for _ in range(count)]
        drawn = [KINDS[kind](nx, rng, self._size(rng)) for kind in kinds]
        plain = [nx.convert_node_labels_to_integers(nx_graph) for nx_graph in drawn]
        self.graphs = [add_self_loop(from_networkx(g)) for g in plain]
        self.labels = torch.tensor(kinds, dtype=torch.int64)

    @property
    def _graphs(self) -> list[Graph]:  # type: ignore[override]
        """The graphs, which subclasses may set."""
        return self.graphs

    @property
    def _labels(self) -> Tensor:  # type: ignore[override]
        """The labels, which subclasses may set."""
        return self.labels

    @property
    def num_classes(self) -> int:
        """8 kinds."""
        return len(KINDS)

    def _size(self, rng: np.random.RandomState) -> int:
        return int(rng.randint(self.min_num_v, self.max_num_v))


def _lollipop(nx: Any, rng: np.random.RandomState, size: int) -> Any:
    length = int(rng.randint(2, size // 2))
    return nx.lollipop_graph(m=size - length, n=length)


def _grid(nx: Any, rng: np.random.RandomState, size: int) -> Any:
    rows = int(rng.randint(2, size // 2))
    return nx.grid_graph([rows, size // rows])


KINDS: list[Callable[[Any, np.random.RandomState, int], Any]] = [
    lambda nx, _, size: nx.cycle_graph(size),
    lambda nx, _, size: nx.star_graph(size - 1),
    lambda nx, _, size: nx.wheel_graph(size),
    _lollipop,
    lambda nx, _, size: nx.hypercube_graph(int(math.log2(size))),
    _grid,
    lambda nx, _, size: nx.complete_graph(size),
    lambda nx, _, size: nx.circular_ladder_graph(size // 2),
]
