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
from ..kernels.segments import positions_of
from .arguments import edge_argument, refuse_block
from .conversion import moved
from .frames import Frames
from .queries import edges_of
from .state import GraphState, assembled
from .structure import AnyGraph, Structure


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
    new_ids: dict[str, Tensor] = {}
    for ntype, ids in ids_by_type.items():
        numbers = ids.new_full((graph.num_nodes(ntype),), -1)
        numbers[ids.long()] = torch.arange(ids.numel(), dtype=ids.dtype, device=ids.device)
        if int((numbers >= 0).sum()) != ids.numel():
            raise GraphValueError(
                f"Expected each node{of_type(ntype)} once, got some twice; call torch.unique on "
                "them."
            )
        new_ids[ntype] = numbers
    edges = {}
    for (s, name, d), adjacency in graph.adjacencies.items():
        eids = edges_of(adjacency.csr, ids_by_type[s])
        edges[s, name, d] = eids[new_ids[d][adjacency.dst[eids.long()].long()] >= 0]
    sub = induced(graph, edges, ids_by_type if relabel_nodes else None, store_ids)
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
    nodes = _ends(graph, eids) if relabel_nodes else None
    return moved(induced(graph, eids, nodes, store_ids), output_device)


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
        form = adjacency.csc if end == 2 else adjacency.csr
        edges[etype] = edges_of(form, distinct[etype[end]])
    return induced(graph, edges, _ends(graph, edges) if relabel else None, store_ids)


def khop_in_subgraph(
    graph: Structure,
    nodes: Any,
    k: int,
    *,
    relabel_nodes: bool = True,
    store_ids: bool = True,
    output_device: Any = None,
) -> Any:
    """Some nodes, those from which at most ``k`` steps lead to them, and all edges between these.

    Args:
        graph: a graph that is not a block.
        nodes: ids or a bool mask; with several node types a dict {type: ids or mask}.
        k: the number of steps, along edges of any type.
        relabel_nodes: number the nodes from 0, in ascending id; else keep all nodes.
        store_ids: write original ids to ``edata["_ID"]``, and to ``ndata`` when relabelled.
        output_device: the device of the result; the graph's device by default.

    Returns:
        A new graph; with ``relabel_nodes`` a tuple of it and the new ids of ``nodes``, in the same
        order: a tensor, or a dict of tensors if ``nodes`` is a dict.

    Raises:
        GraphIndexError: an unknown node.
        GraphTypeError: ``k`` is no int.
        GraphValueError: a negative ``k``, or a block.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
        >>> sub, new = gm.khop_in_subgraph(g, 3, k=1)
        >>> sub.ndata["_ID"], new
        (tensor([2, 3]), tensor([1]))
    """
    return _around(graph, nodes, k, 2, (relabel_nodes, store_ids), output_device)


def khop_out_subgraph(
    graph: Structure,
    nodes: Any,
    k: int,
    *,
    relabel_nodes: bool = True,
    store_ids: bool = True,
    output_device: Any = None,
) -> Any:
    """Some nodes, those to which at most ``k`` steps lead from them, and all edges between these.

    Args:
        graph: a graph that is not a block.
        nodes: ids or a bool mask; with several node types a dict {type: ids or mask}.
        k: the number of steps, along edges of any type.
        relabel_nodes: number the nodes from 0, in ascending id; else keep all nodes.
        store_ids: write original ids to ``edata["_ID"]``, and to ``ndata`` when relabelled.
        output_device: the device of the result; the graph's device by default.

    Returns:
        As :func:`khop_in_subgraph` does.

    Raises:
        GraphIndexError: an unknown node.
        GraphTypeError: ``k`` is no int.
        GraphValueError: a negative ``k``, or a block.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
        >>> gm.khop_out_subgraph(g, 3, k=1)[0].ndata["_ID"]
        tensor([0, 3])
    """
    return _around(graph, nodes, k, 0, (relabel_nodes, store_ids), output_device)


