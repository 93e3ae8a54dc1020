"""Depth-first search: its edges in the order in which they are walked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .structure import Structure
from .traversal import directed

FORWARD, REVERSE, NONTREE = 0, 1, 2  # the labels of edges

Step = tuple[int, int]  # an edge id and a label


def dfs_edges_generator(graph: Structure, source: Any, reverse: bool = False) -> tuple[Tensor, ...]:
    """The edges through which a depth-first search first reaches each node, in order.

    Args:
        graph: a graph of one node and one edge type.
        source: id of the start, or several: each starts a search of its own, and their steps are
            taken together.
        reverse: go against the edges.

    Returns:
        A tensor of edge ids for each step, one for each search that has not ended.

    Raises:
        GraphIndexError: a start that does not exist.
        GraphValueError: a graph of several types.

    Example:
        >>> import graphmp as gm
        >>> gm.dfs_edges_generator(gm.graph(([0, 0, 1], [1, 3, 2])), 0)
        (tensor([0]), tensor([2]), tensor([1]))
    """
    return _merged(graph, _searches(graph, source, reverse, {FORWARD}))[0]


def dfs_labeled_edges_generator(
    graph: Structure,
    source: Any,
    reverse: bool = False,
    has_reverse_edge: bool = False,
    has_nontree_edge: bool = False,
    return_labels: bool = True,
) -> Any:
    """The edges of a depth-first search in the order in which it looks at them, with labels.

    Label 0 marks an edge that first reaches a node, 1 the same edge when the search goes back, and
    2 an edge to a node that the search has reached before.

    Args:
        graph: a graph of one node and one edge type.
        source: see :func:`dfs_edges_generator`.
        reverse: go against the edges.
        has_reverse_edge: whether to include edges of label 1.
        has_nontree_edge: whether to include edges of label 2.
        return_labels: whether to return the labels too.

    Returns:
        A tensor of edge ids for each step; with ``return_labels`` a tuple of these and of as many
        int64 tensors of labels.

    Raises:
        GraphIndexError: a start that does not exist.
        GraphValueError: a graph of several types.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]))
        >>> gm.dfs_labeled_edges_generator(g, 0, has_nontree_edge=True)
        ((tensor([0]), tensor([1])), (tensor([0]), tensor([2])))
    """
    labels = {FORWARD}
    labels |= {REVERSE} if has_reverse_edge else set()
    labels |= {NONTREE} if has_nontree_edge else set()
    edges, marks = _merged(graph, _searches(graph, source, reverse, labels))
    return (edges, marks) if return_labels else edges


def _searches(
    graph: Structure, source: Any, reverse: bool, labels: set[int]
) -> list[Iterator[Step]]:
    """A search from each source, with the steps of some labels only."""
    adjacency = directed(graph, reverse)
    start = _checks.ids(source, graph.idtype, graph.device, adjacency.num_src, "Source node ids")
    rows = [part.tolist() for part in adjacency.csr]
    return [(s for s in _search(rows, node) if s[1] in labels) for node in start.tolist()]


def _search(rows: list[list[int]], source: int) -> Iterator[Step]:
    """Every step of the search from one node; ``rows`` are indptr, indices and edge ids."""
    indptr, indices, edge_ids = rows
    visited, stack = {source}, [(source, indptr[source], -1)]
    while stack:
        node, position, entered = stack.pop()
        if position == indptr[node + 1]:
            if entered >= 0:
                yield entered, REVERSE
            continue
        stack.append((node, position + 1, entered))
        other, edge = indices[position], edge_ids[position]
        if other in visited:
            yield edge, NONTREE
        else:
            visited.add(other)
            stack.append((other, indptr[other], edge))
            yield edge, FORWARD


def _merged(
    graph: Structure, searches: Iterable[Iterator[Step]]
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The edges and the labels of the first steps of all searches, of the second steps, …"""
    edges, labels = [], []
    for steps in zip_longest(*searches):
        eids, marks = zip(*(step for step in steps if step is not None), strict=True)
        edges.append(torch.tensor(eids, dtype=graph.idtype, device=graph.device))
        labels.append(torch.tensor(marks, device=graph.device))
    return tuple(edges), tuple(labels)
