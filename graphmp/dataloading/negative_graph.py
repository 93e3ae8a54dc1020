"""Negative graphs: the checked pairs of a negative sampler as edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _checks
from ..construct.from_edges import heterograph
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..graph import Graph

_IDS = (torch.int32, torch.int64)


def check_negative_sampler(sampler: Any) -> None:
    """Check that a negative sampler is callable.

    Raises:
        GraphTypeError: not a function, or a class.
    """
    if sampler is None or (callable(sampler) and not isinstance(sampler, type)):
        return
    hint = f"; create an instance, {sampler.__name__}(...)" if isinstance(sampler, type) else ""
    raise GraphTypeError(
        "Expected a negative sampler, a function of a graph and edge ids, got "
        f"{_checks.kind(sampler)}{hint}."
    )


def negative_graph(g: Graph, sampler: Callable[[Graph, Any], Any], seeds: Any) -> Graph:
    """A graph with the types and nodes of ``g`` whose edges are sampled negative pairs.

    Args:
        g: the graph.
        sampler: the negative sampler.
        seeds: ids of edges, or a dict of ids by canonical edge type.

    Raises:
        GraphIndexError: the sampler returns a node id out of range.
        GraphKeyError: it returns an unknown edge type.
        GraphTypeError: it does not return pairs of ids.
        GraphValueError: it returns unequal numbers of sources and destinations.
    """
    pairs, who = sampler(g, seeds), f"The negative sampler {_name(sampler)}"
    if not isinstance(pairs, _checks.AnyMapping) and len(g.canonical_etypes) > 1:
        raise GraphTypeError(
            f"{who} must return a dict {{edge type: (sources, destinations)}}, as there are "
            f"several edge types, got {_checks.kind(pairs)}."
        )
    edges = {}
    for key, ends in (pairs if isinstance(pairs, _checks.AnyMapping) else {None: pairs}).items():
        etype = g.canonical_etypes[0] if key is None else _canonical(g, key, who)
        edges[etype] = _ends(g, ends, etype, who)
    every: dict[Any, Any] = {etype: edges.get(etype, ([], [])) for etype in g.canonical_etypes}
    counts = {ntype: g.num_nodes(ntype) for ntype in g.ntypes}
    return heterograph(every, counts, idtype=g.idtype, device=g.device)


def _name(sampler: Any) -> str:
    return getattr(sampler, "__name__", type(sampler).__name__)


def _canonical(g: Graph, etype: Any, who: str) -> Any:
    try:
        return g.to_canonical_etype(etype)
    except GraphKeyError as error:
        raise GraphKeyError(f"{who} returns pairs of edge type {etype!r}: {error}") from error


def _ends(g: Graph, ends: Any, etype: Any, who: str) -> tuple[Tensor, Tensor]:
    """Checked sources and destinations of one edge type."""
    if not isinstance(ends, (tuple, list)) or len(ends) != 2:
        kind = _checks.kind(ends)
        if isinstance(ends, (tuple, list)):
            kind = f"{type(ends).__name__} of {len(ends)}"
        raise GraphTypeError(
            f"{who} must return (sources, destinations), two tensors of ids, got {kind}."
        )
    u, v = (_nodes(g, nodes, etype[end], who) for nodes, end in zip(ends, (0, 2), strict=True))
    if len(u) != len(v):
        raise GraphValueError(
            f"{who} must return as many sources as destinations, got {len(u)} and {len(v)}; use "
            "repeat_interleave to repeat a source for each of its destinations."
        )
    return u, v


def _nodes(g: Graph, nodes: Any, ntype: str, who: str) -> Tensor:
    what = f"The {g.nodes[ntype].data.owner} that {who[0].lower()}{who[1:]} returns"
    if isinstance(nodes, np.ndarray):
        nodes = torch.from_numpy(nodes)
    if isinstance(nodes, Tensor) and nodes.dtype in _IDS:
        nodes = nodes.to(g.device, g.idtype)
    return _checks.ids(nodes, g.idtype, g.device, g.num_nodes(ntype), what)
