"""User-defined functions: the batches they receive, and the checks on what they return."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any, TypeAlias

import torch
from torch import Tensor

from .. import _checks
from .._storage.adjacency import Adjacency, Buckets
from .._storage.frame import Frame
from .._storage.metagraph import CanonicalEtype, of_type
from .._storage.preview import preview_html, preview_tensors
from ..errors import GraphKeyError, GraphTypeError, GraphValueError, GraphWarning
from ..ops.buckets import split_messages
from . import check
from .recording import notes
from .recording.lazy import LazyTensor
from .recording.purity import call
from .recording.values import Leaf
from .relation import Incoming, Relation

Columns: TypeAlias = dict[str, Tensor]

_MAILBOX_ADVICE = "; messages are (nodes, degree, …): reduce over dim=1"


class EdgeBatch:
    """The edges that a message function or an edge predicate receives.

    Attributes:
        src: features of each edge's source, a mapping of (n, …) tensors.
        dst: features of each edge's destination.
        data: features of the edges.
        canonical_etype: the edges' type ``(source type, name, destination type)``.
    """

    __slots__ = ("_ids", "_num_edges", "_owner", "canonical_etype", "data", "dst", "src")

    def __init__(
        self,
        etype: CanonicalEtype,
        src: Mapping[str, Tensor],
        dst: Mapping[str, Tensor],
        data: Mapping[str, Tensor],
        num_edges: int,
        ids: Callable[[], tuple[Tensor, Tensor, Tensor]],
        graph: Callable[[], Any] | None = None,
    ) -> None:
        """Create a batch.

        Args:
            etype: the edges' canonical type.
            src: features of the sources, one row an edge.
            dst: features of the destinations, one row an edge.
            data: features of the edges.
            num_edges: their number, n.
            ids: returns sources, destinations and edge ids in the graph of the call, (n,) each.
            graph: returns the graph of the call.
        """
        self.canonical_etype = etype
        self.src, self.dst, self.data = src, dst, data
        self._num_edges, self._ids, self._owner = num_edges, ids, graph

    @property
    def _graph(self) -> Any:
        """The graph of the call, which packages for DGL read by this name."""
        return None if self._owner is None else self._owner()

    def __repr__(self) -> str:
        named = _named(self.canonical_etype)
        features = f"src={list(self.src)}, dst={list(self.dst)}, data={list(self.data)}"
        return f"EdgeBatch(num_edges={len(self)}{named}, {features})"

    def _repr_html_(self) -> str:
        """The HTML that a notebook shows: statistics and the first rows of each column."""
        parts = {"src": self.src, "dst": self.dst, "data": self.data}
        return _html(
            f"EdgeBatch, {len(self):,} edges{of_type(self.canonical_etype)}", parts, len(self)
        )

    def edges(self) -> tuple[Tensor, Tensor, Tensor]:
        """Sources, destinations and edge ids in the graph, (n,) each."""
        return self._ids()

    def batch_size(self) -> int:
        """The number of edges."""
        return self._num_edges

    def __len__(self) -> int:
        return self.batch_size()


class NodeBatch:
    """The nodes that a reduce function, an apply function or a node predicate receives.

    Attributes:
        data: features of the nodes, a mapping of (n, …) tensors.
        mailbox: in a reduce function the messages, (n, in-degree, …), in ascending edge id;
            otherwise an empty mapping.
        ntype: the nodes' type.
    """

    __slots__ = ("_ids", "data", "mailbox", "ntype")

    def __init__(
        self,
        ntype: str,
        data: Mapping[str, Tensor],
        ids: Tensor,
        mailbox: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Create a batch of the nodes ``ids``, (n,), of type ``ntype``."""
        self.ntype = ntype
        self.data = data
        self.mailbox: Mapping[str, Tensor] = {} if mailbox is None else mailbox
        self._ids = ids

    def __repr__(self) -> str:
        mailbox = {name: tuple(messages.shape) for name, messages in self.mailbox.items()}
        features = f"data={list(self.data)}, mailbox={mailbox}"
        return f"NodeBatch(num_nodes={len(self)}{_named(self.ntype)}, {features})"

    def _repr_html_(self) -> str:
        """The HTML that a notebook shows: statistics and the first rows of each column."""
        parts = {"data": self.data, "mailbox": self.mailbox}
        return _html(f"NodeBatch, {len(self):,} nodes{of_type(self.ntype)}", parts, len(self))

    def nodes(self) -> Tensor:
        """The nodes' ids in the graph, (n,)."""
        return self._ids

    def batch_size(self) -> int:
        """The number of nodes."""
        return self._ids.shape[0]

    def __len__(self) -> int:
        return self.batch_size()


def _named(kind: str | CanonicalEtype) -> str:
    """A type as an argument of a ``repr``; empty for that of a graph of one type."""
    name = "ntype" if isinstance(kind, str) else "canonical_etype"
    return f", {name}={kind!r}" if of_type(kind) else ""


