"""GraphSAINT: subgraphs induced by random nodes, edges or walks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .. import _checks, random, sampling
from .._graph.subgraph import node_subgraph
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from .features import set_edge_lazy_features, set_node_lazy_features
from .sampler import Sampler

MODES = ("node", "edge", "walk")


class SAINTSampler(Sampler):
    """Samples the subgraph induced by random nodes; the number of seeds is that of subgraphs.

    From `GraphSAINT: Graph Sampling Based Inductive Learning Method
    <https://arxiv.org/abs/1907.04931>`__ (Zeng et al., ICLR 2020). Samples are with replacement, so
    the subgraph may have fewer nodes than samples. The graph must be homogeneous. Pass a loader
    ``range(n)`` as seeds for ``n`` subgraphs in each epoch, and ``batch_size=1``.

    Args:
        mode: ``"node"`` samples nodes with probability proportional to their out-degree, at least
            1; ``"edge"`` samples edges with probability proportional to 1 / the out-degree of the
            source + 1 / the in-degree of the destination, and uses both ends; ``"walk"`` samples
            uniform start nodes of random walks, and uses all nodes of the walks.
        budget: the number of nodes or edges; for walks a pair of their number and length.
        cache: whether to cache the probabilities.
        prefetch_ndata: names of node features to gather with the batch.
        prefetch_edata: likewise of edge features.
        output_device: the device of the subgraph.

    Raises:
        GraphTypeError: a budget of the wrong kind for the mode.
        GraphValueError: an unknown mode, or a budget of 0.

    Example:
        >>> import graphmp as gm
        >>> g = gm.rand_graph(100, 500)
        >>> sampler = gm.dataloading.SAINTSampler("walk", (5, 3))
        >>> loader = gm.dataloading.DataLoader(g, range(4), sampler)
        >>> [subgraph.num_nodes() <= 20 for subgraph in loader]
        [True, True, True, True]
    """

    def __init__(
        self,
        mode: str,
        budget: Any,
        cache: bool = True,
        prefetch_ndata: Any = None,
        prefetch_edata: Any = None,
        output_device: Any = "cpu",
    ) -> None:
        if mode not in MODES:
            raise GraphValueError(f"Expected mode to be one of {', '.join(MODES)}, got {mode!r}.")
        self.mode, self.budget, self.cache = mode, _checked_budget(mode, budget), cache
        self.prefetch_ndata, self.prefetch_edata = prefetch_ndata, prefetch_edata
        self.output_device = output_device
        self._cached: tuple[Any, Tensor] | None = None

    def sample(self, g: Graph, indices: Any) -> Any:  # noqa: ARG002
        """Sample a subgraph.

        Args:
            g: the graph.
            indices: seeds, which are ignored.

        Returns:
            The subgraph induced by the sampled nodes.

        Raises:
            GraphValueError: a graph of several types, or without nodes or edges to sample.
        """
        draw = {"node": self.node_sampler, "edge": self.edge_sampler, "walk": self.walk_sampler}
        subgraph = node_subgraph(g, draw[self.mode](g))
        set_node_lazy_features(subgraph, self.prefetch_ndata)
        set_edge_lazy_features(subgraph, self.prefetch_edata)
        return subgraph.to(self.output_device)

    def check_seeds(self, g: Graph, indices: Any) -> Any:
        """Check that the graph is homogeneous; seeds are arbitrary."""
        if not g.is_homogeneous:
            raise GraphValueError(
                "Expected a graph of one node type and one edge type, got edge types "
                f"{g.canonical_etypes}; call graphmp.to_homogeneous on it."
            )
        _ = g.adjacency.csc  # built once, so that node_subgraph reads the nodes' edges only
        return super().check_seeds(g, indices)

    def node_sampler(self, g: Graph) -> Tensor:
        """Sample nodes by their out-degrees: distinct ids, ascending."""
        return _distinct(self._draw(g, lambda: g.out_degrees().clamp(min=1).double()))

    def edge_sampler(self, g: Graph) -> Tensor:
        """Sample edges between nodes of small degree: distinct ids of their ends, ascending."""

        def probabilities() -> Tensor:
            u, v = (ends.long() for ends in g.edges())
            weights: Tensor = 1 / g.out_degrees().double()[u] + 1 / g.in_degrees().double()[v]
            return weights

        return _distinct(torch.cat(g.find_edges(self._draw(g, probabilities))))

    def walk_sampler(self, g: Graph) -> Tensor:
        """Sample random walks: distinct ids of their nodes, ascending."""
        walks, length = self.budget
        _check_any(g.num_nodes(), "nodes")
        generator = random.generator(g.device)
        starts = torch.randint(
            g.num_nodes(), (walks,), generator=generator, dtype=g.idtype, device=g.device
        )
        traces = sampling.random_walk(g, starts, length=length)[0]
        return _distinct(traces[traces >= 0])

    def _draw(self, g: Graph, probabilities: Callable[[], Tensor]) -> Tensor:
        """Sample ``budget`` ids, in proportion to their probabilities."""
        cumulative = self._cumulative(g, probabilities)
        _check_any(len(cumulative), f"{self.mode}s")
        generator = random.generator(g.device)
        points = torch.rand(self.budget, generator=generator, dtype=torch.float64, device=g.device)
        ids = torch.searchsorted(cumulative, points * cumulative[-1], right=True)
        return ids.clamp(max=len(cumulative) - 1).to(g.idtype)

    def _cumulative(self, g: Graph, probabilities: Callable[[], Tensor]) -> Tensor:
        """The cumulative sum of the probabilities, cached for one graph."""
        adjacency = g.adjacencies[g.canonical_etypes[0]]
        if self._cached is not None and self._cached[0] is adjacency:
            return self._cached[1]
        cumulative = probabilities().cumsum(0)
        if self.cache:
            self._cached = (adjacency, cumulative)
        return cumulative


def _distinct(ids: Tensor) -> Tensor:
    """The distinct ids, ascending."""
    distinct: Tensor = torch.unique(ids)
    return distinct


def _check_any(number: int, name: str) -> None:
    if number == 0:
        raise GraphValueError(
            f"Expected a graph with {name}, got one that has no {name} to sample from."
        )


def _checked_budget(mode: str, budget: Any) -> Any:
    if mode != "walk":
        return _checks.size(_checks.positive(budget, "budget"), "budget")
    if not isinstance(budget, (tuple, list)) or len(budget) != 2:
        raise GraphTypeError(
            "Expected budget of walks to be a pair, their number and their length, got "
            f"{_checks.kind(budget)}."
        )
    names = ("the number of walks", "the length of walks")
    return tuple(map(_checks.positive, budget, names))
