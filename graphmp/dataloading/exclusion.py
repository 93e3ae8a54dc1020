"""Edge exclusion: which edges the blocks must not have, as a model is to predict them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..graph import Graph

CHOICES = (None, "self", "reverse_id", "reverse_types")


def check_exclusion(exclude: Any, reverse_eids: Any, reverse_etypes: Any) -> None:
    """Check the arguments for edge exclusion.

    Raises:
        GraphTypeError: reverse ids or types of the wrong kind, or missing.
        GraphValueError: an unknown choice.
    """
    if callable(exclude) or isinstance(exclude, (Tensor, _checks.AnyMapping)):
        return
    if exclude not in CHOICES:
        raise GraphValueError(
            "Expected exclude to be None, 'self', 'reverse_id', 'reverse_types', a tensor of edge "
            f"ids, a dict of such tensors or a function, got {exclude!r}."
        )
    if exclude == "reverse_id" and not isinstance(reverse_eids, (Tensor, _checks.AnyMapping)):
        raise GraphTypeError(
            "exclude='reverse_id' needs reverse_eids: expected a tensor with the reverse of each "
            f"edge, or a dict of tensors by edge type, got {_checks.kind(reverse_eids)}."
        )
    if exclude == "reverse_types" and not isinstance(reverse_etypes, _checks.AnyMapping):
        raise GraphTypeError(
            "exclude='reverse_types' needs reverse_etypes: expected a dict from edge types to "
            f"their reverse edge types, got {_checks.kind(reverse_etypes)}."
        )


def find_exclude_eids(
    g: Graph,
    seed_edges: Any,
    exclude: Any,
    reverse_eids: Any = None,
    reverse_etypes: Any = None,
    output_device: Any = None,
) -> Any:
    """The edges that are excluded from the blocks of some seed edges.

    Args:
        g: the graph.
        seed_edges: ids, with several edge types a dict by type.
        exclude: None, ``"self"``, ``"reverse_id"``, ``"reverse_types"``, ids, a dict of ids by edge
            type, or a function of the seeds.
        reverse_eids: (E,) the reverse of each edge, or a dict of such tensors by edge type.
        reverse_etypes: a dict from edge types to their reverse edge types, with equal ids.
        output_device: the device of the result; that of the ids by default.

    Returns:
        Ids, or a dict of ids by edge type; None for no edges.

    Raises:
        GraphIndexError: a reverse id out of range.
        GraphKeyError: an unknown edge type, or one without reverse ids.
        GraphTypeError: reverse ids that are not ids.
        GraphValueError: reverse ids of the wrong length, reverse edge types of other
            sizes, or an unknown choice.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [1, 0, 3, 2]))
        >>> reverse = torch.tensor([1, 0, 3, 2])
        >>> gm.dataloading.find_exclude_eids(g, torch.tensor([2]), "reverse_id", reverse)
        tensor([2, 3])
    """
    check_exclusion(exclude, reverse_eids, reverse_etypes)
    if isinstance(exclude, str):
        excluded = _excluded(g, seed_edges, exclude, reverse_eids, reverse_etypes)
    else:
        excluded = exclude(seed_edges) if callable(exclude) else exclude
    if output_device is None or excluded is None:
        return excluded
    target = _checks.device(output_device)
    if isinstance(excluded, _checks.AnyMapping):
        return {etype: ids.to(target) for etype, ids in excluded.items()}
    return excluded.to(target)


def _excluded(
    g: Graph, seed_edges: Any, exclude: str, reverse_eids: Any, reverse_etypes: Any
) -> Any:
    """The seeds and their reverse edges, in the form of the seeds."""
    single = not isinstance(seed_edges, _checks.AnyMapping)
    by_type = _by_etype(g, seed_edges)
    if exclude == "reverse_id":
        reverse = _by_etype(g, reverse_eids)
        parts = {t: [ids, _reverse(g, reverse, t, ids)] for t, ids in by_type.items()}
    else:
        parts = {t: [ids] for t, ids in by_type.items()}
    if exclude == "reverse_types":
        for etype, other in _by_etype(g, reverse_etypes).items():
            _check_reverse(g, etype, other)
            if etype in by_type:
                parts.setdefault(g.to_canonical_etype(other), []).append(by_type[etype])
    excluded = {t: torch.cat(ids) for t, ids in parts.items()}
    return next(iter(excluded.values())) if single and len(excluded) == 1 else excluded


def _by_etype(g: Graph, values: Any) -> dict[Any, Any]:
    """The values by canonical edge type; a single value is that of the only edge type."""
    by_etype = values if isinstance(values, _checks.AnyMapping) else {g.canonical_etypes[0]: values}
    return {g.to_canonical_etype(etype): value for etype, value in by_etype.items()}


def _reverse(g: Graph, reverse: Mapping[Any, Tensor], etype: Any, ids: Tensor) -> Tensor:
    """The reverse of some edges of one type."""
    owner = g.edges[etype].data.owner
    if etype not in reverse:
        raise GraphKeyError(
            f"Expected reverse_eids to have {owner}, which are among the seeds, got "
            f"only {list(reverse)}."
        )
    reverse_eids = reverse[etype]
    if not isinstance(reverse_eids, Tensor):
        raise GraphTypeError(
            f"Expected reverse_eids of {owner} to be a tensor, got "
            f"{_checks.kind(reverse_eids)}; call torch.as_tensor on it."
        )
    num_edges = g.num_edges(etype)
    if reverse_eids.shape != (num_edges,):
        raise GraphValueError(
            f"Expected reverse_eids of {owner} to have shape ({num_edges},), got "
            f"{tuple(reverse_eids.shape)}."
        )
    selected = reverse_eids.to(ids.device)[ids.long()]
    what = f"reverse_eids of {owner}"
    return _checks.ids(selected, g.idtype, g.device, num_edges, what)


def _check_reverse(g: Graph, etype: Any, other: Any) -> None:
    if g.num_edges(etype) != g.num_edges(other):
        raise GraphValueError(
            "Expected reverse_etypes to pair edge types with equal numbers of edges, as an edge "
            f"and its reverse have the same id, got {g.num_edges(etype)} of {etype} and "
            f"{g.num_edges(other)} of {g.to_canonical_etype(other)}; use exclude='reverse_id' if "
            "some edges have no reverse."
        )
