"""Arguments: how methods and functions read the nodes and the edges that a user names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from .. import _checks
from .._storage.metagraph import CanonicalEtype, listed, of_type
from ..errors import GraphIndexError, GraphTypeError, GraphValueError
from .state import GraphState
from .structure import is_all


def refuse_block(graph: GraphState) -> None:
    """Check that a graph is no block.

    Raises:
        GraphTypeError: something else than a graph.
        GraphValueError: it is one.
    """
    if _checks.graph(graph)._meta.is_block:
        raise GraphValueError(
            "Expected a graph that is not a block, got a block; pass the graph that it was made of."
        )


def check_together(graphs: Sequence[Any]) -> None:
    """Check that graphs can be combined: at least one, none a block, of one id type.

    Raises:
        GraphTypeError: something else than a graph, or two id types.
        GraphValueError: no graph, or a block.
    """
    if not graphs:
        raise GraphValueError("Expected at least one graph, got none.")
    for graph in graphs:
        if not isinstance(graph, GraphState):
            raise GraphTypeError(f"Expected a list of graphs, got {_checks.kind(graph)} in it.")
        if graph._meta.is_block:
            refuse_block(graph)
        if graph.idtype is not graphs[0].idtype:
            raise GraphTypeError(
                f"Expected graphs of one id type, got {graphs[0].idtype} and {graph.idtype}; call "
                ".int() or .long() on them."
            )


def refuse_types(graph: GraphState) -> None:
    """Check that a graph has one node type and one edge type, and is no block.

    Raises:
        GraphTypeError: something else than a graph.
        GraphValueError: a block, or several types.
    """
    meta = _checks.graph(graph)._meta
    if meta.is_block or len(meta.ntypes) != 1 or len(meta.canonical_etypes) != 1:
        what = "a block" if meta.is_block else f"edge types {listed(meta.canonical_etypes)}"
        hint = "" if meta.is_block else "; call graphmp.to_homogeneous on it"
        raise GraphValueError(f"Expected a graph of one node and one edge type, got {what}{hint}.")


def edge_argument(graph: GraphState, edges: Any, etype: CanonicalEtype) -> Tensor | None:
    """Find the edges that a user means.

    Args:
        graph: any graph.
        edges: ``ALL``; ids as an int, list, array or tensor; or a tuple ``(u, v)`` of ends.
        etype: canonical edge type.

    Returns:
        Edge ids (n,), or None for all.

    Raises:
        GraphIndexError: an edge that is not there.
        GraphTypeError: ids that are not integers.
    """
    if is_all(edges):
        return None
    adjacency = graph.adjacencies[etype]
    if isinstance(edges, tuple):
        if len(edges) != 2:
            raise GraphValueError(
                f"Expected a tuple of edges as (sources, destinations), got {len(edges)} parts; "
                "pass edge ids as a list."
            )
        return adjacency.sorted_csr.edge_ids[existing_pairs(graph, *edges, etype)[0]]
    return graph._ids(edges, adjacency.num_edges, f"Ids of edges{of_type(etype)}")


def pair_positions(
    graph: GraphState, u: Any, v: Any, etype: CanonicalEtype
) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    """Where each pair's edges lie in ``sorted_csr``: from and to, and the checked pairs."""
    adjacency = graph.adjacencies[etype]
    us = graph._ids(u, adjacency.num_src, f"Ids of nodes{of_type(etype[0])}")
    vs = graph._ids(v, adjacency.num_dst, f"Ids of nodes{of_type(etype[2])}")
    us, vs = _checks.paired(us, vs)
    return *adjacency.search(us, vs), (us, vs)


def existing_pairs(
    graph: GraphState, u: Any, v: Any, etype: CanonicalEtype
) -> tuple[Tensor, Tensor]:
    """Where each pair's edges lie in ``sorted_csr``: first, and one past the last.

    Raises:
        GraphIndexError: a node that is not there, or a pair without an edge.
    """
    low, high, (us, vs) = pair_positions(graph, u, v, etype)
    missing = high == low
    if bool(missing.any()):
        source, target = int(us[missing][0]), int(vs[missing][0])
        raise GraphIndexError(f"There is no edge{of_type(etype)} from {source} to {target}.")
    return low, high
