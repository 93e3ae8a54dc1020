"""Matching: pairs of neighbours, as multilevel methods merge them."""

from __future__ import annotations

import torch
from torch import Tensor

from .. import _checks, random
from .._graph.arguments import refuse_types
from ..errors import GraphValueError
from ..graph import Graph


def neighbor_matching(
    graph: Graph,
    e_weights: Tensor | None = None,
    relabel_idx: bool = True,
) -> Tensor:
    """Match neighbours in pairs, until no two neighbours are without a match.

    Two nodes are matched if the edge between them is the heaviest of those that either of them has
    to nodes without a match. Equal edges are ordered at random; ``torch.manual_seed``
    repeats the order.

    Args:
        graph: a graph of one node and one edge type; an edge counts in both directions, and
            self-loops do not count.
        e_weights: (E,) or (E, 1) the weights of the edges; equal ones by default.
        relabel_idx: whether the labels are consecutive; else the label of a pair is the smaller id.

    Returns:
        (N,) labels of the graph's id type: two nodes that are matched have the same one.

    Raises:
        GraphTypeError: not a graph, or weights that are no tensor.
        GraphValueError: several types, weights of another shape or that are NaN.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 1, 2], [1, 0, 2, 1]))
        >>> gm.transforms.neighbor_matching(g, torch.tensor([1.0, 1.0, 2.0, 2.0]))
        tensor([0, 1, 1])
    """
    refuse_types(graph)
    nodes = graph.num_nodes()
    low, high = _ranked_pairs(graph, _weights(graph, e_weights))
    match = torch.arange(nodes, device=graph.device)
    while low.numel():
        rank = torch.arange(low.numel(), device=graph.device)
        best = rank.new_full((nodes,), low.numel())
        for end in (low, high):
            best.scatter_reduce_(0, end, rank, "amin")
        won = (best[low] == rank) & (best[high] == rank)
        match[high[won]] = low[won]
        matched = torch.zeros(nodes, dtype=torch.bool, device=graph.device)
        matched[low[won]] = matched[high[won]] = True
        rest = ~(matched[low] | matched[high])
        low, high = low[rest], high[rest]
    labels = torch.unique(match, return_inverse=True)[1] if relabel_idx else match
    return labels.to(graph.idtype)


def _weights(graph: Graph, weights: Tensor | None) -> Tensor:
    """The weights of the edges, (E,)."""
    edges = graph.num_edges()
    if weights is None:
        return torch.ones(edges, device=graph.device)
    _checks.feature(weights, edges, graph.device, "e_weights", "edges")
    if weights.numel() != edges:
        raise GraphValueError(
            f"Expected e_weights of shape ({edges},), got {tuple(weights.shape)}."
        )
    if bool(weights.isnan().any()):
        raise GraphValueError("Expected e_weights to be numbers, got NaN.")
    return weights.detach().view(-1)


def _ranked_pairs(graph: Graph, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The pairs of neighbours, the heaviest first and equal ones in random order."""
    u, v = (end.long() for end in graph.edges())
    nodes, between = max(graph.num_nodes(), 1), u != v
    keys = torch.minimum(u, v)[between] * nodes + torch.maximum(u, v)[between]
    pairs, inverse = torch.unique(keys, return_inverse=True)
    heaviest = weights.new_zeros(pairs.shape)
    heaviest.scatter_reduce_(0, inverse, weights[between], "amax", include_self=False)
    generator = random.generator(graph.device)
    shuffled = torch.randperm(len(pairs), generator=generator, device=graph.device)
    order = shuffled[torch.argsort(heaviest[shuffled], descending=True, stable=True)]
    return pairs[order] // nodes, pairs[order] % nodes
