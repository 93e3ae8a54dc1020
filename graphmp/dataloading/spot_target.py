"""SpotTarget: exclude seed edges at nodes of low degree only."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._graph.shown import Shown
from .._graph.subgraph import edges_by_type
from ..graph import Graph
from .exclusion import check_exclusion, find_exclude_eids


class SpotTarget(Shown):
    """Chooses the edges to exclude from blocks: seed edges at a node of low degree.

    From `SpotTarget: Rethinking the Effect of Target Edges for Link Prediction in Graph Neural
    Networks <https://arxiv.org/abs/2306.00899>`__ (Zhu et al., 2023). A seed edge is excluded if
    the smaller in-degree of its two nodes is below a threshold: it would leak its label, while
    excluding the edges of other nodes hides their neighbourhood. With several edge types, degrees
    are of all edges that enter a node.

    Args:
        g: the graph.
        exclude: see :func:`as_edge_prediction_sampler`.
        degree_threshold: the least degree of nodes whose edges stay.
        reverse_eids: see :func:`as_edge_prediction_sampler`.
        reverse_etypes: see :func:`as_edge_prediction_sampler`.

    Raises:
        GraphTypeError: not a graph, or reverse ids or types that are missing or of the wrong kind.
        GraphValueError: an unknown ``exclude``, or a negative threshold.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 0], [1, 0, 0, 2]))  # in-degrees 2, 1 and 1
        >>> gm.dataloading.SpotTarget(g, "self", degree_threshold=2)(torch.tensor([0, 3]))
        tensor([0, 3])
        >>> gm.dataloading.SpotTarget(g, "self", degree_threshold=1)(torch.tensor([0, 3]))
        tensor([], dtype=torch.int64)
    """

    def __init__(
        self,
        g: Graph,
        exclude: Any,
        degree_threshold: int = 10,
        reverse_eids: Any = None,
        reverse_etypes: Any = None,
    ) -> None:
        check_exclusion(exclude, reverse_eids, reverse_etypes)
        self.g: Graph = _checks.graph(g)
        self.exclude, self.reverse_eids, self.reverse_etypes = exclude, reverse_eids, reverse_etypes
        self.degree_threshold = _checks.count(degree_threshold, "degree_threshold")

    def __call__(self, seed_edges: Any) -> Any:
        """The edges to exclude.

        Args:
            seed_edges: ids; with several edge types a dict by type.

        Returns:
            Ids, or a dict of ids by edge type; None for no edges.

        Raises:
            GraphError: invalid ids, or reverse ids that do not fit.
        """
        seeds = edges_by_type(self.g, seed_edges)
        low = {etype: eids[self._is_low(etype, eids)] for etype, eids in seeds.items()}
        several = isinstance(seed_edges, _checks.AnyMapping)
        chosen = low if several else next(iter(low.values()))
        result = find_exclude_eids(
            self.g, chosen, self.exclude, self.reverse_eids, self.reverse_etypes
        )
        is_only = isinstance(result, _checks.AnyMapping) and not several
        return next(iter(result.values())) if is_only else result

    def _is_low(self, etype: Any, eids: Tensor) -> Tensor:
        """Whether each edge has a node whose degree is below the threshold."""
        u, v = self.g.find_edges(eids, etype)
        heads, tails = self._in_degrees(etype[0])[u.long()], self._in_degrees(etype[2])[v.long()]
        return torch.minimum(heads, tails) < self.degree_threshold

    def _in_degrees(self, ntype: str) -> Tensor:
        """The number of edges of all types that enter each node of a type."""
        total = torch.zeros(self.g.num_nodes(ntype), dtype=self.g.idtype, device=self.g.device)
        for etype in self.g.canonical_etypes:
            if etype[2] == ntype:
                total = total + self.g.in_degrees(etype=etype)
        return total
