"""Edges sorted by the tags of their ends, for sampling with a weight for each tag."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._graph.arguments import refuse_block
from .._graph.simple import with_edges
from .._storage.frame import EID
from .._storage.metagraph import listed
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from ..kernels.segments import chunks

SRC, DST = 0, 2  # the index of an end of an edge in a canonical edge type


def sort_csr_by_tag(
    g: Graph, tag: Any, tag_offset_name: str = "_TAG_OFFSET", tag_type: str = "node"
) -> Graph:
    """Sort the outgoing edges of each node by their tags.

    The edges of the result are numbered by source, then tag, then old id, so that every layout is
    sorted; DGL keeps their ids and sorts one layout.

    Args:
        g: a graph of one edge type that is not a block.
        tag: ints of at least 0: (num_dst,) of the destinations, or (E,) of the edges.
        tag_offset_name: the field of the sources for the offsets of tags.
        tag_type: ``"node"`` or ``"edge"``.

    Returns:
        The sorted graph with the features of ``g``. Of a source, ``srcdata[tag_offset_name]``,
        (num_src, T + 1), says where the edges of each of T tags start and end among its edges;
        ``edata["_ID"]`` are the edge ids in ``g``.

    Raises:
        GraphTypeError: tags that are not integers.
        GraphValueError: a block or several edge types, not a tag for each node or edge, a negative
            tag, or another ``tag_type``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 0, 0, 1], [0, 1, 2, 2]))
        >>> sorted_graph = gm.sort_csr_by_tag(g, torch.tensor([1, 0, 0]))
        >>> sorted_graph.edges()
        (tensor([0, 0, 0, 1]), tensor([1, 2, 0, 2]))
        >>> sorted_graph.ndata["_TAG_OFFSET"]
        tensor([[0, 2, 3],
                [0, 1, 1],
                [0, 0, 0]])
    """
    return _sorted(g, tag, tag_offset_name, tag_type, SRC)


def sort_csc_by_tag(
    g: Graph, tag: Any, tag_offset_name: str = "_TAG_OFFSET", tag_type: str = "node"
) -> Graph:
    """Sort the incoming edges of each node by their tags; see :func:`sort_csr_by_tag`.

    Args:
        g: a graph of one edge type that is not a block.
        tag: ints of at least 0: (num_src,) of the sources, or (E,) of the edges.
        tag_offset_name: the field of the destinations for the offsets of tags.
        tag_type: ``"node"`` or ``"edge"``.

    Returns:
        The sorted graph; its edges are numbered by destination, then tag, then old id.

    Raises:
        GraphError: as :func:`sort_csr_by_tag`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [2, 2, 2]))
        >>> gm.sort_csc_by_tag(g, torch.tensor([1, 0, 0])).edges()
        (tensor([1, 2, 0]), tensor([2, 2, 2]))
    """
    return _sorted(g, tag, tag_offset_name, tag_type, DST)


def _sorted(g: Graph, tag: Any, field: str, tag_type: str, end: int) -> Graph:
    refuse_block(g)
    if len(g.canonical_etypes) != 1:
        raise GraphValueError(
            f"Expected a graph of one edge type, got {listed(g.canonical_etypes)}; take one by "
            "g[etype]."
        )
    (etype,) = g.canonical_etypes
    u, v = g.adjacency.src, g.adjacency.dst
    own, other = (u, v) if end == SRC else (v, u)
    tags = _edge_tags(tag, tag_type, other, g.num_nodes(etype[DST - end]))
    num_tags, rows = int(tags.max()) + 1 if len(tags) else 1, g.num_nodes(etype[end])
    _checks.held(rows * num_tags, "Offsets of tags")
    order = kernels.sort_pairs(own, tags.to(g.idtype), rows, num_tags).edge_ids
    ends = {etype: (u.index_select(0, order), v.index_select(0, order))}
    new = with_edges(g, ends, {etype: order}, True)
    counts = own.new_zeros(rows * num_tags, dtype=torch.int64)
    for part in chunks(len(own)):
        keys = own[part].long() * num_tags + tags[part]
        counts.index_add_(0, keys, torch.ones_like(keys))
    offsets = torch.nn.functional.pad(counts.view(rows, num_tags).cumsum(1), (1, 0)).to(g.idtype)
    new._frames.src[etype[end]][field] = offsets
    new._frames.edge[etype][EID] = order
    new._set_batch_sizes(g._batch_nodes, g._batch_edges, g._unfit_nodes, g._unfit_edges)
    return new


def _edge_tags(tag: Any, tag_type: str, other: Tensor, num_nodes: int) -> Tensor:
    """(E,) the tag of each edge; ``other`` are the ends that have the tags of nodes."""
    if tag_type not in ("node", "edge"):
        raise GraphValueError(f"Expected tag_type to be 'node' or 'edge', got {tag_type!r}.")
    tags = torch.as_tensor(tag, device=other.device)
    if tags.is_floating_point() or tags.is_complex() or tags.dtype == torch.bool:
        raise GraphTypeError(f"tag: expected integers, got {tags.dtype}.")
    count = num_nodes if tag_type == "node" else len(other)
    if tags.shape != (count,):
        raise GraphValueError(
            f"tag: expected one for each {tag_type}, ({count},), got shape {tuple(tags.shape)}."
        )
    if count and int(tags.min()) < 0:
        raise GraphValueError(f"tag: expected numbers of at least 0, got {int(tags.min())}.")
    return tags.index_select(0, other) if tag_type == "node" else tags
