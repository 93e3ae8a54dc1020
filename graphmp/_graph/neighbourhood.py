"""Subgraphs of the nodes within some steps of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from ..kernels.segments import positions_where
from .arguments import refuse_block
from .structure import Structure
from .subgraph import node_subgraph, nodes_by_type


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
    counts = {t: graph.num_nodes(t) for t in start}
    met = {t: kernels.relabel(ids[:0], ids, counts[t])[0] for t, ids in start.items()}
    newest = dict(met)
    for _ in range(k):
        if not any(ids.numel() for ids in newest.values()):
            break
        before = {t: ids.numel() for t, ids in met.items()}
        for etype, adjacency in graph.adjacencies.items():
            csr, ntype = adjacency.csc if end == 2 else adjacency.csr, etype[2 - end]
            reached = kernels.entries_of(csr.indptr, csr.indices, newest[etype[end]])
            met[ntype] = kernels.relabel(met[ntype], reached, counts[ntype])[0]
        newest = {t: ids[before[t] :] for t, ids in met.items()}
    return {t: _ascending(ids, counts[t]) for t, ids in met.items()}


def _ascending(ids: Tensor, limit: int) -> Tensor:
    """Distinct ids below ``limit``, sorted."""
    mask = torch.zeros(limit, dtype=torch.bool, device=ids.device)
    mask.index_fill_(0, ids.long(), True)
    return positions_where(mask, ids.dtype)
