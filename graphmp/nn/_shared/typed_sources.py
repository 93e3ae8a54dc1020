"""One source for each node and edge type."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from ...ops import Adjacency
from ...ops.operation import is_exporting
from .cached_by_tensor import cached_by_tensor


class TypedSources(NamedTuple):
    """The distinct pairs of a source and an edge type, ordered by type.

    A message depends only on its source and the type of its edge, so it is computed once per
    pair. There are at most as many pairs as edges.

    Attributes:
        nodes: (P,) the source of each pair.
        counts: how many pairs each type has.
        adjacency: the edges, in their order, from pairs to destinations.
    """

    nodes: Tensor
    counts: list[int]
    adjacency: Adjacency


def typed_sources(adjacency: Adjacency, types: Tensor, num_types: int) -> TypedSources:
    """Compute the pairs of a source and a type; on an accelerator once per tensor of types.

    Args:
        adjacency: the edges.
        types: (E,) integers from 0 to ``num_types - 1``.
        num_types: the number of types.

    Returns:
        The pairs that occur. All pairs in an exported program, which does not know the types.

    Example:
        >>> import torch, graphmp as gm
        >>> edges = gm.graph(([2, 2, 0], [0, 1, 1])).adjacency
        >>> nodes, counts, pairs = typed_sources(edges, torch.tensor([1, 1, 0]), 2)
        >>> nodes, counts, pairs.ends
        (tensor([0, 2]), [1, 1], (tensor([1, 1, 0]), tensor([0, 1, 1])))
    """
    cache = adjacency.cached("typed sources", WeakTensorKeyDictionary)
    return cached_by_tensor(cache, types, lambda: _pairs(adjacency, types, num_types))


def _pairs(adjacency: Adjacency, types: Tensor, num_types: int) -> TypedSources:
    num_src, ends = adjacency.num_src, adjacency.ends
    numbers = types.long() * num_src + ends[0]
    if is_exporting():
        nodes = torch.arange(num_src, device=types.device).repeat(num_types)
        counts, sources = [num_src] * num_types, numbers
    else:
        pairs, sources = torch.unique(numbers, return_inverse=True)
        nodes, owners = pairs % max(num_src, 1), pairs // max(num_src, 1)
        counts = torch.bincount(owners, minlength=num_types).tolist()
    edges = Adjacency.from_coo(sources, ends[1].long(), nodes.shape[0], adjacency.num_dst)
    return TypedSources(nodes, counts, edges)
