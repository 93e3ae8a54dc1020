"""ShaDow: a small subgraph around the seeds, on which a model of any depth runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from .. import sampling
from .._graph.subgraph import edge_subgraph, edges_by_type, node_subgraph
from .._storage.frame import EID
from ..graph import Graph
from .features import set_edge_lazy_features, set_node_lazy_features
from .neighbor_sampler import checked_fanouts, layered
from .sampler import Sampler, node_seeds


class ShaDowKHopSampler(Sampler):
    """The subgraph of all nodes that some steps of neighbour sampling reach.

    From `Decoupling the Depth and Scope of Graph Neural Networks
    <https://arxiv.org/abs/2201.07858>`__ (Zeng et al., NeurIPS 2021): the number of steps and the
    number of the model's layers are independent.

    Args:
        fanouts: for each step, the last one first, how many edges of each type a node gets at most;
            -1 for all. A dict gives a number for each edge type.
        replace: whether an edge may be chosen more than once.
        prob: an edge field, (E,) of float or bool: the chances, in proportion.
        prefetch_node_feats: see :class:`BlockSampler`; of the subgraph.
        prefetch_edge_feats: see :class:`BlockSampler`; of the subgraph.
        output_device: where the subgraph goes; the graph's device unless given.

    Raises:
        GraphTypeError: fanouts that are not a list of ints or dicts.
        GraphValueError: no fanout, or one below -1.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
        >>> input_nodes, output_nodes, subgraph = ShaDowKHopSampler([2, 2]).sample(g, [3])
        >>> input_nodes, subgraph.edges()
        (tensor([3, 2, 1]), (tensor([2, 1]), tensor([1, 0])))
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

    def sample(self, g: Graph, indices: Any, exclude_eids: Any = None) -> Any:
        """Make the subgraph of some seeds.

        Args:
            g: the graph.
            indices: distinct ids or a bool mask; with several node types a dict by type.
            exclude_eids: ids of edges that must not be in the subgraph, or None.

        Returns:
            ``(input_nodes, output_nodes, subgraph)``; the seeds are the first nodes.

        Raises:
            GraphError: ids, fanouts, probabilities that do not fit.
        """

        def block(nodes: Any, fanout: Any) -> Graph:
            return sampling.sample_block(g, nodes, fanout, self.prob, self.replace, exclude_eids)

        nodes, seeds, _ = layered(self.fanouts, indices, block)
        found = node_subgraph(g, nodes)
        if exclude_eids is not None:
            found = _without(found, g, exclude_eids)
        set_node_lazy_features(found, self.prefetch_node_feats)
        set_edge_lazy_features(found, self.prefetch_edge_feats)
        return nodes, seeds, found if self.output_device is None else found.to(self.output_device)

    def check_seeds(self, g: Graph, indices: Any) -> Any:
        """Check that seeds are nodes."""
        return node_seeds(g, indices)


def _without(part: Graph, g: Graph, exclude: Any) -> Graph:
    """A subgraph of ``g`` without edges that are named by their ids in ``g``."""
    gone = edges_by_type(g, exclude)
    kept: Mapping[Any, Tensor] = {
        etype: ~torch.isin(part.edges[etype].data[EID], eids) for etype, eids in gone.items()
    }
    return edge_subgraph(part, kept, relabel_nodes=False, store_ids=False)
