"""Propagation: message passing along some edges, where only their destinations are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._message_passing.aggregate import (
    ApplyFunction,
    MessageFunction,
    Messages,
    ReduceFunction,
    Reduction,
    resolve,
)
from .._message_passing.relation import Incoming
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphTypeError
from .arguments import edge_argument
from .state import GraphState
from .structure import is_all
from .verbs import applied


class Propagation(GraphState):
    """Message passing along some edges, or at some nodes."""

    def send_and_recv(
        self,
        edges: Any,
        message_func: MessageFunction,
        reduce_func: ReduceFunction,
        apply_node_func: ApplyFunction = None,
        etype: Any = None,
    ) -> None:
        """Send messages along some edges, each once; only their destinations are written.

        Args:
            edges: ids as an int, list, array or tensor; or a tuple ``(u, v)`` of ends.
            message_func: as in :meth:`update_all`.
            reduce_func: as in :meth:`update_all`.
            apply_node_func: as in :meth:`update_all`, on the destinations of these edges.
            etype: the edge type; not needed when there is one.

        Raises:
            GraphIndexError: an edge that is not there.
            GraphValueError: rows that do not fit the column that is written.
        """
        functions = (*resolve(message_func, reduce_func), apply_node_func)
        etype = self._meta.etype(etype)
        eids, adjacency = edge_argument(self, edges, etype), self.adjacencies[etype]
        eids = self._arange(adjacency.num_edges) if eids is None else torch.unique(eids)
        rows = torch.unique(adjacency.dst[eids.long()])
        self._receive(etype, eids, rows, functions)

    def pull(
        self,
        v: Any,
        message_func: MessageFunction,
        reduce_func: ReduceFunction,
        apply_node_func: ApplyFunction = None,
        etype: Any = None,
    ) -> None:
        """Receive messages along all edges that enter some nodes; only these are written.

        Args:
            v: an id, or several; the order does not matter.
            message_func: as in :meth:`update_all`.
            reduce_func: as in :meth:`update_all`.
            apply_node_func: as in :meth:`update_all`, on these nodes.
            etype: the edge type; not needed when there is one.

        Raises:
            GraphIndexError: a node that is not there.
            GraphValueError: rows that do not fit the column that is written.
        """
        functions = (*resolve(message_func, reduce_func), apply_node_func)
        etype = self._meta.etype(etype)
        frame = self._frames.dst[etype[2]]
        if is_all(v):
            rows = self._arange(frame.num_rows)
        else:
            rows = torch.unique(self._ids(v, frame.num_rows, f"Ids of {frame.owner}"))
        indptr, _, edge_ids = self.adjacencies[etype].csc
        eids = torch.sort(kernels.entries_of(indptr, edge_ids, rows)).values
        self._receive(etype, eids, rows, functions)

    def push(
        self,
        u: Any,
        message_func: MessageFunction,
        reduce_func: ReduceFunction,
        apply_node_func: ApplyFunction = None,
        etype: Any = None,
    ) -> None:
        """Send messages along all edges that leave some nodes; only destinations are written.

        Args:
            u: an id, or several; the order does not matter.
            message_func: as in :meth:`update_all`.
            reduce_func: as in :meth:`update_all`.
            apply_node_func: as in :meth:`update_all`, on the destinations of these edges.
            etype: the edge type; not needed when there is one.

        Raises:
            GraphIndexError: a node that is not there.
            GraphValueError: rows that do not fit the column that is written.
        """
        etype = self._meta.etype(etype)
        edges: Any = u
        if not is_all(u):
            adjacency = self.adjacencies[etype]
            rows = self._ids(u, adjacency.num_src, "Source node ids")
            edges = kernels.entries_of(adjacency.csr.indptr, adjacency.csr.edge_ids, rows)
        self.send_and_recv(edges, message_func, reduce_func, apply_node_func, etype)

    def prop_nodes(
        self,
        nodes_generator: Iterable[Any],
        message_func: MessageFunction,
        reduce_func: ReduceFunction,
        apply_node_func: ApplyFunction = None,
        etype: Any = None,
    ) -> None:
        """Pull at one set of nodes after another, for example in topological order.

        Args:
            nodes_generator: gives node ids as :meth:`pull` takes them.
            message_func: as in :meth:`update_all`.
            reduce_func: as in :meth:`update_all`.
            apply_node_func: as in :meth:`update_all`.
            etype: the edge type; not needed when there is one.

        Raises:
            GraphTypeError: not an iterable of ids.
        """
        for nodes in _steps(nodes_generator):
            self.pull(nodes, message_func, reduce_func, apply_node_func, etype)

    def prop_edges(
        self,
        edges_generator: Iterable[Any],
        message_func: MessageFunction,
        reduce_func: ReduceFunction,
        apply_node_func: ApplyFunction = None,
        etype: Any = None,
    ) -> None:
        """Send and receive along one set of edges after another.

        Args:
            edges_generator: gives edges as :meth:`send_and_recv` takes them.
            message_func: as in :meth:`update_all`.
            reduce_func: as in :meth:`update_all`.
            apply_node_func: as in :meth:`update_all`.
            etype: the edge type; not needed when there is one.

        Raises:
            GraphTypeError: not an iterable of ids.
        """
        for edges in _steps(edges_generator):
            self.send_and_recv(edges, message_func, reduce_func, apply_node_func, etype)

    def _receive(
        self,
        etype: CanonicalEtype,
        eids: Tensor,
        rows: Tensor,
        functions: tuple[Messages, Reduction, ApplyFunction],
    ) -> None:
        """Pass messages along ``eids`` (ascending) and write ``rows`` (ascending), if any."""
        if rows.numel() == 0:
            return
        messages, reduction, apply = functions
        part = self._relation(etype).part(eids, rows)
        new = applied(part, reduction.reduce(Incoming([part]), messages), apply)
        self._frames.dst[etype[2]].write_rows(rows, new)


def _steps(generator: Any) -> Iterable[Any]:
    """Check what gives one set of ids after another."""
    if isinstance(generator, str) or not isinstance(generator, Iterable):
        raise GraphTypeError(
            "Expected a list or a generator of the ids of each step, got "
            f"{_checks.kind(generator)}."
        )
    return generator
