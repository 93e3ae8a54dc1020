"""Mutation: adding and removing nodes and edges of a graph in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._storage.frame import EID, NID, Frame
from .._storage.metagraph import CanonicalEtype, of_type
from ..errors import GraphValueError
from ..kernels.segments import positions_where
from .state import GraphState


class Mutation(GraphState):
    """Add and remove nodes and edges in place.

    Views made before, such as ``graph[etype]``, keep the old structure and features. A batch stays
    one when nodes or edges are removed; when some are added, it becomes one graph, since they
    belong to none of its graphs.
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
            GraphValueError: a negative number, one that ids or memory cannot hold, rows of another
                shape, or a block.

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
        self._check_count(old.num_rows + more)
        frame = old.resized(old.num_rows + more)
        if data:
            rows = torch.arange(old.num_rows, frame.num_rows, device=self.device)
            frame.write_rows(rows, data)
        self._restructure({name: frame}, {}, {})

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
        self._check_count(max(old.num_rows + us.numel(), int(us.max()) + 1, int(vs.max()) + 1))
        frame = old.resized(old.num_rows + us.numel())
        if data:
            rows = torch.arange(old.num_rows, frame.num_rows, device=self.device)
            frame.write_rows(rows, data)
        nodes: dict[str, Frame] = {}
        for ids, ntype in ((us, etype[0]), (vs, etype[2])):
            grown = nodes.get(ntype, self._frames.src[ntype])
            if int(ids.max()) >= grown.num_rows:
                nodes[ntype] = self._frames.src[ntype].resized(int(ids.max()) + 1)
        ends = (torch.cat([adjacency.src, us]), torch.cat([adjacency.dst, vs]))
        self._restructure(nodes, {etype: frame}, {etype: ends})

    def remove_edges(self, eids: Any, etype: Any = None, store_ids: bool = False) -> None:
        """Remove edges; the others keep their order and are numbered from 0.

        Args:
            eids: edge ids, or a single one.
            etype: the edge type; not needed when there is one.
            store_ids: write the ids that the edges of all types had to ``"_ID"``.

        Raises:
            GraphIndexError: an edge that is not there.
            GraphValueError: a block.
        """
        self._refuse_block()
        etype = self._meta.etype(etype)
        adjacency = self.adjacencies[etype]
        removed = self._ids(eids, adjacency.num_edges, f"Ids of edges{of_type(etype)}")
        rest = self._others(removed, adjacency.num_edges)
        frame = self._subset(self._frames.edge[etype], rest, EID if store_ids else None)
        ends = (adjacency.src.index_select(0, rest), adjacency.dst.index_select(0, rest))
        self._restructure({}, {etype: frame}, {etype: ends}, {etype: rest})
        if store_ids:
            self._store_ids((), set(self.adjacencies) - {etype})

    def remove_nodes(self, nids: Any, ntype: str | None = None, store_ids: bool = False) -> None:
        """Remove nodes and their edges; the others keep their order and are numbered from 0.

        Args:
            nids: node ids, or a single one.
            ntype: the node type; not needed when there is one.
            store_ids: write the ids that the nodes and edges of all types had to ``"_ID"``.

        Raises:
            GraphIndexError: a node that is not there.
            GraphValueError: a block.
        """
        self._refuse_block()
        name = self._meta.ntype(ntype)
        old = self._frames.src[name]
        removed = self._ids(nids, old.num_rows, f"Ids of nodes{of_type(name)}")
        rest = self._others(removed, old.num_rows)
        new_ids = torch.full((old.num_rows,), -1, dtype=self.idtype, device=self.device)
        new_ids[rest.long()] = self._arange(rest.numel())
        edges, ends = {}, {}
        stays: dict[Any, Tensor] = {name: rest}
        for etype, adjacency in self.adjacencies.items():
            if name not in (etype[0], etype[2]):
                continue
            src, dst = adjacency.src, adjacency.dst
            src = new_ids.index_select(0, src) if etype[0] == name else src
            dst = new_ids.index_select(0, dst) if etype[2] == name else dst
            eids = positions_where((src >= 0).logical_and_(dst >= 0), self.idtype)
            ends[etype] = (src.index_select(0, eids), dst.index_select(0, eids))
            stays[etype] = eids
            frame = self._frames.edge[etype]
            edges[etype] = self._subset(frame, eids, EID if store_ids else None)
        frame = self._subset(old, rest, NID if store_ids else None)
        self._restructure({name: frame}, edges, ends, stays)
        if store_ids:
            self._store_ids(set(self._meta.ntypes) - {name}, set(self.adjacencies) - set(edges))

    def _store_ids(self, ntypes: Iterable[str], etypes: Iterable[CanonicalEtype]) -> None:
        """Write the ids of types that have not changed."""
        for ntype in ntypes:
            frame = self._frames.src[ntype]
            frame[NID] = self._arange(frame.num_rows)
        for etype in etypes:
            frame = self._frames.edge[etype]
            frame[EID] = self._arange(frame.num_rows)

    def _subset(self, frame: Frame, rows: Tensor, id_field: str | None) -> Frame:
        """The frame of some rows, with its scopes; a field for the ids that they had, if named."""
        subset = frame.resized(rows.numel(), rows)
        if id_field is not None:
            subset[id_field] = rows
        return subset

    def _others(self, ids: Tensor, total: int) -> Tensor:
        """The ids below ``total`` that are not in ``ids``, ascending."""
        stays = torch.ones(total, dtype=torch.bool, device=ids.device)
        stays[ids.long()] = False
        return positions_where(stays, self.idtype)

    def _refuse_block(self) -> None:
        if self._meta.is_block:
            raise GraphValueError(
                "Expected a graph that is not a block, got a block; change the graph that it was "
                "made of."
            )
