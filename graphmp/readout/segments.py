"""Segments: the rows of one node or edge type of a batch, grouped by graph."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import _checks
from .._storage.frame import Frame
from ..errors import GraphIndexError, GraphTypeError, GraphValueError, GraphWarning
from ..ops import segment_broadcast, segment_softmax
from ..ops.broadcast import unsqueeze_like
from ..ops.results import reshaped
from ..ops.segment import reduce_segments, segment_first


class Segments(NamedTuple):
    """The nodes or edges of one type as rows, one segment of consecutive rows for each graph.

    Attributes:
        frame: the features of the rows.
        sizes: (batch size,) the number of rows of each segment.
    """

    frame: Frame
    sizes: Tensor

    def field(self, name: Any) -> Tensor:
        """A feature.

        Raises:
            GraphKeyError: no field has this name.
            GraphTypeError: not a name.
        """
        if not isinstance(name, str):
            raise GraphTypeError(
                f"Expected the name of a field of the {self.frame.owner}, got "
                f"{_checks.kind(name)}; assign the features to a field, and pass its name."
            )
        return self.frame[name]

    def reduced(self, feat: str, weight: str | None, op: str) -> Tensor:
        """A feature, times a weight, reduced in each graph: (batch size, *feature)."""
        factor = None if weight is None else self.field(weight)
        return reduce_segments(self.sizes, self.field(feat), op, factor, "op")

    def softmax(self, feat: str) -> Tensor:
        """The softmax of a feature over each segment: (rows, *feature).

        Raises:
            GraphTypeError: a feature that is not floating point.
        """
        value = self.field(feat)
        if not value.is_floating_point():
            raise GraphTypeError(
                f"Field {feat!r} of the {self.frame.owner}: expected floating point, got "
                f"{value.dtype}; call .float() on it."
            )
        return segment_softmax(self.sizes, value)

    def broadcast(self, feature: Any) -> Tensor:
        """The feature of each graph, repeated for each row of its segment: (rows, *feature).

        Args:
            feature: (batch size, *feature); for one graph also (*feature), with a warning.
        """
        graphs = self.sizes.numel()
        if isinstance(feature, Tensor) and graphs == 1 and (feature.ndim == 0 or len(feature) != 1):
            warnings.warn(
                "graph_feat: expected 1 row for the only graph, got a shape of "
                f"{tuple(feature.shape)}, which is read as that row; call .unsqueeze(0) on it.",
                GraphWarning,
                stacklevel=3,
            )
            feature = feature.unsqueeze(0)
        _checks.feature(feature, graphs, self.frame.device, "graph_feat", "graphs of the batch")
        return segment_broadcast(self.sizes, feature, self.frame.num_rows)

    def top(self, feat: str, k: Any, descending: bool, sortby: int | None) -> tuple[Tensor, Tensor]:
        """The first ``k`` rows of each segment by a feature, and their positions in the segment.

        Of equal rows the first comes first; NaN counts as the greatest number.

        Returns:
            (batch size, k, *feature), filled up with 0; and (batch size, k), or with the shape of
            the first where each element is sorted for itself, filled up with -1.
        """
        value, k = self.field(feat), _checks.size(k, "k")
        key = value if sortby is None else _column(value, sortby)
        shape = (self.sizes.numel(), k)
        if not value.shape[0]:
            empty = value.new_zeros(*shape, *value.shape[1:])
            return empty, self.sizes.new_full((*shape, *key.shape[1:]), -1).long()
        order = segment_first(self.sizes, key, k, bool(descending))
        is_padding = torch.arange(k, device=value.device) >= self.sizes.view(-1, 1)
        starts = unsqueeze_like(self.sizes.cumsum(0) - self.sizes, order)
        rows = (order + starts).clamp(max=value.shape[0] - 1).flatten(0, 1)
        rows = rows.view(*rows.shape, *(1,) * (value.ndim - rows.ndim))
        features = value.gather(0, rows.expand(-1, *value.shape[1:]))
        features = features.masked_fill(unsqueeze_like(is_padding.flatten(), features), 0)
        positions = order.masked_fill_(is_padding.view(*shape, *(1,) * (order.ndim - 2)), -1)
        return reshaped(features, *shape, *value.shape[1:]), positions


def nodes_by_graph(graph: Any, ntype: str | None) -> Segments:
    """The nodes of one type.

    Raises:
        GraphKeyError: an unknown type.
        GraphTypeError: not a graph.
        GraphValueError: a block, or no type where there are several.
    """
    if _checks.graph(graph).is_block:
        raise GraphValueError(
            "Expected a graph that is not a block, got a block, whose nodes belong to no graph of "
            "a batch; read out the graph that it was made of."
        )
    name = graph._meta.ntype(ntype)
    return Segments(graph._frames.src[name], graph._sizes_by_nodes(name))


def edges_by_graph(graph: Any, etype: Any) -> Segments:
    """The edges of one type.

    Raises:
        GraphKeyError: an unknown type.
        GraphTypeError: not a graph.
        GraphValueError: no type where there are several.
    """
    name = _checks.graph(graph)._meta.etype(etype)
    return Segments(graph._frames.edge[name], graph._sizes_by_edges(name))


def _column(value: Tensor, sortby: Any) -> Tensor:
    """(N,) what rows are sorted by."""
    if isinstance(sortby, bool) or not isinstance(sortby, int):
        raise GraphTypeError(f"Expected sortby as the index of a column, or None, got {sortby!r}.")
    if value.ndim != 2:
        raise GraphValueError(
            f"Expected a feature of shape (N, D) with sortby, got {tuple(value.shape)}."
        )
    if not -value.shape[1] <= sortby < value.shape[1]:
        raise GraphIndexError(
            f"Expected sortby from {-value.shape[1]} to {value.shape[1] - 1}, got {sortby}."
        )
    return value[:, sortby]
