"""Relations: one edge type with the frames at its ends, the unit of message passing.

The edges of several relations into one node type count as one list, in the order of edge type ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce as fold
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .._storage.adjacency import Adjacency, Buckets
from .._storage.frame import Frame
from .._storage.metagraph import CanonicalEtype
from ..ops.buckets import joint_buckets


class Relation(NamedTuple):
    """One edge type with the frames at its ends: the unit that message passing works on.

    Attributes:
        etype: canonical edge type.
        adjacency: the edges.
        src: features of the sources.
        dst: features of the destinations.
        edge: features of the edges.
        dst_ids: (num_dst,) ids in the graph, if only some destinations take part.
        eids: (E,) ids in the graph, if only some edges take part.
        graph: a function that returns the graph, or None; only user-defined functions ask for it.
    """

    etype: CanonicalEtype
    adjacency: Adjacency
    src: Frame
    dst: Frame
    edge: Frame
    dst_ids: Tensor | None = None
    eids: Tensor | None = None
    graph: Callable[[], Any] | None = None

    def node_ids(self) -> Tensor:
        """(num_dst,) the destinations' ids in the graph."""
        adjacency = self.adjacency
        if self.dst_ids is not None:
            return self.dst_ids
        return torch.arange(adjacency.num_dst, dtype=adjacency.idtype, device=adjacency.device)

    def edge_ids(self) -> tuple[Tensor, Tensor, Tensor]:
        """(E,) sources, destinations and edge ids in the graph."""
        adjacency, dst, eids = self.adjacency, self.adjacency.dst, self.eids
        if self.dst_ids is not None:
            dst = self.dst_ids[dst]
        if eids is None:
            size = adjacency.num_edges
            eids = torch.arange(size, dtype=adjacency.idtype, device=adjacency.device)
        return adjacency.src, dst, eids

    def part(self, eids: Tensor, rows: Tensor) -> Relation:
        """The part with the edges ``eids`` and the destinations ``rows``.

        Args:
            eids: (k,) edge ids, ascending.
            rows: (n,) ascending ids, every destination of these edges among them.

        Returns:
            A relation whose destinations are ``rows``, in that order.
        """
        index = eids.long()
        dst = torch.searchsorted(rows.contiguous(), self.adjacency.dst[index]).to(rows.dtype)
        src, num_src = self.adjacency.src[index], self.adjacency.num_src
        adjacency = Adjacency.from_coo(src, dst, num_src, rows.numel())
        dst_frame, edge = self.dst.take(rows), self.edge.take(eids)
        return Relation(self.etype, adjacency, self.src, dst_frame, edge, rows, eids, self.graph)


class Incoming:
    """The relations that enter one node type.

    Attributes:
        relations: at least one, sharing their destinations, in the order of edge type ids.
        dst: features of the destinations.
    """

    def __init__(self, relations: Sequence[Relation]) -> None:
        """Group ``relations``."""
        self.relations = relations
        self.dst = relations[0].dst
        self.adjacencies = [relation.adjacency for relation in relations]
        self._buckets: Buckets | None = None

    @property
    def degrees(self) -> Tensor:
        """(N,) the number of messages that each destination receives."""
        return fold(torch.add, [adjacency.in_degrees for adjacency in self.adjacencies])

    @property
    def buckets(self) -> Buckets:
        """The destinations by number of messages; edges count through the relations. Cached."""
        if self._buckets is None:
            self._buckets = joint_buckets(self.adjacencies)
        return self._buckets
