"""LABOR sampling: blocks of edges whose destinations share sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from .. import kernels
from .._graph.structure import AnyGraph
from ..kernels.sampling_spec import BatchDependency
from . import block
from .block import SampledEdges
from .neighbors import EdgeChoice, sample_specs

WEIGHTS = "edge_weights"


def labor_block(
    graph: AnyGraph,
    seeds: Mapping[str, Tensor],
    fanout: Any,
    choice: EdgeChoice,
    steps: int = 0,
    *,
    seed: int,
    dependency: BatchDependency,
) -> AnyGraph:
    """Sample incoming edges with one random number for each source, and make their block.

    Without probabilities and steps, each node samples exactly ``fanout`` edges: those whose sources
    have the largest numbers. Otherwise each edge is sampled independently, as
    :mod:`~graphmp.kernels.sampling_spec` says.

    Args:
        graph: a graph that is not a block.
        seeds: checked nodes of every type.
        fanout: see :func:`~graphmp.sampling.sample_block`.
        choice: the other arguments of neighbour sampling.
        steps: the number of steps of importance sampling, which lets rows share sources; -1
            iterates until convergence.
        seed: the random seed of the sources' numbers, of all edge types.
        dependency: how the numbers depend on those of other batches.

    Returns:
        A block; edges that were sampled independently have ``edata["edge_weights"]``.

    Raises:
        GraphError: as :func:`~graphmp.sampling.sample_block`.
    """
    sampled, weights = {}, {}
    for etype, spec in sample_specs(graph, fanout, choice).items():
        csr, rows = graph.adjacencies[etype].csc, seeds[etype[2]].contiguous()
        spec = spec._replace(seed=seed, dependent=dependency)
        if spec.fanout == 0 or (spec.weights is None and steps == 0):
            sampled[etype] = SampledEdges(csr, *kernels.sample(csr, rows, spec))
        else:
            *edges, weights[etype] = kernels.labor(csr, rows, spec, steps)
            sampled[etype] = SampledEdges(csr, *edges)
    result = block.from_sampled(graph, seeds, sampled)
    for etype, values in weights.items():
        result._frames.edge[etype][WEIGHTS] = values
    return result
