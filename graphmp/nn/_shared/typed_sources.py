"""Edges by type: each source once for every type of the edges that leave it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from ...construct.from_edges import create_block
from ...graph import Graph
from .cached_by_tensor import remembered


class TypedSources(NamedTuple):
    """The pairs of a source and a type that some edge has, in the order of types.

    What an edge sends depends on its source and its type alone, so it is computed once for each
    pair. There are at most as many pairs as edges.

    Attributes:
        nodes: (P,) the source of each pair.
        types: (P,) the type of each pair, ascending.
        block: the edges, in their order, from pairs to destinations.
    """

    nodes: Tensor
    types: Tensor
    block: Graph


def typed_sources(graph: Graph, types: Tensor) -> TypedSources:
    """Find the pairs of a source and a type; on an accelerator once for one tensor of types.

    Args:
        graph: a graph or block of one edge type.
        types: (E,) integers, not negative.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([2, 2, 0], [0, 1, 1]))
        >>> nodes, types, block = typed_sources(g, torch.tensor([1, 1, 0]))
        >>> nodes, types, block.edges()
        (tensor([0, 2]), tensor([0, 1]), (tensor([1, 1, 0]), tensor([0, 1, 1])))
    """
    found = graph.adjacency.kept("typed sources", WeakTensorKeyDictionary)
    return remembered(found, types, lambda: _pairs(graph, types))


def _pairs(graph: Graph, types: Tensor) -> TypedSources:
    edges = graph.adjacency
    width = max(edges.num_src, 1)
    pairs, places = torch.unique(types.long() * width + edges.src, return_inverse=True)
    ends = (places, edges.dst.long())
    block = create_block(ends, len(pairs), edges.num_dst, device=graph.device)
    return TypedSources(pairs % width, pairs // width, block)
