"""The edges of a graph by their types, each type with the nodes at its ends alone."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..construct import create_block
from ..graph import Graph


class Relation(NamedTuple):
    """The edges of one type.

    Attributes:
        eids: (n,) their ids.
        src: (k,) the nodes that some of them leave.
        dst: (m,) the nodes that some of them enter.
        block: the edges between these nodes, numbered as in ``src`` and ``dst``.
    """

    eids: Tensor
    src: Tensor
    dst: Tensor
    block: Graph


def relations_of(graph: Graph, types: Tensor, count: int) -> list[Relation]:
    """The edges of each type.

    What is computed for the nodes of a relation is computed for no more nodes than it has edges,
    however many types there are.

    Args:
        graph: a graph or block of one edge type.
        types: (E,) integers below ``count``.
        count: the number of types.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([5, 5, 2], [0, 1, 1]))
        >>> eids, src, dst, block = relations_of(g, torch.tensor([1, 1, 0]), 2)[1]
        >>> eids, src, dst, block.edges()
        (tensor([0, 1]), tensor([5]), tensor([0, 1]), (tensor([0, 0]), tensor([0, 1])))
    """
    order = torch.argsort(types, stable=True)
    counts = torch.bincount(types, minlength=count).tolist()
    return [_relation(graph, eids) for eids in torch.split(order, counts)]


def _relation(graph: Graph, eids: Tensor) -> Relation:
    src, u = torch.unique(graph.adjacency.src[eids], return_inverse=True)
    dst, v = torch.unique(graph.adjacency.dst[eids], return_inverse=True)
    block = create_block((u, v), len(src), len(dst), device=graph.device)
    return Relation(eids, src, dst, block)
