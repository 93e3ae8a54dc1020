"""The line graph: edges as nodes."""

from __future__ import annotations

from torch import Tensor

from .. import kernels
from .._storage.adjacency import Adjacency
from .._storage.frame import Frame
from .._storage.metagraph import DEFAULT_ETYPE, DEFAULT_NTYPE, Metagraph
from .arguments import refuse_types
from .frames import Frames
from .state import assembled
from .structure import AnyGraph


def line_graph(g: AnyGraph, backtracking: bool = True, shared: bool = False) -> AnyGraph:
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
    refuse_types(g)
    adjacency, edges = g.adjacency, g.num_edges()
    before, after = consecutive(adjacency, adjacency)
    proceeds = before != after
    if not backtracking:
        proceeds &= adjacency.dst[after.long()] != adjacency.src[before.long()]
    lines = Adjacency.from_coo(before[proceeds], after[proceeds], edges, edges)
    nodes = {DEFAULT_NTYPE: Frame(edges, g.device, "nodes")}
    if shared:
        (edges_data,) = g._frames.edge.values()
        nodes[DEFAULT_NTYPE].update(edges_data)
    etype = (DEFAULT_NTYPE, DEFAULT_ETYPE, DEFAULT_NTYPE)
    frames = Frames(nodes, nodes, {etype: Frame(lines.num_edges, g.device, "edges")})
    return assembled(g, Metagraph([etype], [DEFAULT_NTYPE]), {etype: lines}, frames)


def consecutive(first: Adjacency, second: Adjacency) -> tuple[Tensor, Tensor]:
    """The pairs of edges of which the second starts where the first ends.

    Args:
        first: edges to some nodes.
        second: edges from the same nodes.

    Returns:
        The edge ids of each pair, (P,) and (P,), sorted by the first edge; second edges of the same
        first edge are in the order of ``second.csr``.
    """
    before, _, after = kernels.edges_of(second.csr, first.dst)
    return before, after
