"""The parts of a partitioned graph, each with the edges around it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._graph.arguments import refuse_types
from .._graph.partition import metis_partition_assignment
from .._graph.reorder import reorder_graph
from .._graph.subgraph import edges_by_id, induced
from .._storage.frame import EID, NID, NTYPE
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph


def metis_partition(
    g: Graph,
    k: int,
    extra_cached_hops: int = 0,
    reshuffle: bool = False,
    balance_ntypes: Any = None,
    balance_edges: bool = False,
    mode: str = "k-way",
) -> dict[int, Graph]:
    """Divide a graph into parts of similar size with few edges between them.

    See :func:`metis_partition_assignment` for the method, and :func:`partition_graph_with_halo` for
    the fields of the parts.

    Args:
        g: a graph of one node type and one edge type.
        k: the number of parts, from 1 to the number of nodes.
        extra_cached_hops: how many steps around its nodes a part has.
        reshuffle: number nodes and edges by part first.
        balance_ntypes: (N,) integers, node types of which each is balanced over the parts.
        balance_edges: balance the number of edges, not of nodes.
        mode: METIS' algorithm, ``"k-way"`` or ``"recursive"`` bisection.

    Returns:
        The subgraph of each part, by its number.

    Raises:
        GraphRuntimeError: neither pymetis nor SciPy is installed.
        GraphTypeError: node types that are not integers.
        GraphValueError: a graph of several types; a number of parts that is not from 1 to the
            number of nodes; a negative number of steps; an unknown mode.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [1, 0, 3, 2]))
        >>> parts = gm.metis_partition(g, 2, balance_ntypes=torch.zeros(4, dtype=torch.int64))
        >>> [part.num_nodes() for part in parts.values()]
        [2, 2]
    """
    parts = metis_partition_assignment(g, k, balance_ntypes, balance_edges, mode)
    return partition_graph_with_halo(g, parts, extra_cached_hops, reshuffle)[0]


def partition_graph_with_halo(
    g: Graph, node_part: Any, extra_cached_hops: int, reshuffle: bool = False
) -> tuple[dict[int, Graph], Tensor | None, Tensor | None]:
    """Make a subgraph of each part of a partition, with the nodes and edges around it.

    A part has its own nodes, and the edges between them. With one step or more it also has all
    edges that enter or leave its nodes, and with each further step those that enter the nodes which
    the last step added against the edges.

    Args:
        g: a graph of one node type and one edge type.
        node_part: (N,) integers, the part of each node, from 0.
        extra_cached_hops: the number of steps.
        reshuffle: number nodes by part (and by the node feature ``"_TYPE"`` in a part, if there is
            one), and edges by destination, first.

    Returns:
        The subgraph of each part by its number, and the original ids of the renumbered nodes and
        edges, or None twice without ``reshuffle``. In a subgraph a part's own nodes come first, and
        so do edges that enter them. It has the features of ``g`` and ``ndata["_ID"]``,
        ``ndata["inner_node"]`` (int32, 1 for own nodes), ``ndata["part_id"]``, ``edata["_ID"]`` and
        ``edata["inner_edge"]`` (int8, 1 for edges that enter own nodes); with ``reshuffle`` also
        ``"orig_id"`` of both.

    Raises:
        GraphTypeError: parts that are not integers.
        GraphValueError: a graph of several types, parts of another shape or below 0, or a negative
            number of steps.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> parts, _, _ = gm.partition_graph_with_halo(g, [0, 0, 1], 1)
        >>> parts[1].ndata["_ID"], parts[1].edata["_ID"], parts[1].edata["inner_edge"]
        (tensor([2, 0, 1]), tensor([1, 2]), tensor([1, 0], dtype=torch.int8))
    """
    refuse_types(g)
    parts, hops = _parts(g, node_part), _checks.count(extra_cached_hops, "extra_cached_hops")
    count = int(parts.max()) + 1 if parts.numel() else 0
    if not reshuffle:
        return {i: _with_halo(g, parts, i, hops) for i in range(count)}, None, None
    g = _reshuffled(g, parts)
    nodes, edges = g.ndata["orig_id"], g.edata["orig_id"]
    parts = parts[nodes.long()]
    return {i: _with_halo(g, parts, i, hops) for i in range(count)}, nodes, edges


def _parts(g: Graph, node_part: Any) -> Tensor:
    """(N,) the checked part of each node, int64."""
    parts = torch.as_tensor(node_part)
    if parts.is_floating_point() and parts.numel():
        raise GraphTypeError(f"Expected parts as integers, got {_checks.kind(node_part)}.")
    if parts.shape != (g.num_nodes(),):
        raise GraphValueError(
            f"Expected parts of shape ({g.num_nodes()},), got {tuple(parts.shape)}."
        )
    if parts.numel() and int(parts.min()) < 0:
        raise GraphValueError(f"Expected parts from 0, got {int(parts.min())}.")
    return parts.to(g.device, torch.int64)


def _reshuffled(g: Graph, parts: Tensor) -> Graph:
    """The same graph with nodes ordered by part, and edges by destination."""
    keys = parts
    if NTYPE in g.ndata:
        types = g.ndata[NTYPE].long()
        keys = parts * (types.max() + 1) + types if types.numel() else parts
    order = torch.argsort(keys, stable=True).to(g.idtype)
    new = reorder_graph(g, "custom", "dst", permute_config={"nodes_perm": order})
    for data, name in ((new.ndata, NID), (new.edata, EID)):
        data["orig_id"] = data.pop(name)
    return new


def _with_halo(g: Graph, parts: Tensor, part: int, hops: int) -> Graph:
    """The subgraph of one part and what is around it."""
    u, v = (end.long() for end in g.edges())
    own = parts == part
    chosen, near = own[u] & own[v], own.clone()
    if hops > 0:
        for _ in range(hops - 1):
            near[u[near[v]]] = True
        chosen = near[v] | own[u]
    eids = chosen.nonzero().view(-1)
    enters = own[v[eids]]
    eids = eids[torch.argsort(~enters, stable=True)]
    others = torch.zeros_like(own)
    others[u[eids]] = others[v[eids]] = True
    nodes = torch.cat([own.nonzero(), (others & ~own).nonzero()]).view(-1)
    ids = {g.ntypes[0]: nodes.to(g.idtype)}
    edges = edges_by_id(g.adjacency, eids.to(g.idtype))
    sub = induced(g, {g.canonical_etypes[0]: edges}, ids, store_ids=True)
    sub.ndata["inner_node"] = own[nodes].int()
    sub.ndata["part_id"] = parts[nodes]
    sub.edata["inner_edge"] = own[v[eids]].to(torch.int8)
    return sub
