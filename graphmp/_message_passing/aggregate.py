"""Message and reduce functions on relations: resolved once, then computed, combined and finished.

:func:`resolve` decides by type whether a function is a builtin; the verbs call methods of the
objects that it returns. A builtin with a kernel reduces each relation to a partial result, 0 in
rows without messages; partial results are combined by degree, and the division by the degree comes
last.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from functools import reduce as fold
from typing import Any, ClassVar, TypeAlias

import torch
from torch import Tensor
from torch.compiler import is_compiling

from .. import _checks
from .._storage.adjacency import Adjacency
from .._storage.gather import gather
from ..errors import GraphValueError
from ..function import BinaryOp, Message, Reduce
from ..kernels.contract import accumulator
from ..ops.broadcast import autocast, check_one_shape, message_shape, on_edges
from ..ops.buckets import Formula, Inbox, reduce_by_formula
from ..ops.normalized import divided
from ..ops.spmm import sddmm, spmm
from . import check, udf
from .mailboxes import reduce_once
from .partials import combine, reduced_in_parts, reduced_jointly
from .recording import notes
from .recording.fusion import REFUSED, eagerly, is_recorded
from .recording.lazy import LazyTensor, computed
from .recording.purity import Impure, Profiled, call
from .recording.values import Leaf, Value, at_edges, in_order, of_edges
from .relation import Incoming, Relation
from .udf import Columns, EdgeBatch, NodeBatch
from .verification import are_right_at_edges, are_right_at_nodes

MessageFunction: TypeAlias = Message | Callable[[EdgeBatch], Any]
ReduceFunction: TypeAlias = Reduce | Callable[[NodeBatch], Any]
ApplyFunction: TypeAlias = Callable[[NodeBatch], Any] | None
Functions: TypeAlias = tuple[Callable[..., Any], ...]
Inputs: TypeAlias = tuple[BinaryOp | None, Tensor, Tensor | None, tuple[str, str]]


def resolve(message: Any, reduce: Any) -> tuple[Messages, Reduction]:
    """Resolve the functions of a verb before anything runs.

    Args:
        message: a message builtin, or a function of :class:`~graphmp.EdgeBatch`.
        reduce: a reduce builtin, or a function of :class:`~graphmp.NodeBatch`.

    Raises:
        GraphTypeError: neither a builtin nor a function, or the builtins are swapped.
        GraphValueError: the reducer does not read the message of the builtin.
    """
    is_builtin = isinstance(message, Message)
    messages = BuiltinMessages(message) if is_builtin else resolve_message(message)
    if not isinstance(reduce, Reduce):
        check.reduce_function(reduce)
        return messages, UserReduction(reduce)
    if is_builtin and message.out != reduce.msg:
        raise GraphValueError(
            f"{reduce.name}: expected the message {message.out!r} of {message.name}, got "
            f"{reduce.msg!r}; give both the same name."
        )
    if reduce.reducer.kernel is None:
        return messages, FormulaReduction(reduce)
    has_kernel = is_builtin and (message.op is None or message.op.kernel is not None)
    return messages, KernelReduction(reduce) if has_kernel else RecordedReduction(reduce)


def resolve_message(message: Any) -> Messages:
    """Resolve a message function.

    Raises:
        GraphTypeError: neither a message builtin nor a function.
    """
    if isinstance(message, Message):
        return BuiltinMessages(message)
    check.message_function(message)
    return UserMessages(message)


def without_lacking(groups: list[Incoming], messages: Messages) -> list[Incoming]:
    """Leave out relations without edges that lack a field where they have no rows.

    If all lack one, none is left out, and reading it raises an error.
    """
    lacking = {r.etype for g in groups for r in g.relations if messages.lacks_fields(r)}
    if not lacking:
        return groups
    rest = [[r for r in group.relations if r.etype not in lacking] for group in groups]
    return [Incoming(relations) for relations in rest if relations] or groups


# ---- messages


class Messages(ABC):
    """A message function, applied to relations.

    Attributes:
        spans_types: whether messages on all edges, without a type, are those of every type.
    """

    spans_types: ClassVar[bool] = False

    @property
    def functions(self) -> Functions:
        """The user's own."""
        return ()

    @abstractmethod
    def columns(self, relation: Relation) -> Columns:
        """Compute the messages: each (E, …), in edge id order."""

    @abstractmethod
    def inputs(self, relation: Relation, field: str) -> Inputs:
        """The message ``field`` as kernels read it: operator, two operands, and their ends."""

    def lacks_fields(self, relation: Relation) -> bool:  # noqa: ARG002
        """Whether a builtin's field is missing where there are no rows, so that none is needed."""
        return False

    def is_recordable(self, relation: Relation) -> bool:  # noqa: ARG002
        """Whether :meth:`recorded` gives lazy messages, unless the function is the user's own."""
        return True

    @abstractmethod
    def recorded(self, relation: Relation) -> Columns:
        """The messages, each (E, …), some of them lazy."""

    def mailbox(self, incoming: Incoming) -> Columns:
        """The messages for a user's reduce function: each (E, …), in the order of the buckets."""
        messages = _concatenated([self.columns(relation) for relation in incoming.relations])
        edges = incoming.buckets.edges
        return {name: gather(column, edges) for name, column in messages.items()}


