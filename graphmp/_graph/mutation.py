"""Mutation: adding and removing nodes and edges of a graph in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._storage.adjacency import Adjacency
from .._storage.frame import EID, NID
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphValueError
from .propagation import Propagation


class Mutable(Propagation):
    """A graph whose nodes and edges can be added and removed.

    Views made before, such as ``graph[etype]``, keep the old structure and features. Batch
    information ends with a change.
    """

    def add_nodes(
        self, num: int, data: Mapping[str, Tensor] | None = None, ntype: str | None = None
    ) -> None:
        """Append nodes.

        Args:
            num: how many.
            data: features of the new nodes, (num, …); other fields get their initializer's rows.
            ntype: the node type; not needed when there is one.

        Raises:
            GraphTypeError: features of another dtype than the column's.
            GraphValueError: a negative number, rows of another shape, or a block.

        Example:
            >>> import graphmp as gm
            >>> g = gm.graph(([0], [1]))
            >>> g.add_nodes(2)
            >>> g.num_nodes()
            4
        """
        self._refuse_block()
        name, more = self._meta.ntype(ntype), _checks.count(num, "The number of new nodes")
        if more == 0:
            return
        old = self._frames.src[name]
        frame = old.resized(old.num_rows + more)
        rows = torch.arange(old.num_rows, frame.num_rows, device=self.device)
        frame.write_rows(rows, data or {})
        self._frames.src[name] = frame
        self._restructure({name: frame.num_rows}, {})

    def add_edges(
        self,
        u: Any,
        v: Any,
        data: Mapping[str, Tensor] | None = None,
        etype: Any = None,
    ) -> None:
        """Append edges, and the nodes at their ends that are not there yet.

        Args:
            u: source id, or several.
            v: destination id, or several; a single id goes with each of the others.
            data: features of the new edges; other fields get their initializer's rows.
            etype: the edge type; not needed when there is one.

        Raises:
            GraphIndexError: a negative id.
            GraphTypeError: ids that are not integers, or features of another dtype.
            GraphValueError: different numbers of ends, rows of another shape, or a block.

        Example:
            >>> import graphmp as gm
            >>> g = gm.graph(([0], [1]))
            >>> g.add_edges([0, 1], 3)
            >>> g.num_nodes(), g.num_edges()
            (4, 3)
        """
        self._refuse_block()
        etype = self._meta.etype(etype)
        limit = torch.iinfo(self.idtype).max
        us = self._ids(u, limit, "Source node ids")
        vs = self._ids(v, limit, "Destination node ids")
        us, vs = _checks.paired(us, vs)
        if us.numel() == 0:
            return
        old, adjacency = self._frames.edge[etype], self.adjacencies[etype]
        frame = old.resized(old.num_rows + us.numel())
        rows = torch.arange(old.num_rows, frame.num_rows, device=self.device)
        frame.write_rows(rows, data or {})
        for ids, ntype in ((us, etype[0]), (vs, etype[2])):
            self.add_nodes(max(int(ids.max()) + 1 - self.num_nodes(ntype), 0), ntype=ntype)
        self._frames.edge[etype] = frame
        ends = (torch.cat([adjacency.src, us]), torch.cat([adjacency.dst, vs]))
        self._restructure({}, {etype: ends})

    def remove_edges(self, eids: Any, etype: Any = None, store_ids: bool = False) -> None:
        """Remove edges; the others keep their order and are numbered anew.

        Args:
            eids: edge ids, or a single one.
            etype: the edge type; not needed when there is one.
            store_ids: write the ids that edges had to ``edata["_ID"]``.

        Raises:
            GraphIndexError: an edge that is not there.
            GraphValueError: a block.
        """
        self._refuse_block()
        etype = self._meta.etype(etype)
        removed = self._ids(eids, self.num_edges(etype), f"Ids of edges of type {etype}")
        self._keep_edges(etype, _others(removed, self.num_edges(etype)), store_ids)

    def remove_nodes(self, nids: Any, ntype: str | None = None, store_ids: bool = False) -> None:
        """Remove nodes and their edges; the others keep their order and are numbered anew.

        Args:
            nids: node ids, or a single one.
            ntype: the node type; not needed when there is one.
            store_ids: write the ids that nodes and edges had to ``"_ID"``.

        Raises:
            GraphIndexError: a node that is not there.
            GraphValueError: a block.
        """
        self._refuse_block()
        name = self._meta.ntype(ntype)
        removed = self._ids(nids, self.num_nodes(name), f"Ids of nodes of type {name!r}")
        kept = _others(removed, self.num_nodes(name))
        place = torch.full((self.num_nodes(name),), -1, dtype=self.idtype, device=self.device)
        place[kept] = torch.arange(kept.numel(), dtype=self.idtype, device=self.device)
        for etype, adjacency in self.adjacencies.items():
            if name not in (etype[0], etype[2]):
                continue
            stays = torch.ones(adjacency.num_edges, dtype=torch.bool, device=self.device)
            for ends, end in ((adjacency.src, etype[0]), (adjacency.dst, etype[2])):
                if end == name:
                    stays &= place[ends.long()] >= 0
            self._keep_edges(etype, stays.nonzero().view(-1), store_ids)
        frame = self._frames.src[name].resized(kept.numel(), kept)
        if store_ids:
            frame[NID] = kept.to(self.idtype)
        self._frames.src[name] = frame
        renumbered = {
            etype: (
                place[a.src.long()] if etype[0] == name else a.src,
                place[a.dst.long()] if etype[2] == name else a.dst,
            )
            for etype, a in self.adjacencies.items()
        }
        self._restructure({name: kept.numel()}, renumbered)

    def _keep_edges(self, etype: CanonicalEtype, kept: Tensor, store_ids: bool) -> None:
        adjacency = self.adjacencies[etype]
        frame = self._frames.edge[etype].resized(kept.numel(), kept)
        if store_ids:
            frame[EID] = kept.to(self.idtype)
        self._frames.edge[etype] = frame
        self._restructure({}, {etype: (adjacency.src[kept], adjacency.dst[kept])})

    def _restructure(
        self,
        num_nodes: Mapping[str, int],
        ends: Mapping[CanonicalEtype, tuple[Tensor, Tensor]],
    ) -> None:
        """Take over new numbers of nodes and new edges; frames have been replaced already."""
        self._num_src = self._num_dst = {**self._num_src, **num_nodes}
        adjacencies = dict(self.adjacencies)
        for etype, old in self.adjacencies.items():
            if etype in ends or etype[0] in num_nodes or etype[2] in num_nodes:
                src, dst = ends.get(etype) or (old.src, old.dst)
                new = Adjacency.from_coo(src, dst, self._num_src[etype[0]], self._num_src[etype[2]])
                adjacencies[etype] = new.allowing(old)
        self.adjacencies = adjacencies
        self._incoming_cache = {}
        self._frames_replaced = True
        self._batch_nodes = self._batch_edges = None

    def _refuse_block(self) -> None:
        if self.is_block:
            raise GraphValueError("A block cannot be changed: change the graph it came from.")


def _others(ids: Tensor, total: int) -> Tensor:
    """The ids below ``total`` that are not in ``ids``, ascending, as int64."""
    stays = torch.ones(total, dtype=torch.bool, device=ids.device)
    stays[ids.long()] = False
    return stays.nonzero().view(-1)
