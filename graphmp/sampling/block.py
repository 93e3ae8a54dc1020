"""Blocks: bipartite graphs of the edges into some nodes, one for each layer of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import _checks, kernels
from .._graph.frames import Frames
from .._graph.state import assembled
from .._graph.structure import AnyGraph, Structure
from .._graph.subgraph import nodes_by_type
from .._storage.adjacency import Adjacency
from .._storage.frame import EID, NID, Frame
from .._storage.metagraph import CanonicalEtype, Metagraph, of_type
from ..errors import GraphValueError
from ..kernels.contract import Csr
from .arguments import DST, SRC

Compacted = tuple[dict[str, Tensor], dict[CanonicalEtype, Tensor]]


class SampledEdges(NamedTuple):
    """Edges that were sampled for some nodes, grouped by node.

    Attributes:
        csr: the edges that were sampled from, grouped by the same end.
        indptr: (n + 1,) where the edges of each node start.
        indices: (E,) the nodes at the other ends.
        positions: (E,) positions of the edges in ``csr``.
    """

    csr: Csr
    indptr: Tensor
    indices: Tensor
    positions: Tensor

    def features(self, frame: Frame) -> Frame:
        """Rows of the edge frame, and the edge ids; both are gathered on first access."""
        edges = frame.bare(self.positions.shape[0])
        if len(frame) > 0:
            edges = frame.take(self.csr.edge_ids.index_select(0, self.positions))
        edges.defer(EID, self.csr.edge_ids, self.positions)
        return edges


def to_block(
    g: AnyGraph,
    dst_nodes: Any = None,
    include_dst_in_src: bool = True,
    src_nodes: Any = None,
) -> AnyGraph:
    """Convert a graph to a block, also known as a message flow graph.

    Args:
        g: a graph that is not a block, usually of sampled edges.
        dst_nodes: the destinations, in the order of the result; ids or a bool mask, with several
            node types a dict by type. By default all nodes with incoming edges.
        include_dst_in_src: whether the first sources are the destinations.
        src_nodes: the sources, in the order of the result, in the same form; they must start with
            the destinations if those are included. By default all nodes with outgoing edges, in the
            order of the edges.

    Returns:
        A graph with ``is_block``. ``srcdata["_ID"]``, ``dstdata["_ID"]`` and ``edata["_ID"]`` are
        ids of ``g``; the edges keep their order. Features are gathered on first access.

    Raises:
        GraphIndexError: a node id out of range.
        GraphValueError: a block; duplicate nodes; nodes that do not cover the edges.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 3]))
        >>> block = gm.to_block(gm.in_subgraph(g, [3, 1]), [3, 1])
        >>> block.srcdata["_ID"], block.dstdata["_ID"]
        (tensor([3, 1, 2, 0]), tensor([3, 1]))
        >>> block.edges()
        (tensor([2, 3]), tensor([0, 1]))
    """
    if _checks.graph(g).is_block:
        raise GraphValueError(
            "Expected a graph that is not a block, got a block already; pass the graph that it was "
            "sampled from."
        )
    src = {t: a.src for t, a in g.adjacencies.items()}
    dst = {t: a.dst for t, a in g.adjacencies.items()}
    if dst_nodes is None:
        targets = {t: torch.unique(ids) for t, ids in _by_node_type(g, dst, DST).items()}
    else:
        targets = _distinct(nodes_by_type(g, dst_nodes), "dst_nodes")
    first = {t: ids if include_dst_in_src else ids[:0] for t, ids in targets.items()}
    if src_nodes is None:
        sources, us = _compact(g, first, src, SRC)
    else:
        listed = _distinct(nodes_by_type(g, src_nodes), "src_nodes")
        sources, us = _compact_within(g, listed, src, SRC, "src_nodes")
        _check_start(sources, first)
    _, vs = _compact_within(g, targets, dst, DST, "dst_nodes")
    adjacencies = {
        t: Adjacency.from_coo(us[t], vs[t], len(sources[t[0]]), len(targets[t[2]]))
        for t in g.canonical_etypes
    }
    edge_ids = {t: torch.arange(len(us[t]), dtype=g.idtype, device=g.device) for t in us}
    edge = {t: g._frames.edge[t].take(ids) for t, ids in edge_ids.items()}
    for etype, frame in edge.items():
        frame[EID] = edge_ids[etype]
    return _assemble_block(g, sources, targets, adjacencies, edge)


def from_sampled(
    graph: AnyGraph, targets: Mapping[str, Tensor], sampled: Mapping[CanonicalEtype, SampledEdges]
) -> AnyGraph:
    """The block of sampled edges.

    Args:
        graph: the graph that was sampled.
        targets: the destinations of each type.
        sampled: the sampled incoming edges of each edge type.

    Returns:
        A block whose edges are grouped by destination.
    """
    sources, us = _compact(graph, targets, {t: edges.indices for t, edges in sampled.items()}, SRC)
    adjacencies, edge = {}, {}
    for etype, edges in sampled.items():
        edge_ids = kernels.arange(edges.indices.shape[0], like=edges.indices)
        sizes = (sources[etype[0]].shape[0], targets[etype[2]].shape[0])
        csc = Csr(edges.indptr, us[etype], edge_ids)
        adjacencies[etype] = Adjacency.from_compressed(csc, *sizes, by="csc")
        edge[etype] = edges.features(graph._frames.edge[etype])
    return _assemble_block(graph, sources, targets, adjacencies, edge)


def _assemble_block(
    graph: AnyGraph,
    sources: Mapping[str, Tensor],
    targets: Mapping[str, Tensor],
    adjacencies: Mapping[CanonicalEtype, Adjacency],
    edge: dict[CanonicalEtype, Frame],
) -> AnyGraph:
    """A block between nodes of ``graph``, with their features, gathered on first access.

    Args:
        graph: the graph that nodes and edges belong to.
        sources: ids of the sources of each type.
        targets: ids of the destinations of each type.
        adjacencies: the edges of each edge type.
        edge: their frames.
    """
    src = _node_frames(graph, sources, "source")
    dst = _node_frames(graph, targets, "destination")
    types = graph._meta
    meta = Metagraph(types.canonical_etypes, types.ntypes, types.ntypes)
    return assembled(graph, meta, adjacencies, Frames(src, dst, edge))


def _node_frames(graph: Structure, nodes: Mapping[str, Tensor], end: str) -> dict[str, Frame]:
    frames = {}
    for ntype, ids in nodes.items():
        frames[ntype] = graph._frames.src[ntype].take(ids, f"{end} nodes{of_type(ntype)}")
        frames[ntype][NID] = ids
    return frames


# ---- compaction


def _compact(
    graph: Structure, first: Mapping[str, Tensor], ids: Mapping[CanonicalEtype, Tensor], end: int
) -> Compacted:
    """Map node ids at one end of the edges to consecutive new ids.

    Args:
        graph: the graph that the ids belong to.
        first: the nodes of each type that get the first new ids.
        ids: for each edge type the nodes at the end, (E,).
        end: the end.

    Returns:
        The nodes of each type in the order of their new ids, and the new ids of each edge type.
    """
    nodes, compacted = {}, {}
    for ntype, every in _by_node_type(graph, ids, end).items():
        num_nodes = graph._frames.src[ntype].num_rows
        nodes[ntype], new_ids = kernels.relabel(first[ntype], every, num_nodes)
        start = 0
        for etype, part in ids.items():
            if etype[end] == ntype:
                stop = start + part.shape[0]
                compacted[etype] = new_ids[start:stop]
                start = stop
    return nodes, compacted


def _by_node_type(
    graph: Structure, ids: Mapping[CanonicalEtype, Tensor], end: int
) -> dict[str, Tensor]:
    """The node ids of all edge types that have a node type at one end, concatenated."""
    joined = {}
    for ntype in graph._meta.ntypes:
        parts = [part for etype, part in ids.items() if etype[end] == ntype]
        if len(parts) != 1:
            parts = [torch.empty(0, dtype=graph.idtype, device=graph.device), *parts]
        joined[ntype] = parts[0] if len(parts) == 1 else torch.cat(parts)
    return joined


def _compact_within(
    graph: Structure,
    nodes: Mapping[str, Tensor],
    ids: Mapping[CanonicalEtype, Tensor],
    end: int,
    name: str,
) -> Compacted:
    """As :func:`_compact`, where ``nodes`` must contain all ids."""
    compacted, new_ids = _compact(graph, nodes, ids, end)
    for ntype, every in compacted.items():
        if len(every) > len(nodes[ntype]):
            raise GraphValueError(
                f"Expected {name} to cover the edges, got an edge at node "
                f"{int(every[len(nodes[ntype])])}{of_type(ntype)}, which is missing; add the "
                "node or remove its edges."
            )
    return compacted, new_ids


def _distinct(nodes: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Check that no node is listed twice."""
    for ntype, ids in nodes.items():
        ordered = torch.sort(ids).values
        repeated = ordered[1:][ordered[1:] == ordered[:-1]]
        if len(repeated) > 0:
            raise GraphValueError(
                f"Expected {name} to be distinct, got node {int(repeated[0])}{of_type(ntype)} "
                "twice; call torch.unique on them."
            )
    return nodes


def _check_start(sources: Mapping[str, Tensor], first: Mapping[str, Tensor]) -> None:
    """Check that the sources of each type start with some nodes."""
    for ntype, ids in first.items():
        if not torch.equal(sources[ntype][: len(ids)], ids):
            raise GraphValueError(
                f"Expected src_nodes{of_type(ntype)} to start with the destinations; move them "
                "to the front, or pass include_dst_in_src=False."
            )
