"""The edges of greatest or least weight that enter, or leave, some nodes."""

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
from .block import Chosen
from .neighbors import by_relation, end_of, of_chosen, one_each


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
    """Choose the edges of greatest weight that enter nodes.

    Args:
        g: a graph that is not a block.
        k: how many edges of each type a node gets at most; -1 for all. A dict gives a number for
            each edge type.
        weight: an edge field, (E,) of numbers or bools.
        nodes: ids or a bool mask; with several node types a dict by type. All nodes unless given.
            A node that is named twice gets its edges twice.
        edge_dir: ``"in"`` for edges that enter, ``"out"`` for edges that leave.
        ascending: choose the edges of least weight.
        copy_ndata: give the nodes their features.
        copy_edata: give the edges their features, gathered when they are read.
        output_device: where the result goes; the graph's device unless given.

    Returns:
        A graph of all nodes and the chosen edges; ``edata["_ID"]`` are their ids. Edges come node
        after node, the greatest weight first (the least, if ``ascending``), of equal weights the
        smaller id.

    Raises:
        GraphIndexError: a node that is not there.
        GraphKeyError: a field or a type that is not there.
        GraphTypeError: weights that cannot be compared.
        GraphValueError: a block; ``k`` below -1 or missing; a weight that is NaN.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 0]))
        >>> g.edata["w"] = torch.tensor([0.5, 2.0, 1.0, 1.0])
        >>> gm.sampling.select_topk(g, 2, "w", [4]).edges()
        (tensor([1, 2]), tensor([4, 4]))
    """
    refuse_block(g)
    end, limits = end_of(edge_dir), by_relation(g, k, "k")
    every = {t: torch.ones(g.num_nodes(t), dtype=torch.bool, device=g.device) for t in g.ntypes}
    given = nodes_by_type(g, every if nodes is None else nodes)
    chosen = {}
    for etype, adjacency in g.adjacencies.items():
        form = adjacency.csc if end == 2 else adjacency.csr
        rows, most = given[etype[end]].contiguous(), limits[etype]
        frame = g._frames.edge[etype]
        weights = torch.zeros_like(form.edge_ids) if most == 0 else _weights(frame, weight)
        chosen[etype] = Chosen(form, *kernels.greatest(form, rows, most, weights, bool(ascending)))
    found = of_chosen(g, given, chosen, end, copy_ndata, copy_edata)
    return moved(found, output_device)


def _weights(frame: Frame, weight: str) -> Tensor:
    if not isinstance(weight, str):
        raise GraphTypeError(
            f"weight is the name of an edge field, but {_checks.kind(weight)} came."
        )
    if weight not in frame:
        fields = ", ".join(map(repr, frame)) or "none"
        raise GraphKeyError(f"{frame.owner} have no field {weight!r}; fields are: {fields}.")
    weights = one_each(frame, weight)
    if weights.dtype.is_complex:
        raise GraphTypeError(f"Weights must be real numbers, but {weight!r} has {weights.dtype}.")
    if weights.dtype in (torch.float16, torch.bfloat16):
        return weights.float()
    return weights.byte() if weights.dtype == torch.bool else weights
