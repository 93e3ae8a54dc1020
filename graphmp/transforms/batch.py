"""Batches: several graphs laid side by side as one, and taken apart or out of it again."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from .. import _checks
from .._graph.arguments import check_same_types, check_together, told_apart, unlike
from .._graph.frames import Frames
from .._graph.state import assembled
from .._graph.structure import is_all
from .._storage.adjacency import Adjacency
from .._storage.frame import ALL, EID, NID, Frame, column_of_each, have_same_fields
from .._storage.metagraph import of_type
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..graph import Graph

Sizes: TypeAlias = dict[Any, Tensor]  # (batch size,) of each type
Spans: TypeAlias = dict[Any, tuple[int, int]]  # for each type the start and the number of rows


def batch(graphs: Iterable[Graph], ndata: Any = ALL, edata: Any = ALL) -> Graph:
    """Lay graphs side by side as one graph.

    Nodes and edges of the first graph come first. A batch in the list counts as the graphs that it
    is made of.

    Args:
        graphs: at least one graph; all of the same types, id type and device, and with the same
            features (a graph without nodes, or without edges, need not have them).
        ndata: names of the node features to keep; by default all; None for none.
        edata: names of the edge features to keep; by default all; None for none.

    Returns:
        A graph with batch information.

    Raises:
        GraphKeyError: features that one graph has and another has not.
        GraphTypeError: something that is no graph, or two id types.
        GraphValueError: no graph, two devices, other types, or features of different shapes.

    Example:
        >>> import graphmp as gm
        >>> one, two = gm.graph(([0], [1])), gm.graph(([0, 1], [1, 2]))
        >>> both = gm.batch([one, two])
        >>> both.edges(), both.batch_num_nodes()
        ((tensor([0, 2, 3]), tensor([1, 3, 4])), tensor([2, 3]))
    """
    if isinstance(graphs, Graph):
        raise GraphTypeError("Expected a list of graphs, got one graph; put it into a list.")
    parts: list[Graph] = _checks.listing(graphs, "graphs")
    _check_alike(parts)
    first = parts[0]
    node_frames = {t: [p._frames.src[t] for p in parts] for t in first._meta.ntypes}
    edge_frames = {t: [p._frames.edge[t] for p in parts] for t in first.adjacencies}
    node_rows = {t: [frame.num_rows for frame in frames] for t, frames in node_frames.items()}
    edge_rows = {t: [frame.num_rows for frame in frames] for t, frames in edge_frames.items()}
    nodes = {t: _joined(frames, node_rows[t], ndata) for t, frames in node_frames.items()}
    edges = {t: _joined(frames, edge_rows[t], edata) for t, frames in edge_frames.items()}
    num_nodes = {t: _counts(rows) for t, rows in node_rows.items()}
    num_edges = {t: _counts(rows) for t, rows in edge_rows.items()}
    adjacencies = {}
    for etype, counts in num_edges.items():
        src, dst = zip(*[p.adjacencies[etype].ends for p in parts], strict=True)
        u, v = torch.cat(src), torch.cat(dst)
        shifts = {t: _shifts(num_nodes[t], counts, u) for t in {etype[0], etype[2]}}
        u += shifts[etype[0]]
        v += shifts[etype[2]]
        totals = (nodes[etype[0]].num_rows, nodes[etype[2]].num_rows)
        adjacencies[etype] = Adjacency.from_coo(u, v, *totals)
    batched = assembled(first, first._meta, adjacencies, Frames(nodes, nodes, edges))
    for part in parts:
        if part._unfit_nodes or part._unfit_edges:
            part._refuse_unfit_sizes()
    own_nodes, own_edges = [p._batch_nodes for p in parts], [p._batch_edges for p in parts]
    batched._set_batch_sizes(
        batched._moved({t: _sizes(counts, own_nodes, t) for t, counts in num_nodes.items()}),
        batched._moved({t: _sizes(counts, own_edges, t) for t, counts in num_edges.items()}),
    )
    return batched


def _counts(rows: Sequence[int]) -> Tensor:
    """Numbers of rows as a tensor; NumPy reads a list faster."""
    return torch.from_numpy(np.array(rows, np.int64))


def _shifts(num_nodes: Tensor, num_edges: Tensor, ids: Tensor) -> Tensor:
    """How much larger the ids of each edge's nodes are in the batch, in the dtype of ``ids``."""
    starts = num_nodes.cumsum(0) - num_nodes
    return starts.repeat_interleave(num_edges, output_size=len(ids)).to(ids)


