"""Edges in both directions."""

from __future__ import annotations

import torch

from .. import _checks
from .._graph.self_loops import loop_type
from .._graph.simple import unique_pairs, with_edges
from .._storage.frame import EID
from ..graph import Graph


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
        u, v = g.all_edges(etype=loop_type(g, etype))
        ends[etype] = unique_pairs(torch.cat([u, v]), torch.cat([v, u]), g.num_nodes(etype[2]))[:2]
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
        u, v = g.all_edges(etype=etype)
        eids = torch.arange(u.numel(), device=g.device)
        if etype[0] == etype[2] and not g.is_block:
            turned = (u != v).nonzero().view(-1) if exclude_self else eids
            ends[etype] = (torch.cat([u, v[turned]]), torch.cat([v, u[turned]]))
            rows[etype] = torch.cat([eids, turned])
        elif ignore_bipartite:
            ends[etype], rows[etype] = (u, v), eids
        else:
            loop_type(g, etype)
    new = with_edges(g, ends, rows if copy_edata else {}, copy_ndata)
    for etype, eids in rows.items() if copy_edata else ():
        new._frames.edge[etype][EID] = eids.to(g.idtype)
    return new