def _html(title: str, parts: Mapping[str, Mapping[str, Tensor]], num_rows: int) -> str:
    """The HTML of several mappings of features with one number of rows."""
    previews = [
        part.preview(name) if isinstance(part, Frame) else preview_tensors(name, part, num_rows)
        for name, part in parts.items()
    ]
    return preview_html(title, previews)


class _Split:
    """Columns cut into consecutive parts; each is gathered and cut once, when first read."""

    def __init__(self, frame: Frame, sizes: list[int]) -> None:
        self.frame, self.sizes = frame, sizes
        self.parts: dict[str, tuple[Tensor, ...]] = {}

    def read(self, name: str, part: int) -> Tensor:
        if name not in self.parts:
            self.parts[name] = torch.unsafe_split_with_sizes(self.frame[name], self.sizes)
        return self.parts[name][part]


class _Mailbox(dict[str, Tensor]):
    """The messages of some nodes, by name."""

    def __missing__(self, name: str) -> Tensor:
        raise GraphKeyError(
            f"mailbox: expected one of its messages ({', '.join(map(repr, self)) or 'none'}), got "
            f"{name!r}."
        )


class _Part(Mapping[str, Tensor]):
    """One part of a :class:`_Split`."""

    def __init__(self, split: _Split, part: int) -> None:
        self._split, self._part = split, part

    def __getitem__(self, name: str) -> Tensor:
        return self._split.read(name, self._part)

    def __iter__(self) -> Iterator[str]:
        return iter(self._split.frame)

    def __len__(self) -> int:
        return len(self._split.frame)


def columns(result: Any, rows: int, device: torch.device, what: str, advice: str = "") -> Columns:
    """Check what a user's function returned.

    Args:
        result: the object that the function returned.
        rows: how many rows each column must have.
        device: where each must be.
        what: the kind of function, for error messages.
        advice: what to do about a wrong number of rows.

    Returns:
        The columns.

    Raises:
        GraphTypeError: not a dict of tensors.
        GraphValueError: a wrong number of rows or device.
    """
    if not isinstance(result, _checks.AnyMapping):
        raise GraphTypeError(
            f"The {what}: expected a dict {{field: tensor}}, got {_checks.kind(result)}; return a "
            "dict."
        )
    for name, value in result.items():
        _checks.feature(value, rows, device, name, f"rows that the {what} was given", advice)
    return dict(result)


class _Ends(Frame):
    """The features of one end of edges, as lazy tensors."""

    __slots__ = ("_leaf",)
    _leaf: Callable[[str], LazyTensor]

    @classmethod
    def of(cls, nodes: Frame, edges: Adjacency, end: str) -> _Ends:
        """The features of ``nodes``, which are the end ``"u"`` or ``"v"`` of the edges."""
        ends = nodes.take(edges.src if end == "u" else edges.dst)
        self = cls(ends.num_rows, ends.device, ends.owner)
        self._columns = ends._columns
        where = "src" if end == "u" else "dst"
        self._leaf = lambda name: LazyTensor.of(
            edges, Leaf(nodes[name], end, None, f"{where}[{name!r}]")
        )
        return self

    def _resolve(self, name: str, pending: Any) -> Tensor:  # noqa: ARG002
        self._columns[name] = column = self._leaf(name)
        return column


def edge_batch(relation: Relation, is_lazy: bool = False) -> EdgeBatch:
    """All edges of a relation, with features gathered when they are read.

    Args:
        relation: the edges.
        is_lazy: whether the features of both ends are lazy tensors.
    """
    adjacency = relation.adjacency
    if notes.are_taken():
        for name in relation.edge:
            notes.name(relation.edge[name], f"data[{name!r}]")
    return EdgeBatch(
        relation.etype,
        _Ends.of(relation.src, adjacency, "u") if is_lazy else relation.src.take(adjacency.src),
        _Ends.of(relation.dst, adjacency, "v") if is_lazy else relation.dst.take(adjacency.dst),
        relation.edge.copy(),
        adjacency.num_edges,
        relation.edge_ids,
        relation.graph,
    )


def level_of_caller() -> int:
    """How far up the first call from outside this package and torch is, for a warning."""
    packages, frame, level = (__name__.partition(".")[0], "torch"), sys._getframe(1), 1
    while frame.f_back is not None and _package(frame) in packages:
        frame, level = frame.f_back, level + 1
    return level


