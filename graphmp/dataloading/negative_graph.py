"""Negative graphs: what a negative sampler gave, checked, as a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    """Check that something can be called to draw pairs.

    Raises:
        GraphTypeError: no function, or a class.
    """
    if sampler is None or (callable(sampler) and not isinstance(sampler, type)):
        return
    hint = f": make one, {sampler.__name__}(...)" if isinstance(sampler, type) else ""
    raise GraphTypeError(
        "A negative sampler is a function of a graph and edge ids, but "
        f"{_checks.kind(sampler)} came{hint}."
    )


def negative_graph(g: Graph, sampler: Callable[[Graph, Any], Any], seeds: Any) -> Graph:
    """A graph of the types and nodes of ``g`` whose edges are pairs that were drawn.

    Args:
        g: the graph.
        sampler: draws them.
        seeds: ids of edges, or a dict of them by canonical edge type.

    Raises:
        GraphIndexError: the sampler named a node that is not there.
        GraphKeyError: it named an edge type that is not there.
        GraphTypeError: it gave no pairs of ids.
        GraphValueError: it gave unequal numbers of sources and destinations.
    """
    pairs, who = sampler(g, seeds), f"The negative sampler {_name(sampler)}"
    if not isinstance(pairs, Mapping) and len(g.canonical_etypes) > 1:
        raise GraphTypeError(
            f"{who} must give a dict {{edge type: (sources, destinations)}}, as there are several "
            f"edge types, but {_checks.kind(pairs)} came."
        )
    edges = {}
    for key, ends in (pairs if isinstance(pairs, Mapping) else {None: pairs}).items():
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
        raise GraphKeyError(f"{who} gave pairs of edge type {etype!r}: {error}") from error


def _ends(g: Graph, ends: Any, etype: Any, who: str) -> tuple[Tensor, Tensor]:
    """Sources and destinations of one type."""
    if not isinstance(ends, (tuple, list)) or len(ends) != 2:
        came = _checks.kind(ends)
        if isinstance(ends, (tuple, list)):
            came = f"{type(ends).__name__} of {len(ends)}"
        raise GraphTypeError(
            f"{who} must give (sources, destinations), two tensors of ids, but {came} came."
        )
    u, v = (_nodes(g, nodes, etype[end], who) for nodes, end in zip(ends, (0, 2), strict=True))
    if len(u) != len(v):
        raise GraphValueError(
            f"{who} must give as many sources as destinations, but {len(u)} and {len(v)} came: "
            "repeat_interleave makes a source for each of its destinations."
        )
    return u, v


def _nodes(g: Graph, nodes: Any, ntype: str, who: str) -> Tensor:
    what = f"Nodes of type {ntype!r} that {who[0].lower()}{who[1:]} gives"
    if isinstance(nodes, np.ndarray):
        nodes = torch.from_numpy(nodes)
    if isinstance(nodes, Tensor) and nodes.dtype in _IDS:
        nodes = nodes.to(g.device, g.idtype)
    return _checks.ids(nodes, g.idtype, g.device, g.num_nodes(ntype), what)
