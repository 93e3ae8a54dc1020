"""Neighbour sampling with a fanout for each range of edge ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import _checks, kernels, random
from .._graph.arguments import refuse_types
from .._graph.conversion import moved
from .._graph.structure import AnyGraph
from .._graph.subgraph import nodes_by_type
from ..errors import GraphTypeError, GraphValueError
from ..kernels.contract import Csr
from ..kernels.sampling_spec import SampleSpec
from ..kernels.segments import rows_of
from .arguments import DST, end_of, probabilities_by_type
from .block import SampledEdges
from .neighbors import sampled_graph


def sample_etype_neighbors(
    g: AnyGraph,
    nodes: Any,
    etype_offset: Any,
    fanout: Any,
    edge_dir: str = "in",
    prob: str | None = None,
    replace: bool = False,
    copy_ndata: bool = True,
    copy_edata: bool = True,
    etype_sorted: bool = False,  # noqa: ARG001
    output_device: Any = None,
) -> AnyGraph:
    """Sample edges of nodes, with a fanout for each edge type of a homogeneous graph.

    The edges of each type have consecutive ids, as in the result of
    :func:`~graphmp.to_homogeneous`.

    Args:
        g: a graph of one node and one edge type.
        nodes: ids or a bool mask.
        etype_offset: (T + 1,) ints: the edges of type t have the ids from ``etype_offset[t]`` to
            ``etype_offset[t + 1] - 1``.
        fanout: (T,) the maximum number of edges of each type for each node; -1 for all.
        edge_dir: see :func:`sample_neighbors`.
        prob: see :func:`sample_neighbors`.
        replace: see :func:`sample_neighbors`.
        copy_ndata: see :func:`sample_neighbors`.
        copy_edata: see :func:`sample_neighbors`.
        etype_sorted: ignored, as edges of a node are always in the order of their ids; for
            compatibility with DGL.
        output_device: see :func:`sample_neighbors`.

    Returns:
        A graph with all nodes and the sampled edges, by node and then by type;
        ``edata["_ID"]`` are their ids.

    Raises:
        GraphError: as :func:`sample_neighbors`.
        GraphTypeError: no list or tensor of fanouts.
        GraphValueError: several types, offsets that do not divide the edges, or not a fanout for
            each type.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 4]))
        >>> sampled = gm.sampling.sample_etype_neighbors(g, [4], [0, 3, 4], [0, 1])
        >>> sampled.edata["_ID"]
        tensor([3])
    """
    refuse_types(g)
    end = end_of(edge_dir)
    offsets = _checked_offsets(etype_offset, g.num_edges())
    fanouts = _checked_fanouts(fanout)
    if len(fanouts) != len(offsets) - 1:
        raise GraphValueError(
            f"fanout: expected one for each of {len(offsets) - 1} edge types, got {len(fanouts)}."
        )
    (etype,) = g.canonical_etypes
    seeds = nodes_by_type(g, nodes)
    weights = probabilities_by_type(g, prob).get(etype)
    csr = g.adjacency.csc if end == DST else g.adjacency.csr
    groups = _group(csr, seeds[etype[end]], offsets)
    sampled = {etype: _sample(groups, fanouts, replace, weights)}
    result = sampled_graph(g, seeds, sampled, end, copy_ndata, copy_edata)
    return moved(result, output_device)


def _checked_fanouts(fanout: Any) -> list[int]:
    if not isinstance(fanout, Iterable) or getattr(fanout, "ndim", 1) == 0:
        raise GraphTypeError(
            f"fanout: expected a list or tensor of numbers, one for each edge type, got "
            f"{_checks.kind(fanout)}."
        )
    return [_checks.fanout(number, "fanout") for number in fanout]


class _Groups(NamedTuple):
    """The edges of some nodes, with a row for each node and type: row ``node * T + type``."""

    csr: Csr
    num_nodes: int


def _checked_offsets(offsets: Any, num_edges: int) -> list[int]:
    values = [] if isinstance(offsets, (str, _checks.AnyMapping)) else list(offsets)
    starts = [_checks.count(value, "etype_offset") for value in values]
    if not starts or starts[0] != 0 or starts[-1] != num_edges or starts != sorted(starts):
        raise GraphValueError(
            f"etype_offset: expected ascending ids from 0 to the number of edges, {num_edges}, got "
            f"{starts}."
        )
    return starts


def _group(csr: Csr, nodes: Tensor, offsets: list[int]) -> _Groups:
    """Group the edges of nodes by node and type; those of a node are in order of their ids."""
    types = len(offsets) - 1
    owners, indices, edge_ids = kernels.edges_of(csr, nodes)
    ends = torch.tensor(offsets[1:], device=nodes.device)
    keys = owners.long() * types + torch.searchsorted(ends, edge_ids.long(), right=True)
    counts = torch.bincount(keys, minlength=len(nodes) * types)
    indptr = torch.cat([counts.new_zeros(1), counts.cumsum(0)]).to(csr.indptr.dtype)
    return _Groups(Csr(indptr, indices, edge_ids), len(nodes))


def _sample(
    groups: _Groups, fanouts: list[int], replace: bool, weights: Tensor | None
) -> SampledEdges:
    """Sample the edges of each type, and put those of a node together."""
    csr, nodes = groups
    key, first = random.key(), torch.arange(nodes, device=csr.indptr.device) * len(fanouts)
    owners, parts = [first[:0]], [(csr.indices[:0], csr.edge_ids[:0].long())]
    for number, fanout in enumerate(fanouts):
        spec = SampleSpec(fanout, replace, random.mixed(key, number), weights, None, None)
        rows = (first + number).to(csr.indptr.dtype)
        indptr, indices, positions = kernels.sample(csr, rows, spec)
        owners.append(rows_of(indptr, len(indices)).long())
        parts.append((indices, positions))
    owner = torch.cat(owners)
    order = torch.argsort(owner, stable=True)
    counts = torch.bincount(owner, minlength=nodes)
    indptr = torch.cat([counts.new_zeros(1), counts.cumsum(0)]).to(csr.indptr.dtype)
    indices, positions = (torch.cat(each)[order] for each in zip(*parts, strict=True))
    return SampledEdges(csr, indptr, indices, positions)
