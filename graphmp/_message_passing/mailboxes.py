"""Reduce functions, recorded: called once for all nodes, with messages that are not computed.

A reduce function is called once for each in-degree. One that only computes, and row by row, gives
the same if it is called once, with stand-ins for the messages and for the nodes' features; what it
does with them becomes reductions of values at edges, and functions of rows at the nodes. Whatever
else it does raises :class:`.purity.Impure` before it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch._C import DisableTorchFunctionSubclass
from torch.utils._pytree import tree_map

from .._storage.adjacency import Adjacency
from .._storage.frame import Frame
from .._storage.gather import gather
from ..function import REDUCERS
from .contractions import contracted
from .dimensions import without_dimension
from .partials import reduced_jointly
from .recording import notes
from .recording.arguments import NotRecordedError, named
from .recording.elementwise import CELLS
from .recording.lazy import HANDLERS, OF_SHAPES, LazyTensor, changes_in_place
from .recording.purity import Impure, Unwatched, call_if_pure
from .recording.values import Leaf, Value, kept_at_edges, of_edges, rows_with_edges
from .reductions import REDUCTIONS, Extreme, is_over_messages
from .relation import Incoming
from .standins import DEGREE, NUM_NODES, Degree, Size, Standin, flat
from .udf import NodeBatch
from .weighting import deferred_softmax, softmax_at_edges, weighted

_WITH_WEIGHTS = {
    function
    for name in ("linear", "matmul", "__matmul__", "mm", "embedding", "layer_norm", *CELLS)
    for function in named(name)
}
_RESHAPING = named("view") | named("reshape")


class _Call:
    """One call of a reduce function for all nodes that have messages."""

    def __init__(self, incoming: Incoming) -> None:
        self.incoming, self.relations = incoming, incoming.adjacencies
        self.device = self.relations[0].device
        degrees = incoming.degrees
        if len(self.relations) == 1:
            self.nodes = rows_with_edges(self.relations[0])
        else:
            self.nodes = None if bool((degrees > 0).all()) else degrees.nonzero().view(-1)
        self.degrees = degrees if self.nodes is None else degrees[self.nodes]

    # ---- stand-ins

    def at_nodes(self, rows: Tensor) -> Standin:
        """A stand-in for rows of the nodes that have messages."""
        return self._standin((NUM_NODES, *rows.shape[1:]), rows.dtype, rows, ())

    def mailbox(self, values: Sequence[Value]) -> Standin:
        """A stand-in for messages, which are one value for each relation.

        Raises:
            Impure: relations send messages of different shapes or dtypes.
        """
        shape, dtype = values[0].shape, values[0].dtype
        if any(value.shape != shape or value.dtype != dtype for value in values):
            raise Impure("its messages differ in shape or dtype between edge types")
        return self._standin((NUM_NODES, DEGREE, *shape), dtype, None, tuple(values))

    def deferred(
        self, like: Standin, later: Callable[[], tuple[Value, ...]], **known: Any
    ) -> Standin:
        """A stand-in like another, for messages that ``later`` gives, with what is known of it."""
        with DisableTorchFunctionSubclass():
            new = self._standin(tuple(like.shape), like.dtype, None, later)
        vars(new).update(known)
        return new

    def transposed(self, messages: Standin) -> Standin:
        """The transpose (n, k, degree) of messages (n, degree, k)."""
        shape = (NUM_NODES, messages.shape[2], DEGREE)
        new = self._standin(shape, messages.dtype, None, ())
        new.transposed = messages
        return new

    def softmax(self, values: Sequence[Value]) -> Standin:
        """A softmax over messages; of one relation it is computed if it is needed."""
        if len(values) == 1:
            return deferred_softmax(self, values[0])
        return self.mailbox(softmax_at_edges(self.relations, values))

    def _standin(self, shape: Any, dtype: torch.dtype, rows: Any, messages: Any) -> Standin:
        new: Any = Tensor._make_wrapper_subclass(Standin, shape, dtype=dtype, device=self.device)
        new.rows, new._messages, new.call = rows, messages, self
        return new  # type: ignore[no-any-return]

    def selected(self, column: Tensor) -> Tensor:
        """The rows of the nodes that have messages."""
        if self.nodes is None:
            return column
        rows = gather(column, self.nodes)
        notes.name(rows, notes.name_of(column))
        return rows

    def reduced(self, values: Sequence[Value], name: str) -> Tensor:
        """Messages reduced by a builtin with a kernel: (N, …)."""
        return reduced_jointly(self.incoming, values, REDUCERS[name])

    def at_destinations(self, edges: Adjacency, rows: Tensor) -> Leaf:
        """Rows of the nodes that have messages, as a value at the edges of one relation."""
        nodes = rows_with_edges(edges)
        if len(self.relations) == 1 or nodes is None:
            return Leaf(rows, "v", nodes)
        index = nodes if self.nodes is None else torch.searchsorted(self.nodes, nodes)
        return Leaf(gather(rows, index), "v", nodes)

    # ---- functions of torch

    def record(self, func: Any, args: Any, kwargs: Any) -> Any:
        """The result of a function as a stand-in, or NotImplemented."""
        if func in OF_SHAPES:
            return self._shape(func, args, kwargs)
        if any(isinstance(a, Size) for a in flat((args, kwargs))) and func not in _RESHAPING:
            args = [self._as_degrees(a, args) for a in args]
            if any(isinstance(a, Size) for a in flat((args, kwargs))):
                return NotImplemented
        if changes_in_place(func, args, kwargs):
            return NotImplemented
        result = contracted(self, func, args, kwargs)
        if result is NotImplemented and len(self.relations) == 1:
            result = weighted(self, func, args, kwargs)
        if result is NotImplemented:
            result = self._plain(func, args, kwargs)
        first = result.values if isinstance(result, Extreme) else result
        if isinstance(first, Standin):
            first.origin = (func, args, kwargs)
        return result

    def _plain(self, func: Any, args: Any, kwargs: Any) -> Any:
        """A reduction, a function of rows, or a function of messages."""
        first = args[0] if args else None
        if isinstance(first, Standin) and first.rows is None:
            reduction = REDUCTIONS.get(func)
            if reduction is not None and is_over_messages(args, kwargs, first.ndim):
                return reduction(self, first.messages, args, kwargs)
        tensors = [a for a in flat((args, kwargs)) if isinstance(a, Standin)]
        if all(t.rows is not None for t in tensors):
            return self._of_rows(func, args, kwargs)
        return self.of_messages(func, args, kwargs)

    def _as_degrees(self, argument: Any, args: Any) -> Any:
        """The number of messages, in an arithmetic function, as a number for each node."""
        if not isinstance(argument, Degree):
            return argument
        like = next((a for a in args if isinstance(a, Standin)), None)
        if like is None or not like.dtype.is_floating_point:
            return argument
        shape = (-1, *(1,) * (like.ndim - 1))
        return self.at_nodes(self.degrees.to(like.dtype).view(shape))

    def _shape(self, func: Any, args: Any, kwargs: Any) -> Any:
        """A part of the shape, in which numbers of nodes and messages are no numbers."""
        if func is Tensor.__len__:
            raise Impure("it reads the number of its nodes")
        with DisableTorchFunctionSubclass():
            result = func(*args, **kwargs)
        if isinstance(result, (torch.Size, Size)) and args[0].transposed is not None:
            raise Impure("it reads the shape of transposed messages")
        if isinstance(result, torch.Size):
            is_mailbox = args[0].rows is None
            sizes = [Size(result[0]), *result[1:]]
            if is_mailbox:
                sizes[1] = Degree(result[1])
            return tuple(sizes)
        if isinstance(result, int) and not isinstance(result, bool):
            if result == NUM_NODES:
                return Size(result)
            if result == DEGREE and args[0].rows is None:
                return Degree(result)
            if result % NUM_NODES == 0 and result:
                return Size(result)
        return result

    def _of_rows(self, func: Any, args: Any, kwargs: Any) -> Any:
        """A function of rows of the nodes."""
        first = next(a for a in flat((args, kwargs)) if isinstance(a, Standin))
        assert first.rows is not None  # it is no mailbox
        edges: Any = _Rows(len(first.rows), first.rows.device)

        def lazy(argument: Any) -> Any:
            if isinstance(argument, Standin):
                assert argument.rows is not None
                return LazyTensor.of(edges, Leaf(argument.rows, "e"))
            if isinstance(argument, (tuple, list)):
                return type(argument)([lazy(part) for part in argument])
            if isinstance(argument, Tensor) and func not in _WITH_WEIGHTS:
                _check_shared(argument, first.ndim)
            return edges.num_edges if type(argument) is Size else argument

        result = _handled(func, [lazy(a) for a in args], {k: lazy(v) for k, v in kwargs.items()})
        if isinstance(result, (tuple, list)):
            return type(result)([self._rows_of(part) for part in result])
        return self._rows_of(result)

    def _rows_of(self, result: Any) -> Any:
        """The result of a function of rows as a stand-in."""
        return self.at_nodes(result.compute()) if isinstance(result, LazyTensor) else result

    def of_messages(self, func: Any, args: Any, kwargs: Any) -> Any:
        """A function of messages: the same function of values at the edges."""
        rank = max(a.ndim for a in flat((args, kwargs)) if isinstance(a, Standin))
        results = []
        for index, edges in enumerate(self.relations):
            lazy = partial(self._lazy, index, rank, func not in _WITH_WEIGHTS)
            try:
                moved, named_ones = without_dimension(func, args, kwargs, rank, edges.num_edges)
            except NotRecordedError:
                return NotImplemented
            each = [lazy(a) for a in moved], {k: lazy(v) for k, v in named_ones.items()}
            result = _handled(func, *each)
            if result is NotImplemented:  # it is of rows at the edges, perhaps
                result = _handled(func, *tree_map(partial(_at_edges, func), each))
            results.append(result)
        if isinstance(results[0], (tuple, list)):
            parts = map(self._mailbox_of, zip(*results, strict=True))
            return type(results[0])(list(parts))
        return self._mailbox_of(results)

    def _lazy(self, index: int, rank: int, is_shared: bool, argument: Any) -> Any:
        """An argument of a function of messages, for the edges of one relation."""
        edges = self.relations[index]
        if isinstance(argument, Standin):
            if argument.ndim != rank:
                raise Impure("it combines messages with rows of another rank")
            rows = argument.rows
            if rows is None:
                return LazyTensor.of(edges, argument.messages[index])
            if rows.shape[1] != 1:
                raise Impure("it combines messages with rows that have no dimension for them")
            return LazyTensor.of(edges, self.at_destinations(edges, rows.squeeze(1)))
        if isinstance(argument, (tuple, list)) and any(isinstance(a, Tensor) for a in argument):
            parts = [self._lazy(index, rank, is_shared, part) for part in argument]
            return type(argument)(parts)
        if isinstance(argument, Tensor) and is_shared:
            _check_shared(argument, rank - 1)
            return argument.squeeze(0) if argument.ndim == rank else argument
        return argument

    def _mailbox_of(self, results: Sequence[Any]) -> Any:
        """The results of a function for each relation as one stand-in."""
        if all(isinstance(result, LazyTensor) for result in results):
            return self.mailbox([result.value for result in results])
        return results[0]


def _handled(func: Any, args: Any, kwargs: Any) -> Any:
    """The result of a function of lazy tensors, or NotImplemented."""
    handler = HANDLERS.get(func)
    return NotImplemented if handler is None else handler(func, args, kwargs)


def _at_edges(func: Any, argument: Any) -> Any:
    """An argument, stored at the edges if it is lazy."""
    if not isinstance(argument, LazyTensor):
        return argument
    reason = f"{getattr(func, '__name__', func)} is not recorded"
    value = kept_at_edges(argument.edges, argument.value, reason)
    return LazyTensor.of(argument.edges, value)


def _check_shared(tensor: Tensor, rank: int) -> None:
    """Check that a tensor has one row for all, beside tensors of ``rank`` dimensions.

    Raises:
        Impure: it has several, which belong to the nodes of one in-degree.
    """
    if tensor.ndim >= rank and tensor.shape[: tensor.ndim - rank + 1].numel() != 1:
        raise Impure("it combines rows with a tensor of several rows")


class _Rows:
    """In place of the edges of lazy tensors: rows of nodes."""

    def __init__(self, num_edges: int, device: torch.device) -> None:
        self.num_edges, self.device = num_edges, device


# ---- the batch that the function receives


class _Columns(Mapping[str, Tensor]):
    """The features of the nodes that have messages, as stand-ins."""

    def __init__(self, call: _Call, frame: Frame) -> None:
        self._call, self._frame = call, frame

    def __getitem__(self, name: str) -> Tensor:
        with Unwatched():
            notes.name(self._frame[name], f"nodes.data[{name!r}]")
            return self._call.at_nodes(self._call.selected(self._frame[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._frame)

    def __len__(self) -> int:
        return len(self._frame)


class _Nodes(NodeBatch):
    """All nodes that have messages."""

    __slots__ = ()

    def nodes(self) -> Tensor:
        """Refuse: it differs between calls."""
        raise Impure("it reads the ids of its nodes")

    def batch_size(self) -> int:
        """Refuse: it differs between calls."""
        raise Impure("it reads the number of its nodes")


def reduce_once(
    incoming: Incoming,
    ids: Tensor,
    messages: Sequence[Mapping[str, Tensor]],
    function: Callable[..., Any],
    initial: Callable[[str, tuple[int, ...], torch.dtype], Tensor],
) -> dict[str, Tensor]:
    """Call a reduce function once for all nodes.

    Args:
        incoming: the relations that enter them, some of them with edges.
        ids: (N,) their ids in the graph.
        messages: of each relation (E, …) each, some of them lazy.
        function: the user's function.
        initial: makes a column of a name, a shape of rows and a dtype, for rows without messages.

    Returns:
        Whole columns, (N, …).

    Raises:
        Impure: the function does something that may give another result; it has changed nothing.
    """
    frame = incoming.dst
    if any(sent.keys() != messages[0].keys() for sent in messages):
        raise Impure("its messages differ between edge types")
    pairs = zip(incoming.relations, messages, strict=True)
    present = [pair for pair in pairs if pair[0].adjacency.num_edges]
    call = _Call(Incoming([relation for relation, _ in present]))
    boxes = {
        name: call.mailbox([_value(sent[name]) for _, sent in present]) for name in messages[0]
    }
    batch = _Nodes(incoming.relations[0].etype[2], _Columns(call, frame), ids, boxes)
    try:
        result = call_if_pure(function, batch)
    except Exception as error:  # run as it is, the function raises its own
        raise Impure(f"it raises {type(error).__name__} when it is recorded") from error
    if not isinstance(result, dict):
        raise Impure("it returns no dict")
    columns = {}
    for name, value in result.items():
        rows = value.rows if isinstance(value, Standin) else None
        if rows is None or not isinstance(name, str) or len(rows) != len(call.degrees):
            raise Impure(f"its field {name!r} has no row for each node")
        if call.nodes is not None:
            blank = initial(name, tuple(rows.shape[1:]), rows.dtype)
            rows = blank.index_copy(0, call.nodes.long(), rows)
        columns[name] = rows
    return columns


def _value(message: Tensor) -> Value:
    return message.value if isinstance(message, LazyTensor) else of_edges(message)
