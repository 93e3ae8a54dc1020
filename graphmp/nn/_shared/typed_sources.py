"""One source for each node and edge type."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from ...construct.from_edges import create_block
from ...graph import Graph
from ...ops import Adjacency
from .cached_by_tensor import cached_by_tensor


class TypedSources(NamedTuple):
    """The distinct pairs of a source and an edge type, ordered by type.

    A message depends only on its source and the type of its edge, so it is computed once per
    pair. There are at most as many pairs as edges.

    Attributes:
        nodes: (P,) the source of each pair.
        types: (P,) the type of each pair, ascending.
        block: the edges, in their order, from pairs to destinations.
    """

    nodes: Tensor
    types: Tensor
    block: Graph


def typed_sources(adjacency: Adjacency, types: Tensor) -> TypedSources:
    """Compute the pairs of a source and a type; on an accelerator once per tensor of types.

    Args:
        adjacency: the edges.
        types: (E,) integers, not negative.

    Example:
        >>> import torch, graphmp as gm
        >>> edges = gm.graph(([2, 2, 0], [0, 1, 1])).adjacency
        >>> nodes, types, block = typed_sources(edges, torch.tensor([1, 1, 0]))
        >>> nodes, types, block.edges()
        (tensor([0, 2]), tensor([0, 1]), (tensor([1, 1, 0]), tensor([0, 1, 1])))
    """
    cache = adjacency.cached("typed sources", WeakTensorKeyDictionary)
    return cached_by_tensor(cache, types, lambda: _pairs(adjacency, types))


def _pairs(adjacency: Adjacency, types: Tensor) -> TypedSources:
    width = max(adjacency.num_src, 1)
    pairs, sources = torch.unique(types.long() * width + adjacency.src, return_inverse=True)
    ends = (sources, adjacency.dst.long())
    block = create_block(ends, len(pairs), adjacency.num_dst, device=adjacency.device)
    return TypedSources(pairs % width, pairs // width, block)
