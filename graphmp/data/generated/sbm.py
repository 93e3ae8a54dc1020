"""Mixtures of stochastic block models, for the detection of communities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ... import _checks
from ... import random as _random
from ...construct.from_edges import graph
from ...errors import GraphTypeError, GraphValueError
from ...graph import Graph
from ...transforms import line_graph
from ...transforms.batch import batch
from ..many import GraphsDataset

Item = tuple[Graph, Graph, Tensor, Tensor, Tensor]


class SBMMixtureDataset(GraphsDataset):
    """Graphs of communities whose nodes are joined more, or less, among themselves.

    From `Supervised Community Detection with Line Graph Neural Networks
    <https://arxiv.org/abs/1705.08415>`__ (Z. Chen, L. Li, J. Bruna, ICLR 2019). ``dataset[i]`` is
    a graph with its edges in both directions; its line graph without backtracking; their
    in-degrees, float32; and the source of each edge.

    Args:
        n_graphs: number of graphs.
        n_nodes: number of nodes of each, a multiple of ``n_communities``.
        n_communities: number of communities, equally large.
        k: how many times the mean degree the rates within and between communities sum to.
        avg_deg: mean degree.
        pq: ``"Appendix_C"`` draws two rates for each graph as the paper does; or a list of pairs
            (p, q): within a community a pair of nodes is joined with the probability
            ``p / n_nodes``, between two with ``q / n_nodes``.
        rng: a ``numpy.random.RandomState``; by default a new one.

    Raises:
        GraphTypeError: ``pq`` of another kind.
        GraphValueError: communities of unequal size, or another number of pairs.

    Example:
        >>> import graphmp as gm
        >>> data = gm.data.SBMMixtureDataset(2, 20, 4, pq=[(8, 1), (1, 8)])
        >>> g, lg, *_ = data[0]
        >>> len(data), g.num_nodes(), lg.num_nodes() == g.num_edges()
        (2, 20, True)
    """

    def __init__(
        self,
        n_graphs: int,
        n_nodes: int,
        n_communities: int,
        k: int = 2,
        avg_deg: float = 3,
        pq: str | Sequence[tuple[float, float]] = "Appendix_C",
        rng: np.random.RandomState | None = None,
    ) -> None:
        _checks.count(n_graphs, "n_graphs")
        if _checks.count(n_communities, "n_communities") == 0 or n_nodes % n_communities:
            raise GraphValueError(
                f"Expected communities of equal size, got {n_nodes} nodes in {n_communities}."
            )
        self._n_graphs, self._n_nodes, self._n_communities = n_graphs, n_nodes, n_communities
        self._k, self._avg_deg, self._pq = k, avg_deg, pq
        self._rng = np.random.RandomState(_random.key() % 2**32) if rng is None else rng
        super().__init__("sbmmixture", hash_key=(n_graphs, n_nodes, n_communities, k, avg_deg))

    def process(self) -> None:
        """Draw the graphs."""
        size = self._n_nodes // self._n_communities
        self._graphs = [sbm(self._n_communities, size, p, q, self._rng) for p, q in self._rates()]
        self._line_graphs = [line_graph(g, backtracking=False) for g in self._graphs]

    def collate_fn(self, x: Sequence[Item]) -> tuple[Any, ...]:
        """Batch items.

        Args:
            x: items of the dataset.

        Returns:
            The graphs and the line graphs, each as a batch; their degrees; and the sources of the
            edges, counted over the batch, all three as arrays.
        """
        graphs, line_graphs, degrees, line_degrees, sources = zip(*x, strict=True)
        shifted = [source + i * self._n_nodes for i, source in enumerate(sources)]
        parts = (torch.cat(each).numpy() for each in (degrees, line_degrees, shifted))
        return batch(list(graphs)), batch(list(line_graphs)), *parts

    def _item(self, idx: int) -> Item:
        g, lg = self._graphs[idx], self._line_graphs[idx]
        return g, lg, g.in_degrees().float(), lg.in_degrees().float(), g.edges()[0]

    def _rates(self) -> list[tuple[float, float]]:
        if isinstance(self._pq, str):
            if self._pq != "Appendix_C":
                raise GraphValueError(f"Expected pq to be 'Appendix_C', got {self._pq!r}.")
            return [self._draw_rates() for _ in range(self._n_graphs)]
        pairs: Any = self._pq
        if not isinstance(pairs, Sequence):
            raise GraphTypeError(f"Expected pq as a list of pairs, got {_checks.kind(pairs)}.")
        if len(pairs) != self._n_graphs:
            raise GraphValueError(
                f"Expected {self._n_graphs} pairs (p, q), one for each graph, got {len(pairs)}."
            )
        return [(p, q) for p, q in pairs]

    def _draw_rates(self) -> tuple[float, float]:
        q = self._rng.uniform(0, self._avg_deg - math.sqrt(self._avg_deg))
        p = self._k * self._avg_deg - q
        return (p, q) if self._rng.random_sample() < 0.5 else (q, p)


def sbm(
    n_blocks: int, block_size: int, p: float, q: float, rng: np.random.RandomState | None = None
) -> Graph:
    """Draw a symmetric graph from a stochastic block model.

    Args:
        n_blocks: number of blocks.
        block_size: number of nodes of each.
        p: the probability of an edge within a block, times the number of nodes.
        q: the probability of an edge between two blocks, times the number of nodes.
        rng: the generator; by default a new one.

    Returns:
        A graph with each edge in both directions, sorted by (source, destination).

    Raises:
        GraphValueError: a probability outside 0 and 1.
    """
    size = n_blocks * block_size
    if not (0 <= p <= size and 0 <= q <= size):
        raise GraphValueError(f"Expected p and q from 0 to {size}, got {p} and {q}.")
    rng = np.random.RandomState(_random.key() % 2**32) if rng is None else rng
    low, high = np.triu_indices(size)
    inside = low // max(block_size, 1) == high // max(block_size, 1)
    joined = rng.random_sample(len(low)) * max(size, 1) < np.where(inside, p, q)
    low, high = low[joined], high[joined]
    differ = low != high
    src, dst = np.concatenate([low, high[differ]]), np.concatenate([high, low[differ]])
    order = np.lexsort((dst, src))
    return graph((torch.from_numpy(src[order]), torch.from_numpy(dst[order])), num_nodes=size)


SBMMixture = SBMMixtureDataset
