"""Between graphs of several types and graphs of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._graph.frames import Frames
from .._graph.state import assembled
from .._storage.adjacency import Adjacency
from .._storage.frame import EID, ETYPE, NID, NTYPE, Frame
from .._storage.metagraph import (
    DEFAULT_ETYPE,
    DEFAULT_NTYPE,
    CanonicalEtype,
    Metagraph,
    listed,
    of_type,
)
from ..construct.from_edges import heterograph
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..graph import Graph
from ..kernels.segments import chunks, positions_where


def to_homogeneous(
    G: Graph,  # noqa: N803
    ndata: Iterable[str] | None = None,
    edata: Iterable[str] | None = None,
    store_type: bool = True,
    return_count: bool = False,
) -> Any:
    """Make one node type and one edge type of all.

    Nodes are numbered type after type, and edges likewise, in the order of type ids.

    Args:
        G: a graph that is not a block.
        ndata: node features to concatenate; every node type that has nodes must have
            them.
        edata: edge features to concatenate; every edge type that has edges must have
            them.
        store_type: write type ids, int64, to ``"_TYPE"``, beside ids within the type in ``"_ID"``.
        return_count: also return how many nodes and edges each type has.

    Returns:
        The graph; with ``return_count`` a tuple of it, a list of numbers of nodes and one of edges.

    Raises:
        GraphKeyError: a feature that some type does not have.
        GraphValueError: a block, or features of different shapes.

    Example:
        >>> import graphmp as gm
        >>> g = gm.heterograph({("a", "x", "b"): ([0, 1], [0, 0])})
        >>> one = gm.to_homogeneous(g)
        >>> one.edges(), one.ndata["_TYPE"]
        ((tensor([0, 1]), tensor([2, 2])), tensor([0, 0, 1]))
    """
    g = _checks.graph(G)
    if g.is_block:
        raise GraphValueError(
            "Expected a graph that is not a block, got a block; convert the graph that it was made "
            "of."
        )
    counts = [g.num_nodes(t) for t in g.ntypes]
    start = dict(zip(g.ntypes, [sum(counts[:i]) for i in range(len(counts))], strict=True))
    parts = g.adjacencies.items()
    us = _joined([a.src for _, a in parts], [start[t[0]] for t, _ in parts], g)
    vs = _joined([a.dst for _, a in parts], [start[t[2]] for t, _ in parts], g)
    etype = (DEFAULT_NTYPE, DEFAULT_ETYPE, DEFAULT_NTYPE)
    nodes = _stacked([g._frames.src[t] for t in g.ntypes], ndata, NTYPE, NID, store_type, g)
    edges = _stacked([g._frames.edge[t] for t in g.adjacencies], edata, ETYPE, EID, store_type, g)
    nodes.owner, edges.owner = "nodes", "edges"
    adjacency = Adjacency.from_coo(us, vs, sum(counts), sum(counts))
    both = {DEFAULT_NTYPE: nodes}
    meta = Metagraph([etype], [DEFAULT_NTYPE])
    one = assembled(g, meta, {etype: adjacency}, Frames(both, both, {etype: edges}))
    if not return_count:
        return one
    return one, counts, [a.num_edges for a in g.adjacencies.values()]


def _joined(parts: Sequence[Tensor], starts: Sequence[int], g: Graph) -> Tensor:
    """Ids of several types, each type numbered from its start."""
    rows = [len(part) for part in parts]
    out = torch.empty(sum(rows), dtype=g.idtype, device=g.device)
    for part, start, own in zip(parts, starts, torch.split(out, rows), strict=True):
        torch.add(part, start, out=own)
    return out


def _stacked(
    frames: Sequence[Frame],
    names: Iterable[str] | None,
    type_field: str,
    id_field: str,
    store_type: bool,
    g: Graph,
) -> Frame:
    """One frame of several, with type ids and ids within the type."""
    rows = [frame.num_rows for frame in frames]
    one = Frame(sum(rows), g.device, "")
    for name in _checks.field_names(names, "features"):
        counted = [frame for frame in frames if frame.num_rows]  # a type without rows needs none
        columns = [frame[name] for frame in counted or frames if counted or name in frame]
        if len({column.shape[1:] for column in columns}) > 1:
            raise GraphValueError(
                f"Expected field {name!r} with one shape in all types, got several."
            )
        if columns:
            one[name] = torch.cat(columns)
    ids = torch.empty(sum(rows), dtype=g.idtype, device=g.device)
    kinds = torch.empty_like(ids, dtype=torch.int64)
    for kind, (own_ids, own_kinds) in enumerate(
        zip(torch.split(ids, rows), torch.split(kinds, rows), strict=True)
    ):
        torch.arange(len(own_ids), out=own_ids)
        own_kinds.fill_(kind)
    one[id_field] = ids
    if store_type:
        one[type_field] = kinds
    return one


def to_heterogeneous(
    G: Graph,  # noqa: N803
    ntypes: Sequence[str],
    etypes: Sequence[str],
    ntype_field: str = NTYPE,
    etype_field: str = ETYPE,
    metagraph: Any = None,
) -> Graph:
    """Make several node and edge types of one, by type ids in features.

    Args:
        G: a graph of one node and one edge type.
        ntypes: the names of node type ids 0, 1, 2, …
        etypes: the names of edge type ids 0, 1, 2, …
        ntype_field: node feature (N,) of type ids.
        etype_field: edge feature (E,) of type ids.
        metagraph: a ``networkx.MultiDiGraph``, as :meth:`graphmp.Graph.metagraph` returns it, of
            the relations that the result has; by default those that edges have.

    Returns:
        A graph whose other features are those of ``G``, with ids of ``G`` in ``"_ID"``. An edge
        type between several pairs of node types becomes one relation for each pair.

    Raises:
        GraphKeyError: an unknown feature, a type id without a name, or a type of ``metagraph``
            that is not among the names.
        GraphTypeError: a ``metagraph`` that is not one.
        GraphValueError: a graph of several types, or an edge that is not in ``metagraph``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> g.ndata["_TYPE"], g.edata["_TYPE"] = torch.tensor([0, 0, 1]), torch.tensor([0, 0])
        >>> gm.to_heterogeneous(g, ["a", "b"], ["x"]).canonical_etypes
        [('a', 'x', 'b')]
    """
    g = G
    if not g.is_homogeneous:
        raise GraphValueError(
            f"Expected a graph of one node and one edge type, got {listed(g.canonical_etypes)}."
        )
    kinds = _named(g.ndata[ntype_field], ntypes, "node")
    names = _named(g.edata[etype_field], etypes, "edge")
    node_ids = [positions_where(kinds == i, g.idtype) for i in range(len(ntypes))]
    local = kinds.new_zeros(kinds.shape, dtype=g.idtype)
    for ids in node_ids:
        local[ids.long()] = g._arange(ids.numel())
    edges, eids_by_type = {}, {}
    eids_by_key = _by_key(g, kinds, names, len(ntypes))
    for etype, own in _relations(list(eids_by_key), ntypes, etypes, metagraph).items():
        eids = torch.cat([local[:0], *(eids_by_key[key] for key in own)])
        eids = eids.sort().values if len(own) > 1 else eids
        ends = (end.index_select(0, eids) for end in (g.adjacency.src, g.adjacency.dst))
        edges[etype] = tuple(local.index_select(0, end) for end in ends)
        eids_by_type[etype] = eids
    counts = {name: ids.numel() for name, ids in zip(ntypes, node_ids, strict=True)}
    hetero = heterograph(edges, counts, idtype=g.idtype, device=g.device)
    for name, ids in zip(ntypes, node_ids, strict=True):
        _carry(g.ndata, hetero.nodes[name].data, ids, ntype_field, NID)
    for etype, eids in eids_by_type.items():
        _carry(g.edata, hetero.edges[etype].data, eids, etype_field, EID)
    return hetero


def _by_key(g: Graph, kinds: Tensor, names: Tensor, num_ntypes: int) -> dict[int, Tensor]:
    """The edges of each relation: their ids by its key, see :func:`_relations`; both ascend."""
    edges, dtype = g.adjacency, torch.int64

    def keys(part: slice) -> Tensor:
        source, target = (kinds.index_select(0, end[part]) for end in (edges.src, edges.dst))
        return (names[part].to(dtype) * num_ntypes + source) * num_ntypes + target

    parts = [torch.unique(keys(part)) for part in chunks(edges.num_edges)]
    present = torch.unique(torch.cat([kinds.new_empty(0, dtype=dtype), *parts]))
    numbers = torch.empty_like(edges.src)
    for part in chunks(edges.num_edges):
        numbers[part] = torch.searchsorted(present, keys(part))
    indptr, eids = kernels.group(numbers, len(present))
    return dict(zip(present.tolist(), torch.split(eids, indptr.diff().tolist()), strict=True))


def _relations(
    keys: list[int], ntypes: Sequence[str], etypes: Sequence[str], metagraph: Any
) -> dict[CanonicalEtype, list[int]]:
    """The keys of each relation, ``(edge type id * node types + source id) * … + target id``."""
    present: dict[CanonicalEtype, list[int]] = {}
    for key in keys:
        rest, target = divmod(key, len(ntypes))
        name, source = divmod(rest, len(ntypes))
        present.setdefault((ntypes[source], etypes[name], ntypes[target]), []).append(key)
    if metagraph is None:
        return present
    triples = _triples(metagraph)
    for triple in triples:
        s, relation, d = triple
        if s not in ntypes or d not in ntypes or relation not in etypes:
            raise GraphKeyError(
                f"Expected a metagraph of node types {listed(ntypes)} and edge types "
                f"{listed(etypes)}, got relation {triple}."
            )
    others = [triple for triple in present if triple not in triples]
    if others:
        raise GraphValueError(
            f"Expected edges of the relations of the metagraph, {listed(triples)}, got edges of "
            f"{listed(others)}."
        )
    return {triple: present.get(triple, []) for triple in triples}


def _triples(metagraph: Any) -> list[CanonicalEtype]:
    """The relations of a metagraph as NetworkX has it."""
    if not (callable(getattr(metagraph, "is_multigraph", None)) and metagraph.is_multigraph()):
        raise GraphTypeError(
            f"Expected metagraph as a networkx.MultiDiGraph, got {_checks.kind(metagraph)}."
        )
    return [(s, name, d) for s, d, name in metagraph.edges(keys=True)]


def _named(types: Tensor, names: Sequence[str], what: str) -> Tensor:
    ids = (types if types.dtype in _checks.ID_DTYPES else types.long()).view(-1)
    if ids.numel() and (int(ids.max()) >= len(names) or int(ids.min()) < 0):
        raise GraphKeyError(
            f"Expected ids of the {len(names)} named {what} types, got "
            f"{int(ids.max()) if int(ids.min()) >= 0 else int(ids.min())}."
        )
    return ids


def _carry(old: Any, new: Any, ids: Tensor, skipped: str, id_field: str) -> None:
    """Copy features of the rows ``ids``, and the ids themselves."""
    for name in old:
        if name not in (skipped, id_field):
            new[name] = old[name].index_select(0, ids)
    new[id_field] = ids


def block_to_graph(block: Graph) -> Graph:
    """Make a bipartite graph of a block.

    Args:
        block: a block.

    Returns:
        A graph over the same tensors, in which node type ``x`` of the sources is ``x_src`` and of
        the destinations ``x_dst``.

    Raises:
        GraphValueError: a graph that is not a block.

    Example:
        >>> import graphmp as gm
        >>> gm.block_to_graph(gm.create_block(([0, 1], [0, 0]))).canonical_etypes
        [('_N_src', '_E', '_N_dst')]
    """
    if not _checks.graph(block).is_block:
        raise GraphValueError("Expected a block, got a graph that is not one.")
    new_types = {t: (f"{t[0]}_src", t[1], f"{t[2]}_dst") for t in block.canonical_etypes}
    frames, nodes = block._frames, {}
    for side, by_type in (("src", frames.src), ("dst", frames.dst)):
        for ntype, frame in by_type.items():
            nodes[f"{ntype}_{side}"] = _owned(frame, f"nodes of type '{ntype}_{side}'")
    edges = {n: _owned(frames.edge[t], f"edges{of_type(n)}") for t, n in new_types.items()}
    adjacencies = {new_types[etype]: part for etype, part in block.adjacencies.items()}
    meta = Metagraph(new_types.values(), nodes)
    return assembled(block, meta, adjacencies, Frames(nodes, nodes, edges))


def _owned(frame: Frame, owner: str) -> Frame:
    """A copy of a frame for another type."""
    new = frame.copy()
    new.owner = owner
    return new
