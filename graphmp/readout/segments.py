"""Members: the nodes or edges of one type of a batch, and to which of its graphs they belong."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import _checks
from .._storage.frame import Frame
from ..errors import GraphIndexError, GraphTypeError, GraphValueError, GraphWarning
from ..ops import segment_argsort, segment_broadcast, segment_reduce, segment_softmax


class Members(NamedTuple):
    """The nodes or edges of one type, those of each graph after those of the one before.

    Attributes:
        frame: their features.
        sizes: (batch size,) how many of them each graph has.
    """

    frame: Frame
    sizes: Tensor

    def field(self, name: Any) -> Tensor:
        """A feature.

        Raises:
            GraphKeyError: there is none of this name.
            GraphTypeError: not a name.
        """
        if not isinstance(name, str):
            raise GraphTypeError(
                f"The name of a field of the {self.frame.owner} is wanted, but "
                f"{_checks.kind(name)} came: assign features to a field, and name it."
            )
        return self.frame[name]

    def reduced(self, feat: str, weight: str | None, op: str) -> Tensor:
        """A feature, times a weight, reduced in each graph: (batch size, *feature)."""
        factor = None if weight is None else self.field(weight)
        return segment_reduce(self.sizes, self.field(feat), op, factor)

    def softmax(self, feat: str) -> Tensor:
        """The softmax of a feature over the members of each graph: (members, *feature)."""
        return segment_softmax(self.sizes, self.field(feat))

    def broadcast(self, given: Any) -> Tensor:
        """What each graph has, for each of its members: (members, *feature).

        Args:
            given: (batch size, *feature); of one graph (*feature) will do, with a warning.
        """
        graphs = self.sizes.numel()
        if isinstance(given, Tensor) and graphs == 1 and (given.ndim == 0 or len(given) != 1):
            warnings.warn(
                f"A feature of one graph should have 1 row, but a shape of {tuple(given.shape)} "
                "came, which is taken for that row: call .unsqueeze(0) on it.",
                GraphWarning,
                stacklevel=3,
            )
            given = given.unsqueeze(0)
        _checks.feature(given, graphs, self.frame.device, "graph_feat", "graphs of the batch")
        return segment_broadcast(self.sizes, given, self.frame.num_rows)

    def top(self, feat: str, k: Any, descending: bool, sortby: int | None) -> tuple[Tensor, Tensor]:
        """The first ``k`` members of each graph by a feature, and their places in their graph.

        Of equal members the first comes first; NaN counts as the greatest number.

        Returns:
            (batch size, k, *feature), filled up with 0; and (batch size, k), or with the shape of
            the first where each element is sorted for itself, filled up with -1.
        """
        value, k = self.field(feat), _checks.count(k, "k")
        key = value if sortby is None else _column(value, sortby)
        order = segment_argsort(self.sizes, key, descending)
        starts = (self.sizes.cumsum(0) - self.sizes).view(-1, 1)
        rank, shape = torch.arange(k, device=value.device), (self.sizes.numel(), k)
        if not len(value):
            empty = value.new_zeros(*shape, *value.shape[1:])
            return empty, order.new_full((*shape, *order.shape[1:]), -1)
        lacks = (rank >= self.sizes.view(-1, 1)).flatten()
        chosen = order[(starts + rank).flatten().clamp(max=len(value) - 1)]
        rows = chosen.view(*chosen.shape, *(1,) * (value.ndim - chosen.ndim))
        taken = value.gather(0, rows.expand(-1, *value.shape[1:]))
        filled = taken.masked_fill(_like(lacks, taken), 0)
        places = chosen - _like(starts.expand(shape).flatten(), chosen)
        places = places.masked_fill(_like(lacks, chosen), -1)
        return filled.view(*shape, *value.shape[1:]), places.view(*shape, *order.shape[1:])


def _like(rows: Tensor, other: Tensor) -> Tensor:
    """(N,) as (N, 1, …), of the rank of another tensor."""
    return rows.view(-1, *(1,) * (other.ndim - 1))


def nodes_by_graph(graph: Any, ntype: str | None) -> Members:
    """The nodes of one type.

    Raises:
        GraphKeyError: an unknown type.
        GraphTypeError: something else than a graph.
        GraphValueError: a block, or no type where there are several.
    """
    if _checks.graph(graph).is_block:
        raise GraphValueError(
            "A block has source and destination nodes, which belong to no graph of a batch: read "
            "out the graph it came from."
        )
    name = graph._meta.ntype(ntype)
    return Members(graph._frames.src[name], graph.batch_num_nodes(name))


def edges_by_graph(graph: Any, etype: Any) -> Members:
    """The edges of one type.

    Raises:
        GraphKeyError: an unknown type.
        GraphTypeError: something else than a graph.
        GraphValueError: no type where there are several.
    """
    name = _checks.graph(graph)._meta.etype(etype)
    return Members(graph._frames.edge[name], graph.batch_num_edges(name))


def _column(value: Tensor, sortby: Any) -> Tensor:
    """(N,) what rows are sorted by."""
    if isinstance(sortby, bool) or not isinstance(sortby, int):
        raise GraphTypeError(f"sortby is a column's number or None, but {sortby!r} came.")
    if value.ndim != 2:
        raise GraphValueError(
            f"sortby needs a feature of shape (N, D), but {tuple(value.shape)} came."
        )
    if not -value.shape[1] <= sortby < value.shape[1]:
        raise GraphIndexError(
            f"sortby must be from {-value.shape[1]} to {value.shape[1] - 1}, but {sortby} came."
        )
    return value[:, sortby]
