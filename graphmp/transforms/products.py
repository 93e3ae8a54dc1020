"""Powers, products and sums of adjacency matrices, as graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any, TypeVar

import torch
from torch import Tensor

from .. import _checks
from .._graph.arguments import check_together, refuse_block, refuse_types
from .._graph.frames import Frames
from .._graph.line import consecutive
from .._graph.simple import with_edges
from .._graph.state import assembled
from .._storage.adjacency import Adjacency
from .._storage.frame import Frame
from .._storage.metagraph import DEFAULT_ETYPE, CanonicalEtype, Metagraph, of_type
from ..errors import GraphValueError
from ..graph import Graph
from ..kernels.segments import distinct
from ..sampling.walks import check_metapath
from ..sparse import SparseMatrix, val_like

Power = TypeVar("Power")
_BYTES = 32  # of a pair of consecutive edges: the two edges, and their ends


def khop_adj(g: Graph, k: int) -> Tensor:
    """Count the walks of ``k`` steps between any two nodes.

    Args:
        g: a graph of one node type and one edge type.
        k: the number of steps.

    Returns:
        (N, N) float32: the power ``k`` of the adjacency matrix, whose rows are sources.

    Raises:
        GraphValueError: a graph of several types, or a negative ``k``.

    Example:
        >>> import graphmp as gm
        >>> gm.khop_adj(gm.graph(([0, 1, 0], [1, 2, 2])), 2)
        tensor([[0., 0., 1.],
                [0., 0., 0.],
                [0., 0., 0.]])
    """
    refuse_types(g)
    matrix = g.adj().double()
    walks = torch.eye(g.num_nodes(), dtype=torch.float64, device=g.device)
    k = _checks.count(k, "k")
    if k * g.num_edges() > 2 * k.bit_length() * walks.numel():  # squaring is less work
        return _power(walks, matrix.to_dense(), k, _bounded_product).float()
    for _ in range(k):
        walks = matrix @ walks
    return walks.float()


def khop_graph(g: Graph, k: int, copy_ndata: bool = True) -> Graph:
    """Make a graph with an edge for each walk of ``k`` steps.

    Args:
        g: a graph of one node type and one edge type.
        k: the number of steps.
        copy_ndata: keep node features.

    Returns:
        A graph over the same nodes, its edges sorted by source and then destination; several walks
        between two nodes become parallel edges.

    Raises:
        GraphValueError: a graph of several types, a negative ``k``, or more walks than memory can
            hold.

    Example:
        >>> import graphmp as gm
        >>> gm.khop_graph(gm.graph(([0, 1, 1], [1, 0, 2])), 2).edges()
        (tensor([0, 0, 1]), tensor([0, 2, 1]))
    """
    refuse_types(g)
    nodes, count = g.nodes(), g.num_nodes()
    none = Adjacency.from_coo(nodes, nodes, count, count)
    walks = _power(none, g.adjacency, _checks.count(k, "k"), _joined)
    order = walks.sorted_csr.edge_ids.long()
    return with_edges(
        g, {g.canonical_etypes[0]: (walks.src[order], walks.dst[order])}, {}, copy_ndata
    )


def metapath_reachable_graph(g: Graph, metapath: Iterable[Any]) -> Graph:
    """Make a graph with an edge from each node to the nodes that a metapath reaches from it.

    Args:
        g: a graph that is not a block.
        metapath: the edge types of the steps; each starts at the node type where the previous one
            ends.

    Returns:
        A graph of one edge type from the first node type of the metapath to the last, without
        parallel edges, sorted by source and then destination. Nodes keep their features.

    Raises:
        GraphKeyError: an unknown edge type.
        GraphTypeError: not a list.
        GraphValueError: a block, an empty metapath, or steps that do not follow each other.

    Example:
        >>> import graphmp as gm
        >>> g = gm.heterograph({("a", "x", "b"): ([0, 1], [1, 1]), ("b", "y", "a"): ([1], [2])})
        >>> gm.metapath_reachable_graph(g, ["x", "y"]).edges()
        (tensor([0, 1]), tensor([2, 2]))
    """
    refuse_block(g)
    path = check_metapath(g, metapath)
    reached = _simple(g.adjacencies[path[0]])
    for etype in path[1:]:
        reached = _simple(_joined(reached, g.adjacencies[etype]))
    source, target = path[0][0], path[-1][2]
    nodes = {ntype: g._frames.src[ntype].copy() for ntype in sorted({source, target})}
    return _of_one_relation(g, (source, DEFAULT_ETYPE, target), reached, nodes)


def adj_product_graph(A: Graph, B: Graph, weight_name: str, etype: str = DEFAULT_ETYPE) -> Graph:  # noqa: N803
    """Make the weighted graph whose adjacency matrix is the product of two others.

    Args:
        A: a graph of one edge type; rows of its matrix are sources.
        B: a graph of one edge type, with as many sources as ``A`` has destinations.
        weight_name: the edge feature (E,) of weights; those of parallel edges are added.
        etype: the name of the new edge type.

    Returns:
        A graph from the sources of ``A`` to the destinations of ``B``, with an edge for each pair
        that is joined by two consecutive edges, whatever its weight, sorted by source and then
        destination. Gradients reach the weights of ``A`` and ``B``.

    Raises:
        GraphKeyError: no such feature.
        GraphTypeError: two id types.
        GraphValueError: several edge types, a block, numbers of nodes that do not fit, or weights
            of another shape.

    Example:
        >>> import torch, graphmp as gm
        >>> A, B = gm.graph(([0, 0], [1, 2])), gm.graph(([1, 2], [2, 2]))
        >>> A.edata["w"], B.edata["w"] = torch.tensor([2.0, 3.0]), torch.tensor([5.0, 7.0])
        >>> C = gm.adj_product_graph(A, B, "w")
        >>> C.edges(), C.edata["w"]
        ((tensor([0]), tensor([2])), tensor([31.]))
    """
    check_together([A, B])
    first, second = A.adjacency, B.adjacency
    left, right = _matrix(A, weight_name), _matrix(B, weight_name)
    source, target = A.canonical_etypes[0][0], B.canonical_etypes[0][2]
    if first.num_dst != second.num_src:
        raise GraphValueError(
            f"Expected B with {first.num_dst} source nodes, as many as A has destinations, got "
            f"{second.num_src}."
        )
    if source == target and first.num_src != second.num_dst:
        raise GraphValueError(
            f"Expected as many nodes{of_type(source)} in A and B, got {first.num_src} and "
            f"{second.num_dst}."
        )
    counts = {source: first.num_src, target: second.num_dst}
    return _weighted(A, (source, etype, target), counts, weight_name, left @ right)


def adj_sum_graph(graphs: Sequence[Graph], weight_name: str) -> Graph:
    """Make the weighted graph whose adjacency matrix is the sum of others.

    Args:
        graphs: graphs of the same edge type and the same numbers of nodes.
        weight_name: the edge feature (E,) of weights; those of parallel edges are added.

    Returns:
        A graph of that edge type with an edge for each pair that is joined in some graph, whatever
        its weight, sorted by source and then destination. Gradients reach all weights.

    Raises:
        GraphKeyError: no such feature.
        GraphTypeError: two id types.
        GraphValueError: no graph, several edge types, a block, other types or numbers of nodes, or
            weights of another shape.

    Example:
        >>> import torch, graphmp as gm
        >>> A, B = gm.graph(([0], [1])), gm.graph(([0, 1], [1, 0]))
        >>> A.edata["w"], B.edata["w"] = torch.tensor([2.0]), torch.tensor([5.0, 7.0])
        >>> gm.adj_sum_graph([A, B], "w").edata["w"]
        tensor([7., 7.])
    """
    check_together(graphs)
    (etype, first), *_ = graphs[0].adjacencies.items()
    for graph in graphs:
        size, own = (
            (first.num_src, first.num_dst),
            (graph.adjacency.num_src, graph.adjacency.num_dst),
        )
        if graph.canonical_etypes != [etype] or own != size:
            raise GraphValueError(
                f"Expected graphs of edge type {etype} from {size[0]} to {size[1]} nodes, got edge "
                f"types {graph.canonical_etypes} from {own[0]} to {own[1]} nodes."
            )
    total = reduce(add, (_matrix(graph, weight_name) for graph in graphs))
    counts = {etype[0]: first.num_src, etype[2]: first.num_dst}
    return _weighted(graphs[0], etype, counts, weight_name, total)


def _power(one: Power, base: Power, k: int, product: Callable[[Power, Power], Power]) -> Power:
    """``base`` to the power ``k``, by squaring; on the way there are only lower powers."""
    power = one
    for digit in f"{k:b}":
        power = product(power, power)
        if digit == "1":
            power = product(power, base)
    return power


def _bounded_product(first: Tensor, second: Tensor) -> Tensor:
    """The product of counts; bounded far above float32, since infinity times 0 would be NaN."""
    return (first @ second).clamp(max=1e150)


def _joined(first: Adjacency, second: Adjacency) -> Adjacency:
    """An edge for each pair of consecutive edges.

    Raises:
        GraphValueError: there are more than memory can hold.
    """
    pairs = first.in_degrees.double() @ second.out_degrees.double()
    _checks.held(int(pairs), "Pairs of consecutive edges", _BYTES)
    before, after = consecutive(first, second)
    ends = (first.src[before.long()], second.dst[after.long()])
    return Adjacency.from_coo(*ends, first.num_src, second.num_dst)


def _simple(edges: Adjacency) -> Adjacency:
    """The same edges without parallel ones, sorted."""
    u, v, _ = distinct(edges.sorted_csr)
    return Adjacency.from_coo(u, v, edges.num_src, edges.num_dst)


def _matrix(g: Graph, name: str) -> SparseMatrix:
    """The weighted adjacency matrix of the only edge type; weights of parallel edges are added."""
    return val_like(g.adj(), edge_weights(g, name)).coalesce()


def edge_weights(g: Graph, name: str) -> Tensor:
    """The weights in a field of the edges of the only type, (E,).

    Raises:
        GraphKeyError: no such field.
        GraphValueError: several edge types, or weights of another shape.
    """
    weights: Tensor = g._frames.edge[g._meta.etype(None)][name]
    if weights.ndim != 1:
        raise GraphValueError(
            f"Expected weights of shape ({g.num_edges()},), got field {name!r} of shape "
            f"{tuple(weights.shape)}."
        )
    return weights


def _weighted(
    g: Graph, etype: CanonicalEtype, counts: dict[str, int], name: str, matrix: SparseMatrix
) -> Graph:
    """A graph with an edge for each entry of a matrix; its nodes have no features."""
    nodes = {t: Frame(counts[t], g.device, f"nodes{of_type(t)}") for t in sorted(counts)}
    edges = Adjacency.from_coo(matrix.row, matrix.col, *matrix.shape)
    new = _of_one_relation(g, etype, edges, nodes)
    new.edata[name] = matrix.val
    return new


def _of_one_relation(
    g: Graph, etype: CanonicalEtype, adjacency: Adjacency, nodes: dict[str, Frame]
) -> Graph:
    """A graph of one edge type, whose edges have no features."""
    edges = {etype: Frame(adjacency.num_edges, g.device, f"edges{of_type(etype)}")}
    meta = Metagraph([etype], nodes)
    return assembled(g, meta, {etype: adjacency}, Frames(nodes, nodes, edges))
