"""Checked arguments of the sampling functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._graph.structure import Structure
from .._graph.subgraph import edges_by_type
from .._storage.frame import Frame
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphKeyError, GraphTypeError, GraphValueError

SRC, DST = 0, 2  # the index of an end of an edge in a canonical edge type


def end_of(edge_dir: str) -> int:
    """The end of the sampled edges at which the seed nodes are."""
    if edge_dir not in ("in", "out"):
        raise GraphValueError(f"Expected edge_dir to be 'in' or 'out', got {edge_dir!r}.")
    return DST if edge_dir == "in" else SRC


def fanouts_by_type(graph: Structure, fanout: Any, name: str) -> dict[CanonicalEtype, int]:
    """The checked fanout of each edge type; -1 for all edges.

    Args:
        graph: the graph.
        fanout: a number, or a dict of numbers for every edge type.
        name: the argument's name, for error messages.

    Raises:
        GraphKeyError: an unknown edge type.
        GraphTypeError: not an int.
        GraphValueError: below -1 or above 2³¹ - 1, or a missing edge type.
    """
    if not isinstance(fanout, _checks.AnyMapping):
        return dict.fromkeys(graph.adjacencies, _checks.fanout(fanout, name))
    fanouts = {graph._meta.etype(etype): _checks.fanout(n, name) for etype, n in fanout.items()}
    missing = [etype for etype in graph.adjacencies if etype not in fanouts]
    if missing:
        raise GraphValueError(
            f"Expected a dict for {name} to have every edge type, got none for {missing}; use 0 "
            "for edge types that are not sampled."
        )
    return fanouts


def probabilities_by_type(
    graph: Structure, prob: str | None, etypes: Iterable[CanonicalEtype] | None = None
) -> dict[CanonicalEtype, Tensor]:
    """The edge probabilities of the edge types that have them, (E,) each.

    Args:
        graph: the graph.
        prob: an edge field, (E,) or (E, 1), of float or bool; None for uniform sampling.
        etypes: the edge types that are sampled; all by default.

    Raises:
        GraphKeyError: no edge type has the field.
        GraphTypeError: not a name, or a field of integers.
        GraphValueError: a field of another shape.
    """
    if prob is None:
        return {}
    if not isinstance(prob, str):
        raise GraphTypeError(
            f"Expected prob to be the name of an edge field, got {_checks.kind(prob)}; assign the "
            "probabilities to graph.edata."
        )
    frames = {t: graph._frames.edge[t] for t in (graph.adjacencies if etypes is None else etypes)}
    with_field = {t: frame for t, frame in frames.items() if prob in frame}
    if frames and not with_field:
        fields = sorted({name for frame in frames.values() for name in frame})
        raise GraphKeyError(
            f"Expected an edge type with a field {prob!r} of probabilities, got only the fields "
            f"{', '.join(map(repr, fields)) or 'none'}; assign it to graph.edata."
        )
    return {etype: _probabilities(frame, prob) for etype, frame in with_field.items()}


def _probabilities(frame: Frame, prob: str) -> Tensor:
    values = edge_scalars(frame, prob)
    if values.dtype in (torch.float16, torch.bfloat16):
        return values.float()
    if values.dtype not in (torch.float32, torch.float64, torch.bool):
        raise GraphTypeError(
            f"Expected probabilities of floating point or bool, got {values.dtype} for {prob!r} of "
            f"{frame.owner}; call .float() on it."
        )
    return values


def edge_scalars(frame: Frame, field: str) -> Tensor:
    """A field with one number for each edge, as (E,).

    Raises:
        GraphValueError: a shape other than (E,) and (E, 1).
    """
    values = frame[field].detach()
    if values.ndim == 2 and values.shape[1] == 1:
        values = values.view(-1)
    if values.ndim != 1:
        raise GraphValueError(
            f"Expected {field!r} of {frame.owner} to have one number for each edge, (E,), got "
            f"shape {tuple(values.shape)}."
        )
    return values


def excluded_positions(graph: Structure, edges: Any, end: int) -> dict[CanonicalEtype, Tensor]:
    """Positions of excluded edges in the layout that is sampled, ascending int64, by edge type.

    Args:
        graph: the graph.
        edges: edge ids, with several edge types a dict by type; None for no edges.
        end: the end of the edges at which the seed nodes are.

    Raises:
        GraphIndexError: an edge id out of range.
    """
    if edges is None:
        return {}
    positions = {}
    for etype, edge_ids in edges_by_type(graph, edges).items():
        if len(edge_ids) > 0:
            adjacency = graph.adjacencies[etype]
            grouped = adjacency if end == DST else adjacency.reversed
            positions[etype] = torch.unique(grouped.csc_positions[edge_ids.long()]).long()
    return positions