def _sizes(counts: Tensor, batches: Sequence[dict[Any, Tensor] | None], name: Any) -> Tensor:
    """The sizes of graphs; of a batch among them, those of its own."""
    if not any(batches):
        return counts
    pairs = zip(counts.view(-1, 1), batches, strict=True)
    return torch.cat([count if own is None else own[name].to(count) for count, own in pairs])


def unbatch(g: Graph, node_split: Any = None, edge_split: Any = None) -> list[Graph]:
    """Take a batch apart.

    Args:
        g: a graph; one that is no batch gives itself.
        node_split: the number of nodes of each graph, a tensor or by node type; by default
            ``batch_num_nodes``.
        edge_split: the number of edges of each graph; by default ``batch_num_edges``.

    Returns:
        The graphs, with the features of the batch.

    Raises:
        GraphTypeError: not a graph.
        GraphValueError: a block, only one of the two arguments, numbers that do not sum to the
            whole, or an edge between two of the graphs.

    Example:
        >>> import graphmp as gm
        >>> both = gm.batch([gm.graph(([0], [1])), gm.graph(([0, 1], [1, 2]))])
        >>> [part.num_nodes() for part in gm.unbatch(both)]
        [2, 3]
    """
    if (node_split is None) != (edge_split is None):
        raise GraphValueError("Expected node_split and edge_split, or neither, got one of them.")
    if node_split is not None:
        g = _checks.graph(g).clone()
        g.set_batch_num_nodes(node_split)
        g.set_batch_num_edges(edge_split)
    nodes, edges = map(_spans, _sizes_of_all(_checks.graph(g)))
    return [_cut(g, *spans) for spans in zip(nodes, edges or [{}] * len(nodes), strict=True)]


def slice_batch(g: Graph, gid: int, store_ids: bool = False) -> Graph:
    """Take one graph out of a batch.

    Args:
        g: a batch; a graph that is none counts as a batch of one.
        gid: which graph, counted from 0.
        store_ids: write the ids in the batch to ``ndata["_ID"]`` and ``edata["_ID"]``.

    Returns:
        The graph, with the features of the batch.

    Raises:
        GraphIndexError: there is no such graph.
        GraphTypeError: something else than a graph and an int.
        GraphValueError: a block, or an edge between two graphs of the batch.

    Example:
        >>> import graphmp as gm
        >>> both = gm.batch([gm.graph(([0], [1])), gm.graph(([0, 1], [1, 2]))])
        >>> one = gm.slice_batch(both, 1, store_ids=True)
        >>> one.edges(), one.ndata["_ID"]
        ((tensor([0, 1]), tensor([1, 2])), tensor([2, 3, 4]))
    """
    nodes, edges = _sizes_of_all(_checks.graph(g))
    if not _checks.is_single(gid):
        raise GraphTypeError(f"Expected the number of a graph as an int, got {_checks.kind(gid)}.")
    what, size = "The number of a graph", g.batch_size
    is_known = _checks.is_int(gid) and 0 <= gid < size
    i = gid if is_known else int(_checks.ids(gid, torch.int64, torch.device("cpu"), size, what))
    node_spans, edge_spans = _spans_at(nodes, i), _spans_at(edges, i)
    part = _cut(g, node_spans, edge_spans)
    if store_ids:
        for ntype, span in node_spans.items():
            part.nodes[ntype].data[NID] = _ids(g, *span)
        for etype, span in edge_spans.items():
            part.edges[etype].data[EID] = _ids(g, *span)
    return part


def _sizes_of_all(g: Graph) -> tuple[Sizes, Sizes]:
    """The number of nodes, and of edges, of each graph: (batch size,) by type."""
    if g.is_block:
        raise GraphValueError(
            "Expected a batch of graphs, got a block; pass the graph that it was made of."
        )
    nodes = {t: g._sizes_by_nodes(t) for t in g._meta.ntypes}
    edges = {t: g._sizes_by_edges(t) for t in g.adjacencies}
    if any(len(sizes) != g.batch_size for sizes in (*nodes.values(), *edges.values())):
        raise GraphValueError(
            f"Expected numbers of nodes and of edges of {g.batch_size} graphs, got those of other "
            "numbers of graphs."
        )
    return nodes, edges


def _spans_at(sizes: Sizes, i: int) -> Spans:
    """Where the rows of the i-th graph lie."""
    return {t: (int(counts[:i].sum()), int(counts[i])) for t, counts in sizes.items()}


