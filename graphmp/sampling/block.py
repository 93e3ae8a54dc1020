"""Blocks: the edges into some nodes as a graph between two sets of nodes, as one layer needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import kernels
from .._graph.frames import Frames
from .._graph.state import assembled
from .._graph.structure import AnyGraph, Structure
from .._graph.subgraph import nodes_by_type
from .._storage.adjacency import Adjacency
from .._storage.frame import EID, NID, Frame
from .._storage.metagraph import CanonicalEtype, Metagraph
from ..errors import GraphValueError
from ..kernels.contract import Csr


class Chosen(NamedTuple):
    """Edges that were chosen for some nodes, node after node.

    Attributes:
        form: the edges that they were chosen from, grouped by the nodes' end.
        limits: (n + 1,) where each node's edges start and end.
        others: (E,) their other ends.
        places: (E,) their positions in ``form``.
    """

    form: Csr
    limits: Tensor
    others: Tensor
    places: Tensor

    def of(self, frame: Frame) -> Frame:
        """Rows of the edges' frame, with their ids; nothing is gathered that nobody reads."""
        made = frame.bare(len(self.places))
        if len(frame) > 0:
            made = frame.take(self.form.edge_ids.index_select(0, self.places))
        made.defer(EID, self.form.edge_ids, self.places)
        return made


def to_block(
    graph: AnyGraph,
    dst_nodes: Any = None,
    include_dst_in_src: bool = True,
    src_nodes: Any = None,
) -> AnyGraph:
    """Make a block, a message flow graph, of all edges of a graph.

    Args:
        graph: a graph that is not a block, usually of the edges that were sampled.
        dst_nodes: the destinations, in the order that they get; ids or a bool mask, with several
            node types a dict by type. All nodes that edges enter unless given.
        include_dst_in_src: make the destinations the first of the sources.
        src_nodes: the sources, in the order that they get, in the same form; they must start with
            the destinations if those are included. Unless given, the nodes that edges leave, in
            the order of the edges.

    Returns:
        A graph with ``is_block``. ``srcdata["_ID"]``, ``dstdata["_ID"]`` and ``edata["_ID"]`` are
        ids of ``graph``; the edges keep their order. Features are gathered when they are read.

    Raises:
        GraphIndexError: a node that is not there.
        GraphValueError: a block; nodes named twice; nodes that do not cover the edges.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 3]))
        >>> block = gm.to_block(gm.in_subgraph(g, [3, 1]), [3, 1])
        >>> block.srcdata["_ID"], block.dstdata["_ID"]
        (tensor([3, 1, 0, 2]), tensor([3, 1]))
        >>> block.edges()
        (tensor([2, 3]), tensor([1, 0]))
    """
    if graph.is_block:
        raise GraphValueError("This is a block already: to_block takes the graph it came from.")
    ends = {t: a.dst for t, a in graph.adjacencies.items()}
    if dst_nodes is None:
        targets = {t: torch.unique(ids) for t, ids in _by_end(graph, ends, 2).items()}
    else:
        targets = _once(nodes_by_type(graph, dst_nodes), "dst_nodes")
    given = None if src_nodes is None else _once(nodes_by_type(graph, src_nodes), "src_nodes")
    first = {t: ids if include_dst_in_src else ids[:0] for t, ids in targets.items()}
    others = {t: a.src for t, a in graph.adjacencies.items()}
    if given is None:
        sources, us = _numbered(graph, first, others, 0)
    else:
        sources, us = _covering(graph, given, others, 0, "src_nodes")
        for ntype, ids in first.items():
            if not torch.equal(sources[ntype][: len(ids)], ids):
                raise GraphValueError(
                    f"src_nodes of type {ntype!r} must start with the destinations: put them "
                    "first, or pass include_dst_in_src=False."
                )
    _, vs = _covering(graph, targets, ends, 2, "dst_nodes")
    adjacencies = {
        t: Adjacency.from_coo(us[t], vs[t], len(sources[t[0]]), len(targets[t[2]]))
        for t in graph.canonical_etypes
    }
    eids = {t: torch.arange(len(us[t]), dtype=graph.idtype, device=graph.device) for t in us}
    edge = {t: graph._frames.edge[t].take(ids) for t, ids in eids.items()}
    for etype, frame in edge.items():
        frame[EID] = eids[etype]
    return made(graph, sources, targets, adjacencies, edge)


