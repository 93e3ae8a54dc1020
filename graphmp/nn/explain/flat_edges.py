"""Nodes and edges numbered across all types, in the order of the types."""

from __future__ import annotations

import torch
from torch import Tensor

from ...construct.from_edges import graph as make_graph
from ...graph import Graph
from .masks import ByType


def first_numbers(graph: Graph) -> dict[str, int]:
    """For each node type the number of its first node.

    Example:
        >>> import graphmp as gm
        >>> first_numbers(gm.heterograph({("user", "plays", "game"): ([0, 1], [0, 0])}))
        {'game': 0, 'user': 1}
    """
    first, numbers = 0, {}
    for ntype in graph.ntypes:
        numbers[ntype] = first
        first += graph.num_nodes(ntype)
    return numbers


def flat_edges(graph: Graph) -> tuple[Tensor, Tensor]:
    """(E,) the sources and (E,) the destinations of the edges of all types, in the id type."""
    first, empty = first_numbers(graph), torch.empty(0, dtype=graph.idtype, device=graph.device)
    us, vs = [empty], [empty]
    for source, name, target in graph.canonical_etypes:
        u, v = graph.edges(etype=(source, name, target))
        us.append(u + first[source])
        vs.append(v + first[target])
    return torch.cat(us), torch.cat(vs)


def reverse_edges(graph: Graph) -> Tensor:
    """(E,) for each edge, of any type, an edge back; itself if there is no such edge.

    Example:
        >>> import graphmp as gm
        >>> reverse_edges(gm.graph(([0, 1, 2], [1, 2, 1])))
        tensor([0, 2, 1])
    """
    u, v = flat_edges(graph)
    flat = make_graph((u, v), num_nodes=graph.num_nodes(), idtype=graph.idtype)
    reverse = torch.arange(len(u), device=graph.device)
    has_reverse = flat.has_edges_between(v, u)
    reverse[has_reverse] = flat.edge_ids(v[has_reverse], u[has_reverse]).long()
    return reverse


def embeddings_of_ends(graph: Graph, embeds: ByType) -> ByType:
    """For each edge type the embeddings of both ends, side by side.

    Args:
        graph: a graph.
        embeds: for each node type (N, size).

    Returns:
        For each canonical edge type (E, 2 * size).
    """
    ends = {}
    for source, name, target in graph.canonical_etypes:
        u, v = graph.edges(etype=(source, name, target))
        pair = embeds[source][u.long()], embeds[target][v.long()]
        ends[source, name, target] = torch.cat(pair, 1)
    return ends
