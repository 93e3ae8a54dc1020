"""ShaDow: an induced subgraph around the seeds, for models of any depth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._graph.subgraph import edge_subgraph, edges_by_type, node_subgraph, nodes_by_type
from .._storage.frame import EID
from ..graph import Graph
from ..sampling.block import from_sampled
from ..sampling.neighbors import edge_choice, sample_edges
from .features import set_edge_lazy_features, set_node_lazy_features
from .neighbor_sampler import Nodes, checked_fanouts, layered
from .sampler import Sampler, node_seeds


class ShaDowKHopSampler(Sampler):
    """Samples the subgraph induced by all nodes that steps of neighbour sampling reach.

    From `Decoupling the Depth and Scope of Graph Neural Networks
    <https://arxiv.org/abs/2201.07858>`__ (Zeng et al., NeurIPS 2021): the number of steps is
    independent of the number of the model's layers.

    Args:
        fanouts: for each step, the last one first, the maximum number of edges of each type for
            each node; -1 for all. A dict gives a number for each edge type.
        replace: whether an edge may be sampled more than once.
        prob: an edge field, (E,) of float or bool: unnormalised probabilities.
        prefetch_node_feats: see :class:`BlockSampler`; of the subgraph.
        prefetch_edge_feats: see :class:`BlockSampler`; of the subgraph.
        output_device: the device of the subgraph; the graph's device by default.

    Raises:
        GraphTypeError: fanouts that are not a list of ints or dicts.
        GraphValueError: no fanout, or one out of range.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
        >>> sampler = gm.dataloading.ShaDowKHopSampler([2, 2])
        >>> input_nodes, output_nodes, subgraph = sampler.sample(g, [3])
        >>> input_nodes, subgraph.edges()
        (tensor([3, 2, 1]), (tensor([1, 2]), tensor([0, 1])))
    """

    def __init__(
        self,
        fanouts: Iterable[Any],
        replace: bool = False,
        prob: str | None = None,
        prefetch_node_feats: Any = None,
        prefetch_edge_feats: Any = None,
        output_device: Any = None,
    ) -> None:
        self.fanouts = checked_fanouts(fanouts)
        self.replace, self.prob = replace, prob
        self.prefetch_node_feats = prefetch_node_feats
        self.prefetch_edge_feats = prefetch_edge_feats
        self.output_device = output_device

    def sample(self, g: Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:
        """Sample the subgraph of some seeds.

        Args:
            g: the graph.
            seed_nodes: ids or a bool mask; with several node types a dict by type. An id that is
                repeated counts once, and the seeds are then ascending.
            exclude_eids: ids of edges that are excluded from the subgraph, or None.

        Returns:
            ``(input_nodes, output_nodes, subgraph)``; the seeds are the first nodes.

        Raises:
            GraphError: invalid ids, fanouts or probabilities.
        """
        choice = edge_choice(g, self.prob, self.replace, exclude_eids)

        def sample_block(nodes: Nodes, fanout: Any) -> Graph:
            return from_sampled(g, nodes, sample_edges(g, nodes, fanout, choice))

        nodes, seeds, _ = layered(g, self.fanouts, _distinct(g, seed_nodes), sample_block)
        subgraph = node_subgraph(g, nodes)
        if exclude_eids is not None:
            subgraph = _without(subgraph, g, exclude_eids)
        set_node_lazy_features(subgraph, self.prefetch_node_feats)
        set_edge_lazy_features(subgraph, self.prefetch_edge_feats)
        if self.output_device is not None:
            subgraph = subgraph.to(self.output_device)
        return nodes, seeds, subgraph

    def check_seeds(self, g: Graph, indices: Any) -> Any:
        """Check that seeds are nodes."""
        return node_seeds(g, indices)


def _without(part: Graph, g: Graph, exclude: Any) -> Graph:
    """A subgraph of ``g`` without some edges, whose ids are those in ``g``."""
    excluded = edges_by_type(g, exclude)
    masks: Mapping[Any, Tensor] = {
        etype: ~torch.isin(part.edges[etype].data[EID], ids) for etype, ids in excluded.items()
    }
    return edge_subgraph(part, masks, relabel_nodes=False, store_ids=False)


def _distinct(g: Graph, indices: Any) -> Any:
    """Each seed once, in the form of ``indices``."""
    nodes = {ntype: _checks.once(ids) for ntype, ids in nodes_by_type(g, indices).items()}
    if isinstance(indices, _checks.AnyMapping):
        return {ntype: nodes[g._meta.ntype(ntype)] for ntype in indices}
    return next(iter(nodes.values()))
