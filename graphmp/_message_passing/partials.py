"""Partial results of relations into one node type, combined as if their edges were one list.

A relation without a message for a node does not count there. The degree decides, not the value: an
infinity or a zero may be a message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce as fold
from typing import NamedTuple

import torch
from torch import Tensor

from .._storage.adjacency import Adjacency
from ..function import Reducer
from ..kernels.contract import accumulator
from ..ops.broadcast import unsqueeze_like
from ..ops.buckets import reduce_by_formula
from ..ops.normalized import divided
from .recording import notes
from .recording.values import (
    LINEAR,
    Concatenated,
    Leaf,
    Linear,
    Value,
    at_edges,
    in_order,
    kept_at_edges,
    reduced,
)
from .relation import Incoming


def combine(parts: Sequence[Tensor], adjacencies: Sequence[Adjacency], reducer: Reducer) -> Tensor:
    """Combine the partial results of several relations.

    Args:
        parts: (N, …) of one dtype, one for each relation.
        adjacencies: the relations' edges.
        reducer: the row that says how two values combine.

    Returns:
        (N, …); 0 where no relation has a message.
    """
    assert reducer.combine is not None  # a row with a kernel has it
    if reducer.kernel == "sum":
        return fold(reducer.combine, parts)
    out, has = parts[0], has_messages(adjacencies[0], parts[0])
    for part, adjacency in zip(parts[1:], adjacencies[1:], strict=True):
        also = has_messages(adjacency, part)
        both = reducer.combine(out, part)
        out = torch.where(has & also, both, torch.where(also, part, out))
        has = has | also
    return out


def has_messages(adjacency: Adjacency, like: Tensor) -> Tensor:
    """Which destinations have messages: (N, 1, …), of the rank of ``like``."""
    return unsqueeze_like(adjacency.in_degrees > 0, like)


def reduced_jointly(incoming: Incoming, values: Sequence[Value], reducer: Reducer) -> Tensor:
    """Reduce recorded messages at the destinations: (N, …), 0 without messages.

    Args:
        incoming: the relations.
        values: the messages of each, of one shape; floating point if there are several relations.
        reducer: a row with a kernel.
    """
    adjacencies, kernel = incoming.adjacencies, reducer.kernel or ""
    if len(values) == 1:
        return reduced(adjacencies[0], values[0], kernel, reducer.per_degree)
    dtype = fold(torch.promote_types, [value.dtype for value in values])
    wide = accumulator(dtype)  # halves are summed, and divided, before they are rounded
    parts = [
        reduced(edges, in_dtype(edges, value, wide), kernel)
        for edges, value in zip(adjacencies, values, strict=True)
    ]
    out = combine(parts, adjacencies, reducer)
    if reducer.per_degree:
        out = divided(out, incoming.degrees.clamp(min=1))
    text = f"{reducer.name} of {len(parts)} relations, combined at the destinations"
    notes.note("nodes", lambda: text, out.nbytes)
    out = out.to(dtype)
    notes.name(out, notes.last())
    return out


class RecordedInbox(NamedTuple):
    """The recorded messages of one relation.

    Attributes:
        adjacency: the edges.
        value: how the messages are computed.
    """

    adjacency: Adjacency
    value: Value

    def messages(self, eids: Tensor, edges: Adjacency) -> Tensor:
        """Compute the messages of the edges ``eids``, which are those of ``edges``."""
        return at_edges(edges, in_order(self.value, eids))


def reduced_in_parts(
    incoming: Incoming, values: Sequence[Value], formula: Callable[[Tensor], Tensor]
) -> Tensor:
    """Reduce recorded messages by a function of mailboxes: (N, …), 0 without messages.

    The messages are computed for a part of the nodes at a time, and again in the backward pass.
    """
    inboxes = list(map(RecordedInbox, incoming.adjacencies, values))
    return reduce_by_formula(incoming.buckets, incoming.dst.num_rows, inboxes, formula)


def in_dtype(edges: Adjacency, value: Value, dtype: torch.dtype) -> Value:
    """A value in another floating point dtype; if that is wider, its parts are computed in it."""
    if value.dtype == dtype:
        return value
    if isinstance(value, Concatenated):
        parts = tuple(in_dtype(edges, part, dtype) for part in value.parts)
        return replace(value, parts=parts, dtype=dtype)
    if isinstance(value, Linear):
        value = kept_at_edges(edges, value, LINEAR)
    if isinstance(value, Leaf):
        return replace(value, data=value.data.to(dtype))
    return replace(value, dtype=dtype)
