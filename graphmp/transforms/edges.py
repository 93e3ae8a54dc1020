"""Self-loops, directions and parallel edges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._graph.frames import Frames
from .._graph.state import assembled
from .._storage.adjacency import Adjacency
from .._storage.frame import Frame
from .._storage.metagraph import CanonicalEtype, Metagraph, of_type
from ..errors import GraphTypeError, GraphValueError
from ..function import REDUCERS
from ..graph import Graph
from ..ops.spmm import spmm


def add_self_loop(
    g: Graph,
    edge_feat_names: Iterable[str] | None = None,
    fill_data: Any = 1.0,
    etype: Any = None,
) -> Graph:
    """Append an edge from each node to itself, without looking for those that exist.

    Args:
        g: any graph that is not a block.
        edge_feat_names: edge features that the new edges get values for; by default all of
            them. Others get their initializer's rows.
        fill_data: the value: a number or a tensor of one row's shape; or ``"sum"``, ``"mean"``,
            ``"max"``, ``"min"`` of the feature over the edges that enter the node.
        etype: the edge type, from a node type to itself; not needed when there is one.

    Returns:
        A graph with N more edges.

    Raises:
        GraphKeyError: an unknown feature.
        GraphTypeError: another kind of ``fill_data``.
        GraphValueError: an edge type between two node types, or an unknown reducer.

    Example:
        >>> import graphmp as gm
        >>> gm.add_self_loop(gm.graph(([0], [1]))).edges()
        (tensor([0, 0, 1]), tensor([1, 0, 1]))
    """
    etype = _loop_type(g, etype)
    frame = g.edges[etype].data
    names = list(frame) if edge_feat_names is None else list(edge_feat_names)
    data = {name: _fill(g.adjacency_of(etype), frame[name], fill_data) for name in names}
    new = g.clone()
    nodes = torch.arange(g.num_nodes(etype[0]), dtype=g.idtype, device=g.device)
    new.add_edges(nodes, nodes, data, etype)
    return new


def _fill(adjacency: Adjacency, column: Tensor, fill: Any) -> Tensor:
    """What the new edge of each node gets: (N, …) of the column's dtype."""
    if isinstance(fill, str):
        reducer = REDUCERS.get(fill)
        if reducer is None or reducer.kernel is None:
            known = ", ".join(name for name, row in REDUCERS.items() if row.kernel)
            raise GraphValueError(
                f"Expected fill_data as a number or one of {known}, got {fill!r}."
            )
        ends = ("e", "e")
        result = spmm(adjacency, None, reducer.kernel, column, None, ends, reducer.per_degree)
        return result.to(column.dtype)
    if not isinstance(fill, (bool, int, float, Tensor)):
        raise GraphTypeError(
            "Expected fill_data as a number, a tensor or the name of a reducer, got "
            f"{_checks.kind(fill)}."
        )
    value = torch.as_tensor(fill, dtype=column.dtype, device=column.device)
    return value.expand(adjacency.num_dst, *column.shape[1:]).contiguous()


def remove_self_loop(g: Graph, etype: Any = None) -> Graph:
    """Remove every edge from a node to itself.

    Args:
        g: any graph that is not a block.
        etype: the edge type, from a node type to itself; not needed when there is one.

    Returns:
        A graph without them; the other edges keep their order and features.

    Raises:
        GraphValueError: an edge type between two node types.

    Example:
        >>> import graphmp as gm
        >>> gm.remove_self_loop(gm.graph(([0, 1], [0, 0]))).edges()
        (tensor([1]), tensor([0]))
    """
    etype = _loop_type(g, etype)
    u, v = g.all_edges(etype=etype)
    new = g.clone()
    new.remove_edges((u == v).nonzero().view(-1).to(g.idtype), etype)
    return new


def _loop_type(g: Graph, etype: Any) -> CanonicalEtype:
    """Find an edge type between nodes of one type."""
    if g.is_block:
        raise GraphValueError(
            "Expected a graph that is not a block, got a block; change the graph that it was made "
            "of."
        )
    name = g.to_canonical_etype(etype)
    if name[0] != name[2]:
        raise GraphValueError(
            f"Expected edges with one node type at both ends, got edges of type {name}."
        )
    return name


def reverse(g: Graph, copy_ndata: bool = True, copy_edata: bool = False) -> Graph:
    """Turn every edge around; edge ids stay.

    Args:
        g: any graph that is not a block.
        copy_ndata: keep node features.
        copy_edata: keep edge features.

    Returns:
        A graph over the same tensors; ``(s, name, d)`` becomes ``(d, name, s)``.

    Raises:
        GraphValueError: a block.

    Example:
        >>> import graphmp as gm
        >>> gm.reverse(gm.graph(([0, 1], [2, 3]))).edges()
        (tensor([2, 3]), tensor([0, 1]))
    """
    if g.is_block:
        raise GraphValueError(
            "Expected a graph that is not a block, got a block; reverse the graph that it was made "
            "of."
        )
    meta = Metagraph([(d, name, s) for s, name, d in g.canonical_etypes], g.ntypes)
    adjacencies = {(d, n, s): a.reversed for (s, n, d), a in g.adjacencies.items()}
    old = g._frames
    nodes = {t: f.copy() if copy_ndata else f.bare() for t, f in old.src.items()}
    edges: dict[CanonicalEtype, Frame] = {}
    for (s, name, d), frame in old.edge.items():
        turned = frame.copy() if copy_edata else frame.bare()
        turned.owner = f"edges{of_type((d, name, s))}"
        edges[d, name, s] = turned
    new = assembled(g, meta, adjacencies, Frames(nodes, nodes, edges))
    if g._batch_nodes is not None and g._batch_edges is not None:
        turned_sizes = {(d, n, s): sizes for (s, n, d), sizes in g._batch_edges.items()}
        new._set_batch_sizes(g._batch_nodes, turned_sizes)
    return new


