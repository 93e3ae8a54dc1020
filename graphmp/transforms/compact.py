"""Compacting: leaving out the nodes that no edge touches, in several graphs alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._graph.arguments import check_together
from .._graph.frames import Frames
from .._graph.state import assembled
from .._graph.subgraph import nodes_by_type
from .._storage.adjacency import Adjacency
from .._storage.frame import NID
from .._storage.metagraph import of_type
from ..errors import GraphValueError
from ..graph import Graph


def compact_graphs(
    graphs: Any, always_preserve: Any = None, copy_ndata: bool = True, copy_edata: bool = True
) -> Any:
    """Leave out the nodes that no edge of any of the graphs touches.

    Args:
        graphs: a graph, or several over the same nodes; the new ones are again over the same nodes.
        always_preserve: nodes that stay and come first; ids or a bool mask, with several node types
            a dict by type.
        copy_ndata: give the nodes their features, gathered when they are read.
        copy_edata: give the edges their features.

    Returns:
        A graph, or a list of them, whose nodes are in the order in which edges name them, sources
        before destinations; ``ndata["_ID"]`` are the ids that they had. Edges keep their ids.

    Raises:
        GraphTypeError: something that is no graph, or two id types.
        GraphValueError: no graph, a block, graphs of different types, or of different nodes.

    Example:
        >>> import graphmp as gm
        >>> one = gm.graph(([3, 1], [1, 4]), num_nodes=9)
        >>> two = gm.graph(([8, 1], [1, 3]), num_nodes=9)
        >>> one, two = gm.compact_graphs([one, two])
        >>> one.ndata["_ID"], two.edges()
        (tensor([3, 1, 4, 8]), (tensor([3, 1]), tensor([1, 0])))
    """
    parts = [graphs] if isinstance(graphs, Graph) else _checks.listing(graphs, "graphs")
    _check_alike(parts)
    first = parts[0]
    chosen = nodes_by_type(first, {} if always_preserve is None else always_preserve)
    preserved = {ntype: _checks.once(ids) for ntype, ids in chosen.items()}
    nodes, new_ids = {}, {}
    for ntype in first.ntypes:
        ends = [end for graph in parts for end in _ends(graph, ntype)]
        every = torch.cat([preserved[ntype][:0], *ends])
        nodes[ntype], renamed = kernels.relabel(preserved[ntype], every, first.num_nodes(ntype))
        new_ids[ntype] = iter(torch.split(renamed, [len(end) for end in ends]))
    compact = [_renumbered(graph, nodes, new_ids, copy_ndata, copy_edata) for graph in parts]
    return compact[0] if isinstance(graphs, Graph) else compact


def _ends(graph: Graph, ntype: str) -> list[Tensor]:
    """The ends of all edges that are nodes of a type, relation after relation."""
    return [
        end
        for (s, _, d), adjacency in graph.adjacencies.items()
        for end in [adjacency.src] * (s == ntype) + [adjacency.dst] * (d == ntype)
    ]


def _renumbered(
    graph: Graph, nodes: Mapping[str, Tensor], new_ids: Any, copy_ndata: bool, copy_edata: bool
) -> Graph:
    """A graph between ``nodes``; ``new_ids`` yields the new ids of the ends in turn."""
    adjacencies = {}
    for s, name, d in graph.canonical_etypes:
        us, vs = next(new_ids[s]), next(new_ids[d])
        adjacencies[(s, name, d)] = Adjacency.from_coo(us, vs, len(nodes[s]), len(nodes[d]))
    src = {}
    for ntype, ids in nodes.items():
        frame = graph._frames.src[ntype]
        src[ntype] = frame.take(ids) if copy_ndata else frame.bare(len(ids))
        src[ntype][NID] = ids
    edge = {t: f.copy() if copy_edata else f.bare() for t, f in graph._frames.edge.items()}
    return assembled(graph, graph._meta, adjacencies, Frames(src, src, edge))


def _check_alike(graphs: Sequence[Any]) -> None:
    check_together(graphs)
    for graph in graphs:
        first, own = ([(t, g.num_nodes(t)) for t in g.ntypes] for g in (graphs[0], graph))
        if own != first:
            texts = [" and ".join(f"{n} nodes{of_type(t)}" for t, n in c) for c in (first, own)]
            raise GraphValueError(
                f"Expected graphs of the same nodes, got {' beside '.join(texts)}."
            )
