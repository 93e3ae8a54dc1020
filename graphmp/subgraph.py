"""Subgraphs: some types, some nodes or some edges of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from . import _checks
from .adjacency import Adjacency
from .errors import GraphKeyError, GraphTypeError, GraphValueError
from .features import Frames
from .frame import EID, ETYPE, NID, NTYPE, Frame
from .metagraph import CanonicalEtype, Metagraph
from .queries import edges_of

if TYPE_CHECKING:
    from .graph import Graph


def edge_type_subgraph(graph: Graph, etypes: Sequence[Any]) -> Graph:
    """The relations ``etypes`` and the node types they join; features are shared.

    Args:
        graph: any graph.
        etypes: names or canonical triples.

    Returns:
        A graph over the same nodes: assigning a feature here or there is seen in both.

    Raises:
        GraphKeyError: an unknown edge type.

    Example:
        >>> import graphmp as gm
        >>> g = gm.heterograph({("a", "x", "b"): ([0], [0]), ("a", "y", "a"): ([0], [0])})
        >>> gm.edge_type_subgraph(g, ["y"]).ntypes
        ['a']
    """
    kept = [graph._meta.etype(etype) for etype in _listed(etypes, "Edge types")]
    return _of_types(graph, kept, {s for s, _, _ in kept}, {d for _, _, d in kept})


def node_type_subgraph(graph: Graph, ntypes: Sequence[str]) -> Graph:
    """The node types ``ntypes`` and the relations between them; features are shared.

    Args:
        graph: a graph that is not a block.
        ntypes: node types.

    Returns:
        A graph over the same nodes: assigning a feature here or there is seen in both.

    Raises:
        GraphKeyError: an unknown node type.
    """
    _refuse_block(graph)
    kept = {graph._meta.ntype(ntype) for ntype in _listed(ntypes, "Node types")}
    etypes = [t for t in graph.canonical_etypes if t[0] in kept and t[2] in kept]
    return _of_types(graph, etypes, kept, kept)


def _of_types(
    graph: Graph, etypes: list[CanonicalEtype], srctypes: set[str], dsttypes: set[str]
) -> Graph:
    frames = graph._frames
    if graph.is_block:
        meta = Metagraph(etypes, srctypes, dsttypes)
        src = {t: frames.src[t] for t in meta.srctypes}
        dst = {t: frames.dst[t] for t in meta.dsttypes}
    else:
        meta = Metagraph(etypes, srctypes | dsttypes)
        src = dst = {t: frames.src[t] for t in meta.ntypes}
    kept = Frames(src, dst, {t: frames.edge[t] for t in etypes})
    adjacencies = {t: graph.adjacencies[t] for t in etypes}
    return _assembled(graph, meta, adjacencies, kept)


def _assembled(
    graph: Graph,
    meta: Metagraph,
    adjacencies: Mapping[CanonicalEtype, Adjacency],
    frames: Frames,
) -> Graph:
    """A graph like ``graph`` made of these parts; the frames know how many nodes there are."""
    num_src = {t: frame.num_rows for t, frame in frames.src.items()}
    num_dst = {t: frame.num_rows for t, frame in frames.dst.items()} if meta.is_block else None
    return type(graph)(meta, adjacencies, num_src, num_dst, frames, graph.idtype, graph.device)


# ---- one relation, or several as one


def relations(graph: Graph, key: Any) -> Graph:
    """The relations that ``key`` names, as ``graph[key]`` gives them.

    Args:
        graph: any graph.
        key: an edge type's name; or a triple whose parts are names, lists of names or ``:``.

    Raises:
        GraphKeyError: nothing matches.
        GraphTypeError: not a name or a triple.
        GraphValueError: an ambiguous name.
    """
    if isinstance(key, str):
        return edge_type_subgraph(graph, [key])
    if not isinstance(key, tuple) or len(key) != 3:
        raise GraphTypeError(
            "A graph is indexed by an edge type's name or by a triple (source type, name, "
            f"destination type) with ':' for any, but {_checks.kind(key)} came."
        )
    matching = [
        etype
        for etype in graph.canonical_etypes
        if all(_fits(name, want) for name, want in zip(etype, key, strict=True))
    ]
    if not matching:
        known = ", ".join(map(repr, graph.canonical_etypes))
        raise GraphKeyError(f"No edge type matches {key!r}; the graph has {known}.")
    return edge_type_subgraph(graph, matching) if len(matching) == 1 else _merged(graph, matching)


def _fits(name: str, want: Any) -> bool:
    if isinstance(want, slice):
        return want == slice(None)
    return name in want if isinstance(want, (list, tuple, set)) else name == want


def _merged(graph: Graph, etypes: list[CanonicalEtype]) -> Graph:
    """Several relations as one, with node and edge types remembered in ``_TYPE`` and ``_ID``."""
    srctypes = sorted({s for s, _, _ in etypes})
    dsttypes = sorted({d for _, _, d in etypes})
    src_name, dst_name = "+".join(srctypes), "+".join(dsttypes)
    merged = (src_name, "+".join(name for _, name, _ in etypes), dst_name)
    types = graph._meta
    src = _joined(graph._frames.src, srctypes, types.ntypes.index, NTYPE)
    dst = src
    if graph.is_block or dst_name != src_name:
        dst = _joined(graph._frames.dst, dsttypes, types.ntypes.index, NTYPE)
    edge = _joined(graph._frames.edge, etypes, types.canonical_etypes.index, ETYPE)
    src_start = _starts(graph._frames.src, srctypes)
    dst_start = _starts(graph._frames.dst, dsttypes)
    us = torch.cat([graph.adjacencies[t].src + src_start[t[0]] for t in etypes])
    vs = torch.cat([graph.adjacencies[t].dst + dst_start[t[2]] for t in etypes])
    adjacency = Adjacency.from_coo(us, vs, src.num_rows, dst.num_rows)
    if graph.is_block:
        meta = Metagraph([merged], [src_name], [dst_name])
        frames = Frames({src_name: src}, {dst_name: dst}, {merged: edge})
    else:
        meta = Metagraph([merged], {src_name, dst_name})
        both = {src_name: src, dst_name: dst}
        frames = Frames(both, both, {merged: edge})
    return _assembled(graph, meta, {merged: adjacency}, frames)


def _starts(frames: Mapping[str, Frame], types: Sequence[str]) -> dict[str, int]:
    starts, total = {}, 0
    for name in types:
        starts[name] = total
        total += frames[name].num_rows
    return starts


def _joined(frames: Mapping[Any, Frame], types: Sequence[Any], type_id: Any, field: str) -> Frame:
    """One frame of several types: their common columns, type ids and ids within the type."""
    if len(types) == 1:
        return frames[types[0]]
    parts = [frames[name] for name in types]
    device, rows = parts[0].device, [part.num_rows for part in parts]
    joined = Frame(sum(rows), device, f"rows of the merged types {', '.join(map(str, types))}")
    schemes = [part.schemes() for part in parts]
    for name in schemes[0]:
        if all(scheme.get(name) == schemes[0][name] for scheme in schemes):
            joined[name] = torch.cat([part[name] for part in parts])
    ids = torch.tensor([type_id(name) for name in types], device=device)
    joined[field] = torch.repeat_interleave(ids, torch.tensor(rows, device=device))
    joined[NID] = torch.cat([torch.arange(n, device=device) for n in rows])
    return joined


# ---- some nodes, some edges


def node_subgraph(
    graph: Graph, nodes: Any, *, relabel_nodes: bool = True, store_ids: bool = True
) -> Graph:
    """Some nodes and all edges between them; features are gathered when they are read.

    Args:
        graph: a graph that is not a block.
        nodes: ids or a bool mask; with several node types a dict {type: ids or mask}, where a
            type that is left out has no nodes.
        relabel_nodes: number the nodes anew, in the order given; else keep all nodes.
        store_ids: write original ids to ``ndata["_ID"]`` and ``edata["_ID"]``.

    Returns:
        A new graph; edges keep their order.

    Raises:
        GraphIndexError: a node that is not there.
        GraphValueError: a node named twice, or a block.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> sub = gm.node_subgraph(g, [2, 1])
        >>> sub.edges(), sub.ndata["_ID"]
        ((tensor([1]), tensor([0])), tensor([2, 1]))
    """
    _refuse_block(graph)
    given = _by_ntype(graph, nodes)
    places: dict[str, Tensor] = {}
    for ntype, ids in given.items():
        place = ids.new_full((graph.num_nodes(ntype),), -1)
        place[ids.long()] = torch.arange(ids.numel(), dtype=ids.dtype, device=ids.device)
        if int((place >= 0).sum()) != ids.numel():
            raise GraphValueError(f"Nodes of type {ntype!r} are named twice; name each once.")
        places[ntype] = place
    edges = {}
    for etype, adjacency in graph.adjacencies.items():
        inside = (places[etype[0]][adjacency.src.long()] >= 0) & (
            places[etype[2]][adjacency.dst.long()] >= 0
        )
        edges[etype] = inside.nonzero().view(-1).to(graph.idtype)
    return _induced(graph, edges, given if relabel_nodes else None, store_ids)


def edge_subgraph(
    graph: Graph, edges: Any, *, relabel_nodes: bool = True, store_ids: bool = True
) -> Graph:
    """Some edges and the nodes at their ends; features are gathered when they are read.

    Args:
        graph: a graph that is not a block.
        edges: ids, a bool mask or a tuple ``(u, v)``; with several edge types a dict
            {type: edges}, where a type that is left out has no edges.
        relabel_nodes: keep only the nodes at the ends, numbered anew in ascending id; else keep
            all nodes.
        store_ids: write original ids to ``ndata["_ID"]`` and ``edata["_ID"]``.

    Returns:
        A new graph; edges are in the order given.

    Raises:
        GraphIndexError: an edge that is not there.
        GraphValueError: a block.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> gm.edge_subgraph(g, [1]).ndata["_ID"]
        tensor([1, 2])
    """
    _refuse_block(graph)
    kept = _by_etype(graph, edges)
    nodes = _ends(graph, kept) if relabel_nodes else None
    return _induced(graph, kept, nodes, store_ids)


def in_subgraph(
    graph: Graph, nodes: Any, *, relabel_nodes: bool = False, store_ids: bool = True
) -> Graph:
    """The edges that enter some nodes, node after node.

    Args:
        graph: a graph that is not a block.
        nodes: ids or a bool mask; with several node types a dict {type: ids or mask}.
        relabel_nodes: keep only nodes that have edges, numbered anew; else keep all nodes.
        store_ids: write original ids to ``edata["_ID"]``, and to ``ndata`` when relabelled.

    Returns:
        A new graph.

    Raises:
        GraphIndexError: a node that is not there.
    """
    return _touching(graph, nodes, 2, relabel_nodes, store_ids)


def out_subgraph(
    graph: Graph, nodes: Any, *, relabel_nodes: bool = False, store_ids: bool = True
) -> Graph:
    """The edges that leave some nodes, node after node.

    Args:
        graph: a graph that is not a block.
        nodes: ids or a bool mask; with several node types a dict {type: ids or mask}.
        relabel_nodes: keep only nodes that have edges, numbered anew; else keep all nodes.
        store_ids: write original ids to ``edata["_ID"]``, and to ``ndata`` when relabelled.

    Returns:
        A new graph.

    Raises:
        GraphIndexError: a node that is not there.
    """
    return _touching(graph, nodes, 0, relabel_nodes, store_ids)


def _touching(graph: Graph, nodes: Any, end: int, relabel: bool, store_ids: bool) -> Graph:
    _refuse_block(graph)
    given = _by_ntype(graph, nodes)
    edges = {}
    for etype, adjacency in graph.adjacencies.items():
        form = adjacency.csc if end == 2 else adjacency.csr
        edges[etype] = edges_of(form, torch.unique(given[etype[end]]))
    return _induced(graph, edges, _ends(graph, edges) if relabel else None, store_ids)


def _ends(graph: Graph, edges: Mapping[CanonicalEtype, Tensor]) -> dict[str, Tensor]:
    """The nodes of each type at the ends of edges, ascending."""
    found: dict[str, list[Tensor]] = {ntype: [] for ntype in graph.ntypes}
    for (s, _, d), eids in edges.items():
        adjacency = graph.adjacencies[(s, _, d)]
        found[s].append(adjacency.src[eids.long()])
        found[d].append(adjacency.dst[eids.long()])
    none = torch.empty(0, dtype=graph.idtype, device=graph.device)
    return {t: torch.unique(torch.cat([none, *parts])) for t, parts in found.items()}


def _induced(
    graph: Graph,
    edges: Mapping[CanonicalEtype, Tensor],
    nodes: Mapping[str, Tensor] | None,
    store_ids: bool,
) -> Graph:
    """The graph of some edges, between some nodes numbered anew, or between all of them."""
    places, src = {}, {}
    for ntype in graph.ntypes:
        frame = graph._frames.src[ntype]
        if nodes is None:
            src[ntype] = frame.copy()
            continue
        ids = nodes[ntype]
        places[ntype] = ids.new_zeros(frame.num_rows)
        places[ntype][ids.long()] = torch.arange(ids.numel(), dtype=ids.dtype, device=ids.device)
        src[ntype] = frame.take(ids)
        if store_ids:
            src[ntype][NID] = ids
    adjacencies, edge = {}, {}
    for etype, eids in edges.items():
        part = graph.adjacencies[etype].subset(eids)
        if nodes is not None:
            us = places[etype[0]][part.src.long()]
            vs = places[etype[2]][part.dst.long()]
            counts = (src[etype[0]].num_rows, src[etype[2]].num_rows)
            part = Adjacency.from_coo(us, vs, *counts)
        adjacencies[etype] = part
        edge[etype] = graph._frames.edge[etype].take(eids)
        if store_ids:
            edge[etype][EID] = eids
    return _assembled(graph, graph._meta, adjacencies, Frames(src, src, edge))


# ---- arguments


def _refuse_block(graph: Graph) -> None:
    if graph.is_block:
        raise GraphValueError("A block has no subgraphs of nodes or edges: take them before.")


def _listed(value: Any, what: str) -> Iterable[Any]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise GraphTypeError(f"{what} are a list, but {_checks.kind(value)} came.")
    return value


def _by_ntype(graph: Graph, nodes: Any) -> dict[str, Tensor]:
    """Checked ids of every node type; none where the user named none."""
    given = nodes if isinstance(nodes, Mapping) else {graph._meta.ntype(None): nodes}
    found = {graph._meta.ntype(ntype): value for ntype, value in given.items()}
    return {
        ntype: _checks.ids_or_mask(
            found.get(ntype, []),
            graph.idtype,
            graph.device,
            graph.num_nodes(ntype),
            f"Ids of nodes of type {ntype!r}",
        )
        for ntype in graph.ntypes
    }


def _by_etype(graph: Graph, edges: Any) -> dict[CanonicalEtype, Tensor]:
    """Checked ids of every edge type; none where the user named none."""
    given = edges if isinstance(edges, Mapping) else {graph._meta.etype(None): edges}
    found = {graph._meta.etype(etype): value for etype, value in given.items()}
    checked = {}
    for etype, adjacency in graph.adjacencies.items():
        value = found.get(etype, [])
        if _checks.is_mask(value):
            value = _checks.ids_or_mask(
                value, graph.idtype, graph.device, adjacency.num_edges, f"edges of type {etype}"
            )
        eids = graph.edge_argument(value, etype)
        if eids is None:
            eids = torch.arange(adjacency.num_edges, dtype=graph.idtype, device=graph.device)
        checked[etype] = eids
    return checked
