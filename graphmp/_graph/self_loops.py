"""Self-loops: edges from a node to itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._storage.adjacency import Adjacency
from .._storage.frame import Frame
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphTypeError, GraphValueError
from ..function import REDUCERS
from ..kernels.segments import positions_where
from ..ops.spmm import spmm
from .arguments import refuse_block
from .structure import AnyGraph, Structure


def add_self_loop(
    g: AnyGraph,
    edge_feat_names: Iterable[str] | None = None,
    fill_data: Any = 1.0,
    etype: Any = None,
) -> AnyGraph:
    """Append an edge from each node to itself, without looking for those that exist.

    Args:
        g: any graph that is not a block.
        edge_feat_names: edge features that the new edges get values for; by default all of
            them. Others get their initializer's rows.
        fill_data: the value: a number or a tensor of one row's shape; or ``"sum"``, ``"mean"``,
            ``"max"``, ``"min"`` of the feature over the edges that enter the node.
        etype: the edge type, from a node type to itself; not needed when there is one.

    Returns:
        A graph with N more edges.

    Raises:
        GraphKeyError: an unknown feature.
        GraphTypeError: another kind of ``fill_data``.
        GraphValueError: an edge type between two node types, an unknown reducer, or a
            ``fill_data`` of another shape.

    Example:
        >>> import graphmp as gm
        >>> gm.add_self_loop(gm.graph(([0], [1]))).edges()
        (tensor([0, 0, 1]), tensor([1, 0, 1]))
    """
    etype = loop_type(g, etype)
    adjacency, old = g.adjacencies[etype], g._frames.edge[etype]
    names = list(old) if edge_feat_names is None else list(edge_feat_names)
    data = {name: _fill(adjacency, old[name], fill_data) for name in names}
    frame = old.resized(adjacency.num_edges + adjacency.num_src)
    rows = torch.arange(adjacency.num_edges, frame.num_rows, device=g.device)
    frame.write_rows(rows, data)
    nodes = g._arange(adjacency.num_src)
    ends = (torch.cat([adjacency.src, nodes]), torch.cat([adjacency.dst, nodes]))
    new = g._derived(frames=g._frames.changed(Frame.copy))
    new._restructure({}, {etype: frame}, {etype: ends})
    return new


def _fill(adjacency: Adjacency, column: Tensor, fill: Any) -> Tensor:
    """What the new edge of each node gets: (N, …) of the column's dtype."""
    if isinstance(fill, str):
        reducer = REDUCERS.get(fill)
        if reducer is None or reducer.kernel is None:
            known = ", ".join(name for name, row in REDUCERS.items() if row.kernel)
            raise GraphValueError(
                f"Expected fill_data as a number or one of {known}, got {fill!r}."
            )
        ends = ("e", "e")
        result = spmm(adjacency, None, reducer.kernel, column, None, ends, reducer.per_degree)
        return result.to(column.dtype)
    if not isinstance(fill, (bool, int, float, Tensor)):
        raise GraphTypeError(
            "Expected fill_data as a number, a tensor or the name of a reducer, got "
            f"{_checks.kind(fill)}."
        )
    value = torch.as_tensor(fill, dtype=column.dtype, device=column.device)
    if value.ndim and value.shape != column.shape[1:]:
        raise GraphValueError(
            f"Expected fill_data as a number or of one row's shape {tuple(column.shape[1:])}, got "
            f"{tuple(value.shape)}; name the features it is for in edge_feat_names."
        )
    return value.expand(adjacency.num_dst, *column.shape[1:]).contiguous()


def remove_self_loop(g: AnyGraph, etype: Any = None) -> AnyGraph:
    """Remove every edge from a node to itself.

    Args:
        g: any graph that is not a block.
        etype: the edge type, from a node type to itself; not needed when there is one.

    Returns:
        A graph without them; the other edges keep their order and features.

    Raises:
        GraphValueError: an edge type between two node types.

    Example:
        >>> import graphmp as gm
        >>> gm.remove_self_loop(gm.graph(([0, 1], [0, 0]))).edges()
        (tensor([1]), tensor([0]))
    """
    etype = loop_type(g, etype)
    adjacency = g.adjacencies[etype]
    rest = positions_where(adjacency.src != adjacency.dst, g.idtype)
    frame = g._frames.edge[etype].resized(rest.numel(), rest)
    new = g._derived(frames=g._frames.changed(Frame.copy))
    ends = (adjacency.src.index_select(0, rest), adjacency.dst.index_select(0, rest))
    new._restructure({}, {etype: frame}, {etype: ends}, {etype: rest})
    return new


def loop_type(g: Structure, etype: Any) -> CanonicalEtype:
    """Find an edge type between nodes of one type.

    Raises:
        GraphValueError: a block, or an edge type between two node types.
    """
    refuse_block(g)
    name = g.to_canonical_etype(etype)
    if name[0] != name[2]:
        raise GraphValueError(
            f"Expected edges with one node type at both ends, got edges of type {name}."
        )
    return name
