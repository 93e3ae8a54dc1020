"""Message passing over relations: the partial result of each, combined, then finished once.

Everything works on :class:`Incoming`, the relations that share their destinations. The edges of
several relations count as though they were one list, in the order of edge type ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce as fold
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.compiler import is_compiling

from .. import _checks
from .._storage.adjacency import Adjacency, Buckets
from .._storage.frame import Frame
from .._storage.gather import gather
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphTypeError, GraphValueError
from ..function import BinaryOp, Message, Reduce, Reducer
from ..kernels.contract import accumulator
from ..ops.broadcast import autocast, check_one_shape
from ..ops.buckets import Inbox, joint_buckets, reduce_by_formula
from ..ops.normalized import divided
from ..ops.spmm import sddmm, spmm
from . import udf
from .udf import Columns, EdgeBatch, NodeBatch

MessageFunction: TypeAlias = Message | Callable[[EdgeBatch], Any]
ReduceFunction: TypeAlias = Reduce | Callable[[NodeBatch], Any]
ApplyFunction: TypeAlias = Callable[[NodeBatch], Any] | None
Inputs: TypeAlias = tuple[BinaryOp | None, Tensor, Tensor | None, tuple[str, str]]


_SMALL_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32)


class Relation(NamedTuple):
    """One edge type with the frames at its ends: the unit that message passing works on.

    Attributes:
        etype: canonical edge type.
        adjacency: the edges.
        src: features of the sources.
        dst: features of the destinations.
        edge: features of the edges.
        dst_ids: (num_dst,) ids in the graph, when only some destinations take part.
        eids: (E,) ids in the graph, when only some edges take part.
    """

    etype: CanonicalEtype
    adjacency: Adjacency
    src: Frame
    dst: Frame
    edge: Frame
    dst_ids: Tensor | None = None
    eids: Tensor | None = None

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
        """The edges ``eids`` and the destinations ``rows`` alone.

        Args:
            eids: (k,) edge ids, ascending.
            rows: (n,) ascending ids, every destination of these edges among them.

        Returns:
            A relation whose destinations are ``rows``, in that order.
        """
        index = eids.long()
        dst = torch.searchsorted(rows, self.adjacency.dst[index]).to(rows.dtype)
        src, num_src = self.adjacency.src[index], self.adjacency.num_src
        adjacency = Adjacency.from_coo(src, dst, num_src, rows.numel())
        dst_frame, edge = self.dst.take(rows), self.edge.take(eids)
        return Relation(self.etype, adjacency, self.src, dst_frame, edge, rows, eids)


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
        """(N,) the number of messages that each destination gets."""
        return fold(torch.add, [adjacency.in_degrees for adjacency in self.adjacencies])

    @property
    def buckets(self) -> Buckets:
        """The destinations by number of messages; edges count through the relations. Made once."""
        if self._buckets is None:
            self._buckets = joint_buckets(self.adjacencies)
        return self._buckets


def check_functions(message: Any, reduce: Any) -> None:
    """Check a message and a reduce function before anything runs.

    Raises:
        GraphTypeError: neither a builtin nor a function, or the builtins swapped.
        GraphValueError: the reducer does not read the message that the builtin makes.
    """
    check_message(message)
    if isinstance(reduce, Message) or not (isinstance(reduce, Reduce) or callable(reduce)):
        raise GraphTypeError(
            "A reduce function is a builtin such as function.sum, or a function of nodes, but "
            f"{_came(reduce)} came."
        )
    if isinstance(message, Message) and isinstance(reduce, Reduce) and message.out != reduce.msg:
        raise GraphValueError(
            f"{message.name} makes message {message.out!r}, but {reduce.name} reads "
            f"{reduce.msg!r}: the names must be equal."
        )


def check_message(message: Any) -> None:
    """Check a message function.

    Raises:
        GraphTypeError: neither a message builtin nor a function.
    """
    if isinstance(message, Reduce) or not (isinstance(message, Message) or callable(message)):
        raise GraphTypeError(
            "A message function is a builtin such as function.copy_u, or a function of edges, "
            f"but {_came(message)} came."
        )


def _came(value: Any) -> str:
    """What came in place of a function, for an error message."""
    if isinstance(value, (Message, Reduce)):
        kind = "message" if isinstance(value, Message) else "reduce"
        return f"the {kind} builtin function.{value.name}"
    return _checks.kind(value)


def messages_of(relation: Relation, message: MessageFunction) -> Columns:
    """Make messages and keep them: each (E, …), in edge id order."""
    if not isinstance(message, Message):
        return udf.messages(relation, message)
    lhs, rhs, targets = _operands(relation, message)
    return {message.out: sddmm(relation.adjacency, message.op, lhs, rhs, targets)}


def aggregate(incoming: Incoming, message: MessageFunction, reduce: ReduceFunction) -> Columns:
    """Make messages on all edges and reduce them at the destinations.

    Args:
        incoming: the relations.
        message: builtin or function of :class:`~graphmp.EdgeBatch`.
        reduce: builtin or function of :class:`~graphmp.NodeBatch`.

    Returns:
        New columns of the destinations, (N, …); nothing is written.
    """
    if not isinstance(reduce, Reduce):
        first, mailbox = incoming.relations[0], _mailbox(incoming, message)
        ntype, ids = first.etype[2], first.node_ids()
        return udf.reduce(ntype, incoming.dst, ids, incoming.buckets, mailbox, reduce)
    reducer = reduce.reducer
    if reducer.kernel is not None:
        return {reduce.out: _by_kernel(incoming, message, reduce.msg, reducer)}
    assert reducer.formula is not None  # a row has a kernel or a formula
    inboxes = [Inbox(r.adjacency, *_inputs(r, message, reduce.msg)) for r in incoming.relations]
    rows = incoming.dst.num_rows
    return {reduce.out: reduce_by_formula(incoming.buckets, rows, inboxes, reducer.formula)}


def _mailbox(incoming: Incoming, message: MessageFunction) -> Columns:
    """Make messages for a function: each (E, …), in the order of the buckets.

    A builtin makes them in that order at once. A function of the user's, and several relations,
    make them in the order of edge ids.
    """
    edges, relation = incoming.buckets.edges, incoming.relations[0]
    if isinstance(message, Message) and len(incoming.relations) == 1:
        inbox = Inbox(relation.adjacency, message.op, *_operands(relation, message))
        return {message.out: inbox.messages(edges, relation.adjacency.bucketed)}
    made = _concatenated([messages_of(relation, message) for relation in incoming.relations])
    return {name: gather(messages, edges) for name, messages in made.items()}


def _by_kernel(
    incoming: Incoming, message: MessageFunction, field: str, reducer: Reducer
) -> Tensor:
    """Reduce by a kernel: one call for one relation; else partial results, combined, finished."""
    assert reducer.kernel is not None
    if len(incoming.relations) == 1:
        op, lhs, rhs, targets = _inputs(incoming.relations[0], message, field)
        adjacency = incoming.adjacencies[0]
        return spmm(adjacency, op, reducer.kernel, lhs, rhs, targets, reducer.per_degree)
    inputs = [_inputs(relation, message, field) for relation in incoming.relations]
    tensors = [t for _, lhs, rhs, _ in inputs for t in (lhs, rhs) if t is not None]
    dtype = fold(torch.promote_types, [t.dtype for t in tensors])
    wide = accumulator(dtype)  # halves are added up, and divided, before they are rounded
    if reducer.per_degree and dtype in _SMALL_INTEGERS:
        wide = torch.int64
    parts = []
    for adjacency, (op, lhs, rhs, targets) in zip(incoming.adjacencies, inputs, strict=True):
        right = None if rhs is None else rhs.to(wide)
        parts.append(spmm(adjacency, op, reducer.kernel, lhs.to(wide), right, targets))
    check_one_shape(parts, f"Messages {field!r}")
    out = combine(parts, incoming.adjacencies, reducer)
    out = divided(out, incoming.degrees.clamp(min=1)) if reducer.per_degree else out
    return out.to(dtype) if dtype.is_floating_point else out


def combine(parts: Sequence[Tensor], adjacencies: Sequence[Adjacency], reducer: Reducer) -> Tensor:
    """Make one result of several relations' partial results.

    Where a relation gave a node no message its part is 0 and does not count; that is decided by
    degree, so a genuine infinity or zero is a value like any other.

    Args:
        parts: (N, …) of one dtype, one for each relation.
        adjacencies: the relations' edges.
        reducer: the row that says how two values combine.

    Returns:
        (N, …); 0 where no relation gave a message.
    """
    assert reducer.combine is not None  # a row with a kernel has it
    if reducer.kernel == "sum":
        return fold(reducer.combine, parts)
    out, has = parts[0], _has_messages(adjacencies[0], parts[0])
    for part, adjacency in zip(parts[1:], adjacencies[1:], strict=True):
        also = _has_messages(adjacency, part)
        both = reducer.combine(out, part)
        out = torch.where(has & also, both, torch.where(also, part, out))
        has = has | also
    return out


def _has_messages(adjacency: Adjacency, like: Tensor) -> Tensor:
    return (adjacency.in_degrees > 0).view(-1, *(1,) * (like.ndim - 1))


def _inputs(relation: Relation, message: MessageFunction, field: str) -> Inputs:
    """What the kernel reads: the operands of a builtin, or the messages of a function."""
    if isinstance(message, Message):
        return message.op, *_operands(relation, message)
    return None, udf.field(udf.messages(relation, message), field), None, ("e", "e")


def _operands(
    relation: Relation, message: Message
) -> tuple[Tensor, Tensor | None, tuple[str, str]]:
    """The operands of a builtin and the ends at which they lie."""
    frames = {"u": relation.src, "v": relation.dst, "e": relation.edge}
    lhs, rhs = message.lhs, message.rhs
    left = frames[lhs.target][lhs.field]
    right = None if rhs is None else frames[rhs.target][rhs.field]
    if torch.is_autocast_enabled(left.device.type):
        left, right = autocast(left), None if right is None else autocast(right)
    return left, right, (lhs.target, lhs.target if rhs is None else rhs.target)


def _concatenated(made: Sequence[Columns]) -> Columns:
    """Messages of several relations as one list of edges.

    Raises:
        GraphValueError: the relations made different messages, or of different shapes.
    """
    if len(made) == 1:
        return made[0]
    if any(columns.keys() != made[0].keys() for columns in made):
        raise GraphValueError(
            "The message function must make the same messages for every edge type, but it made "
            + " and ".join(str(sorted(columns)) for columns in made)
        )
    out: Columns = {}
    for name in made[0]:
        parts = [columns[name] for columns in made]
        check_one_shape(parts, f"Messages {name!r}")
        out[name] = torch.cat(parts)
    return out


CROSS_REDUCERS = ("sum", "max", "min", "mean", "stack")


def cross_reduce(
    results: Sequence[tuple[Adjacency, Columns]], reducer: Any, row: Reducer | None
) -> Columns:
    """Make one column of the results that several edge types gave the same nodes.

    Args:
        results: for each edge type, in the order of ids, its edges and its result.
        reducer: ``"sum"``, ``"max"``, ``"min"``, ``"mean"``, ``"stack"``, or a function of the
            list of results.
        row: the reducer's row of the table, when it has one.

    Returns:
        Columns of the destinations.
    """
    out: Columns = {}
    for name in dict.fromkeys(name for _, columns in results for name in columns):
        adjacencies, parts = _results_of(results, name)
        if callable(reducer):
            out[name] = reducer(parts)
            continue
        check_one_shape(parts, f"Results {name!r}")
        if reducer == "stack":
            out[name] = torch.stack(parts, 1)
            continue
        dtype = fold(torch.promote_types, [part.dtype for part in parts])
        wide = accumulator(dtype)  # halves are added up, and divided, before they are rounded
        parts = [part.to(wide) for part in parts]
        if reducer == "mean":
            made = fold(torch.add, parts) / len(parts)
        else:
            assert row is not None  # sum, max and min are rows
            made = combine(parts, adjacencies, row)
        out[name] = made.to(dtype) if wide != dtype else made
    return out


def _results_of(
    results: Sequence[tuple[Adjacency, Columns]], name: str
) -> tuple[list[Adjacency], list[Tensor]]:
    """One field of the results of several types.

    A type without edges gives zeros, since a function that was never called gives no field.
    """
    like = next(columns[name] for _, columns in results if name in columns)
    given = [
        (adjacency, columns[name] if name in columns else torch.zeros_like(like))
        for adjacency, columns in results
        if name in columns or adjacency.num_edges == 0
    ]
    return [adjacency for adjacency, _ in given], [part for _, part in given]


def zero_alone(columns: Columns, adjacency: Adjacency) -> Columns:
    """Results with 0 at nodes that got no message, in place of what initializers gave."""
    if not is_compiling() and not adjacency.has_zero_in_degree:
        return columns
    return {
        name: torch.where(_has_messages(adjacency, part), part, 0) for name, part in columns.items()
    }
