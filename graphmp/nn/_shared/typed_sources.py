"""One source for each node and edge type."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.compiler import is_compiling
from torch.utils.weak import WeakTensorKeyDictionary

from ... import kernels
from ...ops import Adjacency
from .cached_by_tensor import cached_by_tensor
from .rows_by_type import rows_by_type


class TypedSources(NamedTuple):
    """The distinct pairs of a source and an edge type, ordered by type.

    A message depends only on its source and the type of its edge, so it is computed once per
    pair. There are at most as many pairs as edges.

    Attributes:
        nodes: (P,) the source of each pair.
        lengths: (T,) how many pairs each type has, on the CPU.
        adjacency: the edges, in their order, from pairs to destinations.
    """

    nodes: Tensor
    lengths: Tensor
    adjacency: Adjacency


def typed_sources(adjacency: Adjacency, types: Tensor, num_types: int) -> TypedSources:
    """Compute the pairs of a source and a type; once per tensor of types.

    Args:
        adjacency: the edges.
        types: (E,) integers from 0 to ``num_types - 1``.
        num_types: the number of types.

    Returns:
        The pairs that occur. In a compiled program, which cannot count them, one for each edge.

    Example:
        >>> import torch, graphmp as gm
        >>> edges = gm.graph(([2, 2, 0], [0, 1, 1])).adjacency
        >>> nodes, lengths, pairs = typed_sources(edges, torch.tensor([1, 1, 0]), 2)
        >>> nodes, lengths, pairs.ends
        (tensor([0, 2]), tensor([1, 1]), (tensor([1, 1, 0]), tensor([0, 1, 1])))
    """
    if is_compiling():
        return _edges_by_type(adjacency, types, num_types)
    cache = adjacency.cached(("typed sources", num_types), WeakTensorKeyDictionary)
    return cached_by_tensor(cache, types, lambda: _pairs(adjacency, types, num_types))


def _pairs(adjacency: Adjacency, types: Tensor, num_types: int) -> TypedSources:
    num_src, (src, dst) = adjacency.num_src, adjacency.ends
    pairs, sources = torch.unique(types.long() * num_src + src, return_inverse=True)
    nodes, owners = pairs % max(num_src, 1), pairs // max(num_src, 1)
    lengths = torch.bincount(owners, minlength=num_types).cpu()
    edges = Adjacency.from_coo(sources, dst.long(), nodes.shape[0], adjacency.num_dst)
    return TypedSources(nodes, lengths, edges)


def _edges_by_type(adjacency: Adjacency, types: Tensor, num_types: int) -> TypedSources:
    num_edges, (src, dst) = adjacency.num_edges, adjacency.ends
    lengths, order = rows_by_type(types.to(adjacency.idtype), num_types)
    _, positions = kernels.group(order, num_edges)
    edges = Adjacency.from_coo(positions, dst, num_edges, adjacency.num_dst)
    return TypedSources(src.index_select(0, order), lengths, edges)
