"""Merging graphs over the same nodes."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .._graph.arguments import check_same_types, check_together
from .._graph.frames import Frames
from .._graph.state import assembled
from .._storage.adjacency import Adjacency
from ..graph import Graph


def merge(graphs: Sequence[Graph]) -> Graph:
    """Merge graphs over the same nodes into one that has the edges of all.

    Args:
        graphs: graphs of the same types, whose nodes with equal ids are the same nodes.

    Returns:
        A graph with as many nodes of each type as the largest has, and the edges of all graphs, one
        graph after the other. A node has the features of the last graph that has it and the field;
        rows without any get their initializer's. Edge features are those of the first graph.

    Raises:
        GraphKeyError: a graph without an edge feature of the first.
        GraphTypeError: two id types, or node features of two dtypes.
        GraphValueError: no graph, a block, or graphs of different types.

    Example:
        >>> import torch, graphmp as gm
        >>> g, h = gm.graph(([0, 1], [2, 3])), gm.graph(([1, 2], [0, 4]))
        >>> g.ndata["x"], h.ndata["x"] = torch.zeros(4), torch.ones(5)
        >>> both = gm.merge([g, h])
        >>> both.edges(), both.ndata["x"]
        ((tensor([0, 1, 1, 2]), tensor([2, 3, 0, 4])), tensor([1., 1., 1., 1., 1.]))
    """
    check_together(graphs)
    check_same_types(graphs)
    first = graphs[0]
    nodes = {}
    for ntype in first.ntypes:
        frames = [graph._frames.src[ntype] for graph in graphs]
        nodes[ntype] = frames[0].bare(max(frame.num_rows for frame in frames))
        for frame in frames:
            nodes[ntype].write_rows(torch.arange(frame.num_rows, device=first.device), frame)
    adjacencies, edges = {}, {}
    for etype in first.canonical_etypes:
        parts = [graph.adjacencies[etype] for graph in graphs]
        u, v = torch.cat([part.src for part in parts]), torch.cat([part.dst for part in parts])
        counts = (nodes[etype[0]].num_rows, nodes[etype[2]].num_rows)
        adjacencies[etype] = Adjacency.from_coo(u, v, *counts)
        edges[etype] = first._frames.edge[etype].bare(u.numel())
        for name in first._frames.edge[etype]:
            edges[etype][name] = torch.cat([graph._frames.edge[etype][name] for graph in graphs])
    return assembled(first, first._meta, adjacencies, Frames(nodes, nodes, edges))