def to_bidirected(g: Graph, copy_ndata: bool = False) -> Graph:
    """Have each edge in both directions, once.

    Args:
        g: a graph whose edge types go from a node type to itself.
        copy_ndata: keep node features.

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
    for etype in g.canonical_etypes:
        u, v = g.all_edges(etype=_loop_type(g, etype))
        ends[etype] = _unique_pairs(torch.cat([u, v]), torch.cat([v, u]), g.num_nodes(etype[2]))[:2]
    return _with_edges(g, ends, {}, copy_ndata)


def add_reverse_edges(
    g: Graph,
    copy_ndata: bool = True,
    copy_edata: bool = False,
    ignore_bipartite: bool = False,
    exclude_self: bool = True,
) -> Graph:
    """Append the reverse of every edge; edge ``i`` gets the reverse ``i + E`` without self-loops.

    Args:
        g: a graph that is not a block.
        copy_ndata: keep node features.
        copy_edata: keep edge features; a reverse edge gets those of its edge.
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
            _loop_type(g, etype)
    return _with_edges(g, ends, rows if copy_edata else {}, copy_ndata)


def to_simple(
    g: Graph,
    return_counts: str | None = "count",
    writeback_mapping: bool = False,
    copy_ndata: bool = True,
    copy_edata: bool = False,
    aggregator: str = "arbitrary",
) -> Any:
    """Make one edge of parallel edges.

    Args:
        g: a graph that is not a block.
        return_counts: the edge feature for how many edges each one stands for; None leaves it out.
        writeback_mapping: also return which new edge each old edge became.
        copy_ndata: keep node features.
        copy_edata: make edge features of those of the parallel edges, as ``aggregator`` says.
        aggregator: ``"arbitrary"`` takes the edge with the least id, ``"sum"`` and ``"mean"`` all.

    Returns:
        A graph sorted by source and then destination. With ``writeback_mapping`` a tuple of it and
        a tensor (E,) of new edge ids, a dict of such tensors for several edge types.

    Raises:
        GraphValueError: an unknown aggregator, or a block.

    Example:
        >>> import graphmp as gm
        >>> simple = gm.to_simple(gm.graph(([0, 0, 1], [1, 1, 2])))
        >>> simple.edges(), simple.edata["count"]
        ((tensor([0, 1]), tensor([1, 2])), tensor([2, 1]))
    """
    if aggregator not in ("arbitrary", "sum", "mean"):
        raise GraphValueError(f"Expected aggregator as arbitrary, sum or mean, got {aggregator!r}.")
    if g.is_block:
        raise GraphValueError(
            "Expected a graph that is not a block, got a block; simplify the graph that it was "
            "made of."
        )
    ends, first, mapping, counts = {}, {}, {}, {}
    for etype in g.canonical_etypes:
        us, vs = g.all_edges(etype=etype)
        u, v, inverse = _unique_pairs(us, vs, g.num_nodes(etype[2]))
        ends[etype] = (u, v)
        mapping[etype] = inverse.to(g.idtype)
        counts[etype] = torch.bincount(inverse, minlength=u.numel())
        ids = torch.arange(inverse.numel(), device=g.device)
        least = inverse.new_full((u.numel(),), inverse.numel())
        first[etype] = least.scatter_reduce(0, inverse, ids, "amin")
    new = _with_edges(g, ends, first if copy_edata else {}, copy_ndata)
    for etype in g.canonical_etypes:
        frame = new.edges[etype].data
        if copy_edata and aggregator != "arbitrary":
            groups = Adjacency.from_coo(
                mapping[etype], mapping[etype], len(counts[etype]), len(counts[etype])
            )
            for name, column in g.edges[etype].data.items():
                mean = aggregator == "mean"
                frame[name] = spmm(groups, None, "sum", column, None, ("e", "e"), mean)
        if return_counts is not None:
            frame[return_counts] = counts[etype].to(g.idtype)
    if not writeback_mapping:
        return new
    return new, mapping if len(mapping) > 1 else next(iter(mapping.values()))


def _unique_pairs(u: Tensor, v: Tensor, num_dst: int) -> tuple[Tensor, Tensor, Tensor]:
    """Different pairs, sorted, and for each pair its position among them (int64)."""
    keys, inverse = torch.unique(u.long() * max(num_dst, 1) + v, return_inverse=True)
    us = keys.div(max(num_dst, 1), rounding_mode="floor").to(u.dtype)
    return us, (keys % max(num_dst, 1)).to(v.dtype), inverse


def _with_edges(
    g: Graph,
    ends: dict[CanonicalEtype, tuple[Tensor, Tensor]],
    rows: dict[CanonicalEtype, Tensor],
    copy_ndata: bool,
) -> Graph:
    """A graph over the same nodes with other edges, whose features are some ``rows``."""
    nodes = {t: f.copy() if copy_ndata else f.bare() for t, f in g._frames.src.items()}
    adjacencies, edges = {}, {}
    for etype, (u, v) in ends.items():
        counts = (g.num_nodes(etype[0]), g.num_nodes(etype[2]))
        adjacencies[etype] = Adjacency.from_coo(u, v, *counts)
        old = g._frames.edge[etype]
        edges[etype] = old.take(rows[etype]) if etype in rows else old.bare(u.numel())
    return assembled(g, g._meta, adjacencies, Frames(nodes, nodes, edges))
