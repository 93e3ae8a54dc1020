"""Neighbour sampling with a weight for each tag of the neighbours."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._graph.arguments import refuse_block
from .._graph.conversion import moved
from .._graph.structure import AnyGraph, Structure
from .._graph.subgraph import nodes_by_type
from .._storage.frame import Frame
from .._storage.metagraph import CanonicalEtype, listed
from ..errors import GraphTypeError, GraphValueError
from ..kernels.contract import Csr
from .arguments import DST, end_of
from .neighbors import EdgeChoice, sample_edges, sampled_graph


def sample_neighbors_biased(
    g: AnyGraph,
    nodes: Any,
    fanout: int,
    bias: Any,
    edge_dir: str = "in",
    tag_offset_name: str = "_TAG_OFFSET",
    replace: bool = False,
    copy_ndata: bool = True,
    copy_edata: bool = True,
    output_device: Any = None,
) -> AnyGraph:
    """Sample edges of nodes, where the probability of an edge depends on its tag.

    Args:
        g: a graph of one edge type that :func:`~graphmp.sort_csc_by_tag` has sorted, or for
            ``edge_dir="out"`` :func:`~graphmp.sort_csr_by_tag`.
        nodes: ids or a bool mask of the seed nodes.
        fanout: the maximum number of edges for each node; -1 for all.
        bias: (T,) floating point tensor or list, the unnormalised probability of an edge with each
            tag. An edge whose tag has 0 is never sampled.
        edge_dir: ``"in"`` for incoming, ``"out"`` for outgoing edges.
        tag_offset_name: the node field that the graph was sorted with.
        replace: whether an edge may be sampled more than once.
        copy_ndata: whether the result has the node features.
        copy_edata: whether the result has the edge features, gathered on first access.
        output_device: the device of the result; the graph's device by default.

    Returns:
        A graph with all nodes and the sampled edges; ``edata["_ID"]`` are their ids.

    Raises:
        GraphIndexError: a node id out of range.
        GraphKeyError: no field of tag offsets.
        GraphTypeError: a bias that is not floating point.
        GraphValueError: a block or several edge types, not a bias for each tag, one that is
            negative, infinite or NaN, or offsets that do not fit the edges.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 4]))
        >>> g = gm.sort_csc_by_tag(g, torch.tensor([0, 1, 1, 0, 0]))
        >>> gm.sampling.sample_neighbors_biased(g, [4], 4, torch.tensor([0.0, 1.0])).edges()
        (tensor([1, 2]), tensor([4, 4]))
    """
    refuse_block(g)
    end, etype = end_of(edge_dir), _only_etype(g)
    by_type = nodes if isinstance(nodes, _checks.AnyMapping) else {etype[end]: nodes}
    seeds = nodes_by_type(g, by_type)
    adjacency = g.adjacencies[etype]
    csr = adjacency.csc if end == DST else adjacency.csr
    frame = (g._frames.dst if end == DST else g._frames.src)[etype[end]]
    weights = _edge_weights(csr, seeds[etype[end]], frame, tag_offset_name, bias)
    choice = EdgeChoice(replace, {etype: weights}, {}, end)
    sampled = sample_edges(g, seeds, fanout, choice)
    return moved(sampled_graph(g, seeds, sampled, end, copy_ndata, copy_edata), output_device)


def _only_etype(g: Structure) -> CanonicalEtype:
    if len(g.canonical_etypes) != 1:
        raise GraphValueError(
            f"Expected a graph of one edge type, got {listed(g.canonical_etypes)}; take one by "
            "g[etype]."
        )
    return g.canonical_etypes[0]


def _edge_weights(csr: Csr, rows: Tensor, frame: Frame, field: str, bias: Any) -> Tensor:
    """(E,) the bias of each edge of ``rows`` by edge id; 0 for edges of other rows."""
    rows = torch.unique(rows)
    lengths = _tag_counts(csr, rows.long(), frame, field)
    values = _checked_bias(bias, lengths.shape[1], csr.indptr.device)
    edges = kernels.entries_of(csr.indptr, csr.edge_ids, rows).long()
    weights = values.new_zeros(len(csr.edge_ids))
    weights[edges] = values.repeat(len(rows)).repeat_interleave(lengths.flatten())
    return weights


def _tag_counts(csr: Csr, rows: Tensor, frame: Frame, field: str) -> Tensor:
    """(rows, T) how many edges of each row have each tag."""
    offsets = frame[field]
    if offsets.ndim != 2 or offsets.shape[1] < 1 or offsets.dtype not in _checks.ID_DTYPES:
        raise GraphValueError(
            f"Expected {field!r} of {frame.owner} to have tag offsets of shape (N, T + 1), got "
            f"{offsets.dtype} of shape {tuple(offsets.shape)}; call graphmp.sort_csc_by_tag or "
            "sort_csr_by_tag."
        )
    chosen, degrees = offsets[rows].long(), csr.indptr.diff()[rows]
    counts = chosen.diff(dim=1)
    if bool((counts < 0).any() | (chosen[:, 0] != 0).any() | (chosen[:, -1] != degrees).any()):
        raise GraphValueError(
            f"Expected {field!r} of {frame.owner} to end with the degree of each node, got other "
            "offsets; sort the graph again after its edges change, by graphmp.sort_csc_by_tag for "
            "incoming and sort_csr_by_tag for outgoing edges."
        )
    return counts


def _checked_bias(bias: Any, tags: int, device: torch.device) -> Tensor:
    values = bias if isinstance(bias, Tensor) else torch.as_tensor(bias, device="cpu")
    if not values.is_floating_point():
        raise GraphTypeError(f"bias: expected floating point numbers, got {values.dtype}.")
    if values.shape != (tags,):
        raise GraphValueError(
            f"bias: expected one number for each of {tags} tags, got shape {tuple(values.shape)}."
        )
    if not bool((values.isfinite() & (values >= 0)).all()):
        raise GraphValueError(f"bias: expected finite numbers of at least 0, got {values}.")
    return values.detach().to(device, torch.promote_types(values.dtype, torch.float32))
