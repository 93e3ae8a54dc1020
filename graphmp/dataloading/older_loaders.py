"""NodeDataLoader and EdgeDataLoader: loaders under the names of DGL before its version 0.9."""

from __future__ import annotations

from typing import Any

from ..graph import Graph
from .edge_sampler import as_edge_prediction_sampler
from .loader import DataLoader


class NodeDataLoader(DataLoader):
    """A :class:`DataLoader` of seed nodes; new programs call that.

    Args:
        g: see :class:`DataLoader`.
        nids: the seeds: ids or a bool mask, with several node types a dict by type.
        graph_sampler: see :class:`DataLoader`.
        device: see :class:`DataLoader`.
        use_ddp: see :class:`DataLoader`.
        ddp_seed: see :class:`DataLoader`.
        **kwargs: the other arguments of :class:`DataLoader`.

    Raises:
        GraphError: as :class:`DataLoader`.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> sampler = gm.dataloading.NeighborSampler([1])
        >>> loader = gm.dataloading.NodeDataLoader(g, [0, 2], sampler, batch_size=2)
        >>> [output_nodes for _, output_nodes, _ in loader]
        [tensor([0, 2])]
    """

    def __init__(
        self,
        g: Graph,
        nids: Any,
        graph_sampler: Any,
        device: Any = None,
        use_ddp: bool = False,
        ddp_seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(g, nids, graph_sampler, device, use_ddp, ddp_seed, **kwargs)


class EdgeDataLoader(DataLoader):
    """A :class:`DataLoader` of seed edges; new programs use :func:`as_edge_prediction_sampler`.

    Args:
        g: see :class:`DataLoader`.
        eids: the seeds: ids or a bool mask, with several edge types a dict by type.
        graph_sampler: a sampler for the nodes at the ends of the edges.
        device: see :class:`DataLoader`.
        use_ddp: see :class:`DataLoader`.
        ddp_seed: see :class:`DataLoader`.
        exclude: see :func:`as_edge_prediction_sampler`.
        reverse_eids: see :func:`as_edge_prediction_sampler`.
        reverse_etypes: see :func:`as_edge_prediction_sampler`.
        negative_sampler: see :func:`as_edge_prediction_sampler`.
        **kwargs: the other arguments of :class:`DataLoader`.

    Raises:
        GraphError: as :class:`DataLoader` and :func:`as_edge_prediction_sampler`.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> sampler = gm.dataloading.NeighborSampler([1])
        >>> loader = gm.dataloading.EdgeDataLoader(g, [0, 2], sampler, batch_size=2)
        >>> [pair_graph.edata["_ID"] for _, pair_graph, _ in loader]
        [tensor([0, 2])]
    """

    def __init__(
        self,
        g: Graph,
        eids: Any,
        graph_sampler: Any,
        device: Any = None,
        use_ddp: bool = False,
        ddp_seed: int = 0,
        exclude: Any = None,
        reverse_eids: Any = None,
        reverse_etypes: Any = None,
        negative_sampler: Any = None,
        **kwargs: Any,
    ) -> None:
        sampler = as_edge_prediction_sampler(
            graph_sampler, exclude, reverse_eids, reverse_etypes, negative_sampler
        )
        super().__init__(g, eids, sampler, device, use_ddp, ddp_seed, **kwargs)
