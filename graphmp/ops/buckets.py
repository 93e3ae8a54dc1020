"""Messages grouped by the in-degree of the node they enter, without padding.

The messages lie in the order of the buckets and are split into views, one for each distinct
in-degree. The backward of a split is one concatenation, so the cost does not grow with the number
of degrees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .. import _checks, kernels
from .._storage.adjacency import Adjacency, Buckets, bucket
from .._storage.gather import gather
from ..errors import GraphTypeError, GraphValueError
from ..function import BinaryOp
from ..kernels.contract import Csr
from .broadcast import check_one_shape
from .results import unsaved
from .spmm import sddmm

Formula: TypeAlias = Callable[[Tensor], Tensor]

SMALL = 1 << 8  # edges whose messages are always computed at once


def joint_buckets(adjacencies: Sequence[Adjacency]) -> Buckets:
    """The buckets of relations that share their destinations, as if their edges were one list.

    Args:
        adjacencies: at least one relation.

    Returns:
        Buckets whose edge ids count through the relations, one after the other.
    """
    if len(adjacencies) == 1:
        return adjacencies[0].buckets
    dst = torch.cat([adjacency.dst for adjacency in adjacencies])
    indptr, order = kernels.group(dst, adjacencies[0].num_dst)
    return bucket(Csr(indptr, order, order), indptr.diff())


def split_messages(buckets: Buckets, messages: Tensor) -> list[Tensor]:
    """Mailboxes: for each bucket the messages of its nodes, (nodes, degree, *feature).

    Args:
        buckets: how the edges group.
        messages: (E, *feature), in the order of ``buckets.edges``.

    Returns:
        Tensors that share the memory of ``messages``, which must not be used afterwards; each may
        be changed in place. Within a mailbox messages are in ascending edge id.
    """
    sizes = [n * d for n, d in zip(buckets.sizes, buckets.degrees, strict=True)]
    parts = torch.unsafe_split_with_sizes(messages, sizes) if sizes else ()
    return [
        part.view(n, d, *messages.shape[1:])
        for part, n, d in zip(parts, buckets.sizes, buckets.degrees, strict=True)
    ]


class Sender(Protocol):
    """The messages of one relation, computed for some edges at a time."""

    @property
    def adjacency(self) -> Adjacency:
        """The edges."""

    def messages(self, eids: Tensor, edges: Adjacency) -> Tensor:
        """Compute the messages of some edges, as :meth:`Inbox.messages`."""


class Inbox(NamedTuple):
    """The operands of the messages of one relation.

    Attributes:
        adjacency: the edges.
        op: row of the operator; None copies ``lhs``.
        lhs: (rows, *feature) of the end ``targets[0]``.
        rhs: (rows, *feature) of the end ``targets[1]``, or None for a copy.
        targets: ``"u"``, ``"v"`` or ``"e"`` for each operand.
    """

    adjacency: Adjacency
    op: BinaryOp | None
    lhs: Tensor
    rhs: Tensor | None
    targets: tuple[str, str]

    def messages(self, eids: Tensor, edges: Adjacency) -> Tensor:
        """Compute the messages of some edges.

        Args:
            eids: (k,) edge ids.
            edges: the relation of these edges, in that order.

        Returns:
            (k, *feature), in that order; a tensor that no gradient reads.
        """
        left, right = (
            gather(operand, eids) if operand is not None and end == "e" else operand
            for operand, end in zip((self.lhs, self.rhs), self.targets, strict=True)
        )
        assert left is not None  # there is always a left operand
        if self.op is None and self.targets[0] == "e":
            return left
        messages = sddmm(edges, self.op, left, right, self.targets)
        has_formula = self.op is not None and self.op.kernel is None
        return unsaved(messages) if has_formula else messages


def reduce_by_formula(
    buckets: Buckets, num_rows: int, inboxes: Sequence[Sender], formula: Formula
) -> Tensor:
    """Reduce messages by a function of mailboxes.

    Messages are computed for a part of the nodes at a time, and again in the backward pass, so that
    never many more of them exist than nodes.

    Args:
        buckets: how the edges group; their ids count through the relations.
        num_rows: the number of destinations.
        inboxes: the messages of each relation.
        formula: (nodes, degree, *feature) -> (nodes, *any).

    Returns:
        (num_rows, *any), 0 for destinations without messages.

    Raises:
        GraphTypeError: the formula returned no tensor.
        GraphValueError: the formula returned another number of rows, or rows of different shapes
            for different in-degrees; or relations make messages of different shapes.
    """
    parts = list(_parts(buckets, max(num_rows, SMALL)))

    def reduced(edges: Tensor, sizes: list[tuple[int, int]]) -> Tensor:
        return _reduced(_messages(inboxes, edges), sizes, formula)

    if len(parts) > 1 and torch.is_grad_enabled():
        rows = [checkpoint(reduced, *part, use_reentrant=False) for part in parts]
    else:
        rows = [reduced(*part) for part in parts]
    result = _joined(rows)
    zeros = result.new_zeros(num_rows, *result.shape[1:])
    return zeros.index_copy_(0, buckets.nodes.long(), result)


def _parts(buckets: Buckets, most: int) -> Iterator[tuple[Tensor, list[tuple[int, int]]]]:
    """The edges of consecutive nodes, at most ``most`` unless one node has more.

    Yields for each part its edge ids, and its buckets as (nodes, degree).
    """
    start = end = 0
    sizes: list[tuple[int, int]] = []
    for count, degree in zip(buckets.sizes, buckets.degrees, strict=True):
        left = count
        while left:
            room = max((most - (end - start)) // degree, 0 if sizes else 1)
            nodes = min(left, room)
            if nodes:
                sizes.append((nodes, degree))
                end, left = end + nodes * degree, left - nodes
            if left:
                yield buckets.edges[start:end], sizes
                start, sizes = end, []
    if sizes or end == 0:
        yield buckets.edges[start:end], sizes or [(0, 1)]


def _messages(inboxes: Sequence[Sender], edges: Tensor) -> Tensor:
    """The messages of some edges, whose ids count through the relations: (k, *feature)."""
    if len(inboxes) == 1:
        return inboxes[0].messages(edges, inboxes[0].adjacency.subset(edges))
    parts, positions, start = [], [], 0
    for inbox in inboxes:
        end = start + inbox.adjacency.num_edges
        own = ((edges >= start) & (edges < end)).nonzero().view(-1)
        eids = edges[own] - start
        parts.append(inbox.messages(eids, inbox.adjacency.subset(eids)))
        positions.append(own)
        start = end
    check_one_shape(parts, "Messages")
    return torch.cat(parts).index_select(0, torch.argsort(torch.cat(positions)))


def _reduced(messages: Tensor, sizes: list[tuple[int, int]], formula: Formula) -> Tensor:
    """The formula of the mailboxes of consecutive nodes: (nodes, *any)."""
    rows, lengths = [], [count * degree for count, degree in sizes]
    parts = torch.unsafe_split_with_sizes(messages, lengths)
    for part, (count, degree) in zip(parts, sizes, strict=True):
        mailbox = part.view(count, degree, *messages.shape[1:])
        reduced = _tensor(formula(mailbox))
        if reduced.shape[:1] != mailbox.shape[:1]:
            raise GraphValueError(
                f"The formula of a reducer: expected {count} rows for messages of shape "
                f"{tuple(mailbox.shape)}, got shape {tuple(reduced.shape)}; reduce dimension 1."
            )
        rows.append(reduced)
    return _joined(rows)


def _tensor(reduced: Any) -> Tensor:
    """The result of a formula.

    Raises:
        GraphTypeError: not a tensor.
    """
    if isinstance(reduced, Tensor):
        return reduced
    advice = "add .values" if hasattr(reduced, "values") and hasattr(reduced, "indices") else ""
    raise GraphTypeError(
        f"The formula of a reducer: expected a tensor, got {_checks.kind(reduced)}; "
        f"{advice or 'return one tensor of a row for each node'}."
    )


def _joined(rows: list[Tensor]) -> Tensor:
    shapes = {tuple(part.shape[1:]) for part in rows}
    if len(shapes) > 1:
        raise GraphValueError(
            "The formula of a reducer: expected rows of one shape for every in-degree, got shapes "
            f"{', '.join(map(str, sorted(shapes)))}."
        )
    return torch.cat(rows)
