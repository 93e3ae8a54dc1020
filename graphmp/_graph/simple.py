"""Parallel edges merged to one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .._storage.adjacency import Adjacency
from .._storage.frame import EID, Frame
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphValueError
from ..kernels.segments import chunks, distinct, is_first
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
    ends, first, limits = {}, {}, {}
    for etype, adjacency in g.adjacencies.items():
        u, v, limits[etype] = distinct(adjacency.sorted_csr)
        ends[etype] = (u, v)
        if copy_edata:
            starts = limits[etype][:-1]
            first[etype] = adjacency.sorted_csr.edge_ids.index_select(0, starts)
    new = with_edges(g, ends, first, copy_ndata)
    for etype, adjacency in g.adjacencies.items():
        frame = new._frames.edge[etype]
        if copy_edata and aggregator == "arbitrary":
            frame[EID] = first[etype]
        elif copy_edata:
            columns = g._frames.edge[etype]
            frame.put(_aggregated(columns, adjacency, frame.num_rows, aggregator == "mean"))
        if return_counts is not None:
            frame[return_counts] = limits.pop(etype).diff()
    if not writeback_mapping:
        return new
    mapping = {t: merged_into(adjacency) for t, adjacency in g.adjacencies.items()}
    return new, mapping if len(mapping) > 1 else next(iter(mapping.values()))


to_simple_graph = to_simple  # its name in older programs


def _aggregated(
    columns: Frame, edges: Adjacency, num_pairs: int, is_mean: bool
) -> dict[str, Tensor]:
    """Sums or means of features over the edges of each of the different pairs."""
    group = merged_into(edges)
    groups = Adjacency.from_coo(group, group, num_pairs, num_pairs)
    return {
        name: spmm(groups, None, "sum", column, None, ("e", "e"), is_mean)
        for name, column in columns.items()
    }


def merged_into(edges: Adjacency) -> Tensor:
    """(E,) which of the different pairs, in their order, each edge has."""
    edge_ids, is_new = edges.sorted_csr.edge_ids, is_first(edges.sorted_csr)
    pairs, before = torch.empty_like(edge_ids), edge_ids.new_tensor(-1)
    for part in chunks(edges.num_edges):
        number = is_new[part].cumsum(0, dtype=edges.idtype) + before
        pairs[edge_ids[part].long()] = number
        before = number[-1]
    return pairs


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
