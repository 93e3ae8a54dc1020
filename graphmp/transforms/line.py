"""The line graph: edges as nodes."""

from __future__ import annotations

import torch

from .. import _checks
from .._graph.queries import edges_of
from .._storage.metagraph import listed
from ..construct.from_edges import graph
from ..errors import GraphValueError
from ..graph import Graph


def line_graph(g: Graph, backtracking: bool = True, shared: bool = False) -> Graph:
    """Make a graph whose nodes are the edges of another.

    An edge ``u → v`` sends an edge to every other edge ``v → w``.

    Args:
        g: a graph of one node and one edge type.
        backtracking: count edges ``v → u`` among those.
        shared: give the nodes the features of the edges; the tensors are the same.

    Returns:
        A graph of E nodes, its edges sorted by source and then destination.

    Raises:
        GraphValueError: a graph of several types, or a block.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 1], [1, 0, 2]))
        >>> gm.line_graph(g).edges()
        (tensor([0, 0, 1]), tensor([1, 2, 0]))
        >>> gm.line_graph(g, backtracking=False).edges()
        (tensor([0]), tensor([2]))
    """
    _checks.graph(g)
    if g.is_block or not g.is_homogeneous:
        raise GraphValueError(
            "Expected a graph of one node and one edge type, got "
            f"{'a block' if g.is_block else f'edge types {listed(g.canonical_etypes)}'}."
        )
    u, v = g.edges()
    following = edges_of(g.adjacency.csr, v)
    every = torch.arange(g.num_edges(), dtype=g.idtype, device=g.device)
    before = every.repeat_interleave(g.adjacency.out_degrees[v.long()].long())
    goes_on = before != following
    if not backtracking:
        goes_on &= v[following.long()] != u[before.long()]
    ends = (before[goes_on], following[goes_on])
    lines = graph(ends, num_nodes=g.num_edges(), idtype=g.idtype)
    if shared:
        lines.ndata.update(g.edata)
    return lines
