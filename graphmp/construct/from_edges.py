"""Making graphs from edges: ``graph``, ``heterograph``, ``create_block``, and random ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _checks
from .._storage.metagraph import (
    DEFAULT_ETYPE,
    DEFAULT_NTYPE,
    CanonicalEtype,
    Metagraph,
    numbered,
)
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from .parse import Counts, build, checked_counts, counts_by_type, empty_place, parse


def graph(
    data: Any,
    *,
    num_nodes: int | None = None,
    idtype: torch.dtype | None = None,
    device: Any = None,
    row_sorted: bool = False,  # noqa: ARG001
    col_sorted: bool = False,  # noqa: ARG001
) -> Graph:
    """Make a graph of one node type and one edge type.

    Args:
        data: the edges, in the order of their ids, as one of: a tuple ``(u, v)`` of tensors,
            arrays or lists; a list of pairs; ``("coo", (u, v))``; ``("csr", (indptr, indices,
            eids))``, which groups edges by source; ``("csc", (indptr, indices, eids))``, which
            groups them by destination. Empty ``eids`` number the edges in their own order.
        num_nodes: the number of nodes; the largest id + 1 by default.
        idtype: int32 or int64; by default that of the tensors, int64 for lists.
        device: the device of the graph; by default that of the tensors.
        row_sorted: ignored, as edges are grouped in linear time anyway; for compatibility with
            DGL.
        col_sorted: ignored, likewise.

    Returns:
        The graph.

    Raises:
        GraphIndexError: a negative id, or one that is not below ``num_nodes``.
        GraphTypeError: ids that are not integers, or of two id types.
        GraphValueError: different numbers of sources and destinations.

    Example:
        >>> import graphmp as gm
        >>> gm.graph(([0, 1], [1, 2]))
        Graph(num_nodes=3, num_edges=2,
              ndata_schemes={}
              edata_schemes={})
    """
    etype = (DEFAULT_NTYPE, DEFAULT_ETYPE, DEFAULT_NTYPE)
    counts = None if num_nodes is None else {DEFAULT_NTYPE: _checks.size(num_nodes, "num_nodes")}
    return heterograph({etype: data}, counts, idtype=idtype, device=device)


def heterograph(
    data_dict: Mapping[CanonicalEtype, Any],
    num_nodes_dict: Mapping[str, int] | None = None,
    idtype: torch.dtype | None = None,
    device: Any = None,
) -> Graph:
    """Make a graph of several node or edge types.

    Args:
        data_dict: for each ``(source type, name, destination type)`` the edges, as :func:`graph`
            takes them.
        num_nodes_dict: the number of nodes of each type; the largest id + 1 by default.
        idtype: int32 or int64; by default that of the tensors, int64 for lists.
        device: the device of the graph; by default that of the tensors.

    Returns:
        The graph; its types are sorted.

    Raises:
        GraphIndexError: a negative id, or one that is not below the number of nodes.
        GraphTypeError: a key that is no triple of strings, ids that are not integers.
        GraphValueError: different numbers of sources and destinations, two devices, or a node
            type missing in ``num_nodes_dict``.

    Example:
        >>> import graphmp as gm
        >>> g = gm.heterograph({
        ...     ("user", "follows", "user"): ([0, 1], [1, 2]),
        ...     ("user", "plays", "game"): ([0, 2], [1, 0]),
        ... })
        >>> g.num_nodes("user"), g.num_edges("plays")
        (3, 2)
    """
    edges = parse(data_dict, idtype, device)
    counts: Counts = {}
    for (s, _, d), (_, _, num_src, num_dst) in edges.items():
        counts[s] = max(counts.get(s, 0), num_src)
        counts[d] = max(counts.get(d, 0), num_dst)
    if num_nodes_dict is not None:
        counts = checked_counts(counts, num_nodes_dict, "num_nodes_dict")
    adjacencies = {
        etype: build(layout, parts, counts[etype[0]], counts[etype[2]])
        for etype, (layout, parts, _, _) in edges.items()
    }
    meta = numbered(edges, counts)
    return Graph(meta, adjacencies, counts, **empty_place(idtype, device))


def create_block(
    data_dict: Any,
    num_src_nodes: Any = None,
    num_dst_nodes: Any = None,
    idtype: torch.dtype | None = None,
    device: Any = None,
) -> Graph:
    """Make a block: a graph whose sources and destinations are different nodes.

    Args:
        data_dict: the edges, as :func:`graph` takes them; or a dict of them by ``(source type,
            name, destination type)``.
        num_src_nodes: the number of sources, or a dict by type; the largest id + 1 by default.
        num_dst_nodes: the number of destinations, or a dict by type; likewise.
        idtype: int32 or int64; by default that of the tensors, int64 for lists.
        device: the device of the block; by default that of the tensors.

    Returns:
        A graph with ``is_block``; features are in ``srcdata``, ``dstdata`` and ``edata``.

    Raises:
        GraphIndexError: a negative id, or one that is not below the number of nodes.
        GraphTypeError: ids that are not integers.
        GraphValueError: different numbers of sources and destinations.

    Example:
        >>> import graphmp as gm
        >>> gm.create_block(([0, 1, 2], [0, 0, 1]), num_src_nodes=4, num_dst_nodes=2)
        Block(num_src_nodes=4, num_dst_nodes=2, num_edges=3)
    """
    if not isinstance(data_dict, _checks.AnyMapping):
        data_dict = {(DEFAULT_NTYPE, DEFAULT_ETYPE, DEFAULT_NTYPE): data_dict}
    edges = parse(data_dict, idtype, device)
    src: Counts = {}
    dst: Counts = {}
    for (s, _, d), (_, _, num_src, num_dst) in edges.items():
        src[s] = max(src.get(s, 0), num_src)
        dst[d] = max(dst.get(d, 0), num_dst)
    if num_src_nodes is not None:
        src = checked_counts(
            src, counts_by_type(num_src_nodes, src, "num_src_nodes"), "num_src_nodes"
        )
    if num_dst_nodes is not None:
        dst = checked_counts(
            dst, counts_by_type(num_dst_nodes, dst, "num_dst_nodes"), "num_dst_nodes"
        )
    adjacencies = {
        etype: build(layout, parts, src[etype[0]], dst[etype[2]])
        for etype, (layout, parts, _, _) in edges.items()
    }
    meta = Metagraph(sorted(edges), sorted(src), sorted(dst))
    return Graph(meta, adjacencies, src, dst, **empty_place(idtype, device))


def from_edge_index(
    edge_index: Any,
    num_nodes: int | None = None,
    *,
    idtype: torch.dtype | None = None,
    device: Any = None,
) -> Graph:
    """Make a graph of a ``[2, E]`` tensor of sources and destinations.

    Args:
        edge_index: (2, E) integers.
        num_nodes: the number of nodes; the largest id + 1 by default.
        idtype: int32 or int64; by default that of the tensor.
        device: the device of the graph; by default that of the tensor.

    Raises:
        GraphValueError: another shape.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.from_edge_index(torch.tensor([[0, 1], [1, 2]])).num_nodes()
        3
    """
    if not isinstance(edge_index, (Tensor, np.ndarray, list, tuple)):
        raise GraphTypeError(
            f"Expected edge_index as a tensor of shape (2, E), got {_checks.kind(edge_index)}."
        )
    if isinstance(edge_index, (list, tuple)):
        shape: tuple[int, ...] = (len(edge_index),)
    else:
        shape = tuple(edge_index.shape)
    if shape[:1] != (2,) or len(shape) > 2:
        raise GraphValueError(f"Expected edge_index of shape (2, E), got {shape}.")
    ends = (edge_index[0], edge_index[1])
    return graph(ends, num_nodes=num_nodes, idtype=idtype, device=device)


def rand_graph(
    num_nodes: int,
    num_edges: int,
    idtype: torch.dtype = torch.int64,
    device: Any = None,
) -> Graph:
    """Make a graph of different random edges, uniformly among all pairs, self-loops included.

    ``torch.manual_seed`` decides which.

    Args:
        num_nodes: the number of nodes.
        num_edges: the number of edges, at most ``num_nodes`` squared.
        idtype: int32 or int64.
        device: the device of the graph.

    Raises:
        GraphValueError: more edges than pairs, or a negative number.

    Example:
        >>> import graphmp as gm
        >>> gm.rand_graph(10, 30).num_edges()
        30
    """
    nodes = _checks.size(num_nodes, "num_nodes")
    ends = _random_pairs(nodes, nodes, _checks.size(num_edges, "num_edges"))
    return graph(ends, num_nodes=nodes, idtype=idtype, device=device)


def rand_bipartite(
    utype: str,
    etype: str,
    vtype: str,
    num_src_nodes: int,
    num_dst_nodes: int,
    num_edges: int,
    idtype: torch.dtype = torch.int64,
    device: Any = None,
) -> Graph:
    """Make a bipartite graph of different random edges, uniformly among all pairs.

    Args:
        utype: the sources' type.
        etype: the relation's name.
        vtype: the destinations' type.
        num_src_nodes: the number of sources.
        num_dst_nodes: the number of destinations.
        num_edges: the number of edges, at most the number of pairs.
        idtype: int32 or int64.
        device: the device of the graph.

    Raises:
        GraphValueError: more edges than pairs, a negative number, or one type at both ends.

    Example:
        >>> import graphmp as gm
        >>> gm.rand_bipartite("user", "buys", "game", 5, 4, 10).canonical_etypes
        [('user', 'buys', 'game')]
    """
    if utype == vtype:
        raise GraphValueError(f"Expected two different node types, got {utype!r} at both ends.")
    counts = {
        utype: _checks.size(num_src_nodes, "num_src_nodes"),
        vtype: _checks.size(num_dst_nodes, "num_dst_nodes"),
    }
    ends = _random_pairs(counts[utype], counts[vtype], _checks.size(num_edges, "num_edges"))
    return heterograph({(utype, etype, vtype): ends}, counts, idtype=idtype, device=device)


def _random_pairs(num_src: int, num_dst: int, num_edges: int) -> tuple[Tensor, Tensor]:
    """Different pairs in random order."""
    pairs = num_src * num_dst
    if pairs >= 2**63:
        raise GraphValueError(f"Expected fewer than 2**63 pairs of nodes, got {pairs}.")
    if num_edges > pairs:
        raise GraphValueError(
            f"Expected at most {pairs} edges, one for each pair of nodes, got {num_edges}."
        )
    if 4 * num_edges > pairs:
        keys = torch.randperm(pairs, device="cpu")[:num_edges]
    else:
        keys = torch.empty(0, dtype=torch.int64, device="cpu")
        while keys.numel() < num_edges:  # at most a quarter of the pairs are drawn, so few rounds
            more = torch.randint(pairs, (num_edges - keys.numel(),), device="cpu")
            keys = torch.unique(torch.cat([keys, more]))
        keys = keys[torch.randperm(num_edges, device="cpu")]
    return keys.div(max(num_dst, 1), rounding_mode="floor"), keys % max(num_dst, 1)