def _package(frame: FrameType) -> str:
    """The package of the code that runs in a frame; empty for code of ``exec``."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def messages(
    relation: Relation, function: Callable[[EdgeBatch], Any], is_recorded: bool = False
) -> Columns:
    """Call a message function on all edges of a relation.

    Args:
        relation: the edges.
        function: the user's function.
        is_recorded: whether it receives lazy tensors.

    Returns:
        The messages, (E, …) each, some of them lazy; with a warning if there are no edges.
    """
    num_edges = relation.adjacency.num_edges
    if num_edges == 0:
        warnings.warn(
            f"A message function is called on 0 edges{of_type(relation.etype)}.",
            GraphWarning,
            stacklevel=level_of_caller(),
        )
    result = call(function, edge_batch(relation, is_recorded))
    return columns(result, num_edges, relation.adjacency.device, "message function")


def reduce(
    ntype: str,
    incoming: Incoming,
    ids: Tensor,
    mailbox: Columns,
    function: Callable[[NodeBatch], Any],
) -> Columns:
    """Call a reduce function once for each distinct in-degree.

    Args:
        ntype: the destinations' type.
        incoming: the relations that enter them.
        ids: (N,) their ids in the graph.
        mailbox: each message, (E, …), in the order of the buckets.
        function: the user's function.

    Returns:
        Whole columns, (N, …); rows without messages come from the field's initializer. Empty when
        there are no edges.

    Raises:
        GraphTypeError: the function returned no dict of tensors.
        GraphValueError: wrong rows, or fields that differ between in-degrees.
    """
    frame, buckets = incoming.dst, incoming.buckets
    index = buckets.nodes
    split = _Split(frame.take(index), buckets.sizes)
    boxes = {name: split_messages(buckets, value) for name, value in mailbox.items()}
    names = torch.split(ids.index_select(0, index), buckets.sizes) if buckets.sizes else ()
    parts: list[Columns] = []
    for part, nodes in enumerate(names):
        box = _Mailbox({name: views[part] for name, views in boxes.items()})
        batch = NodeBatch(ntype, _Part(split, part), nodes, box)
        reduced = columns(
            call(function, batch), len(batch), frame.device, "reduce function", _MAILBOX_ADVICE
        )
        if parts and reduced.keys() != parts[0].keys():
            raise GraphValueError(
                f"The reduce function: expected the same fields for every in-degree, got "
                f"{sorted(parts[0])} for one and {sorted(reduced)} for another."
            )
        parts.append(reduced)
    return {name: _merge(name, frame, buckets, parts) for name in (parts[0] if parts else ())}


def _merge(name: str, frame: Frame, buckets: Buckets, parts: list[Columns]) -> Tensor:
    """One column of all rows from the parts of one field."""
    pieces = [part[name] for part in parts]
    shapes = {tuple(piece.shape[1:]) for piece in pieces}
    if len(shapes) > 1:
        raise GraphValueError(
            f"The reduce function: expected rows of one shape in field {name!r}, got shapes "
            f"{', '.join(map(str, sorted(shapes)))}{_MAILBOX_ADVICE}."
        )
    rows = torch.cat(pieces)
    if buckets.is_full:
        return rows.new_empty(rows.shape).index_copy_(0, buckets.nodes.long(), rows)
    blank = frame.initial(name, tuple(rows.shape[1:]), rows.dtype)
    return blank.index_copy(0, buckets.nodes.long(), rows)


def apply(
    ntype: str,
    frame: Frame,
    ids: Tensor,
    new: Columns,
    function: Callable[[NodeBatch], Any] | None,
) -> Columns:
    """Call an apply function on nodes, with new columns that are not written yet.

    Args:
        ntype: the nodes' type.
        frame: their features.
        ids: (N,) their ids in the graph.
        new: columns that replace those of the frame.
        function: the user's function, or None.

    Returns:
        The columns that the function returned; ``new`` without a function.
    """
    if function is None:
        return new
    check.refuse_builder(function, "apply_node_func")
    if not callable(function):
        raise GraphTypeError(
            f"apply_node_func: expected a function of nodes, got {_checks.kind(function)}."
        )
    view = frame.copy()
    view.update(new)
    result = function(NodeBatch(ntype, view, ids))
    return columns(result, frame.num_rows, frame.device, "apply function")


def predicate(result: Any, ids: Tensor) -> Tensor:
    """Check what a predicate of ``ids`` returned: one number for each, (n,) or (n, 1).

    Returns:
        (n,) bool: where it is not 0.

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: a wrong shape or device.
    """
    rows = ids.shape[0]
    if not isinstance(result, Tensor):
        raise GraphTypeError(f"The predicate: expected a tensor, got {_checks.kind(result)}.")
    if tuple(result.shape) not in ((rows,), (rows, 1)):
        raise GraphValueError(
            f"The predicate: expected shape ({rows},), got {tuple(result.shape)}."
        )
    _checks.feature(result, rows, ids.device, "result", "rows that the predicate was given")
    return result.reshape(-1) != 0


def field(messages: Columns, name: str) -> Tensor:
    """The message that a reducer reads, of those that a message function returned."""
    if name not in messages:
        known = ", ".join(map(repr, messages)) or "none"
        raise GraphKeyError(
            f"The message function: expected a message {name!r} for the reducer, got {known}."
        )
    return messages[name]
