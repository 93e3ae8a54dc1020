"""Verbs: message passing along all edges, and functions on nodes and edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from .. import _checks
from .._message_passing import check, udf
from .._message_passing.aggregate import (
    ApplyFunction,
    MessageFunction,
    ReduceFunction,
    resolve,
    resolve_message,
    without_lacking,
)
from .._message_passing.cross import CROSS_REDUCERS, cross_reduce, zero_without_messages
from .._message_passing.relation import Incoming, Relation
from .._storage.frame import ALL, Frame
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphTypeError, GraphValueError
from ..function import REDUCERS
from .arguments import edge_argument
from .state import GraphState
from .structure import is_all


class Verbs(GraphState):
    """Message passing along all edges, and functions of all or some nodes and edges."""

    def update_all(
        self,
        message_func: MessageFunction,
        reduce_func: ReduceFunction,
        apply_node_func: ApplyFunction = None,
        etype: Any = None,
    ) -> None:
        """Send messages along all edges, reduce them at the destinations, and apply a function.

        Args:
            message_func: a builtin such as ``function.copy_u``, or a function of
                :class:`~graphmp.EdgeBatch` that returns ``{message: (E, …)}``.
            reduce_func: a builtin such as ``function.sum``, or a function of
                :class:`~graphmp.NodeBatch` that returns ``{field: (n, …)}``; it is called once
                for each distinct in-degree, with messages (n, degree, …).
            apply_node_func: function of :class:`~graphmp.NodeBatch` on all destinations, which
                sees the reduced fields. Only the fields that it returns are written.
            etype: the edge type. Without it messages go along all types, as though the edges into
                one node type were one list.

        Raises:
            GraphKeyError: a field that is not there.
            GraphTypeError: something that is no function, or a function that returns no dict.
            GraphValueError: message names that differ, or shapes that do not fit.

        Example:
            >>> import torch, graphmp as gm, graphmp.function as fn
            >>> g = gm.graph(([0, 1], [2, 2]))
            >>> g.ndata["h"] = torch.tensor([[1.0], [3.0], [0.0]])
            >>> g.update_all(fn.copy_u("h", "m"), fn.mean("m", "out"))
            >>> g.ndata["out"].view(-1)
            tensor([0., 0., 2.])
        """
        groups = self._incoming(etype)
        messages, reduction = resolve(message_func, reduce_func)
        if etype is None and len(self.adjacencies) > 1:
            groups = without_lacking(groups, messages)
        results = []
        for incoming in groups:
            new = reduction.reduce(incoming, messages)
            if apply_node_func is not None:
                new = applied(incoming.relations[0], new, apply_node_func)
            results.append((incoming.dst, new))
        for frame, new in results:
            frame.put(new)

    def multi_update_all(
        self,
        etype_dict: dict[Any, tuple[Any, ...]],
        cross_reducer: str | Callable[[list[Tensor]], Tensor],
        apply_node_func: ApplyFunction = None,
    ) -> None:
        """Pass messages along several edge types and reduce over the types.

        Args:
            etype_dict: for each edge type ``(message_func, reduce_func)`` or
                ``(message_func, reduce_func, apply_node_func)``.
            cross_reducer: ``"sum"``, ``"max"``, ``"min"``, ``"mean"``, ``"stack"`` (along
                dimension 1, in the order of edge type ids), or a function of the list of results.
                A type that gave a node no message does not count for max and min, and is 0 else.
            apply_node_func: function of :class:`~graphmp.NodeBatch` on the reduced result; the
                fields that it returns are written beside the reduced ones.

        Raises:
            GraphKeyError: an unknown edge type.
            GraphTypeError: not a dict of tuples of functions.
            GraphValueError: an unknown cross reducer.

        Example:
            >>> import torch, graphmp as gm, graphmp.function as fn
            >>> g = gm.heterograph({("a", "x", "b"): ([0], [0]), ("a", "y", "b"): ([0], [0])})
            >>> g.nodes["a"].data["h"] = torch.ones(1)
            >>> pair = (fn.copy_u("h", "m"), fn.sum("m", "out"))
            >>> g.multi_update_all({"x": pair, "y": pair}, "sum")
            >>> g.nodes["b"].data["out"]
            tensor([2.])
        """
        check.refuse_builder(cross_reducer, "cross_reducer")
        if not callable(cross_reducer) and cross_reducer not in CROSS_REDUCERS:
            raise GraphValueError(
                f"Expected a cross reducer among {', '.join(CROSS_REDUCERS)}, or a function, got "
                f"{cross_reducer!r}."
            )
        row = REDUCERS.get(cross_reducer) if isinstance(cross_reducer, str) else None
        groups: dict[str, list[tuple[Relation, udf.Columns]]] = {}
        functions = self._functions(etype_dict)
        for etype in self._meta.canonical_etypes:  # the order of type ids, not of the dict
            if etype not in functions:
                continue
            message, reduce, *rest = functions[etype]
            messages, reduction = resolve(message, reduce)
            (incoming,) = self._incoming(etype)
            if len(functions) > 1 and messages.lacks_fields(incoming.relations[0]):
                groups.setdefault(etype[2], []).append((incoming.relations[0], {}))
                continue
            new = reduction.reduce(incoming, messages)
            if rest:
                new = applied(incoming.relations[0], new, rest[0])
            elif cross_reducer in ("sum", "mean"):
                new = zero_without_messages(new, incoming.adjacencies[0])
            groups.setdefault(etype[2], []).append((incoming.relations[0], new))
        results = []
        for group in groups.values():
            relation, frame = group[0][0], group[0][0].dst
            new = cross_reduce([(r.adjacency, part) for r, part in group], cross_reducer, row)
            checked = udf.columns(new, frame.num_rows, self.device, "cross reducer")
            new = applied(relation, checked, apply_node_func)
            results.append((frame, {**checked, **new}))
        for frame, new in results:
            frame.put(new)

    def apply_edges(self, func: MessageFunction, edges: Any = ALL, etype: Any = None) -> None:
        """Compute features of edges from their ends.

        Args:
            func: a message builtin, or a function of :class:`~graphmp.EdgeBatch` that returns
                ``{field: (n, …)}``.
            edges: all by default; ids, or a tuple ``(u, v)`` of ends.
            etype: the edge type; not needed when there is one. Without it, a builtin computes the
                messages of all edges of every type.

        Raises:
            GraphKeyError: a field that is not there.
            GraphTypeError: something that is no function, or a function that returns no dict.

        Example:
            >>> import torch, graphmp as gm, graphmp.function as fn
            >>> g = gm.graph(([0, 1], [1, 0]))
            >>> g.ndata["h"] = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
            >>> g.apply_edges(fn.u_dot_v("h", "h", "score"))
            >>> g.edata["score"].view(-1)
            tensor([11., 11.])
        """
        messages = resolve_message(func)
        if etype is None and messages.spans_types and is_all(edges):
            relations = map(self._relation, self._meta.canonical_etypes)
            results = [
                (relation.edge, messages.columns(relation))
                for relation in relations
                if len(self.adjacencies) == 1 or not messages.lacks_fields(relation)
            ]
            for frame, new in results:
                frame.put(new)
            return
        etype = self._meta.etype(etype)
        eids = edge_argument(self, edges, etype)
        relation = self._relation(etype)
        if eids is None:
            relation.edge.put(messages.columns(relation))
            return
        eids = _checks.once(eids)
        part = relation._replace(
            adjacency=relation.adjacency.subset(eids), edge=relation.edge.take(eids), eids=eids
        )
        relation.edge.write_rows(eids, messages.columns(part))

    def apply_nodes(
        self, func: Callable[[udf.NodeBatch], Any], v: Any = ALL, ntype: str | None = None
    ) -> None:
        """Compute features of nodes from their own features.

        Args:
            func: function of :class:`~graphmp.NodeBatch` that returns ``{field: (n, …)}``.
            v: all nodes by default, or ids.
            ntype: the node type; not needed when there is one.

        Raises:
            GraphTypeError: something that is no function, or a function that returns no dict.

        Example:
            >>> import torch, graphmp as gm
            >>> g = gm.graph(([0], [1]))
            >>> g.ndata["h"] = torch.ones(2)
            >>> g.apply_nodes(lambda nodes: {"h": nodes.data["h"] * 2})
            >>> g.ndata["h"]
            tensor([2., 2.])
        """
        _check_function(func, "apply function")
        ntype, frame, rows = self._named_rows(v, ntype)
        if rows is None:
            frame.put(udf.apply(ntype, frame, self._arange(frame.num_rows), {}, func))
        else:
            rows = _checks.once(rows)
            frame.write_rows(rows, udf.apply(ntype, frame.take(rows), rows, {}, func))

    def filter_nodes(
        self, predicate: Callable[[udf.NodeBatch], Tensor], nodes: Any = ALL, ntype: Any = None
    ) -> Tensor:
        """The nodes for which a predicate holds.

        Args:
            predicate: function of :class:`~graphmp.NodeBatch` that returns a tensor (n,), bool or
                of numbers, of which those other than 0 hold.
            nodes: all by default, or ids to choose among.
            ntype: the node type; not needed when there is one.

        Returns:
            Ids, in the order of ``nodes``.

        Raises:
            GraphTypeError: the predicate is no function, or returned no tensor.
            GraphValueError: it returned another number of rows.

        Example:
            >>> import torch, graphmp as gm
            >>> g = gm.graph(([0], [1]))
            >>> g.ndata["h"] = torch.tensor([1.0, -1.0])
            >>> g.filter_nodes(lambda nodes: nodes.data["h"] > 0)
            tensor([0])
        """
        _check_function(predicate, "predicate")
        ntype, frame, rows = self._named_rows(nodes, ntype)
        ids = self._arange(frame.num_rows) if rows is None else rows
        data = frame.copy() if rows is None else frame.take(rows)
        return ids[udf.predicate(predicate(udf.NodeBatch(ntype, data, ids)), ids)]

    def filter_edges(
        self, predicate: Callable[[udf.EdgeBatch], Tensor], edges: Any = ALL, etype: Any = None
    ) -> Tensor:
        """The edges for which a predicate holds.

        Args:
            predicate: function of :class:`~graphmp.EdgeBatch` that returns a tensor (n,), bool or
                of numbers, of which those other than 0 hold.
            edges: all by default; ids, or a tuple ``(u, v)`` of ends, to choose among.
            etype: the edge type; not needed when there is one.

        Returns:
            Edge ids, in the order of ``edges``.

        Raises:
            GraphTypeError: the predicate is no function, or returned no tensor.
            GraphValueError: it returned another number of rows.
        """
        _check_function(predicate, "predicate")
        etype = self._meta.etype(etype)
        relation, eids = self._relation(etype), edge_argument(self, edges, etype)
        if eids is not None:
            part = relation.adjacency.subset(eids)
            relation = relation._replace(adjacency=part, edge=relation.edge.take(eids), eids=eids)
        batch = udf.edge_batch(relation)
        ids = batch.edges()[2]
        return ids[udf.predicate(predicate(batch), ids)]

    # ---- arguments

    def _incoming(self, etype: Any) -> list[Incoming]:
        """The relations to pass messages along, by destination type."""
        etype = etype if etype is None else self._meta.etype(etype)
        incoming = self._incoming_cache.get(etype)
        return self._cache_incoming(etype) if incoming is None else incoming

    def _functions(self, etype_dict: Any) -> dict[CanonicalEtype, tuple[Any, ...]]:
        """The functions of each canonical edge type, as a user gave them."""
        if not isinstance(etype_dict, _checks.AnyMapping):
            raise GraphTypeError(
                "Expected a dict {edge type: (message_func, reduce_func)}, got "
                f"{_checks.kind(etype_dict)}."
            )
        for etype, functions in etype_dict.items():
            if not isinstance(functions, (tuple, list)) or len(functions) not in (2, 3):
                raise GraphTypeError(
                    f"Expected the functions of edge type {etype!r} as (message_func, reduce_func) "
                    f"or (message_func, reduce_func, apply_node_func), got {functions!r}."
                )
        by_etype = {self._meta.etype(etype): tuple(f) for etype, f in etype_dict.items()}
        if len(by_etype) != len(etype_dict):
            raise GraphValueError(f"Expected each edge type once, got {list(etype_dict)}.")
        return by_etype

    def _named_rows(self, ids: Any, ntype: Any) -> tuple[str, Frame, Tensor | None]:
        """The type, the frame and the checked ids, or None for all, that a user means."""
        end, name = self._meta.end(ntype, first=1)
        frame = self._frames.at(end)[name]
        if is_all(ids):
            return name, frame, None
        return name, frame, self._ids(ids, frame.num_rows, f"Ids of {frame.owner}")


def applied(relation: Relation, new: udf.Columns, function: ApplyFunction) -> udf.Columns:
    """New columns of a relation's destinations after the apply function."""
    if function is None:
        return new
    return udf.apply(relation.etype[2], relation.dst, relation.node_ids(), new, function)


def _check_function(function: Any, what: str) -> None:
    """Check that a user's function can be called.

    Raises:
        GraphTypeError: it cannot.
    """
    check.refuse_builder(function, what)
    if not callable(function):
        raise GraphTypeError(f"Expected the {what} to be a function, got {_checks.kind(function)}.")
