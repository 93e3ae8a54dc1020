"""GraphSAINT: subgraphs of nodes, edges or walks that are drawn at random."""

from __future__ import annotations

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
    """A subgraph of nodes that are drawn at random; each seed stands for one of them.

    From `GraphSAINT: Graph Sampling Based Inductive Learning Method
    <https://arxiv.org/abs/1907.04931>`__ (Zeng et al., ICLR 2020). Draws are with replacement, so
    the subgraph may have fewer nodes than drawn. The graph has one node and one edge type. As
    seeds give a loader as many numbers as an epoch is to have subgraphs, and ``batch_size=1``.

    Args:
        mode: ``"node"`` draws nodes, in proportion to their out-degree, which counts as 1 where
            it is 0; ``"edge"`` draws edges, in proportion to 1 / the out-degree of the source +
            1 / the in-degree of the destination, and takes both ends; ``"walk"`` goes from nodes
            drawn evenly along random edges, and takes the nodes on the way.
        budget: how many nodes or edges are drawn; of walks their number and their length.
        cache: keep what the draws are in proportion to.
        prefetch_ndata: names of node features that are read while the batch is made.
        prefetch_edata: likewise of edge features.
        output_device: where the subgraph goes.

    Raises:
        GraphTypeError: a budget that does not fit the mode.
        GraphValueError: an unknown mode, or a budget of 0.

    Example:
        >>> import graphmp as gm
        >>> g = gm.rand_graph(100, 500)
        >>> sampler = SAINTSampler("walk", (5, 3))
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
            raise GraphValueError(f"mode is one of {', '.join(MODES)}, but {mode!r} came.")
        self.mode, self.budget, self.cache = mode, _checked_budget(mode, budget), cache
        self.prefetch_ndata, self.prefetch_edata = prefetch_ndata, prefetch_edata
        self.output_device = output_device
        self._kept: tuple[Any, Tensor] | None = None

    def sample(self, g: Graph, indices: Any) -> Any:  # noqa: ARG002
        """Make a subgraph.

        Args:
            g: the graph.
            indices: seeds, which count for nothing.

        Returns:
            The subgraph of the nodes that were drawn.

        Raises:
            GraphValueError: a graph of several types, or with nothing to draw from.
        """
        draw = {"node": self.node_sampler, "edge": self.edge_sampler, "walk": self.walk_sampler}
        found = node_subgraph(g, draw[self.mode](g))
        set_node_lazy_features(found, self.prefetch_ndata)
        set_edge_lazy_features(found, self.prefetch_edata)
        return found.to(self.output_device)

    def check_seeds(self, g: Graph, indices: Any) -> Any:
        """Check that the graph has one node type and one edge type; seeds may be anything."""
        if not g.is_homogeneous:
            raise GraphValueError(
                "SAINTSampler wants a graph of one node type and one edge type: call "
                "graphmp.to_homogeneous on it."
            )
        _ = g.adjacency.csc  # made once, it lets node_subgraph look at the nodes' edges alone
        return super().check_seeds(g, indices)

    def node_sampler(self, g: Graph) -> Tensor:
        """Draw nodes by their out-degrees: ids, ascending."""
        return _once(self._draw(g, lambda: g.out_degrees().clamp(min=1).double()))

    def edge_sampler(self, g: Graph) -> Tensor:
        """Draw edges that join nodes of small degree, and give their ends: ids, ascending."""

        def chances() -> Tensor:
            u, v = (ends.long() for ends in g.edges())
            found: Tensor = 1 / g.out_degrees().double()[u] + 1 / g.in_degrees().double()[v]
            return found

        return _once(torch.cat(g.find_edges(self._draw(g, chances))))

    def walk_sampler(self, g: Graph) -> Tensor:
        """Walk along random edges, and give the nodes on the way: ids, ascending."""
        walks, length = self.budget
        _check_any(g.num_nodes(), "nodes")
        generator = random.generator(g.device)
        starts = torch.randint(
            g.num_nodes(), (walks,), generator=generator, dtype=g.idtype, device=g.device
        )
        traces = sampling.random_walk(g, starts, length=length)[0]
        return _once(traces[traces >= 0])

    def _draw(self, g: Graph, chances: Any) -> Tensor:
        """Draw as many ids as the budget says, in proportion to their chances."""
        limits = self._limits(g, chances)
        _check_any(len(limits), f"{self.mode}s")
        generator = random.generator(g.device)
        points = torch.rand(self.budget, generator=generator, dtype=torch.float64, device=g.device)
        found = torch.searchsorted(limits, points * limits[-1], right=True)
        return found.clamp(max=len(limits) - 1).to(g.idtype)

    def _limits(self, g: Graph, chances: Any) -> Tensor:
        """Where each id's part of the line of all chances ends."""
        kept = self._kept
        if kept is not None and kept[0] is g.adjacencies[g.canonical_etypes[0]]:
            return kept[1]
        limits: Tensor = chances().cumsum(0)
        if self.cache:
            self._kept = (g.adjacencies[g.canonical_etypes[0]], limits)
        return limits


def _once(ids: Tensor) -> Tensor:
    """Each id once, ascending."""
    found: Tensor = torch.unique(ids)
    return found


def _check_any(number: int, what: str) -> None:
    if number == 0:
        raise GraphValueError(f"The graph has no {what} to draw from.")


def _checked_budget(mode: str, budget: Any) -> Any:
    if mode != "walk":
        return _positive(budget, "budget")
    if not isinstance(budget, (tuple, list)) or len(budget) != 2:
        raise GraphTypeError(
            "The budget of walks is a pair, their number and their length, but "
            f"{_checks.kind(budget)} came."
        )
    return _positive(budget[0], "The number of walks"), _positive(budget[1], "Their length")


def _positive(value: Any, what: str) -> int:
    if _checks.count(value, what) == 0:
        raise GraphValueError(f"{what} must be at least 1, but 0 came.")
    return int(value)
