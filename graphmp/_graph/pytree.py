"""A graph as torch takes other containers apart and puts them together: into tensors and a rest.

``torch.export`` does so with the arguments of a model, which may therefore be graphs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from torch import Tensor
from torch.utils import _pytree

from .._storage.adjacency import Adjacency
from .._storage.metagraph import CanonicalEtype, Metagraph
from ..kernels.contract import Csr
from .batch_info import BatchInfo
from .frames import Frames
from .state import StateT


class Rest(NamedTuple):
    """The parts of a graph besides tensors; equal for graphs of every size.

    Attributes:
        canonical_etypes: the relations.
        srctypes: the node types, or those of the sources of a block.
        dsttypes: those of the destinations of a block; else None.
        fields: the names of the features of each frame.
        alone: at either side the node types without edges, and how many nodes they have.
        is_batch: whether there are numbers of nodes, and of edges, of the graphs in a batch.
    """

    canonical_etypes: tuple[CanonicalEtype, ...]
    srctypes: tuple[str, ...]
    dsttypes: tuple[str, ...] | None
    fields: tuple[tuple[str, ...], ...]
    alone: tuple[tuple[tuple[str, int], ...], ...]
    is_batch: tuple[bool, bool]


def flatten(graph: BatchInfo) -> tuple[list[Tensor], tuple[Any, ...]]:
    """Take a graph apart.

    Args:
        graph: any graph; missing layouts and pending features are computed.

    Returns:
        Its tensors: of each relation the edges grouped by destination and by source, three tensors
        each; then all features; and of a batch the numbers of nodes of each type, and of edges. And
        the :class:`Rest`, as a tuple.

    Raises:
        GraphValueError: numbers of nodes or edges of a batch that do not sum to those of the graph.
    """
    graph._refuse_unfit_sizes()
    meta, frames = graph._meta, list(graph._frames.all())
    forms = [form for edges in graph.adjacencies.values() for form in (edges.csc, edges.csr)]
    tensors = [part for form in forms for part in form]
    tensors += [frame[name] for frame in frames for name in frame]
    nodes, edges = graph._batch_nodes, graph._batch_edges
    tensors += [] if nodes is None else [nodes[ntype] for ntype in meta.ntypes]
    tensors += [] if edges is None else [edges[etype] for etype in meta.canonical_etypes]
    counts = (graph._num_src, graph._num_dst if graph._meta.is_block else {})
    known = _counts(graph.adjacencies, graph._meta.is_block)
    rest = Rest(
        tuple(meta.canonical_etypes),
        tuple(meta.srctypes if graph._meta.is_block else meta.ntypes),
        tuple(meta.dsttypes) if graph._meta.is_block else None,
        tuple(tuple(frame) for frame in frames),
        tuple(
            tuple((ntype, count) for ntype, count in every.items() if ntype not in joined)
            for every, joined in zip(counts, known, strict=True)
        ),
        (nodes is not None, edges is not None),
    )
    return tensors, tuple(rest)


def unflatten(kind: type[StateT], tensors: Iterable[Any], rest: tuple[Any, ...]) -> StateT:
    """Put a graph together; the numbers of nodes and edges are read from the tensors."""
    remaining, parts = iter(tensors), Rest(*rest)
    edges = {etype: _relation(remaining) for etype in parts.canonical_etypes}
    num_src, num_dst = _counts(edges, parts.dsttypes is not None)
    num_src.update(parts.alone[0])
    num_dst.update(parts.alone[1])
    num_src = {ntype: num_src[ntype] for ntype in parts.srctypes}
    targets = None if parts.dsttypes is None else {t: num_dst[t] for t in parts.dsttypes}
    device = next(iter(edges.values())).device
    frames = Frames.empty(edges, num_src, targets, device)
    for frame, names in zip(frames.all(), parts.fields, strict=True):
        frame.put({name: next(remaining) for name in names})
    meta = Metagraph(parts.canonical_etypes, parts.srctypes, parts.dsttypes)
    graph = kind(meta, edges, num_src, targets, frames)
    has_nodes, has_edges = parts.is_batch
    graph._set_batch_sizes(
        {ntype: next(remaining) for ntype in meta.ntypes} if has_nodes else None,
        {etype: next(remaining) for etype in meta.canonical_etypes} if has_edges else None,
    )
    return graph


def _relation(tensors: Iterator[Tensor]) -> Adjacency:
    """The edges of the next six tensors."""
    by_target = Csr(next(tensors), next(tensors), next(tensors))
    by_source = Csr(next(tensors), next(tensors), next(tensors))
    return Adjacency.from_both(by_target, by_source)


def _counts(
    adjacencies: dict[CanonicalEtype, Adjacency], is_block: bool
) -> tuple[dict[str, int], dict[str, int]]:
    """The numbers of nodes that have edges: of a block at either side, else all at the first."""
    num_src: dict[str, int] = {}
    num_dst: dict[str, int] = {}
    for (source, _, target), edges in adjacencies.items():
        num_src[source] = edges.num_src
        (num_dst if is_block else num_src)[target] = edges.num_dst
    return num_src, num_dst


def _flatten_with_keys(graph: BatchInfo) -> tuple[list[tuple[Any, Tensor]], tuple[Any, ...]]:
    tensors, rest = flatten(graph)
    return [(_pytree.SequenceKey(index), tensor) for index, tensor in enumerate(tensors)], rest


def _load(text: str) -> Any:
    """Read a :class:`Rest` from JSON.

    A text in JSON because torch writes it, as a string, into raw literals of C++: those end at the
    first ``)"``, which no such string contains whatever the names of types are.
    """
    return _tuples(json.loads(text))


def _tuples(value: Any) -> Any:
    """Turn lists inside of lists into tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def register(kind: type[BatchInfo]) -> None:
    """Tell torch how graphs of a class are taken apart and put together."""
    _pytree.register_pytree_node(
        kind,
        flatten,
        partial(unflatten, kind),
        serialized_type_name=f"graphmp.{kind.__name__}",
        to_dumpable_context=json.dumps,
        from_dumpable_context=_load,
        flatten_with_keys_fn=_flatten_with_keys,
    )