@dataclass(eq=False)
class BuiltinMessages(Messages):
    """Messages of a builtin, which kernels compute from its operands."""

    spans_types: ClassVar[bool] = True

    spec: Message

    def columns(self, relation: Relation) -> Columns:
        """Compute the messages and keep them at the edges."""
        out = self.spec.out
        return {out: sddmm(relation.adjacency, *self.inputs(relation, out))}

    def inputs(self, relation: Relation, field: str) -> Inputs:  # noqa: ARG002
        """The operands, from the frames of the relation."""
        spec = self.spec
        lhs, rhs = spec.lhs, spec.rhs
        frames = {"u": relation.src, "v": relation.dst, "e": relation.edge}
        left = frames[lhs.target][lhs.field]
        right = None if rhs is None else frames[rhs.target][rhs.field]
        # The type of a device is slow to read.
        if torch.is_autocast_enabled("cpu" if left.is_cpu else left.device.type):
            left, right = autocast(left), None if right is None else autocast(right)
        op = spec.op
        if op is not None and op.kernel is None and not is_compiling():
            op = replace(op, formula=partial(call, op.formula))  # a check calls what is pure
        return op, left, right, (lhs.target, lhs.target if rhs is None else rhs.target)

    def lacks_fields(self, relation: Relation) -> bool:
        """Whether an end, or the edges, have no rows and not the field."""
        frames = {"u": relation.src, "v": relation.dst, "e": relation.edge}
        operands = [operand for operand in (self.spec.lhs, self.spec.rhs) if operand is not None]
        pairs = [(frames[operand.target], operand.field) for operand in operands]
        return any(frame.num_rows == 0 and field not in frame for frame, field in pairs)

    @property
    def functions(self) -> Functions:
        """The formula of an operator that no kernel computes."""
        op = self.spec.op
        return () if op is None or op.kernel is not None else (op.formula,)

    def is_recordable(self, relation: Relation) -> bool:
        """Whether it is a copy, or an operator of floating point operands of one dtype."""
        op, lhs, rhs, _ = self.inputs(relation, self.spec.out)
        if op is None or rhs is None:
            return True
        return lhs.dtype == rhs.dtype and lhs.dtype.is_floating_point and not op.contracts

    def recorded(self, relation: Relation) -> Columns:
        """The formula of the operator, applied to lazy operands."""
        if not self.is_recordable(relation):
            return self.columns(relation)
        edges, spec = relation.adjacency, self.spec
        op, lhs, rhs, ends = self.inputs(relation, spec.out)
        rank = lhs.ndim if rhs is None else max(lhs.ndim, rhs.ndim)
        left = _operand(edges, lhs, ends[0], spec.lhs, rank)
        if op is None or rhs is None:
            return {spec.out: left}
        message_shape(op.name, op.contracts, tuple(lhs.shape[1:]), tuple(rhs.shape[1:]))
        message = op.formula(left, _operand(edges, rhs, ends[1], spec.rhs, rank))
        owner = "messages that its formula returns"
        _checks.feature(message, edges.num_edges, edges.device, op.name, owner)
        return {spec.out: message}

    def mailbox(self, incoming: Incoming) -> Columns:
        """Compute the messages in the order of the buckets at once, if there is one relation."""
        if len(incoming.relations) > 1:
            return super().mailbox(incoming)
        (relation,) = incoming.relations
        inbox = Inbox(relation.adjacency, *self.inputs(relation, self.spec.out))
        messages = inbox.messages(incoming.buckets.edges, relation.adjacency.bucketed)
        return {self.spec.out: messages}


