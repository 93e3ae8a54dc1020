"""Exclusion: which edges must not be in the blocks when some edges are to be predicted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..graph import Graph

CHOICES = (None, "self", "reverse_id", "reverse_types")


def check_exclusion(exclude: Any, reverse_eids: Any, reverse_etypes: Any) -> None:
    """Check the arguments that say what is excluded.

    Raises:
        GraphTypeError: reverse ids or types of the wrong kind.
        GraphValueError: an unknown choice, or reverse ids or types that are missing.
    """
    if callable(exclude):
        return
    if exclude not in CHOICES:
        raise GraphValueError(
            f"exclude is None, 'self', 'reverse_id', 'reverse_types' or a function, but "
            f"{exclude!r} came."
        )
    if exclude == "reverse_id" and not isinstance(reverse_eids, (Tensor, Mapping)):
        raise GraphTypeError(
            "exclude='reverse_id' needs reverse_eids, a tensor of the reverse of each edge or a "
            f"dict of them by edge type, but {_checks.kind(reverse_eids)} came."
        )
    if exclude == "reverse_types" and not isinstance(reverse_etypes, Mapping):
        raise GraphTypeError(
            "exclude='reverse_types' needs reverse_etypes, a dict from edge types to those of "
            f"their reverse, but {_checks.kind(reverse_etypes)} came."
        )


def excluded(
    g: Graph, seed_edges: Any, exclude: Any, reverse_eids: Any = None, reverse_etypes: Any = None
) -> Any:
    """The edges that must not be in the blocks of some seed edges.

    Args:
        g: the graph.
        seed_edges: checked ids, or a dict of them by canonical edge type.
        exclude: None, ``"self"``, ``"reverse_id"``, ``"reverse_types"`` or a function of the seeds.
        reverse_eids: (E,) the reverse of each edge, or a dict of such tensors by edge type.
        reverse_etypes: a dict from edge types to those of their reverse, with equal ids.

    Returns:
        Ids, or a dict of them by edge type; None for none.

    Raises:
        GraphIndexError: a reverse that is not there.
        GraphKeyError: an edge type that is not there, or without its reverse ids.
        GraphTypeError: reverse ids that are no ids.
        GraphValueError: reverse ids of the wrong length, reverse types of other sizes.
    """
    if exclude is None:
        return None
    if callable(exclude):
        return _function(exclude)(seed_edges)
    only = g.canonical_etypes[0]
    by_type = seed_edges if isinstance(seed_edges, Mapping) else {only: seed_edges}
    if exclude == "reverse_id":
        reverse = _by_etype(g, reverse_eids)
        return {t: torch.cat([ids, _reverse(g, reverse, t, ids)]) for t, ids in by_type.items()}
    gone = {t: [ids] for t, ids in by_type.items()}
    if exclude == "reverse_types":
        for etype, other in _by_etype(g, reverse_etypes).items():
            _check_reverse(g, etype, other)
            if etype in by_type:
                gone.setdefault(g.to_canonical_etype(other), []).append(by_type[etype])
    return {t: torch.cat(parts) for t, parts in gone.items()}


def _function(exclude: Any) -> Callable[[Any], Any]:
    found: Callable[[Any], Any] = exclude
    return found


def _by_etype(g: Graph, values: Any) -> dict[Any, Any]:
    """What was given for each edge type, or for the only one."""
    given = values if isinstance(values, Mapping) else {g.canonical_etypes[0]: values}
    return {g.to_canonical_etype(etype): value for etype, value in given.items()}


def _reverse(g: Graph, reverse: Mapping[Any, Tensor], etype: Any, ids: Tensor) -> Tensor:
    """The reverse of some edges of one type."""
    if etype not in reverse:
        raise GraphKeyError(f"reverse_eids lacks edges of type {etype}, which are among the seeds.")
    found = reverse[etype]
    if not isinstance(found, Tensor):
        raise GraphTypeError(
            f"reverse_eids of edges of type {etype} must be a tensor, but {_checks.kind(found)} "
            "came: call torch.as_tensor on it."
        )
    if found.shape != (g.num_edges(etype),):
        raise GraphValueError(
            f"reverse_eids of edges of type {etype} must have shape ({g.num_edges(etype)},), but "
            f"{tuple(found.shape)} came."
        )
    what = f"What reverse_eids has for edges of type {etype}"
    return _checks.ids(found.to(ids.device)[ids.long()], g.idtype, g.device, len(found), what)


def _check_reverse(g: Graph, etype: Any, other: Any) -> None:
    if g.num_edges(etype) != g.num_edges(other):
        raise GraphValueError(
            "An edge and its reverse have one id, so reverse_etypes pairs types of as many edges, "
            f"but {etype} has {g.num_edges(etype)} and {g.to_canonical_etype(other)} has "
            f"{g.num_edges(other)}: use exclude='reverse_id' if edges have no reverse."
        )
