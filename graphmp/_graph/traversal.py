"""Traversal: frontiers of nodes and edges, as ``prop_nodes`` and ``prop_edges`` take them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._storage.adjacency import Adjacency
from .._storage.metagraph import listed
from ..errors import GraphValueError
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
    return _split(*_by_level(_levels(directed(graph, reverse), source)[0]))


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
    adjacency = directed(graph, reverse)
    levels = _levels(adjacency, source)
    nodes, sizes = _by_level(levels[0])
    edges = kernels.first_edges(adjacency.csc, levels)[0]
    return _split(edges.index_select(0, nodes), sizes)[1:]


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
    levels = kernels.levels(adjacency.csr, adjacency.in_degrees.view(1, -1))[0]
    if bool((levels < 0).any()):
        raise GraphValueError("Expected a graph without cycles, got one with a cycle.")
    return _split(*_by_level(levels))


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


def _levels(adjacency: Adjacency, source: Any) -> Tensor:
    """(1, N) the distance of each node from the nearest start, or -1."""
    idtype, device, nodes = adjacency.idtype, adjacency.device, adjacency.num_src
    start = _checks.ids(source, idtype, device, nodes, "Source node ids")
    needed = start.new_ones(1, nodes)
    needed[0, start.long()] = 0
    return kernels.levels(adjacency.csr, needed)


def _by_level(levels: Tensor) -> tuple[Tensor, list[int]]:
    """The nodes that have a level, level by level and ascending; and the levels' sizes."""
    most = int(levels.max()) if len(levels) else -1
    indptr, order = kernels.group(levels + 1, most + 2)
    starts = indptr[1:]
    return order[int(starts[0]) :], starts.diff().tolist()


def _split(ids: Tensor, sizes: list[int]) -> tuple[Tensor, ...]:
    """Ids in parts; views that autograd need not know of take less time."""
    return tuple(torch.unsafe_split_with_sizes(ids, sizes))