def _spans(sizes: Sizes) -> list[Spans]:
    """Where the rows of each graph lie."""
    lists = {t: counts.tolist() for t, counts in sizes.items()}
    starts = {t: itertools.accumulate(counts, initial=0) for t, counts in lists.items()}
    rows = [zip(starts[t], counts, strict=False) for t, counts in lists.items()]
    return [dict(zip(sizes, spans, strict=True)) for spans in zip(*rows, strict=True)]


def _cut(g: Graph, nodes: Spans, edges: Spans) -> Graph:
    """The graph of a batch whose nodes and edges lie there."""
    node_frames = {t: _slice(g._frames.src[t], *span) for t, span in nodes.items()}
    edge_frames = {t: _slice(g._frames.edge[t], *span) for t, span in edges.items()}
    adjacencies = {}
    for etype, (start, size) in edges.items():
        (u_start, u_size), (v_start, v_size) = nodes[etype[0]], nodes[etype[2]]
        src, dst = g.adjacencies[etype].ends
        us, vs = src[start : start + size] - u_start, dst[start : start + size] - v_start
        for ends, limit in ((us, u_size), (vs, v_size)):
            if size and not _checks.are_below(ends, limit):
                raise GraphValueError(
                    f"Expected edges inside graphs of the batch, got an edge{of_type(etype)} "
                    "between two."
                )
        adjacencies[etype] = Adjacency.from_coo(us, vs, u_size, v_size)
    return assembled(g, g._meta, adjacencies, Frames(node_frames, node_frames, edge_frames))


def _slice(frame: Frame, start: int, size: int) -> Frame:
    part = frame.bare(size)
    for name, column in frame.items():
        part[name] = _rows(column, start, size)
    return part


def _rows(column: Tensor, start: int, size: int) -> Tensor:
    if column.layout == torch.strided:
        return column.narrow(0, start, size).clone()
    return column.narrow_copy(0, start, size)  # torch 2.4 has no derivative of it


def _ids(g: Graph, start: int, size: int) -> Tensor:
    return torch.arange(start, start + size, dtype=g.idtype, device=g.device)


def _check_alike(graphs: Sequence[Any]) -> None:
    """Check that graphs can be laid side by side."""
    check_together(graphs)
    check_same_types(graphs)
    devices = [graph.device for graph in graphs]
    if devices.count(devices[0]) < len(devices):
        different = told_apart(dict(enumerate(devices)))
        raise GraphValueError(
            f"Expected graphs on one device, got {different}; call .to() on them."
        )


def _joined(frames: Sequence[Frame], rows: Sequence[int], fields: Any) -> Frame:
    """One frame of frames with equal schemes; a frame without rows need not have the columns.

    Args:
        frames: the frames.
        rows: how many rows each has.
        fields: the names of the columns to join; None for none.
    """
    positions: Sequence[int] = range(len(rows))
    if 0 in rows:
        positions = [i for i, count in enumerate(rows) if count] or range(1)
    counted = [frames[i] for i in positions]
    one = counted[0].bare(sum(rows))
    if fields is None:
        return one
    names = list(counted[0]) if is_all(fields) else _checks.field_names(fields, "fields")
    if is_all(fields) and not have_same_fields(counted):
        own = {i: tuple(sorted(frames[i])) for i in positions}
        raise GraphKeyError(
            f"Expected {one.owner} with the same fields in every graph, got {unlike(own)}"
        )
    for name in names:
        lacking = [] if is_all(fields) else [i for i in positions if name not in frames[i]]
        if lacking:
            raise GraphKeyError(
                f"Expected field {name!r} of the {one.owner} in every graph, got graph "
                f"{lacking[0]} without it."
            )
        column = _concatenated(column_of_each(counted, name))
        if column is None:
            schemes = {i: frames[i].schemes()[name] for i in positions}
            raise GraphValueError(
                f"Expected field {name!r} of the {one.owner} with one shape and dtype, got "
                f"{told_apart(schemes)}."
            )
        one[name] = column
    return one


def _concatenated(columns: list[Tensor]) -> Tensor | None:
    """The rows of columns; None unless these have one dtype, and rows of one shape."""
    if len({column.dtype for column in columns}) > 1:
        return None
    try:
        return torch.cat(columns)  # it compares the shapes anyway
    except RuntimeError:
        if len({column.shape[1:] for column in columns}) == 1:
            raise
        return None
