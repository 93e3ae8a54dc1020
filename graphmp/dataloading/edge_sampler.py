"""Sampling for edge prediction: blocks for the nodes at the ends of seed edges."""

from __future__ import annotations

from typing import Any

from .. import _checks
from .._graph.subgraph import edge_subgraph, edges_by_type
from .._storage.frame import NID
from ..errors import GraphTypeError
from ..graph import Graph
from ..transforms import compact_graphs
from .exclusion import check_exclusion, find_exclude_eids
from .features import set_edge_lazy_features
from .negative_graph import check_negative_sampler, negative_graph
from .sampler import Sampler, accepts, check_sampler, check_triple, on_device


class EdgePredictionSampler(Sampler):
    """The sampler that :func:`as_edge_prediction_sampler` returns.

    Args:
        sampler: see :func:`as_edge_prediction_sampler`.
        exclude: see :func:`as_edge_prediction_sampler`.
        reverse_eids: see :func:`as_edge_prediction_sampler`.
        reverse_etypes: see :func:`as_edge_prediction_sampler`.
        negative_sampler: see :func:`as_edge_prediction_sampler`.
        prefetch_labels: see :func:`as_edge_prediction_sampler`.
    """

    def __init__(
        self,
        sampler: Any,
        exclude: Any = None,
        reverse_eids: Any = None,
        reverse_etypes: Any = None,
        negative_sampler: Any = None,
        prefetch_labels: Any = None,
    ) -> None:
        check_exclusion(exclude, reverse_eids, reverse_etypes)
        check_sampler(sampler)
        self._excludes = accepts(sampler.sample, 3)
        if exclude is not None and not self._excludes:
            raise GraphTypeError(
                f"Expected a sampler that can exclude edges for exclude={exclude!r}, but "
                f"{type(sampler).__name__}.sample takes no third argument; add exclude_eids=None, "
                "the ids of edges that are excluded from the blocks."
            )
        check_negative_sampler(negative_sampler)
        self.sampler, self.exclude, self.negative_sampler = sampler, exclude, negative_sampler
        self.reverse_eids, self.reverse_etypes = reverse_eids, reverse_etypes
        self.prefetch_labels = prefetch_labels

    def sample(self, g: Graph, seed_edges: Any) -> Any:
        """Sample the pair graph of some seed edges, their negative graph, and blocks for both.

        Args:
            g: the graph.
            seed_edges: edge ids; with several edge types a dict by type.

        Returns:
            ``(input_nodes, pair_graph, blocks)``, or
            ``(input_nodes, pair_graph, neg_graph, blocks)``.

        Raises:
            GraphError: invalid ids, or an error of the samplers.
        """
        seeds = self.check_seeds(g, seed_edges)
        graphs = [edge_subgraph(g, seeds, relabel_nodes=False)]
        if self.negative_sampler is not None:
            graphs.append(negative_graph(g, self.negative_sampler, seeds))
        graphs = compact_graphs(graphs)
        excluded = find_exclude_eids(g, seeds, self.exclude, self.reverse_eids, self.reverse_etypes)
        optional = (excluded,) if self._excludes else ()
        batch = self.sampler.sample(g, graphs[0].ndata[NID], *optional)
        check_triple(batch, f"{type(self.sampler).__name__}.sample")
        inputs, _, blocks = batch
        set_edge_lazy_features(graphs[0], self.prefetch_labels)
        return (inputs, *graphs, blocks)

    def check_seeds(self, g: Graph, indices: Any) -> Any:
        """Check that seeds are edges.

        Raises:
            GraphIndexError: an edge id out of range.
            GraphKeyError: an unknown edge type.
            GraphTypeError: not ids, or another id type than the graph's.
            GraphValueError: several edge types and no dict.
        """
        seeds = edges_by_type(g, on_device(g, indices))
        if isinstance(indices, _checks.AnyMapping):
            return {etype: seeds[etype] for etype in map(g.to_canonical_etype, indices)}
        return next(iter(seeds.values()))


def as_edge_prediction_sampler(
    sampler: Any,
    exclude: Any = None,
    reverse_eids: Any = None,
    reverse_etypes: Any = None,
    negative_sampler: Any = None,
    prefetch_labels: Any = None,
) -> EdgePredictionSampler:
    """Convert a sampler of seed nodes to one of seed edges.

    Args:
        sampler: a sampler for the nodes at the ends of the edges, for example
            :class:`NeighborSampler`.
        exclude: the edges to exclude from the blocks, as they would leak the labels: None for none;
            ``"self"`` for the seeds; ``"reverse_id"`` also for their reverse edges, by
            ``reverse_eids``; ``"reverse_types"`` also for their reverse edges, by
            ``reverse_etypes``; ids of edges, for every batch; or a function from seeds to ids. With
            several edge types, ids are dicts by type.
        reverse_eids: (E,) the reverse of each edge; with several edge types a dict by type.
        reverse_etypes: a dict from edge types to their reverse edge types; an edge and its reverse
            have the same id.
        negative_sampler: a function of the graph and the seeds that returns sources and
            destinations of pairs, with several edge types a dict by type; see
            ``graphmp.dataloading.negative_sampler``.
        prefetch_labels: names of edge features of the pair graph to gather with the batch; with
            several edge types also a dict of lists by type.

    Returns:
        A sampler that yields ``(input_nodes, pair_graph, blocks)``, or with a negative sampler
        ``(input_nodes, pair_graph, neg_graph, blocks)``. The edges of the pair graph are the seeds,
        those of the negative graph the negative pairs; both have the same nodes, which are the
        destinations of the last block.

    Raises:
        GraphTypeError: not a sampler, one that cannot exclude edges, or reverse ids or types that
            are missing or of the wrong kind.
        GraphValueError: an unknown ``exclude``.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
        >>> sampler = gm.dataloading.as_edge_prediction_sampler(
        ...     gm.dataloading.NeighborSampler([2]),
        ...     exclude="self",
        ...     negative_sampler=gm.dataloading.negative_sampler.Uniform(2),
        ... )
        >>> input_nodes, pair_graph, neg_graph, blocks = sampler.sample(g, [1])
        >>> pair_graph.edges(), neg_graph.num_edges(), blocks[0].has_edges_between(0, 1)
        ((tensor([0]), tensor([1])), 2, False)
    """
    return EdgePredictionSampler(
        sampler, exclude, reverse_eids, reverse_etypes, negative_sampler, prefetch_labels
    )