def _around(
    graph: Structure, nodes: Any, k: Any, end: int, options: tuple[bool, bool], device: Any
) -> Any:
    """The subgraph of nodes at most ``k`` steps away; a step starts at one ``end`` of an edge."""
    refuse_block(graph)
    relabel, store_ids = options
    centers = nodes_by_type(graph, nodes)
    near = _within(graph, centers, _checks.count(k, "k"), end)
    sub = node_subgraph(
        graph, near, relabel_nodes=relabel, store_ids=store_ids, output_device=device
    )
    if not relabel:
        return sub
    new_ids = {
        t: torch.searchsorted(near[t], ids).to(sub.device, graph.idtype)
        for t, ids in centers.items()
    }
    if not isinstance(nodes, _checks.AnyMapping):
        return sub, new_ids[graph._meta.ntype(None)]
    return sub, {t: new_ids[t] for t in nodes}


def _within(graph: Structure, start: Mapping[str, Tensor], k: int, end: int) -> dict[str, Tensor]:
    """The ids of each node type, ascending, of the nodes that are at most ``k`` steps away."""
    met = {t: torch.zeros(graph.num_nodes(t), dtype=torch.bool, device=graph.device) for t in start}
    newest, steps = dict(start), 0
    while any(ids.numel() for ids in newest.values()):
        for ntype, ids in newest.items():
            met[ntype][ids.long()] = True
        if steps == k:
            break
        reached: dict[str, list[Tensor]] = {t: [ids[:0]] for t, ids in start.items()}
        for etype, adjacency in graph.adjacencies.items():
            form = adjacency.csc if end == 2 else adjacency.csr
            positions = positions_of(form.indptr, newest[etype[end]])
            reached[etype[2 - end]].append(form.indices[positions])
        newest = {t: torch.unique(torch.cat(parts)) for t, parts in reached.items()}
        newest = {t: ids[~met[t][ids.long()]] for t, ids in newest.items()}
        steps += 1
    return {t: mask.nonzero().view(-1).to(graph.idtype) for t, mask in met.items()}


def _ends(graph: Structure, edges: Mapping[CanonicalEtype, Tensor]) -> dict[str, Tensor]:
    """The nodes of each type at the ends of edges, in the order in which they come."""
    ends: dict[str, list[Tensor]] = {ntype: [] for ntype in graph.ntypes}
    for (s, _, d), eids in edges.items():
        adjacency = graph.adjacencies[(s, _, d)]
        ends[s].append(adjacency.src[eids.long()])
        ends[d].append(adjacency.dst[eids.long()])
    none = torch.empty(0, dtype=graph.idtype, device=graph.device)
    every = {t: torch.cat([none, *parts]) for t, parts in ends.items()}
    return {t: _distinct(ids, graph.num_nodes(t)) for t, ids in every.items()}


def _distinct(ids: Tensor, num_nodes: int) -> Tensor:
    """Each id once, in the order in which they come."""
    return kernels.relabel(ids[:0], ids, num_nodes)[0]


def induced(
    graph: AnyGraph,
    edges: Mapping[CanonicalEtype, Tensor],
    nodes: Mapping[str, Tensor] | None,
    store_ids: bool,
) -> AnyGraph:
    """The graph of some edges between some nodes.

    Args:
        graph: a graph that is not a block.
        edges: the edge ids of each relation, in the new order.
        nodes: the node ids of each type, numbered from 0 in this order, with all ends of the edges;
            None for all nodes.
        store_ids: write original ids to ``ndata["_ID"]`` and ``edata["_ID"]``.
    """
    new_ids, src = {}, {}
    for ntype in graph.ntypes:
        frame = graph._frames.src[ntype]
        if nodes is None:
            src[ntype] = frame.copy()
            continue
        ids = nodes[ntype]
        new_ids[ntype] = ids.new_zeros(frame.num_rows)
        new_ids[ntype][ids.long()] = torch.arange(ids.numel(), dtype=ids.dtype, device=ids.device)
        src[ntype] = frame.take(ids)
        if store_ids:
            src[ntype][NID] = ids
    adjacencies, edge = {}, {}
    for etype, eids in edges.items():
        part = graph.adjacencies[etype].subset(eids)
        if nodes is not None:
            us = new_ids[etype[0]][part.src.long()]
            vs = new_ids[etype[2]][part.dst.long()]
            counts = (src[etype[0]].num_rows, src[etype[2]].num_rows)
            part = Adjacency.from_coo(us, vs, *counts)
        adjacencies[etype] = part
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
