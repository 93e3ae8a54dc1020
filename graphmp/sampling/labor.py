"""Blocks of edges whose sources destinations have in common: LABOR."""

from __future__ import annotations

from typing import Any

from .. import kernels
from .._graph.structure import AnyGraph
from .._graph.subgraph import nodes_by_type
from ..kernels.sampling_spec import BatchDependency
from . import block
from .block import Chosen
from .neighbors import specs

WEIGHTS = "edge_weights"


def labor_block(
    graph: AnyGraph,
    nodes: Any,
    fanout: Any,
    prob: str | None = None,
    steps: int = 0,
    exclude_edges: Any = None,
    *,
    seed: int,
    dependency: BatchDependency,
) -> AnyGraph:
    """Choose edges that enter nodes, by one number for each source, and make their block.

    Edges that count the same are chosen as many as the fanout says, those whose sources have the
    largest numbers. Edges with chances, and all if there are steps, are taken each by itself, as
    :mod:`~graphmp.kernels.sampling_spec` says.

    Args:
        graph: a graph that is not a block.
        nodes: see :func:`~graphmp.sampling.sample_block`.
        fanout: see :func:`~graphmp.sampling.sample_block`.
        prob: see :func:`~graphmp.sampling.sample_block`.
        steps: how often chances are made better for the sources that rows have in common; -1
            until nothing is gained.
        exclude_edges: see :func:`~graphmp.sampling.sample_block`.
        seed: the key that sources draw their numbers with, in all relations.
        dependency: how far they are on the way to those of another key.

    Returns:
        A block; edges that were taken each by itself have ``edata["edge_weights"]``.

    Raises:
        GraphError: as :func:`~graphmp.sampling.sample_block`.
    """
    found = specs(graph, fanout, prob, False, exclude_edges)
    given, chosen, weights = nodes_by_type(graph, nodes), {}, {}
    for etype, spec in found.items():
        form, rows = graph.adjacencies[etype].csc, given[etype[2]].contiguous()
        how = spec._replace(seed=seed, dependent=dependency)
        if how.fanout == 0 or (how.weights is None and steps == 0):
            chosen[etype] = Chosen(form, *kernels.sample(form, rows, how))
        else:
            *edges, weights[etype] = kernels.labor(form, rows, how, steps)
            chosen[etype] = Chosen(form, *edges)
    made = block.sampled(graph, given, chosen)
    for etype, values in weights.items():
        made._frames.edge[etype][WEIGHTS] = values
    return made
