"""Collators: what samples the batches of another loader, such as torch's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from .. import _checks
from .._graph.shown import Shown
from ..errors import GraphNotImplementedError, GraphTypeError
from ..graph import Graph
from .edge_sampler import EdgePredictionSampler
from .sampler import check_sampler, node_seeds


class TypedIds(Sequence[tuple[Any, int]]):
    """Ids of several types as one list of pairs of type and id.

    Args:
        ids: a tensor of ids for each type.

    Example:
        >>> import torch
        >>> list(TypedIds({"user": torch.tensor([3, 5]), "game": torch.tensor([2])}))
        [('user', 3), ('user', 5), ('game', 2)]
    """

    def __init__(self, ids: Mapping[Any, torch.Tensor]) -> None:
        self.types = list(ids)
        self._ids = torch.cat(list(ids.values())) if ids else torch.empty(0, dtype=torch.int64)
        self._ends = torch.tensor([len(part) for part in ids.values()], device="cpu").cumsum(0)

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, index: Any) -> Any:
        """The pair, or for a slice the list of pairs."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        number = int(torch.bucketize(position, self._ends, right=True))
        return self.types[number], int(self._ids[position])


class Collator(Shown):
    """Base of the collators: a data set of ids, and a function that samples for some of them.

    They are for loaders of other libraries, such as ``torch.utils.data.DataLoader``; a
    :class:`~graphmp.dataloading.DataLoader` needs none.

    Attributes:
        dataset: the ids.
    """

    @property
    def dataset(self) -> Any:
        """The ids to iterate over; a subclass overrides it."""
        raise GraphNotImplementedError(f"Expected {type(self).__name__} to override dataset.")

    def collate(self, items: Any) -> Any:  # noqa: ARG002
        """Sample for some items of the data set; a subclass overrides it.

        Args:
            items: a list of items of :attr:`dataset`.
        """
        raise GraphNotImplementedError(f"Expected {type(self).__name__} to override collate.")


class NodeCollator(Collator):
    """Samples the blocks of some nodes.

    Args:
        g: the graph.
        nids: ids or a bool mask; with several node types a dict by type.
        graph_sampler: a sampler of blocks, for example :class:`NeighborSampler`.

    Raises:
        GraphError: invalid ids, or not a sampler.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> collator = gm.dataloading.NodeCollator(g, [0, 2], gm.dataloading.NeighborSampler([1]))
        >>> loader = torch.utils.data.DataLoader(collator.dataset, 2, collate_fn=collator.collate)
        >>> [output_nodes for _, output_nodes, _ in loader]
        [tensor([0, 2])]
    """

    def __init__(self, g: Graph, nids: Any, graph_sampler: Any) -> None:
        check_sampler(graph_sampler)
        self.g, self.graph_sampler = g, graph_sampler
        self.nids = node_seeds(g, nids)

    @property
    def dataset(self) -> Any:
        """The ids: a tensor, or a list of pairs of node type and id."""
        return TypedIds(self.nids) if isinstance(self.nids, _checks.AnyMapping) else self.nids

    def collate(self, items: Any) -> Any:
        """Sample the blocks of some nodes.

        Args:
            items: ids, or pairs of node type and id.

        Returns:
            ``(input_nodes, output_nodes, blocks)``.

        Raises:
            GraphError: invalid ids.
        """
        return self.graph_sampler.sample(self.g, _grouped(self.g, items))


class EdgeCollator(Collator):
    """Samples the pair graphs and blocks of some edges.

    Args:
        g: the graph.
        eids: ids or a bool mask; with several edge types a dict by type.
        graph_sampler: a sampler of blocks, for example :class:`NeighborSampler`.
        g_sampling: the graph to sample blocks from, for example that of the training edges; ``g``
            by default. With it, no edge is excluded.
        exclude: see :func:`as_edge_prediction_sampler`.
        reverse_eids: see :func:`as_edge_prediction_sampler`.
        reverse_etypes: see :func:`as_edge_prediction_sampler`.
        negative_sampler: see :func:`as_edge_prediction_sampler`.

    Raises:
        GraphError: invalid ids, or as :func:`as_edge_prediction_sampler`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> collator = gm.dataloading.EdgeCollator(g, [0, 2], gm.dataloading.NeighborSampler([1]))
        >>> loader = torch.utils.data.DataLoader(collator.dataset, 2, collate_fn=collator.collate)
        >>> [pair_graph.edata["_ID"] for _, pair_graph, _ in loader]
        [tensor([0, 2])]
    """

    def __init__(
        self,
        g: Graph,
        eids: Any,
        graph_sampler: Any,
        g_sampling: Graph | None = None,
        exclude: Any = None,
        reverse_eids: Any = None,
        reverse_etypes: Any = None,
        negative_sampler: Any = None,
    ) -> None:
        self.g, self.graph_sampler = g, graph_sampler
        self.g_sampling = g if g_sampling is None else g_sampling
        inner = graph_sampler if g_sampling is None else _OtherGraph(graph_sampler, g_sampling)
        excluded = exclude if g_sampling is None else None
        self._sampler = EdgePredictionSampler(
            inner, excluded, reverse_eids, reverse_etypes, negative_sampler
        )
        self.eids = self._sampler.check_seeds(g, eids)

    @property
    def dataset(self) -> Any:
        """The ids: a tensor, or a list of pairs of edge type and id."""
        return TypedIds(self.eids) if isinstance(self.eids, _checks.AnyMapping) else self.eids

    def collate(self, items: Any) -> Any:
        """Sample the pair graph and the blocks of some edges.

        Args:
            items: ids, or pairs of edge type and id.

        Returns:
            ``(input_nodes, pair_graph, blocks)``, with a negative sampler
            ``(input_nodes, pair_graph, neg_graph, blocks)``.

        Raises:
            GraphError: invalid ids.
        """
        return self._sampler.sample(self.g, _grouped(self.g, items))


class _OtherGraph:
    """A sampler that samples from its own graph, whatever graph it is called with."""

    def __init__(self, sampler: Any, graph: Graph) -> None:
        check_sampler(sampler)
        self._sampler, self._graph = sampler, graph

    def sample(self, g: Graph, indices: Any) -> Any:  # noqa: ARG002
        return self._sampler.sample(self._graph, indices)


def _grouped(g: Graph, items: Any) -> Any:
    """Items of a data set as the seeds of a sampler."""
    if isinstance(items, (torch.Tensor, _checks.AnyMapping)):
        return items
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise GraphTypeError(f"Expected items as a list, got {_checks.kind(items)}.")
    if not (items and isinstance(items[0], (tuple, list))):
        return torch.tensor([int(item) for item in items], dtype=g.idtype, device=g.device)
    ids: dict[Any, list[int]] = {}
    for kind, item in items:
        ids.setdefault(tuple(kind) if isinstance(kind, list) else kind, []).append(int(item))
    return {
        kind: torch.tensor(listed, dtype=g.idtype, device=g.device) for kind, listed in ids.items()
    }
