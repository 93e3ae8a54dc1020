"""Edges in both directions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._graph.self_loops import loop_type
from .._graph.simple import unique_pairs, with_edges
from .._storage.adjacency import Adjacency
from .._storage.frame import EID
from ..graph import Graph
from ..kernels.segments import rows_of


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
        ends[etype] = _in_both_directions(g.adjacencies[loop_type(g, etype)])
    return with_edges(g, ends, {}, copy_ndata)


def _in_both_directions(edges: Adjacency) -> tuple[Tensor, Tensor]:
    """The different edges and their reverses, sorted by source and then destination.

    Pairs are sorted with the lesser end first, which takes half the memory of sorting all edges.
    They are the edges to greater neighbours; the others, grouped by source, come before them.
    """
    nodes, least = edges.num_src, torch.minimum(edges.src, edges.dst)
    pairs = Adjacency.from_coo(least, torch.maximum(edges.src, edges.dst), nodes, nodes)
    u, v = unique_pairs(pairs)[:2]
    del least, pairs
    starts = torch.searchsorted(u, torch.arange(nodes + 1, device=u.device)).to(u.dtype)
    is_pair = u != v
    before, others, _ = kernels.compress(v[is_pair], u[is_pair], nodes)
    out = u.new_empty(len(u) + len(others))
    for indptr, shift, ends in ((before, starts[:-1], others), (starts, before[1:], v)):
        rows = rows_of(indptr, len(ends))
        positions = shift.index_select(0, rows) + kernels.arange(len(ends), rows)
        out[positions.long()] = ends
    return rows_of(before + starts, len(out)), out


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
        if etype[0] == etype[2] and not g.is_block:
            turned: Any = u != v if exclude_self else slice(None)
            ends[etype] = (torch.cat([u, v[turned]]), torch.cat([v, u[turned]]))
        elif ignore_bipartite:
            ends[etype], turned = (u, v), slice(0)
        else:
            loop_type(g, etype)
        if copy_edata:
            eids = g._arange(u.numel())
            rows[etype] = torch.cat([eids, eids[turned]])
    new = with_edges(g, ends, rows, copy_ndata)
    for etype, eids in rows.items():
        new._frames.edge[etype][EID] = eids
    return new
