"""The names of ``dgl.utils`` that read and write the features of all types at once.

A frame is a dict of tensors by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor

from .._storage.frame import EID, NID
from ..errors import GraphValueError
from ..graph import Graph
from .containers import is_listlike

__all__ = [
    "extract_edge_subframes",
    "extract_node_subframes",
    "extract_node_subframes_for_block",
    "set_new_frames",
]

Frame = dict[str, Tensor]


def _node_data(graph: Graph) -> list[Any]:
    """The features of nodes by type; of a block, of sources, then of destinations."""
    if not graph.is_block:
        return [graph.nodes[ntype].data for ntype in graph.ntypes]
    sources = [graph.srcnodes[ntype].data for ntype in graph.srctypes]
    return sources + [graph.dstnodes[ntype].data for ntype in graph.dsttypes]


def _edge_data(graph: Graph) -> list[Any]:
    """The features of edges by type."""
    return [graph.edges[etype].data for etype in graph.canonical_etypes]


def _rows(data: Mapping[str, Tensor], ids: Tensor, field: str | None) -> Frame:
    """Some rows of every field, and their ids as another field."""
    rows = {name: column[ids.long()] for name, column in data.items()}
    return rows if field is None else {**rows, field: ids}


def _extract(data: list[Any], which: Any, field: str | None) -> list[Frame]:
    """All rows, all rows on a device, or rows by id, of every type."""
    if which is None:
        return [dict(columns) for columns in data]
    if is_listlike(which):
        return [_rows(*pair, field) for pair in zip(data, which, strict=True)]
    return [{name: column.to(which) for name, column in columns.items()} for columns in data]


def extract_node_subframes(
    graph: Graph, nodes_or_device: Any, store_ids: bool = True
) -> list[Frame]:
    """The features of some nodes of every type.

    Args:
        graph: the graph.
        nodes_or_device: ids, a tensor for each type; or a device; or None for all nodes.
        store_ids: whether the ids become the field ``_ID``.

    Returns:
        A frame for each node type.
    """
    return _extract(_node_data(graph), nodes_or_device, NID if store_ids else None)


def extract_edge_subframes(
    graph: Graph, edges_or_device: Any, store_ids: bool = True
) -> list[Frame]:
    """The features of some edges of every type.

    Args:
        graph: the graph.
        edges_or_device: ids, a tensor for each type; or a device; or None for all edges.
        store_ids: whether the ids become the field ``_ID``.

    Returns:
        A frame for each edge type.
    """
    return _extract(_edge_data(graph), edges_or_device, EID if store_ids else None)


def extract_node_subframes_for_block(
    graph: Graph, srcnodes: Sequence[Tensor], dstnodes: Sequence[Tensor]
) -> list[Frame]:
    """The features of a block's sources, then of its destinations.

    Args:
        graph: the graph that the block was sampled from.
        srcnodes: ids of the sources, a tensor for each node type.
        dstnodes: ids of the destinations, likewise.

    Returns:
        Two frames for each node type, the sources' first; the ids are in the field ``_ID``.
    """
    return extract_node_subframes(graph, srcnodes) + extract_node_subframes(graph, dstnodes)


def set_new_frames(
    graph: Graph,
    *,
    node_frames: Sequence[Mapping[str, Tensor]] | None = None,
    edge_frames: Sequence[Mapping[str, Tensor]] | None = None,
) -> None:
    """Replace the features of all types.

    Args:
        graph: the graph, which changes.
        node_frames: a frame for each node type; of a block, for each type of sources, then of
            destinations. None changes nothing.
        edge_frames: a frame for each edge type, or None.

    Raises:
        GraphValueError: another number of frames.
    """
    _replace(_node_data(graph), node_frames, "node_frames")
    _replace(_edge_data(graph), edge_frames, "edge_frames")


def _replace(data: list[Any], frames: Sequence[Mapping[str, Tensor]] | None, name: str) -> None:
    """Replace the fields of some types."""
    if frames is None:
        return
    if len(frames) != len(data):
        raise GraphValueError(
            f"{name}: expected a frame for each of {len(data)} types, got {len(frames)}; pass an "
            "empty dict for a type without features."
        )
    for columns, frame in zip(data, frames, strict=True):
        _drop(columns, set(columns) - set(frame))
        columns.update(frame)


def _drop(columns: Any, names: Iterable[str]) -> None:
    """Delete fields."""
    for name in names:
        del columns[name]