@dataclass(eq=False)
class UserMessages(Messages):
    """Messages that a user function returns."""

    function: Callable[[EdgeBatch], Any]

    @property
    def functions(self) -> Functions:
        """The user's function."""
        return (self.function,)

    def columns(self, relation: Relation) -> Columns:
        """Call the function on all edges, and compute what it returns."""
        is_lazy = is_recorded([relation.adjacency], self.functions)
        if not is_lazy or REFUSED.of_this_call(self.functions, None) is not None:
            return udf.messages(relation, self.function)
        return eagerly(self._recorded_columns, relation)

    def _recorded_columns(self, relation: Relation) -> Columns:
        """Record the function, and compute its messages."""
        messages = {name: computed(m) for name, m in self.recorded(relation).items()}
        if are_right_at_edges(relation, messages, self.columns, self.functions):
            return messages
        return udf.messages(relation, self.function)

    def recorded(self, relation: Relation) -> Columns:
        """Call the function on all edges."""
        return udf.messages(relation, self.function, is_recorded=True)

    def inputs(self, relation: Relation, field: str) -> Inputs:
        """One of the messages that the function returns."""
        return None, udf.field(self.columns(relation), field), None, ("e", "e")


def _operand(edges: Adjacency, rows: Tensor, end: str, field: Any, rank: int) -> LazyTensor:
    """An operand of a builtin as a lazy tensor of ``rank`` dimensions."""
    name = {"u": "src", "v": "dst", "e": "data"}[end]
    leaf = Leaf(on_edges(rows, None, rank - 1), end, None, f"{name}[{field.field!r}]")
    return LazyTensor.of(edges, leaf)


def _sent(incoming: Incoming, messages: Messages) -> list[Columns]:
    """The messages of each relation, some of them lazy."""
    return [
        eagerly(messages.recorded, relation)
        if relation.adjacency.num_edges
        else messages.columns(relation)
        for relation in incoming.relations
    ]


def _refused(functions: Functions, key: Any, error: Impure) -> str:
    """Why functions are not recorded; remembered unless a profiler, which says nothing, is why."""
    if not isinstance(error, Profiled):
        REFUSED.put(functions, key, str(error))
    return str(error)


def _note_buckets(incoming: Incoming, reason: str) -> None:
    """Take a note of a reduce function that is called for each in-degree."""
    if notes.are_taken():
        count = len(incoming.buckets.sizes)
        notes.note("buckets", lambda: f"{count} calls, one for each in-degree", reason=reason)


def _in_buckets(incoming: Incoming, sent: Sequence[Columns]) -> Columns:
    """Messages for a user's reduce function: (E, …) each, in the order of the buckets."""
    eids = incoming.buckets.edges
    if len(sent) > 1:
        stored = [{name: computed(m) for name, m in columns.items()} for columns in sent]
        return {name: gather(m, eids) for name, m in _concatenated(stored).items()}
    edges = incoming.adjacencies[0].bucketed
    return {
        name: at_edges(edges, in_order(m.value, eids))
        if isinstance(m, LazyTensor)
        else gather(m, eids)
        for name, m in sent[0].items()
    }


def _concatenated(columns: Sequence[Columns]) -> Columns:
    """Messages of several relations as one list of edges.

    Raises:
        GraphValueError: the relations have different messages, or of different shapes.
    """
    if len(columns) == 1:
        return columns[0]
    if any(other.keys() != columns[0].keys() for other in columns):
        raise GraphValueError(
            "message_func: expected the same messages for every edge type, got "
            + " and ".join(str(sorted(other)) for other in columns)
            + "."
        )
    messages: Columns = {}
    for name in columns[0]:
        parts = [other[name] for other in columns]
        check_one_shape(parts, f"Messages {name!r}")
        messages[name] = torch.cat(parts)
    return messages


# ---- reductions


class Reduction(ABC):
    """A reduce function, applied to the messages that enter one node type."""

    @abstractmethod
    def reduce(self, incoming: Incoming, messages: Messages) -> Columns:
        """Reduce messages at the destinations.

        Returns:
            New columns of the destinations, (N, …); nothing is written.
        """


