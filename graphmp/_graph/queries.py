"""Queries: which nodes and edges there are, and which are next to which."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .. import _checks, kernels
from .._storage.metagraph import of_type
from ..errors import GraphValueError
from ..kernels.segments import ranges
from .arguments import existing_pairs, pair_positions
from .structure import Structure


class Queries(Structure):
    """Which nodes and edges exist, and which are adjacent."""

    # ---- nodes

    def has_nodes(self, vid: Any, ntype: str | None = None) -> Any:
        """Whether nodes exist.

        Args:
            vid: an id, or several.
            ntype: the node type; not needed when there is one.

        Returns:
            A bool for an int, else a bool tensor (n,).

        Example:
            >>> import graphmp as gm
            >>> g = gm.graph(([0], [1]))
            >>> g.has_nodes(5), g.has_nodes([0, 5])
            (False, tensor([ True, False]))
        """
        end, name = self._meta.end(ntype)
        limit = self._frames.at(end)[name].num_rows
        ids = _checks.id_tensor(vid, self.idtype, self.device, "Node ids")
        exists = (ids >= 0) & (ids < limit)
        return bool(exists) if _checks.is_int(vid) else exists

    # ---- edges by their ends

    def has_edges_between(self, u: Any, v: Any, etype: Any = None) -> Any:
        """Whether there are edges from ``u[i]`` to ``v[i]``.

        Args:
            u: source id, or several.
            v: destination id, or several; a single id goes with each of the others.
            etype: the edge type; not needed when there is one.

        Returns:
            A bool for two ints, else a bool tensor (n,).

        Raises:
            GraphIndexError: an id that is not there.
            GraphValueError: different numbers of ids.
        """
        low, high, _ = pair_positions(self, u, v, self._meta.etype(etype))
        exists = high > low
        return bool(exists) if _both_ints(u, v) else exists

    def edge_ids(self, u: Any, v: Any, return_uv: bool = False, etype: Any = None) -> Any:
        """Find the edges from ``u[i]`` to ``v[i]``.

        Args:
            u: source id, or several.
            v: destination id, or several; a single id goes with each of the others.
            return_uv: give every edge between each pair, not just the first; a pair without an
                edge gives none.
            etype: the edge type; not needed when there is one.

        Returns:
            The smallest edge id of each pair: an int for two ints, else a tensor (n,). With
            ``return_uv`` a tuple of tensors: sources, destinations and ids of all the edges.

        Raises:
            GraphIndexError: a node that is not there, or, without ``return_uv``, a pair without
                an edge.
            GraphValueError: different numbers of ids.

        Example:
            >>> import graphmp as gm
            >>> g = gm.graph(([0, 1, 0], [1, 2, 1]))
            >>> g.edge_ids(0, 1), g.edge_ids([0, 1], [1, 2])
            (0, tensor([0, 1]))
            >>> g.edge_ids(0, 1, return_uv=True)
            (tensor([0, 0]), tensor([1, 1]), tensor([0, 2]))
        """
        etype = self._meta.etype(etype)
        eids = self.adjacencies[etype].sorted_csr.edge_ids
        if return_uv:
            every = eids[ranges(*pair_positions(self, u, v, etype)[:2])]
            return (*self.find_edges(every, etype), every)
        first = eids.index_select(0, existing_pairs(self, u, v, etype)[0])
        return int(first) if _both_ints(u, v) else first

    def find_edges(self, eid: Any, etype: Any = None) -> tuple[Tensor, Tensor]:
        """The ends of edges.

        Args:
            eid: an edge id, or several.
            etype: the edge type; not needed when there is one.

        Returns:
            Sources and destinations, (n,) each.

        Raises:
            GraphIndexError: an edge that is not there.

        Example:
            >>> import graphmp as gm
            >>> gm.graph(([0, 1], [1, 2])).find_edges([1])
            (tensor([1]), tensor([2]))
        """
        etype = self._meta.etype(etype)
        adjacency = self.adjacencies[etype]
        ids = self._ids(eid, adjacency.num_edges, f"Ids of edges{of_type(etype)}")
        return adjacency.src.index_select(0, ids), adjacency.dst.index_select(0, ids)

    def all_edges(self, form: str = "uv", order: str | None = "eid", etype: Any = None) -> Any:
        """All edges of a type; ``graph.edges(…)`` is the same.

        Args:
            form: ``"uv"`` the two ends, ``"eid"`` the ids, ``"all"`` all three.
            order: ``"eid"`` by id, ``"srcdst"`` by source and then destination (stable).
            etype: the edge type; not needed when there is one.

        Returns:
            A tuple of tensors (E,), or one tensor for ``"eid"``.

        Raises:
            GraphValueError: an unknown form or order.

        Example:
            >>> import graphmp as gm
            >>> g = gm.graph(([1, 0], [2, 1]))
            >>> g.edges()
            (tensor([1, 0]), tensor([2, 1]))
            >>> g.edges(form="all", order="srcdst")
            (tensor([0, 1]), tensor([1, 2]), tensor([1, 0]))
        """
        adjacency = self.adjacency_of(etype)
        if order not in ("eid", "srcdst", None):
            raise GraphValueError(f"Expected order to be 'eid' or 'srcdst', got {order!r}.")
        if order != "srcdst" and form == "uv":
            return adjacency.src.clone(), adjacency.dst.clone()
        eids = self._arange(adjacency.num_edges)
        if order == "srcdst":
            eids = adjacency.sorted_csr.edge_ids.clone()
        if form == "eid":
            return eids
        ends = (end.index_select(0, eids) for end in (adjacency.src, adjacency.dst))
        return _formed((*ends, eids), form)

    def in_edges(self, v: Any, form: str = "uv", etype: Any = None) -> Any:
        """The edges that enter nodes, node after node.

        Args:
            v: an id, or several.
            form: ``"uv"`` the two ends, ``"eid"`` the ids, ``"all"`` all three.
            etype: the edge type; not needed when there is one.

        Returns:
            A tuple of tensors, or one tensor for ``"eid"``.

        Raises:
            GraphIndexError: a node that is not there.
        """
        adjacency = self.adjacency_of(etype)
        rows = self._ids(v, adjacency.num_dst, "Destination node ids")
        if form == "eid":
            return kernels.entries_of(adjacency.csc.indptr, adjacency.csc.edge_ids, rows)
        targets, others, eids = kernels.edges_of(adjacency.csc, rows, names=rows)
        return _formed((others, targets, eids), form)

    def out_edges(self, u: Any, form: str = "uv", etype: Any = None) -> Any:
        """The edges that leave nodes, node after node.

        Args:
            u: an id, or several.
            form: ``"uv"`` the two ends, ``"eid"`` the ids, ``"all"`` all three.
            etype: the edge type; not needed when there is one.

        Returns:
            A tuple of tensors, or one tensor for ``"eid"``.

        Raises:
            GraphIndexError: a node that is not there.
        """
        adjacency = self.adjacency_of(etype)
        rows = self._ids(u, adjacency.num_src, "Source node ids")
        if form == "eid":
            return kernels.entries_of(adjacency.csr.indptr, adjacency.csr.edge_ids, rows)
        return _formed(kernels.edges_of(adjacency.csr, rows, names=rows), form)

    def predecessors(self, v: int, etype: Any = None) -> Tensor:
        """The sources of the edges that enter node ``v``, in ascending edge id.

        Raises:
            GraphIndexError: the node is not there.
            GraphValueError: more than one node.
        """
        adjacency = self.adjacency_of(etype)
        row = self._single(v, adjacency.num_dst)
        return kernels.entries_of(adjacency.csc.indptr, adjacency.csc.indices, row)

    def successors(self, v: int, etype: Any = None) -> Tensor:
        """The destinations of the edges that leave node ``v``, in ascending edge id.

        Raises:
            GraphIndexError: the node is not there.
            GraphValueError: more than one node.
        """
        adjacency = self.adjacency_of(etype)
        row = self._single(v, adjacency.num_src)
        return kernels.entries_of(adjacency.csr.indptr, adjacency.csr.indices, row)

    def _single(self, v: Any, limit: int) -> Tensor:
        row = self._ids(v, limit, "The node id")
        if row.numel() != 1:
            raise GraphValueError(f"Expected one node id, got {row.numel()}.")
        return row


def _formed(edges: tuple[Tensor, ...], form: str) -> Any:
    """Edges, which are sources, destinations and ids, in the form that a user asked for."""
    if form not in ("uv", "eid", "all"):
        raise GraphValueError(f"Expected form to be 'uv', 'eid' or 'all', got {form!r}.")
    return edges[2] if form == "eid" else edges[: 2 if form == "uv" else 3]


def _both_ints(u: Any, v: Any) -> bool:
    return _checks.is_int(u) and _checks.is_int(v)
