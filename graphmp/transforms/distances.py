"""Shortest paths, and labels of nodes by their distances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._graph.arguments import refuse_types
from .._storage.adjacency import Adjacency
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from ..kernels.segments import positions_of


def shortest_dist(g: Graph, root: int | None = None, return_paths: bool = False) -> Any:
    """Find shortest directed paths.

    All roots are searched at once, so memory grows with their number times that of the nodes.

    Args:
        g: a graph of one node type and one edge type.
        root: the node where paths start; by default every node.
        return_paths: also return the edges of the paths.

    Returns:
        (N,) int64 numbers of steps from ``root``, or (N, N) from every node: ``dist[i, j]`` is that
        from i to j, and -1 if no path leads there. With ``return_paths`` a tuple of it and of
        (N, L) or (N, N, L) int64 edge ids, L being the length of the longest shortest path, padded
        with -1. Among shortest paths, the last edge has the least id, and so on.

    Raises:
        GraphIndexError: a root that is not there.
        GraphTypeError: a root that is no int.
        GraphValueError: a graph of several types.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 1, 2], [2, 0, 3, 3]))
        >>> dist, paths = gm.shortest_dist(g, root=0, return_paths=True)
        >>> dist, paths[3]
        (tensor([ 0, -1,  1,  2]), tensor([0, 3]))
    """
    refuse_types(g)
    roots = g.nodes() if root is None else _node(g, root, "root")
    rows = slice(None) if root is None else 0
    levels = list(_search(g.adjacency, roots.long()))
    dist = _distances(levels, roots.numel(), g.num_nodes(), g.device)
    if not return_paths:
        return dist[rows]
    longest = max(len(levels) - 1, 0)
    paths = dist.new_full((dist.numel(), longest), -1)
    for step, (pairs, edges) in enumerate(levels[1:]):
        before = pairs - pairs % g.num_nodes() + g.adjacency.src[edges.long()]
        paths[pairs] = paths[before]
        paths[pairs, step] = edges.long()
    return dist[rows], paths.view(*dist.shape, longest)[rows]


def double_radius_node_labeling(g: Graph, src: int, dst: int) -> Tensor:
    r"""Label nodes by their distances from both ends of a link.

    From `Link Prediction Based on Graph Neural Networks <https://arxiv.org/abs/1802.09691>`__
    (Zhang and Chen, NeurIPS 2018). The label is 1 for the ends, 0 for nodes that cannot be reached
    from one of them without passing the other, and else

    .. math:: 1 + \min(d_s, d_t) + \lfloor d/2 \rfloor (\lfloor d/2 \rfloor + d \bmod 2 - 1),
        \quad d = d_s + d_t

    Args:
        g: a graph of one node type and one edge type; edges count in both directions.
        src: one end.
        dst: the other end.

    Returns:
        (N,) int64 labels.

    Raises:
        GraphIndexError: a node that is not there.
        GraphTypeError: an end that is no int.
        GraphValueError: a graph of several types, or the same node at both ends.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 0, 0, 0, 1, 1, 2, 4], [1, 2, 3, 6, 3, 4, 4, 5]))
        >>> gm.double_radius_node_labeling(g, 0, 1)
        tensor([1, 1, 3, 2, 3, 7, 0])
    """
    refuse_types(g)
    ends = [_node(g, node, what) for node, what in ((src, "src"), (dst, "dst"))]
    if torch.equal(*ends):
        raise GraphValueError(f"Expected two different ends of a link, got {src} twice.")
    u, v = g.edges()
    both = Adjacency.from_coo(torch.cat([u, v]), torch.cat([v, u]), len(g.nodes()), len(g.nodes()))
    near_src, near_dst = (
        _distances(list(_search(both, one.long(), other)), 1, g.num_nodes(), g.device)[0]
        for one, other in (ends, ends[::-1])
    )
    total = near_src + near_dst
    half = total // 2
    labels = 1 + torch.minimum(near_src, near_dst) + half * (half + total % 2 - 1)
    labels[(near_src < 0) | (near_dst < 0)] = 0
    labels[torch.cat(ends).long()] = 1
    return labels


def _node(g: Graph, node: Any, what: str) -> Tensor:
    """One checked node id, (1,)."""
    if not _checks.is_single(node):
        raise GraphTypeError(f"{what}: expected one node id, got {_checks.kind(node)}.")
    return g._ids(node, g.num_nodes(), what)


def _distances(
    levels: list[tuple[Tensor, Tensor]], roots: int, nodes: int, device: torch.device
) -> Tensor:
    """(roots, nodes) int64 distances; -1 where a search did not arrive."""
    dist = torch.full((roots * nodes,), -1, device=device)
    for distance, (pairs, _) in enumerate(levels):
        dist[pairs] = distance
    return dist.view(roots, nodes)


def _search(
    adjacency: Adjacency, roots: Tensor, blocked: Tensor | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Search breadth-first from several roots at once.

    Args:
        adjacency: the edges, between the same N nodes.
        roots: (R,) int64 the start of each search.
        blocked: nodes that no search enters.

    Yields:
        For each distance 0, 1, 2, … the pairs ``number of the root * N + node`` that are reached,
        int64, and for each the edge of least id that reaches it; none at distance 0.
    """
    nodes, (indptr, indices, eids) = adjacency.num_src, adjacency.csr
    seen = torch.zeros(roots.numel(), nodes, dtype=torch.bool, device=roots.device)
    if blocked is not None:
        seen[:, blocked.long()] = True
    seen = seen.view(-1)
    frontier = torch.arange(roots.numel(), device=roots.device) * nodes + roots
    edges = eids[:0]
    while frontier.numel():
        seen[frontier] = True
        yield frontier, edges
        ends = frontier % max(nodes, 1)
        positions = positions_of(indptr, ends)
        degrees = (indptr[ends + 1] - indptr[ends]).long()
        reached = (frontier - ends).repeat_interleave(degrees) + indices[positions]
        is_new = ~seen[reached]
        frontier, inverse = torch.unique(reached[is_new], return_inverse=True)
        least = eids.new_full((frontier.numel(),), adjacency.num_edges)
        edges = least.scatter_reduce(0, inverse, eids[positions[is_new]], "amin")
