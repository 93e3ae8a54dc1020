"""Shortest paths, and labels of nodes by their distances."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._graph.arguments import refuse_types
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph


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
    levels = kernels.levels(g.adjacency.csr, _needed(g, roots))
    dist = levels.long()
    if not return_paths:
        return dist[rows]
    edges = kernels.first_edges(g.adjacency.csc, levels).long()
    longest = int(dist.max()) if dist.numel() else 0
    paths = dist.new_full((*dist.shape, max(longest, 0)), -1)
    for step in range(longest):
        searches, nodes = (dist == step + 1).nonzero(as_tuple=True)
        last = edges[searches, nodes]
        paths[searches, nodes] = paths[searches, g.adjacency.src[last].long()]
        paths[searches, nodes, step] = last
    return dist[rows], paths[rows]


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
    both = kernels.compress(torch.cat([u, v]), torch.cat([v, u]), g.num_nodes())
    needed = _needed(g, torch.cat(ends))
    blocked = torch.cat(ends[::-1]).long()
    needed[[0, 1], blocked] = torch.iinfo(needed.dtype).max
    near_src, near_dst = kernels.levels(both, needed).long().unbind()
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


def _needed(g: Graph, roots: Tensor) -> Tensor:
    """(roots, N) how many edges each node needs to be reached: 0 for the root itself, else 1."""
    needed = roots.new_ones(len(roots), g.num_nodes())
    return needed.scatter_(1, roots.long().view(-1, 1), 0)
