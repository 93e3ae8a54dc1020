"""Messages grouped by the in-degree of the node they enter, without padding.

The messages are gathered once and split into views, one for each distinct in-degree. The backward
of a split is one concatenation, so the cost does not grow with the number of degrees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .. import kernels
from ..adjacency import Adjacency, Buckets, Compressed, bucket
from ..errors import GraphValueError


def joint_buckets(adjacencies: Sequence[Adjacency]) -> Buckets:
    """The buckets of relations that share their destinations, as though their edges were one list.

    Args:
        adjacencies: at least one relation.

    Returns:
        Buckets whose edge ids count through the relations, one after the other.
    """
    if len(adjacencies) == 1:
        return adjacencies[0].buckets
    dst = torch.cat([adjacency.dst for adjacency in adjacencies])
    indptr, order = kernels.group(dst, adjacencies[0].num_dst)
    return bucket(Compressed(indptr, order, order), indptr.diff())


def split_messages(buckets: Buckets, messages: Tensor) -> list[Tensor]:
    """Mailboxes: for each bucket the messages of its nodes, (nodes, degree, *feature).

    Args:
        buckets: how the edges group.
        messages: (E, *feature), in edge id order.

    Returns:
        Views of one gathered tensor; within a mailbox messages are in ascending edge id.
    """
    gathered = messages.index_select(0, buckets.edges)
    sizes = [n * d for n, d in zip(buckets.sizes, buckets.degrees, strict=True)]
    parts = torch.split(gathered, sizes) if sizes else ()
    return [
        part.view(n, d, *messages.shape[1:])
        for part, n, d in zip(parts, buckets.sizes, buckets.degrees, strict=True)
    ]


def reduce_by_formula(
    buckets: Buckets, num_rows: int, messages: Tensor, formula: Callable[[Tensor], Tensor]
) -> Tensor:
    """Reduce messages by a function of mailboxes.

    Args:
        buckets: how the edges group.
        num_rows: the number of destinations.
        messages: (E, *feature), in edge id order.
        formula: (nodes, degree, *feature) -> (nodes, *any).

    Returns:
        (num_rows, *any), 0 for destinations without messages.

    Raises:
        GraphValueError: the formula returned another number of rows.
    """
    mailboxes = split_messages(buckets, messages)
    if not mailboxes:
        mailboxes = [messages.new_zeros(0, 1, *messages.shape[1:])]
    rows = [formula(mailbox) for mailbox in mailboxes]
    for mailbox, made in zip(mailboxes, rows, strict=True):
        if made.shape[:1] != mailbox.shape[:1]:
            raise GraphValueError(
                f"A reducer's formula must return {mailbox.shape[0]} rows for messages of shape "
                f"{tuple(mailbox.shape)}, but a shape of {tuple(made.shape)} came."
            )
    shapes = {tuple(made.shape[1:]) for made in rows}
    if len(shapes) > 1:
        raise GraphValueError(
            "A reducer's formula must return rows of one shape for every in-degree, but "
            f"{', '.join(map(str, sorted(shapes)))} came."
        )
    made = torch.cat(rows)
    return made.new_zeros(num_rows, *made.shape[1:]).index_copy(0, buckets.nodes.long(), made)