def sampled(
    graph: AnyGraph, targets: Mapping[str, Tensor], chosen: Mapping[CanonicalEtype, Chosen]
) -> AnyGraph:
    """The block of edges that were chosen for destinations.

    Args:
        graph: what the edges were chosen from.
        targets: the destinations of each type.
        chosen: for each relation the edges that enter them.

    Returns:
        A block whose edges are grouped by destination.
    """
    others = {t: found.others for t, found in chosen.items()}
    sources, us = _numbered(graph, targets, others, 0)
    adjacencies, edge = {}, {}
    for etype, found in chosen.items():
        eids = kernels.arange(len(found.others), like=found.others)
        sizes = (len(sources[etype[0]]), len(targets[etype[2]]))
        form = Csr(found.limits, us[etype], eids)
        adjacencies[etype] = Adjacency.from_compressed(form, *sizes, by="csc")
        edge[etype] = found.of(graph._frames.edge[etype])
    return made(graph, sources, targets, adjacencies, edge)


def made(
    graph: AnyGraph,
    sources: Mapping[str, Tensor],
    targets: Mapping[str, Tensor],
    adjacencies: Mapping[CanonicalEtype, Adjacency],
    edge: dict[CanonicalEtype, Frame],
) -> AnyGraph:
    """A block between nodes of ``graph``, whose features it has, unread.

    Args:
        graph: where nodes and edges come from.
        sources: ids of the sources of each type.
        targets: ids of the destinations of each type.
        adjacencies: the edges of each relation.
        edge: their frames.
    """
    frames = graph._frames
    src = {t: frames.src[t].take(ids, f"source nodes of type {t!r}") for t, ids in sources.items()}
    dst = {
        t: frames.src[t].take(ids, f"destination nodes of type {t!r}") for t, ids in targets.items()
    }
    for part, ids in ((src, sources), (dst, targets)):
        for ntype, frame in part.items():
            frame[NID] = ids[ntype]
    meta = Metagraph(graph.canonical_etypes, graph.ntypes, graph.ntypes)
    return assembled(graph, meta, adjacencies, Frames(src, dst, edge))


def _once(nodes: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Check that nodes are distinct: an edge has one place at each end."""
    for ntype, ids in nodes.items():
        ordered = torch.sort(ids).values
        repeated = ordered[1:][ordered[1:] == ordered[:-1]]
        if len(repeated) > 0:
            raise GraphValueError(
                f"{name} must be distinct, but node {int(repeated[0])} of type {ntype!r} came "
                "twice: call torch.unique on them."
            )
    return nodes


def _by_end(graph: Structure, ids: Mapping[CanonicalEtype, Tensor], end: int) -> dict[str, Tensor]:
    """The ids of all relations that have a node type at one end, one after the other."""
    none = torch.empty(0, dtype=graph.idtype, device=graph.device)
    parts = {n: [i for t, i in ids.items() if t[end] == n] for n in graph.ntypes}
    return {n: p[0] if len(p) == 1 else torch.cat([none, *p]) for n, p in parts.items()}


def _numbered(
    graph: Structure, first: Mapping[str, Tensor], ids: Mapping[CanonicalEtype, Tensor], end: int
) -> tuple[dict[str, Tensor], dict[CanonicalEtype, Tensor]]:
    """Nodes of each type, ``first`` and then what is new at an end, and the places of the ends."""
    nodes, places = {}, {}
    for ntype, every in _by_end(graph, ids, end).items():
        nodes[ntype], found = kernels.relabel(first[ntype], every, graph.num_nodes(ntype))
        start = 0
        for etype, part in ids.items():
            if etype[end] == ntype:
                places[etype] = found[start : start + len(part)]
                start += len(part)
    return nodes, places


def _covering(
    graph: Structure,
    given: Mapping[str, Tensor],
    ids: Mapping[CanonicalEtype, Tensor],
    end: int,
    name: str,
) -> tuple[dict[str, Tensor], dict[CanonicalEtype, Tensor]]:
    """Places of the ends of edges among nodes that must cover them."""
    nodes, places = _numbered(graph, given, ids, end)
    for ntype, found in nodes.items():
        if len(found) > len(given[ntype]):
            missing = int(found[len(given[ntype])])
            raise GraphValueError(
                f"{name} must cover the edges, but node {missing} of type {ntype!r}, at the end of "
                "an edge, is missing: add it, or leave its edges out."
            )
    return nodes, places
