"""Arguments: how methods and functions read the nodes and the edges that a user names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
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
    for kind in set(map(type, graphs)):
        if not issubclass(kind, GraphState):
            position, other = next((i, g) for i, g in enumerate(graphs) if type(g) is kind)
            raise GraphTypeError(
                f"Expected a list of graphs, got {_checks.kind(other)} at position {position}."
            )
    for graph in graphs:
        if graph._meta.is_block:
            refuse_block(graph)
    idtypes = [graph.idtype for graph in graphs]
    if idtypes.count(idtypes[0]) < len(idtypes):
        raise GraphTypeError(
            f"Expected graphs of one id type, got {told_apart(dict(enumerate(idtypes)))}; call "
            ".int() or .long() on them."
        )


def check_same_types(graphs: Sequence[GraphState]) -> None:
    """Check that graphs have the same node and edge types.

    Raises:
        GraphValueError: they do not; the message names the graph that differs.
    """
    first = graphs[0]._meta
    metas = [graph._meta for graph in graphs]
    others = [meta for meta in metas if meta is not first]
    if any(
        (m.canonical_etypes, m.ntypes) != (first.canonical_etypes, first.ntypes) for m in others
    ):
        raise GraphValueError(
            "Expected graphs of the same types, got "
            + unlike({i: (*m.ntypes, *m.canonical_etypes) for i, m in enumerate(metas)})
        )


def told_apart(values: Mapping[int, Hashable]) -> str:
    """Two of the graphs' values: the first that differs from most, and one of most.

    Args:
        values: what each graph has, by its position; not all the same.

    Example:
        >>> told_apart({0: "cpu", 1: "cpu", 2: "cuda", 3: "cpu"})
        'cuda in graph 2 and cpu in graph 0'
    """
    other, usual = _odd_one(values)
    return f"{values[other]} in graph {other} and {values[usual]} in graph {usual}"


def unlike(names: Mapping[int, tuple[Any, ...]]) -> str:
    """Which graph has other names than most: the first that it has more, and that it lacks.

    Args:
        names: those of each graph, by its position; not all the same, and the order counts.

    Example:
        >>> unlike({0: ("x",), 1: ("x",), 2: ("y", "z")})
        "graph 2 with 'y' (and 1 more) and without 'x', unlike graph 0."
    """
    other, usual = _odd_one(names)
    more = [n for n in names[other] if n not in names[usual] and of_type(n)]
    fewer = [n for n in names[usual] if n not in names[other] and of_type(n)]
    parts = [
        f"{word} {_checks.brief(rest[0])}" + (f" (and {len(rest) - 1} more)" if rest[1:] else "")
        for word, rest in (("with", more), ("without", fewer))
        if rest
    ]
    difference = " and ".join(parts) or "with others"
    return f"graph {other} {difference}, unlike graph {usual}."


def _odd_one(values: Mapping[int, Hashable]) -> tuple[int, int]:
    """The positions of the first value that differs from most, and of the first among most."""
    ((usual, _),) = Counter(values.values()).most_common(1)
    other = next(position for position, value in values.items() if value != usual)
    return other, next(position for position, value in values.items() if value == usual)


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
        first = existing_pairs(graph, *edges, etype)[0]
        return adjacency.sorted_csr.edge_ids.index_select(0, first)
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
