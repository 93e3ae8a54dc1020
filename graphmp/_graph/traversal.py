"""Traversal: frontiers of nodes and edges, as ``prop_nodes`` and ``prop_edges`` take them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._storage.adjacency import Adjacency
from .._storage.metagraph import listed
from ..errors import GraphValueError
from ..kernels.segments import positions_of
from .structure import Structure


def bfs_nodes_generator(graph: Structure, source: Any, reverse: bool = False) -> tuple[Tensor, ...]:
    """The nodes that a breadth-first search reaches, by distance.

    Args:
        graph: a graph of one node and one edge type.
        source: id of the start, or several.
        reverse: go against the edges.

    Returns:
        A tensor of ids, ascending, for each distance 0, 1, 2, …

    Raises:
        GraphIndexError: a start that is not there.
        GraphValueError: a graph of several types.

    Example:
        >>> import graphmp as gm
        >>> gm.bfs_nodes_generator(gm.graph(([0, 1, 1], [1, 2, 3])), 0)
        (tensor([0]), tensor([1]), tensor([2, 3]))
    """
    adjacency, start = _begin(graph, source, reverse)
    return tuple(nodes for nodes, _ in _levels(adjacency, start))


def bfs_edges_generator(graph: Structure, source: Any, reverse: bool = False) -> tuple[Tensor, ...]:
    """The edges through which a breadth-first search first reaches each node, by distance.

    Args:
        graph: a graph of one node and one edge type.
        source: id of the start, or several.
        reverse: go against the edges.

    Returns:
        A tensor of edge ids for each distance 1, 2, …; one edge for each node reached.

    Raises:
        GraphIndexError: a start that is not there.
        GraphValueError: a graph of several types.

    Example:
        >>> import graphmp as gm
        >>> gm.bfs_edges_generator(gm.graph(([0, 1, 1], [1, 2, 3])), 0)
        (tensor([0]), tensor([1, 2]))
    """
    adjacency, start = _begin(graph, source, reverse)
    return tuple(edges for _, edges in _levels(adjacency, start)[1:])


def topological_nodes_generator(graph: Structure, reverse: bool = False) -> tuple[Tensor, ...]:
    """The nodes of an acyclic graph in topological order, as many at once as possible.

    Args:
        graph: a graph of one node and one edge type, without cycles.
        reverse: go against the edges.

    Returns:
        Tensors of ids, ascending; every edge goes from an earlier tensor to a later one.

    Raises:
        GraphValueError: a cycle, or a graph of several types.

    Example:
        >>> import graphmp as gm
        >>> gm.topological_nodes_generator(gm.graph(([0, 1, 0], [2, 2, 3])))
        (tensor([0, 1]), tensor([2, 3]))
    """
    adjacency = directed(graph, reverse)
    waiting = adjacency.in_degrees.clone()
    indptr, indices, _ = adjacency.csr
    frontier = (waiting == 0).nonzero().view(-1)
    levels = []
    while frontier.numel():
        levels.append(frontier.to(graph.idtype))
        reached = indices[positions_of(indptr, frontier)].long()
        waiting.index_add_(0, reached, -torch.ones_like(reached, dtype=waiting.dtype))
        candidates = torch.unique(reached)
        frontier = candidates[waiting[candidates] == 0]
    if sum(nodes.numel() for nodes in levels) != graph.num_nodes():
        raise GraphValueError("Expected a graph without cycles, got one with a cycle.")
    return tuple(levels)


def directed(graph: Structure, reverse: bool) -> Adjacency:
    """The edges of a graph in the direction of a search.

    Raises:
        GraphValueError: a graph of several types.
    """
    if not graph.is_homogeneous:
        raise GraphValueError(
            f"Expected a graph of one node and one edge type, got {listed(graph.canonical_etypes)}."
        )
    return graph.adjacency.reversed if reverse else graph.adjacency


def _begin(graph: Structure, source: Any, reverse: bool) -> tuple[Adjacency, Tensor]:
    adjacency = directed(graph, reverse)
    start = _checks.ids(source, graph.idtype, graph.device, adjacency.num_src, "Source node ids")
    return adjacency, torch.unique(start)


def _levels(adjacency: Adjacency, start: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Nodes at each distance, with the edge of least id that first reaches each of them."""
    indptr, indices, eids = adjacency.csr
    unseen = torch.iinfo(eids.dtype).max
    least = eids.new_full((adjacency.num_src,), unseen)  # the edge through which a node is reached
    least[start.long()] = -1
    levels, frontier, through = [], start, start.new_empty(0)
    while frontier.numel():
        levels.append((frontier, through))
        positions = positions_of(indptr, frontier)
        ends = indices[positions]
        is_new = least[ends.long()] == unseen
        ends, edges = ends[is_new], eids[positions[is_new]]
        least.scatter_reduce_(0, ends.long(), edges, "amin")
        frontier = torch.unique(ends)
        through = least[frontier.long()]
    return levels