@dataclass(eq=False)
class UserReduction(Reduction):
    """A user function, called once for each distinct in-degree."""

    function: Callable[[NodeBatch], Any]

    def reduce(self, incoming: Incoming, messages: Messages) -> Columns:
        """Call the function once, recorded, or else on the mailboxes of each bucket."""
        functions = (self.function, *messages.functions)
        refused = REFUSED.of_this_call(functions, None)
        if not is_recorded(incoming.adjacencies, functions) or refused is not None:
            _note_buckets(incoming, refused or "it is not recorded")
            return self._by_bucket(incoming, messages.mailbox(incoming))
        return eagerly(self._recorded, incoming, messages, functions)

    def _recorded(self, incoming: Incoming, messages: Messages, functions: Functions) -> Columns:
        """Call the function once, or on buckets if it does anything but compute."""
        sent, first = _sent(incoming, messages), incoming.relations[0]
        try:
            initial = incoming.dst.initial
            columns = reduce_once(incoming, first.node_ids(), sent, self.function, initial)
        except Impure as reason:
            _note_buckets(incoming, _refused(functions, None, reason))
            return self._by_bucket(incoming, _in_buckets(incoming, sent))
        REFUSED.forget(functions, None)
        rerun = partial(self.reduce, messages=messages)
        if are_right_at_nodes(incoming, columns, rerun, functions):
            return columns
        return self._by_bucket(incoming, messages.mailbox(incoming))

    def _by_bucket(self, incoming: Incoming, mailbox: Columns) -> Columns:
        """Call the function on the mailboxes of each bucket."""
        first = incoming.relations[0]
        return udf.reduce(first.etype[2], incoming, first.node_ids(), mailbox, self.function)


@dataclass(eq=False)
class FormulaReduction(Reduction):
    """A builtin without a kernel, computed from mailboxes by its formula."""

    spec: Reduce

    def reduce(self, incoming: Incoming, messages: Messages) -> Columns:
        """Apply the formula to the mailboxes of each bucket."""
        spec, formula = self.spec, self.spec.reducer.formula
        assert formula is not None  # a row has a kernel or a formula
        functions = (formula, *messages.functions)
        is_lazy = is_recorded(incoming.adjacencies, functions)
        if is_lazy and all(map(messages.is_recordable, incoming.relations)):
            recorded = eagerly(self._recorded, incoming, messages, formula, functions)
            return {spec.out: recorded}
        inboxes = [Inbox(r.adjacency, *messages.inputs(r, spec.msg)) for r in incoming.relations]
        rows, formula = incoming.dst.num_rows, partial(call, formula)
        return {spec.out: reduce_by_formula(incoming.buckets, rows, inboxes, formula)}

    def _recorded(
        self, incoming: Incoming, messages: Messages, formula: Formula, functions: Functions
    ) -> Tensor:
        """Apply the formula once, recorded, or else to the mailboxes of each bucket."""
        spec, first = self.spec, incoming.relations[0]
        sent = [{spec.msg: udf.field(m, spec.msg)} for m in _sent(incoming, messages)]
        dtype = sent[0][spec.msg].dtype
        reason = REFUSED.of_this_call(functions, None) or REFUSED.of_this_call(functions, dtype)
        if reason is None:
            blank = partial(_zeros, incoming)
            try:
                columns = reduce_once(incoming, first.node_ids(), sent, self._on_mailbox, blank)
            except Impure as error:
                reason = _refused(functions, dtype, error)
            else:
                REFUSED.forget(functions, dtype)
                rerun = partial(self.reduce, messages=messages)
                if are_right_at_nodes(incoming, columns, rerun, functions):
                    return columns[spec.out]
        notes.note("parts", lambda: f"{spec.name} of mailboxes", reason=reason or "it differs")
        check_one_shape([m[spec.msg] for m in sent], f"Messages {spec.msg!r}")
        return reduced_in_parts(incoming, [_value(m[spec.msg]) for m in sent], formula)

    def _on_mailbox(self, nodes: NodeBatch) -> Columns:
        """The formula as a reduce function."""
        assert self.spec.reducer.formula is not None
        return {self.spec.out: self.spec.reducer.formula(nodes.mailbox[self.spec.msg])}


