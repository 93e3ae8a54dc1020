"""Edges in both directions."""

from __future__ import annotations

import torch
from torch import Tensor

from .. import _checks, kernels
from .._graph.self_loops import loop_type
from .._graph.simple import with_edges
from .._storage.frame import EID
from ..graph import Graph
from ..kernels.segments import positions_where


def to_bidirected(g: Graph, copy_ndata: bool = False, readonly: bool | None = None) -> Graph:  # noqa: ARG001
    """Have each edge in both directions, once.

    Args:
        g: a graph whose edge types go from a node type to itself.
        copy_ndata: keep node features.
        readonly: has no effect; every graph can be changed.

    Returns:
        A graph without parallel edges and without edge features, sorted by source and then
        destination.

    Raises:
        GraphValueError: an edge type between two node types, or a block.

    Example:
        >>> import graphmp as gm
        >>> gm.to_bidirected(gm.graph(([0, 0], [1, 1]))).edges()
        (tensor([0, 1]), tensor([1, 0]))
    """
    ends = {}
    for etype in _checks.graph(g).canonical_etypes:
        edges = g.adjacencies[loop_type(g, etype)]
        ends[etype] = kernels.symmetrize(edges.src, edges.dst, edges.num_src)
    return with_edges(g, ends, {}, copy_ndata)


def add_reverse_edges(
    g: Graph,
    readonly: bool | None = None,  # noqa: ARG001
    copy_ndata: bool = True,
    copy_edata: bool = False,
    ignore_bipartite: bool = False,
    exclude_self: bool = True,
) -> Graph:
    """Append the reverse of every edge; edge ``i`` gets the reverse ``i + E`` without self-loops.

    Args:
        g: a graph that is not a block.
        readonly: has no effect; every graph can be changed.
        copy_ndata: keep node features.
        copy_edata: keep edge features; a reverse edge gets those of its edge, and ``"_ID"`` the ids
            of the edges in ``g``.
        ignore_bipartite: leave edge types between two node types as they are, instead of raising.
        exclude_self: do not append the reverse of a self-loop, which is the loop itself.

    Returns:
        The new graph.

    Raises:
        GraphValueError: an edge type between two node types, or a block.

    Example:
        >>> import graphmp as gm
        >>> gm.add_reverse_edges(gm.graph(([0, 1], [1, 1]))).edges()
        (tensor([0, 1, 1]), tensor([1, 1, 0]))
    """
    ends, rows = {}, {}
    for etype in g.canonical_etypes:
        u, v = g.adjacencies[etype].src, g.adjacencies[etype].dst
        if etype[0] == etype[2] and not g.is_block:
            is_turned = u != v if exclude_self else torch.ones_like(u, dtype=torch.bool)
            turned = positions_where(is_turned, g.idtype)
            ends[etype] = (_appended(u, v, turned), _appended(v, u, turned))
        elif ignore_bipartite:
            ends[etype], turned = (u, v), u[:0]
        else:
            loop_type(g, etype)
        if copy_edata:
            rows[etype] = torch.cat([g._arange(u.numel()), turned])
    new = with_edges(g, ends, rows, copy_ndata)
    for etype, eids in rows.items():
        new._frames.edge[etype][EID] = eids
    return new


def _appended(ids: Tensor, others: Tensor, rows: Tensor) -> Tensor:
    """``ids`` and then some rows of ``others``, without a copy of the rows in between."""
    out = ids.new_empty(len(ids) + len(rows))
    out[: len(ids)] = ids
    torch.index_select(others, 0, rows, out=out[len(ids) :])
    return out
