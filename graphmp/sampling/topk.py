"""Top-k edges: the edges of greatest or least weight of each node."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._graph.arguments import refuse_block
from .._graph.conversion import moved
from .._graph.structure import AnyGraph
from .._graph.subgraph import nodes_by_type
from .._storage.frame import Frame
from ..errors import GraphKeyError, GraphTypeError
from .arguments import DST, edge_scalars, end_of, fanouts_by_type
from .block import SampledEdges
from .neighbors import sampled_graph


def select_topk(
    g: AnyGraph,
    k: Any,
    weight: str,
    nodes: Any = None,
    edge_dir: str = "in",
    ascending: bool = False,
    copy_ndata: bool = True,
    copy_edata: bool = True,
    output_device: Any = None,
) -> AnyGraph:
    """Select the incoming or outgoing edges of greatest weight of each node.

    Args:
        g: a graph that is not a block.
        k: the maximum number of edges of each type for each node; -1 for all. A dict gives a number
            for each edge type.
        weight: an edge field, (E,) of numbers or bools.
        nodes: ids or a bool mask; with several node types a dict by type. All nodes by default. The
            edges of a node that is listed twice are selected twice.
        edge_dir: ``"in"`` for incoming, ``"out"`` for outgoing edges.
        ascending: whether to select the edges of least weight instead.
        copy_ndata: whether the result has the node features.
        copy_edata: whether the result has the edge features, gathered on first access.
        output_device: the device of the result; the graph's device by default.

    Returns:
        A graph with all nodes and the selected edges; ``edata["_ID"]`` are their ids. Edges are
        grouped by node, in order of descending weight (ascending weight, if ``ascending``); of
        equal weights the smaller id is first.

    Raises:
        GraphIndexError: a node id out of range.
        GraphKeyError: an unknown field or type.
        GraphTypeError: weights that cannot be compared.
        GraphValueError: a block; ``k`` below -1 or missing; a weight that is NaN.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 0]))
        >>> g.edata["w"] = torch.tensor([0.5, 2.0, 1.0, 1.0])
        >>> gm.sampling.select_topk(g, 2, "w", [4]).edges()
        (tensor([1, 2]), tensor([4, 4]))
    """
    refuse_block(g)
    end, counts = end_of(edge_dir), fanouts_by_type(g, k, "k")
    every = {t: torch.ones(g.num_nodes(t), dtype=torch.bool, device=g.device) for t in g.ntypes}
    seeds = nodes_by_type(g, every if nodes is None else nodes)
    selected = {}
    for etype, adjacency in g.adjacencies.items():
        csr = adjacency.csc if end == DST else adjacency.csr
        rows, count = seeds[etype[end]].contiguous(), counts[etype]
        frame = g._frames.edge[etype]
        weights = torch.zeros_like(csr.edge_ids) if count == 0 else _weights(frame, weight)
        edges = kernels.greatest(csr, rows, count, weights, bool(ascending))
        selected[etype] = SampledEdges(csr, *edges)
    result = sampled_graph(g, seeds, selected, end, copy_ndata, copy_edata)
    return moved(result, output_device)


def _weights(frame: Frame, field: str) -> Tensor:
    if not isinstance(field, str):
        raise GraphTypeError(
            f"Expected weight to be the name of an edge field, got {_checks.kind(field)}."
        )
    if field not in frame:
        fields = ", ".join(map(repr, frame)) or "none"
        raise GraphKeyError(
            f"Expected a field of the {frame.owner}, got no field {field!r}; fields are: {fields}."
        )
    weights = edge_scalars(frame, field)
    if weights.dtype.is_complex:
        raise GraphTypeError(f"Expected weights to be real numbers, got {weights.dtype}.")
    if weights.dtype in (torch.float16, torch.bfloat16):
        return weights.float()
    return weights.byte() if weights.dtype == torch.bool else weights
