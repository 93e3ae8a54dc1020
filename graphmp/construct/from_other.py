"""Making graphs from SciPy matrices and NetworkX graphs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _checks
from .._storage.metagraph import UNNAMED, CanonicalEtype
from ..errors import GraphIndexError, GraphKeyError, GraphTypeError, GraphValueError
from ..graph import Graph
from . import attributes
from .from_edges import graph, heterograph


def from_scipy(
    sp_mat: Any,
    eweight_name: str | None = None,
    idtype: torch.dtype | None = None,
    device: Any = None,
) -> Graph:
    """Make a graph of a sparse matrix: entry (i, j) is an edge from i to j.

    Args:
        sp_mat: square SciPy sparse matrix or array; every stored entry counts, zeros too.
        eweight_name: the edge feature to write the values to; by default they are dropped.
        idtype: int32 or int64 (the default).
        device: the device of the graph.

    Raises:
        GraphTypeError: not a sparse matrix.
        GraphValueError: not square.

    Example:
        >>> import scipy.sparse, graphmp as gm
        >>> matrix = scipy.sparse.coo_matrix(([0.5], ([0], [1])), shape=(2, 2))
        >>> gm.from_scipy(matrix, eweight_name="w").edata["w"]
        tensor([0.5000], dtype=torch.float64)
    """
    entries = _entries(sp_mat)
    rows, columns = entries.shape
    if rows != columns:
        raise GraphValueError(
            f"Expected a square matrix, got {rows} x {columns}; for two node types use "
            "bipartite_from_scipy."
        )
    return _from_entries(entries, UNNAMED[2], eweight_name, idtype, device)


def bipartite_from_scipy(
    sp_mat: Any,
    utype: str,
    etype: str,
    vtype: str,
    eweight_name: str | None = None,
    idtype: torch.dtype | None = None,
    device: Any = None,
) -> Graph:
    """Make a graph between two node types of a sparse matrix: rows are sources.

    Args:
        sp_mat: SciPy sparse matrix or array; every stored entry counts, zeros too.
        utype: the sources' type.
        etype: the relation's name.
        vtype: the destinations' type, another than ``utype``.
        eweight_name: the edge feature to write the values to; by default they are dropped.
        idtype: int32 or int64 (the default).
        device: the device of the graph.

    Raises:
        GraphTypeError: not a sparse matrix.
        GraphValueError: one type at both ends.

    Example:
        >>> import graphmp as gm, scipy.sparse as sp
        >>> g = gm.bipartite_from_scipy(sp.coo_array([[0, 1], [1, 1]]), "user", "buys", "game")
        >>> g.edges()
        (tensor([0, 1, 1]), tensor([1, 0, 1]))
    """
    _check_types(utype, vtype)
    return _from_entries(_entries(sp_mat), (utype, etype, vtype), eweight_name, idtype, device)


def _entries(sp_mat: Any) -> Any:
    from scipy import sparse

    if not sparse.issparse(sp_mat):
        raise GraphTypeError(
            f"Expected a SciPy sparse matrix, got {type(sp_mat).__name__}; call "
            "scipy.sparse.coo_matrix on it."
        )
    is_grouped = sp_mat.format in ("csr", "csc")
    try:
        if hasattr(sp_mat, "indptr"):  # unchecked, SciPy reads and writes beyond the arrays
            sp_mat.check_format(full_check=not is_grouped)
        if sp_mat.format == "bsr" and (np.diff(sp_mat.indptr) < 0).any():
            raise GraphValueError("indptr descends")  # SciPy does not look at it without entries
        entries = sp_mat if is_grouped else sp_mat.tocoo()
    except Exception as error:  # SciPy raises anything on parts that do not fit
        raise GraphValueError(_unfit(error)) from error
    if len(entries.shape) != 2:
        raise GraphValueError(f"Expected a matrix, got an array of shape {entries.shape}.")
    return entries


def _from_entries(
    entries: Any,
    etype: CanonicalEtype,
    eweight_name: str | None,
    idtype: torch.dtype | None,
    device: Any,
) -> Graph:
    """A graph of a matrix; what SciPy has not checked of its parts is checked here."""
    counts = dict(zip((etype[0], etype[2]), map(int, entries.shape), strict=True))
    where = None if device is None else _checks.device(device)
    try:
        edges = {etype: _data(entries)}
        g = heterograph(edges, counts, idtype=idtype or torch.int64, device=where)
    except (GraphIndexError, GraphValueError) as error:
        if entries.format == "coo":
            raise
        raise GraphValueError(_unfit(error)) from error
    if eweight_name is not None:
        g.edata[eweight_name] = _values(entries).to(g.device)
    return g


def _unfit(error: Exception) -> str:
    """The message about a matrix for whose parts another error was raised."""
    reason = str(error).removesuffix(".")
    return f"Expected a sparse matrix whose parts fit together, got: {reason}."


def _values(entries: Any) -> Tensor:
    """The values of a matrix, in a tensor of their own."""
    try:
        return torch.from_numpy(entries.data.copy())
    except TypeError as error:
        raise GraphTypeError(
            "Expected a matrix of a dtype that torch has, got values of "
            f"{entries.data.dtype}; convert it by astype."
        ) from error


def _data(entries: Any) -> tuple[Any, ...]:
    """The entries of a matrix as edges in the layout that they have."""
    if entries.format == "coo":
        return entries.row, entries.col
    return entries.format, (entries.indptr, entries.indices, entries.indices[:0])


def _check_types(utype: str, vtype: str) -> None:
    if utype == vtype:
        raise GraphValueError(f"The two ends need different types, but both are {utype!r}.")


def from_networkx(
    nx_graph: Any,
    node_attrs: Iterable[str] | None = None,
    edge_attrs: Iterable[str] | None = None,
    edge_id_attr_name: str | None = None,
    idtype: torch.dtype | None = None,
    device: Any = None,
) -> Graph:
    """Make a graph of a NetworkX graph.

    Nodes are numbered in sorted order of their labels, or in the graph's order when the labels
    cannot be sorted. An undirected edge becomes two.

    Args:
        nx_graph: NetworkX graph, directed or not, with or without parallel edges.
        node_attrs: node attributes to copy to features; numbers, lists, arrays or tensors.
        edge_attrs: edge attributes to copy to features.
        edge_id_attr_name: the edge attribute that holds the edge ids, of a directed graph.
        idtype: int32 or int64 (the default).
        device: the device of the graph.

    Raises:
        GraphKeyError: a node or edge without an attribute that was asked for.
        GraphValueError: edge ids that are not each of 0 to E - 1 once, or an undirected graph
            with edge ids.

    Example:
        >>> import networkx, graphmp as gm
        >>> gm.from_networkx(networkx.path_graph(3)).edges()
        (tensor([0, 1, 1, 2]), tensor([1, 0, 2, 1]))
    """
    _check_networkx(nx_graph)
    nodes = _sorted(nx_graph.nodes)
    edges = _edges(nx_graph, edge_id_attr_name)
    ids = {node: i for i, node in enumerate(nodes)}
    ends = ([ids[u] for u, _, _ in edges], [ids[v] for _, v, _ in edges])
    g = graph(ends, num_nodes=len(nodes), idtype=idtype or torch.int64, device=device)
    rows = nx_graph.nodes
    for name in _checks.field_names(node_attrs, "node_attrs"):
        g.ndata[name] = attributes.column([rows[node] for node in nodes], name, "node").to(g.device)
    for name in _checks.field_names(edge_attrs, "edge_attrs"):
        g.edata[name] = attributes.column([d for _, _, d in edges], name, "edge").to(g.device)
    return g


def bipartite_from_networkx(
    nx_graph: Any,
    utype: str,
    etype: str,
    vtype: str,
    u_attrs: Iterable[str] | None = None,
    e_attrs: Iterable[str] | None = None,
    v_attrs: Iterable[str] | None = None,
    edge_id_attr_name: str | None = None,
    idtype: torch.dtype | None = None,
    device: Any = None,
) -> Graph:
    """Make a graph between two node types of a NetworkX graph.

    A node's attribute ``bipartite`` says its side: 0 for sources, 1 for destinations. Edges go
    from 0 to 1; an undirected graph gives each edge once.

    Args:
        nx_graph: NetworkX graph.
        utype: the sources' type.
        etype: the relation's name.
        vtype: the destinations' type, another than ``utype``.
        u_attrs: attributes of sources to copy to features.
        e_attrs: attributes of edges to copy to features.
        v_attrs: attributes of destinations to copy to features.
        edge_id_attr_name: the edge attribute that holds the edge ids.
        idtype: int32 or int64 (the default).
        device: the device of the graph.

    Raises:
        GraphKeyError: a node or edge without an attribute that was asked for.
        GraphValueError: an edge that does not go from side 0 to side 1.

    Example:
        >>> import graphmp as gm, networkx as nx
        >>> pairs = nx.complete_bipartite_graph(2, 1)
        >>> gm.bipartite_from_networkx(pairs, "user", "buys", "game").edges()
        (tensor([0, 1]), tensor([0, 0]))
    """
    _check_types(utype, vtype)
    _check_networkx(nx_graph)
    sides: dict[Any, list[Any]] = {0: [], 1: []}
    for node, own in nx_graph.nodes(data=True):
        if not _is_int(own.get("bipartite")) or own["bipartite"] not in sides:
            raise GraphKeyError(f"Node {node!r} needs an attribute 'bipartite' of 0 or 1.")
        sides[own["bipartite"]].append(node)
    us, vs = _sorted(sides[0]), _sorted(sides[1])
    u_ids = {node: i for i, node in enumerate(us)}
    v_ids = {node: i for i, node in enumerate(vs)}
    edges = _edges(nx_graph, edge_id_attr_name, once=True)
    if not nx_graph.is_directed():
        edges = [(u, v, d) if u in u_ids else (v, u, d) for u, v, d in edges]
    for u, v, _ in edges:
        if u not in u_ids or v not in v_ids:
            raise GraphValueError(f"Edge {u!r} -> {v!r} does not go from side 0 to side 1.")
    ends = ([u_ids[u] for u, _, _ in edges], [v_ids[v] for _, v, _ in edges])
    counts = {utype: len(us), vtype: len(vs)}
    relation = {(utype, etype, vtype): ends}
    g = heterograph(relation, counts, idtype=idtype or torch.int64, device=device)
    for ntype, nodes, attrs in ((utype, us, u_attrs), (vtype, vs, v_attrs)):
        for name in _checks.field_names(attrs, "attributes of nodes"):
            values = [nx_graph.nodes[node] for node in nodes]
            g.nodes[ntype].data[name] = attributes.column(values, name, "node").to(g.device)
    for name in _checks.field_names(e_attrs, "e_attrs"):
        g.edata[name] = attributes.column([d for _, _, d in edges], name, "edge").to(g.device)
    return g


def _check_networkx(nx_graph: Any) -> None:
    if not (hasattr(nx_graph, "nodes") and hasattr(nx_graph, "is_directed")):
        raise GraphTypeError(f"Expected a NetworkX graph, got {_checks.kind(nx_graph)}.")


def _is_int(value: Any) -> bool:
    return isinstance(value, (int, np.integer))


def _alone(value: Any) -> Any:
    """The number in an array or tensor of one, and any other value as it is."""
    is_one = isinstance(value, (np.ndarray, Tensor)) and len(value.reshape(-1)) == 1
    return value.item() if is_one else value


def _sorted(nodes: Iterable[Any]) -> list[Any]:
    listed = list(nodes)
    try:
        return sorted(listed)
    except TypeError:
        return listed


def _both_ways(nx_graph: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Edges with their attributes, an undirected one from each of its ends."""
    for u, neighbours in nx_graph.adjacency():
        for v, data in neighbours.items():
            for attrs in data.values() if nx_graph.is_multigraph() else (data,):
                yield u, v, attrs


def _edges(nx_graph: Any, id_name: str | None, once: bool = False) -> list[tuple[Any, Any, Any]]:
    """Edges with their attributes, in the order of the ids that an attribute gives."""
    directed = nx_graph.is_directed()
    if id_name is not None and not directed and not once:
        raise GraphValueError(
            "Edge ids need a directed graph, since an undirected edge becomes two: call "
            ".to_directed() on it and number its edges."
        )
    edges = list(nx_graph.edges(data=True)) if once else list(_both_ways(nx_graph))
    if id_name is None:
        return edges
    ids = list(map(_alone, attributes.values([d for _, _, d in edges], id_name, "edge")))
    if not all(map(_is_int, ids)) or sorted(ids) != list(range(len(edges))):
        raise GraphValueError(
            f"Edge ids in {id_name!r} must be each of 0 to {len(edges) - 1} once."
        )
    return [edge for _, edge in sorted(zip(ids, edges, strict=True), key=lambda pair: pair[0])]
