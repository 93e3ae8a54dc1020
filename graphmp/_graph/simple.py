"""Parallel edges merged to one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .._storage.adjacency import Adjacency
from .._storage.frame import EID
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphValueError
from ..ops.spmm import spmm
from .arguments import refuse_block
from .frames import Frames
from .state import assembled
from .structure import AnyGraph, Structure


def to_simple(
    g: Structure,
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
        copy_edata: make edge features of those of the parallel edges, as ``aggregator`` says;
            with ``"arbitrary"`` the id of the edge that they are of is in ``edata["_ID"]``.
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
    refuse_block(g)
    ends, first, mapping, counts = {}, {}, {}, {}
    for etype in g.canonical_etypes:
        us, vs = g.adjacencies[etype].src, g.adjacencies[etype].dst
        u, v, inverse = unique_pairs(us, vs, g.num_nodes(etype[2]))
        ends[etype] = (u, v)
        mapping[etype] = inverse.to(g.idtype)
        counts[etype] = torch.bincount(inverse, minlength=u.numel())
        ids = torch.arange(inverse.numel(), device=g.device)
        least = inverse.new_full((u.numel(),), inverse.numel())
        first[etype] = least.scatter_reduce(0, inverse, ids, "amin")
    new = with_edges(g, ends, first if copy_edata else {}, copy_ndata)
    for etype in g.canonical_etypes:
        frame = new._frames.edge[etype]
        if copy_edata and aggregator == "arbitrary":
            frame[EID] = first[etype].to(g.idtype)
        if copy_edata and aggregator != "arbitrary":
            groups = Adjacency.from_coo(
                mapping[etype], mapping[etype], len(counts[etype]), len(counts[etype])
            )
            for name, column in g._frames.edge[etype].items():
                mean = aggregator == "mean"
                frame[name] = spmm(groups, None, "sum", column, None, ("e", "e"), mean)
        if return_counts is not None:
            frame[return_counts] = counts[etype].to(g.idtype)
    if not writeback_mapping:
        return new
    return new, mapping if len(mapping) > 1 else next(iter(mapping.values()))


to_simple_graph = to_simple  # its name in older programs


def unique_pairs(u: Tensor, v: Tensor, num_dst: int) -> tuple[Tensor, Tensor, Tensor]:
    """Different pairs, sorted, and for each pair its position among them (int64)."""
    keys, inverse = torch.unique(u.long() * max(num_dst, 1) + v, return_inverse=True)
    us = keys.div(max(num_dst, 1), rounding_mode="floor").to(u.dtype)
    return us, (keys % max(num_dst, 1)).to(v.dtype), inverse


def with_edges(
    g: AnyGraph,
    ends: dict[CanonicalEtype, tuple[Tensor, Tensor]],
    rows: dict[CanonicalEtype, Tensor],
    copy_ndata: bool,
) -> AnyGraph:
    """A graph over the same nodes with other edges, whose features are some ``rows``."""
    nodes = {t: f.copy() if copy_ndata else f.bare() for t, f in g._frames.src.items()}
    adjacencies, edges = {}, {}
    for etype, (u, v) in ends.items():
        counts = (g.num_nodes(etype[0]), g.num_nodes(etype[2]))
        adjacencies[etype] = Adjacency.from_coo(u, v, *counts)
        old = g._frames.edge[etype]
        edges[etype] = old.take(rows[etype]) if etype in rows else old.bare(u.numel())
    return assembled(g, g._meta, adjacencies, Frames(nodes, nodes, edges))