@dataclass(eq=False)
class KernelReduction(Reduction):
    """A builtin with a kernel: one call for one relation; otherwise partial results combined."""

    spec: Reduce

    def reduce(self, incoming: Incoming, messages: Messages) -> Columns:
        """Call the kernel for each relation."""
        spec, reducer = self.spec, self.spec.reducer
        assert reducer.kernel is not None
        if len(incoming.relations) > 1:
            inputs = [messages.inputs(relation, spec.msg) for relation in incoming.relations]
            return {spec.out: _joint(incoming, inputs, spec)}
        op, lhs, rhs, ends = messages.inputs(incoming.relations[0], spec.msg)
        adjacency, kernel = incoming.adjacencies[0], reducer.kernel
        return {spec.out: spmm(adjacency, op, kernel, lhs, rhs, ends, reducer.per_degree)}


@dataclass(eq=False)
class RecordedReduction(KernelReduction):
    """The same of a user's messages, which are computed at edges only if they have to be."""

    def reduce(self, incoming: Incoming, messages: Messages) -> Columns:
        """Call the kernel for a message that is recorded."""
        functions = messages.functions
        is_lazy = is_recorded(incoming.adjacencies, functions)
        if not is_lazy or REFUSED.of_this_call(functions, None) is not None:
            return super().reduce(incoming, messages)
        return eagerly(self._recorded, incoming, messages, functions)

    def _recorded(self, incoming: Incoming, messages: Messages, functions: Functions) -> Columns:
        """Record the messages, and reduce them by kernels."""
        spec = self.spec
        sent = [udf.field(columns, spec.msg) for columns in _sent(incoming, messages)]
        check_one_shape(sent, f"Messages {spec.msg!r}")
        if len(sent) == 1 or all(message.dtype.is_floating_point for message in sent):
            out = reduced_jointly(incoming, list(map(_value, sent)), spec.reducer)
        else:
            stored: list[Inputs] = [(None, computed(m), None, ("e", "e")) for m in sent]
            out = _joint(incoming, stored, spec)
        columns = {spec.out: out}
        rerun = partial(self.reduce, messages=messages)
        if are_right_at_nodes(incoming, columns, rerun, functions):
            return columns
        return super().reduce(incoming, messages)


def _value(message: Tensor) -> Value:
    """A message as kernels reduce it; they compute floating point alone."""
    value = message.value if isinstance(message, LazyTensor) else of_edges(message)
    if isinstance(value, Leaf) or value.dtype.is_floating_point:
        return value
    return Leaf(computed(message), "e")


def _zeros(incoming: Incoming, name: str, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:  # noqa: ARG001
    """A column of destinations without messages."""
    return torch.zeros(incoming.dst.num_rows, *shape, dtype=dtype, device=incoming.dst.device)


def _joint(incoming: Incoming, inputs: Sequence[Inputs], spec: Reduce) -> Tensor:
    """Reduce the messages of several relations as if their edges were one list."""
    reducer = spec.reducer
    assert reducer.kernel is not None
    dtype = _joint_dtype(inputs)
    wide = accumulator(dtype)  # halves are summed, and divided, before they are rounded
    is_float = dtype.is_floating_point or dtype.is_complex
    is_mean_of_integers = reducer.per_degree and not is_float and dtype != torch.bool
    if is_mean_of_integers:
        wide = torch.float64  # in which no sum wraps
    parts = []
    for adjacency, (op, lhs, rhs, ends) in zip(incoming.adjacencies, inputs, strict=True):
        right = None if rhs is None else rhs.to(wide)
        parts.append(spmm(adjacency, op, reducer.kernel, lhs.to(wide), right, ends))
    check_one_shape(parts, f"Messages {spec.msg!r}")
    out = combine(parts, incoming.adjacencies, reducer)
    out = divided(out, incoming.degrees.clamp(min=1)) if reducer.per_degree else out
    if is_mean_of_integers:
        dtype = torch.get_default_dtype()
    return out.to(dtype) if dtype.is_floating_point else out


def _joint_dtype(inputs: Sequence[Inputs]) -> torch.dtype:
    """The dtype that the operands of all relations promote to."""
    tensors = [t for _, lhs, rhs, _ in inputs for t in (lhs, rhs) if t is not None]
    return fold(torch.promote_types, [t.dtype for t in tensors])
