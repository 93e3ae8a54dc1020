"""Export: a graph's edges as sparse matrices, NetworkX graphs and edge indices."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._storage.frame import Frame
from ..errors import GraphKeyError, GraphValueError
from ..sparse import SparseMatrix, to_torch_sparse_coo
from .structure import Structure


def to_edge_index(graph: Structure, etype: Any = None) -> Tensor:
    """The edges as one tensor of sources and destinations.

    Args:
        graph: any graph.
        etype: the edge type; not needed when there is one.

    Returns:
        (2, E) of the id type, in edge id order.

    Example:
        >>> import graphmp as gm
        >>> gm.to_edge_index(gm.graph(([0, 1], [1, 2])))
        tensor([[0, 1],
                [1, 2]])
    """
    adjacency = graph.adjacency_of(etype)
    return torch.stack([adjacency.src, adjacency.dst])


def adj(graph: Structure, etype: Any = None, eweight_name: str | None = None) -> SparseMatrix:
    """The adjacency matrix; rows are sources, columns destinations.

    Args:
        graph: any graph.
        etype: the edge type; not needed when there is one.
        eweight_name: the edge feature (E,) or (E, D) to take the values from; by default ones.

    Returns:
        Sparse matrix (num_src, num_dst) with an entry for each edge, in edge id order. It shares
        the layouts of the graph.

    Raises:
        GraphKeyError: an unknown edge feature.
        GraphValueError: a feature of more than two dimensions.

    Example:
        >>> import graphmp as gm
        >>> gm.graph(([0, 1], [1, 2])).adj().to_dense()
        tensor([[0., 1., 0.],
                [0., 0., 1.],
                [0., 0., 0.]])
    """
    etype = graph.to_canonical_etype(etype)
    adjacency = graph.adjacency_of(etype)
    if eweight_name is None:
        val = torch.ones(adjacency.num_edges, device=graph.device)
    else:
        val = graph._frames.edge[etype][eweight_name]
    return SparseMatrix(adjacency.reversed, val)


def adj_external(
    graph: Structure,
    transpose: bool = False,
    ctx: Any = "cpu",
    scipy_fmt: str | None = None,
    etype: Any = None,
) -> Any:
    """The adjacency matrix of ones, as a sparse tensor or a SciPy matrix.

    Args:
        graph: any graph.
        transpose: make rows destinations and columns sources.
        ctx: the device of the tensor.
        scipy_fmt: ``"coo"`` or ``"csr"`` for a SciPy matrix; None for a tensor.
        etype: the edge type; not needed when there is one.

    Returns:
        Sparse COO tensor of float32, or ``scipy.sparse`` matrix of the id type in which
        parallel edges are entries of their own; (num_src, num_dst) unless transposed.

    Raises:
        GraphValueError: another format.
    """
    if scipy_fmt is None:
        matrix = adj(graph, etype)
        return to_torch_sparse_coo(matrix.T if transpose else matrix).to(ctx)
    if scipy_fmt not in ("coo", "csr"):
        raise GraphValueError(f"Expected scipy_fmt to be 'coo' or 'csr', got {scipy_fmt!r}.")
    from scipy import sparse

    edges = graph.adjacency_of(etype).to(torch.device("cpu"))
    edges = edges.reversed if transpose else edges
    ones = torch.ones(edges.num_edges, dtype=graph.idtype).numpy()
    shape = (edges.num_src, edges.num_dst)
    if scipy_fmt == "coo":
        ends = (edges.src.numpy(), edges.dst.numpy())
        return sparse.coo_matrix((ones, ends), shape, copy=True)
    rows, columns = edges.csr.indptr.numpy(), edges.csr.indices.numpy()
    return sparse.csr_matrix((ones, columns, rows), shape, copy=True)


def adj_tensors(graph: Structure, fmt: str, etype: Any = None) -> tuple[Tensor, ...]:
    """The edges in one layout.

    Args:
        graph: any graph.
        fmt: ``"coo"``, ``"csr"`` or ``"csc"``.
        etype: the edge type; not needed when there is one.

    Returns:
        ``(u, v)`` for coo, else ``(indptr, indices, edge ids)``: copies.

    Raises:
        GraphValueError: another layout.
    """
    adjacency = graph.adjacency_of(etype)
    if fmt == "coo":
        return adjacency.src.clone(), adjacency.dst.clone()
    if fmt not in ("csr", "csc"):
        raise GraphValueError(f"Expected a layout 'coo', 'csr' or 'csc', got {fmt!r}.")
    return tuple(array.clone() for array in (adjacency.csr if fmt == "csr" else adjacency.csc))


def inc(graph: Structure, typestr: str, ctx: Any = "cpu", etype: Any = None) -> Tensor:
    """The incidence matrix as a sparse tensor: a row for each node, a column for each edge.

    Args:
        graph: any graph.
        typestr: ``"in"`` has 1 where the edge enters, ``"out"`` where it leaves, ``"both"`` 1
            where it enters and -1 where it leaves, 0 for a self-loop; between nodes of one type.
        ctx: the device of the result.
        etype: the edge type; not needed when there is one.

    Returns:
        Sparse COO tensor (N, E).

    Raises:
        GraphValueError: another ``typestr``, or ``"both"`` between two node types.
    """
    source, _, target = graph._meta.etype(etype)
    adjacency = graph.adjacency_of(etype)
    edges = torch.arange(adjacency.num_edges, device=graph.device)
    ones = torch.ones(adjacency.num_edges, device=graph.device)
    entering = torch.stack([adjacency.dst.long(), edges])
    leaving = torch.stack([adjacency.src.long(), edges])
    if typestr == "in":
        return _sparse(entering, ones, (adjacency.num_dst, adjacency.num_edges)).to(ctx)
    if typestr == "out":
        return _sparse(leaving, ones, (adjacency.num_src, adjacency.num_edges)).to(ctx)
    if typestr != "both" or graph.is_block or source != target:
        ends = "the ends of a block" if graph.is_block else f"{source!r} and {target!r}"
        raise GraphValueError(
            f"Expected typestr to be 'in' or 'out', or 'both' between nodes of one type, got "
            f"{typestr!r} between {ends}."
        )
    proper = adjacency.src != adjacency.dst
    index = torch.cat([leaving[:, proper], entering[:, proper]], 1)
    values = torch.cat([-ones[proper], ones[proper]])
    return _sparse(index, values, (adjacency.num_dst, adjacency.num_edges)).to(ctx)


def _sparse(index: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    return torch.sparse_coo_tensor(index, values, shape, check_invariants=False)


def to_networkx(
    g: Structure,
    node_attrs: Iterable[str] | None = None,
    edge_attrs: Iterable[str] | None = None,
    ntype_attr: str = "ntype",
    etype_attr: str = "etype",
    eid_attr: str = "id",
) -> Any:
    """Make a ``networkx.MultiDiGraph``.

    Nodes and edges are numbered from 0, type after type. With several types they have attributes
    with their types.

    Args:
        g: a graph that is not a block.
        node_attrs: node features to copy to attributes, a tensor each; types without one have no
            such attribute.
        edge_attrs: edge features to copy to attributes, likewise.
        ntype_attr: the attribute for a node's type.
        etype_attr: the attribute for an edge's canonical type.
        eid_attr: the attribute for an edge's number.

    Raises:
        GraphKeyError: a feature that no type has.
        GraphValueError: a block.

    Example:
        >>> import graphmp as gm
        >>> gm.to_networkx(gm.graph(([0, 1], [1, 2]))).edges(data="id")
        OutMultiEdgeDataView([(0, 1, 0), (1, 2, 1)])
    """
    import networkx as nx

    if g.is_block:
        raise GraphValueError(
            "Expected a graph that is not a block, got a block, whose ends are different nodes."
        )
    node_attrs = _existing(node_attrs, g._frames.src.values(), "nodes")
    edge_attrs = _existing(edge_attrs, g._frames.edge.values(), "edges")
    single = g.is_homogeneous
    result = nx.MultiDiGraph()
    start, numbers = {}, itertools.count()
    for ntype in g.ntypes:
        start[ntype] = result.number_of_nodes()
        fixed: dict[str, Any] = {} if single else {ntype_attr: ntype}
        for i, row in enumerate(_rows(g._frames.src[ntype], node_attrs)):
            result.add_node(start[ntype] + i, **fixed, **row)
    for etype, adjacency in g.adjacencies.items():
        u, v = adjacency.src + start[etype[0]], adjacency.dst + start[etype[2]]
        fixed = {} if single else {etype_attr: etype}
        rows = _rows(g._frames.edge[etype], edge_attrs)
        for a, b, row in zip(u.tolist(), v.tolist(), rows, strict=True):
            result.add_edge(a, b, **{eid_attr: next(numbers)}, **fixed, **row)
    return result


def _existing(names: Iterable[str] | None, frames: Iterable[Frame], what: str) -> list[str]:
    """Check that every name is a feature of some type."""
    known = sorted({name for frame in frames for name in frame})
    listed: list[str] = _checks.field_names(names, f"features of {what}")
    for name in listed:
        if name not in known:
            raise GraphKeyError(
                f"Expected a feature of some {what}, got {name!r}; they have: "
                f"{', '.join(map(repr, known)) or 'none'}."
            )
    return listed


def _rows(frame: Frame, names: list[str]) -> list[dict[str, Any]]:
    """The chosen features of each row of a frame, of those that it has."""
    columns = {name: frame[name].detach().cpu().unbind(0) for name in names if name in frame}
    return [{name: column[i] for name, column in columns.items()} for i in range(frame.num_rows)]
