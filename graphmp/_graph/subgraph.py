"""Subgraphs: some nodes or some edges of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._storage.adjacency import Adjacency
from .._storage.frame import EID, NID
from .._storage.metagraph import CanonicalEtype, of_type
from ..errors import GraphValueError
from .arguments import edge_argument, refuse_block
from .conversion import moved
from .frames import Frames
from .state import GraphState, assembled
from .structure import AnyGraph, Structure

Edges = tuple[Tensor, Tensor, Tensor]  # sources, destinations and ids in the graph


def node_subgraph(
    graph: AnyGraph,
    nodes: Any,
    *,
    relabel_nodes: bool = True,
    store_ids: bool = True,
    output_device: Any = None,
) -> AnyGraph:
    """Some nodes and all edges between them; features are gathered when they are read.

    Args:
        graph: a graph that is not a block.
        nodes: ids or a bool mask; with several node types a dict {type: ids or mask}, where a
            type that is left out has no nodes.
        relabel_nodes: number the nodes from 0, in the order of ``nodes``; else keep all nodes.
        store_ids: write original ids to ``ndata["_ID"]`` and ``edata["_ID"]``.
        output_device: the device of the result; the graph's device by default.

    Returns:
        A new graph; its edges are in the order of their sources in ``nodes``, those of one source
        by edge id.

    Raises:
        GraphIndexError: an unknown node.
        GraphValueError: a node named twice, or a block.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> sub = gm.node_subgraph(g, [2, 1])
        >>> sub.edges(), sub.ndata["_ID"]
        ((tensor([1]), tensor([0])), tensor([2, 1]))
    """
    refuse_block(graph)
    ids_by_type = nodes_by_type(graph, nodes)
    for ntype, ids in ids_by_type.items():
        if _distinct(ids, graph.num_nodes(ntype)).numel() != ids.numel():
            raise GraphValueError(
                f"Expected each node{of_type(ntype)} once, got some twice; call torch.unique on "
                "them."
            )
    edges = {}
    for etype, adjacency in graph.adjacencies.items():
        sources, targets = ids_by_type[etype[0]], ids_by_type[etype[2]]
        u, v, eids = kernels.edges_among(adjacency.csr, sources, targets, adjacency.num_dst)
        if not relabel_nodes:
            u, v = sources.index_select(0, u), targets.index_select(0, v)
        edges[etype] = (u, v, eids)
    sub = _assembled(graph, edges, ids_by_type if relabel_nodes else None, store_ids)
    return moved(sub, output_device)


def edge_subgraph(
    graph: AnyGraph,
    edges: Any,
    *,
    relabel_nodes: bool = True,
    store_ids: bool = True,
    output_device: Any = None,
) -> AnyGraph:
    """Some edges and the nodes at their ends; features are gathered when they are read.

    Args:
        graph: a graph that is not a block.
        edges: ids, a bool mask or a tuple ``(u, v)``; with several edge types a dict
            {type: edges}, where a type that is left out has no edges.
        relabel_nodes: keep only the nodes at the ends, numbered from 0 as they come: for each edge
            type the sources, then the destinations; else keep all nodes.
        store_ids: write original ids to ``ndata["_ID"]`` and ``edata["_ID"]``.
        output_device: the device of the result; the graph's device by default.

    Returns:
        A new graph; its edges are in the order of ``edges``.

    Raises:
        GraphIndexError: an unknown edge.
        GraphValueError: a block.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> gm.edge_subgraph(g, [1]).ndata["_ID"]
        tensor([1, 2])
    """
    refuse_block(graph)
    eids = edges_by_type(graph, edges)
    chosen = {etype: edges_by_id(graph.adjacencies[etype], ids) for etype, ids in eids.items()}
    nodes = _ends(graph, chosen) if relabel_nodes else None
    return moved(induced(graph, chosen, nodes, store_ids), output_device)


def in_subgraph(
    graph: AnyGraph,
    nodes: Any,
    *,
    relabel_nodes: bool = False,
    store_ids: bool = True,
    output_device: Any = None,
) -> AnyGraph:
    """The edges that enter some nodes, node after node, in the order of ``nodes``.

    Args:
        graph: a graph that is not a block.
        nodes: ids or a bool mask; with several node types a dict {type: ids or mask}.
        relabel_nodes: keep only nodes that have edges, numbered as in :func:`edge_subgraph`.
        store_ids: write original ids to ``edata["_ID"]``, and to ``ndata`` when relabelled.
        output_device: the device of the result; the graph's device by default.

    Returns:
        A new graph.

    Raises:
        GraphIndexError: an unknown node.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> gm.in_subgraph(g, [2]).edges()
        (tensor([1]), tensor([2]))
    """
    return moved(_touching(graph, nodes, 2, relabel_nodes, store_ids), output_device)


def out_subgraph(
    graph: AnyGraph,
    nodes: Any,
    *,
    relabel_nodes: bool = False,
    store_ids: bool = True,
    output_device: Any = None,
) -> AnyGraph:
    """The edges that leave some nodes, node after node, in the order of ``nodes``.

    Args:
        graph: a graph that is not a block.
        nodes: ids or a bool mask; with several node types a dict {type: ids or mask}.
        relabel_nodes: keep only nodes that have edges, numbered as in :func:`edge_subgraph`.
        store_ids: write original ids to ``edata["_ID"]``, and to ``ndata`` when relabelled.
        output_device: the device of the result; the graph's device by default.

    Returns:
        A new graph.

    Raises:
        GraphIndexError: an unknown node.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> gm.out_subgraph(g, [2]).edges()
        (tensor([2]), tensor([0]))
    """
    return moved(_touching(graph, nodes, 0, relabel_nodes, store_ids), output_device)


def _touching(graph: AnyGraph, nodes: Any, end: int, relabel: bool, store_ids: bool) -> AnyGraph:
    refuse_block(graph)
    ids_by_type = nodes_by_type(graph, nodes)
    distinct = {t: _distinct(ids, graph.num_nodes(t)) for t, ids in ids_by_type.items()}
    edges = {}
    for etype, adjacency in graph.adjacencies.items():
        csr = adjacency.csc if end == 2 else adjacency.csr
        ends = distinct[etype[end]]
        rows, others, eids = kernels.edges_of(csr, ends, names=ends)
        edges[etype] = (rows, others, eids) if end == 0 else (others, rows, eids)
    return induced(graph, edges, _ends(graph, edges) if relabel else None, store_ids)


def edges_by_id(adjacency: Adjacency, eids: Tensor) -> Edges:
    """Edges with their ends, by their ids."""
    return adjacency.src.index_select(0, eids), adjacency.dst.index_select(0, eids), eids


def _ends(graph: Structure, edges: Mapping[CanonicalEtype, Edges]) -> dict[str, Tensor]:
    """The nodes of each type at the ends of edges, in the order in which they come."""
    none = torch.empty(0, dtype=graph.idtype, device=graph.device)
    nodes = dict.fromkeys(graph.ntypes, none)
    for (s, _, d), (u, v, _) in edges.items():
        for ntype, ids in ((s, u), (d, v)):
            nodes[ntype] = kernels.relabel(nodes[ntype], ids, graph.num_nodes(ntype))[0]
    return nodes


def _distinct(ids: Tensor, num_nodes: int) -> Tensor:
    """Each id once, in the order in which they come."""
    return kernels.relabel(ids[:0], ids, num_nodes)[0]


def induced(
    graph: AnyGraph,
    edges: Mapping[CanonicalEtype, Edges],
    nodes: Mapping[str, Tensor] | None,
    store_ids: bool,
) -> AnyGraph:
    """The graph of some edges between some nodes.

    Args:
        graph: a graph that is not a block.
        edges: the edges of each relation, in the new order.
        nodes: the node ids of each type, numbered from 0 in this order, with all ends of the edges;
            None for all nodes.
        store_ids: write original ids to ``ndata["_ID"]`` and ``edata["_ID"]``.
    """
    if nodes is not None:
        edges = {etype: _renumbered(graph, etype, own, nodes) for etype, own in edges.items()}
    return _assembled(graph, edges, nodes, store_ids)


def _renumbered(
    graph: Structure, etype: CanonicalEtype, edges: Edges, nodes: Mapping[str, Tensor]
) -> Edges:
    """Edges whose ends are numbered from 0 in the order of ``nodes``."""
    (u, v, eids), (s, _, d), old = edges, etype, graph.adjacencies[etype]
    new_u = kernels.relabel(nodes[s], u, old.num_src)[1]
    return new_u, kernels.relabel(nodes[d], v, old.num_dst)[1], eids


def _assembled(
    graph: AnyGraph,
    edges: Mapping[CanonicalEtype, Edges],
    nodes: Mapping[str, Tensor] | None,
    store_ids: bool,
) -> AnyGraph:
    """The graph of some nodes and edges, whose ends are numbered as in the result.

    Args:
        graph: a graph that is not a block.
        edges: the edges of each relation, in the new order, with their ids in ``graph``.
        nodes: the node ids of each type, in the new order; None for all nodes.
        store_ids: write original ids to ``ndata["_ID"]`` and ``edata["_ID"]``.
    """
    src = {}
    for ntype in graph.ntypes:
        frame = graph._frames.src[ntype]
        src[ntype] = frame.copy() if nodes is None else frame.take(nodes[ntype])
        if nodes is not None and store_ids:
            src[ntype][NID] = nodes[ntype]
    adjacencies, edge = {}, {}
    for etype, (u, v, eids) in edges.items():
        counts = (src[etype[0]].num_rows, src[etype[2]].num_rows)
        adjacencies[etype] = Adjacency.from_coo(u, v, *counts)
        edge[etype] = graph._frames.edge[etype].take(eids)
        if store_ids:
            edge[etype][EID] = eids
    return assembled(graph, graph._meta, adjacencies, Frames(src, src, edge))


# ---- arguments


def nodes_by_type(graph: Structure, nodes: Any) -> dict[str, Tensor]:
    """Checked ids of every node type; none where the user named none."""
    by_name = nodes if isinstance(nodes, _checks.AnyMapping) else {graph._meta.ntype(None): nodes}
    by_type = {graph._meta.ntype(ntype): value for ntype, value in by_name.items()}
    return {
        ntype: _checks.ids_or_mask(
            by_type.get(ntype, []),
            graph.idtype,
            graph.device,
            graph.num_nodes(ntype),
            f"Ids of nodes{of_type(ntype)}",
        )
        for ntype in graph.ntypes
    }


def edges_by_type(graph: GraphState, edges: Any) -> dict[CanonicalEtype, Tensor]:
    """Checked ids of every edge type; none where the user named none."""
    by_name = edges if isinstance(edges, _checks.AnyMapping) else {graph._meta.etype(None): edges}
    by_type = {graph._meta.etype(etype): value for etype, value in by_name.items()}
    checked = {}
    for etype, adjacency in graph.adjacencies.items():
        value = by_type.get(etype, [])
        if _checks.is_mask(value):
            value = _checks.ids_or_mask(
                value, graph.idtype, graph.device, adjacency.num_edges, f"Edges{of_type(etype)}"
            )
        eids = edge_argument(graph, value, etype)
        checked[etype] = graph._arange(adjacency.num_edges) if eids is None else eids
    return checked
