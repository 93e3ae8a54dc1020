"""Subgraphs of some types, which share features with the graph, and several relations as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from .. import _checks
from .._storage.adjacency import Adjacency
from .._storage.frame import ETYPE, NID, NTYPE, Frame
from .._storage.metagraph import CanonicalEtype, Metagraph, listed
from ..errors import GraphKeyError, GraphTypeError
from .arguments import refuse_block
from .conversion import moved
from .frames import Frames
from .state import assembled
from .structure import AnyGraph


def edge_type_subgraph(
    graph: AnyGraph, etypes: Sequence[Any], output_device: Any = None
) -> AnyGraph:
    """The relations ``etypes`` and the node types they join; features are shared.

    Args:
        graph: any graph.
        etypes: names or canonical triples, of which each counts once; the result has the relations
            in this order.
        output_device: the device of the result; the graph's device by default.

    Returns:
        A graph over the same nodes: assigning a feature here or there is seen in both.

    Raises:
        GraphKeyError: an unknown edge type.

    Example:
        >>> import graphmp as gm
        >>> g = gm.heterograph({("a", "x", "b"): ([0], [0]), ("a", "y", "a"): ([0], [0])})
        >>> gm.edge_type_subgraph(g, ["y"]).ntypes
        ['a']
    """
    listed_types = _checks.listing(etypes, "edge types")
    chosen = list(dict.fromkeys(graph._meta.etype(etype) for etype in listed_types))
    return moved(
        _of_types(graph, chosen, {s for s, _, _ in chosen}, {d for _, _, d in chosen}),
        output_device,
    )


def node_type_subgraph(
    graph: AnyGraph, ntypes: Sequence[str], output_device: Any = None
) -> AnyGraph:
    """The node types ``ntypes`` and the relations between them; features are shared.

    Args:
        graph: a graph that is not a block.
        ntypes: node types.
        output_device: the device of the result; the graph's device by default.

    Returns:
        A graph over the same nodes: assigning a feature here or there is seen in both.

    Raises:
        GraphKeyError: an unknown node type.

    Example:
        >>> import graphmp as gm
        >>> g = gm.heterograph({("a", "x", "b"): ([0], [0]), ("a", "y", "a"): ([0], [0])})
        >>> gm.node_type_subgraph(g, ["a"]).etypes
        ['y']
    """
    refuse_block(graph)
    chosen = {graph._meta.ntype(ntype) for ntype in _checks.listing(ntypes, "node types")}
    etypes = [t for t in graph.canonical_etypes if t[0] in chosen and t[2] in chosen]
    return moved(_of_types(graph, etypes, chosen, chosen), output_device)


def _of_types(
    graph: AnyGraph, etypes: list[CanonicalEtype], srctypes: set[str], dsttypes: set[str]
) -> AnyGraph:
    frames, types = graph._frames, graph._meta
    if graph.is_block:
        meta = Metagraph(
            etypes,
            [t for t in types.srctypes if t in srctypes],
            [t for t in types.dsttypes if t in dsttypes],
        )
        src = {t: frames.src[t] for t in meta.srctypes}
        dst = {t: frames.dst[t] for t in meta.dsttypes}
    else:
        both = srctypes | dsttypes
        meta = Metagraph(etypes, [ntype for ntype in types.ntypes if ntype in both])
        src = dst = {t: frames.src[t] for t in meta.ntypes}
    adjacencies = {t: graph.adjacencies[t] for t in etypes}
    shared = Frames(src, dst, {t: frames.edge[t] for t in etypes})
    return assembled(graph, meta, adjacencies, shared)


def relations(graph: AnyGraph, key: Any) -> AnyGraph:
    """One relation, which shares features with this graph, or several merged into one.

    Args:
        graph: any graph.
        key: an edge type; or a triple with ``:`` or a list in any place; or ``:`` for all. If
            several relations match they become one, with the types' names joined by ``+``.

    Raises:
        GraphKeyError: nothing matches.
        GraphTypeError: not a name or a triple.
        GraphValueError: an ambiguous name.

    Example:
        >>> import graphmp as gm
        >>> g = gm.heterograph({("a", "x", "b"): ([0], [0]), ("a", "y", "b"): ([0], [0])})
        >>> g["x"].canonical_etypes, g["a", :, "b"].canonical_etypes
        ([('a', 'x', 'b')], [('a', 'x+y', 'b')])
    """
    if isinstance(key, str):
        return _one(graph, graph._meta.etype(key))
    if isinstance(key, slice):
        key = (key, key, key)
    if not isinstance(key, tuple) or len(key) != 3:
        raise GraphTypeError(
            "Expected an edge type's name, or a triple (source type, name, destination type) with "
            f"':' for any, got {_checks.kind(key)}."
        )
    matching = [
        etype
        for etype in graph.canonical_etypes
        if all(_fits(name, want) for name, want in zip(etype, key, strict=True))
    ]
    if not matching:
        known = listed(graph.canonical_etypes)
        raise GraphKeyError(f"No edge type matches {key!r}; the graph has {known}.")
    return _one(graph, matching[0]) if len(matching) == 1 else _merged(graph, matching)


def _one(graph: AnyGraph, etype: CanonicalEtype) -> AnyGraph:
    """One relation, the type of its sources before that of its destinations."""
    frames, (source, _, target) = graph._frames, etype
    src, dst = {source: frames.src[source]}, {target: frames.dst[target]}
    if not graph.is_block:
        src = dst = {**src, **dst}
    meta = Metagraph([etype], src, dst if graph.is_block else None)
    parts = Frames(src, dst, {etype: frames.edge[etype]})
    return assembled(graph, meta, {etype: graph.adjacencies[etype]}, parts)


def _fits(name: str, want: Any) -> bool:
    if isinstance(want, slice):
        return want == slice(None)
    return name in want if isinstance(want, (list, tuple, set)) else name == want


def _merged(graph: AnyGraph, etypes: list[CanonicalEtype]) -> AnyGraph:
    """Several relations as one, with node and edge types remembered in ``_TYPE`` and ``_ID``."""
    srctypes = sorted({s for s, _, _ in etypes})
    dsttypes = sorted({d for _, _, d in etypes})
    src_name, dst_name = "+".join(srctypes), "+".join(dsttypes)
    merged = (src_name, "+".join(sorted(name for _, name, _ in etypes)), dst_name)
    types = graph._meta
    src = _joined(graph._frames.src, srctypes, types.ntypes, NTYPE, graph.idtype)
    dst = src
    if graph.is_block or dst_name != src_name:
        dst = _joined(graph._frames.dst, dsttypes, types.ntypes, NTYPE, graph.idtype)
    edge = _joined(graph._frames.edge, etypes, types.canonical_etypes, ETYPE, graph.idtype)
    src_start = _starts(graph._frames.src, srctypes)
    dst_start = _starts(graph._frames.dst, dsttypes)
    us = torch.cat([graph.adjacencies[t].src + src_start[t[0]] for t in etypes])
    vs = torch.cat([graph.adjacencies[t].dst + dst_start[t[2]] for t in etypes])
    adjacency = Adjacency.from_coo(us, vs, src.num_rows, dst.num_rows)
    if graph.is_block:
        meta = Metagraph([merged], [src_name], [dst_name])
        frames = Frames({src_name: src}, {dst_name: dst}, {merged: edge})
    else:
        both = {src_name: src, dst_name: dst}
        meta = Metagraph([merged], both)
        frames = Frames(both, both, {merged: edge})
    return assembled(graph, meta, {merged: adjacency}, frames)


def _starts(frames: Mapping[str, Frame], types: Sequence[str]) -> dict[str, int]:
    starts, total = {}, 0
    for name in types:
        starts[name] = total
        total += frames[name].num_rows
    return starts


def _joined(
    frames: Mapping[Any, Frame],
    types: Sequence[Any],
    every: Sequence[Any],
    field: str,
    idtype: torch.dtype,
) -> Frame:
    """One frame of several types: their common columns, type ids and ids within the type."""
    parts = [frames[name] for name in types]
    device, rows = parts[0].device, [part.num_rows for part in parts]
    joined = Frame(sum(rows), device, f"rows of the merged types {', '.join(map(str, types))}")
    counted = [part for part in parts if part.num_rows] or parts  # a type without rows needs none
    schemes = [part.schemes() for part in counted]
    for name in schemes[0]:
        if all(scheme.get(name) == schemes[0][name] for scheme in schemes):
            joined[name] = torch.cat([part[name] for part in counted])
    ids = torch.tensor([every.index(name) for name in types], device=device)
    joined[field] = torch.repeat_interleave(ids, torch.tensor(rows, device=device))
    joined[NID] = torch.cat([torch.arange(n, dtype=idtype, device=device) for n in rows])
    return joined
