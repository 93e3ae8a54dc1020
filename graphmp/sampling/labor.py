"""LABOR sampling: edges whose seed nodes share the nodes at their other ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels, random
from .._graph.conversion import moved
from .._graph.structure import AnyGraph, Structure
from .._graph.subgraph import nodes_by_type
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphValueError
from ..kernels.sampling_spec import BatchDependency
from . import block
from .arguments import DST, end_of
from .block import SampledEdges
from .neighbors import EdgeChoice, edge_choice, sample_specs, sampled_graph

WEIGHTS = "edge_weights"


def sample_labors(
    g: AnyGraph,
    nodes: Any,
    fanout: Any,
    edge_dir: str = "in",
    prob: str | None = None,
    importance_sampling: int = 0,
    random_seed: Any = None,
    seed2_contribution: float = 0,
    copy_ndata: bool = True,
    copy_edata: bool = True,
    exclude_edges: Any = None,
    output_device: Any = None,
) -> tuple[AnyGraph, list[Tensor]]:
    """Sample edges of nodes by LABOR, so that the nodes share neighbours.

    :class:`~graphmp.dataloading.LaborSampler` explains the method and makes blocks.

    Args:
        g: a graph that is not a block.
        nodes: see :func:`sample_neighbors`.
        fanout: see :func:`sample_neighbors`.
        edge_dir: see :func:`sample_neighbors`.
        prob: an edge field, (E,) of float or bool: the weights of edges in a mean.
        importance_sampling: the number of optimisation steps of the probabilities; a negative
            number iterates until convergence.
        random_seed: an int, or two; calls with one seed draw the same numbers for the same
            neighbours. None draws a seed.
        seed2_contribution: how far the numbers are from those of the first seed to those of the
            second, from 0 to 1.
        copy_ndata: see :func:`sample_neighbors`.
        copy_edata: see :func:`sample_neighbors`.
        exclude_edges: see :func:`sample_neighbors`.
        output_device: see :func:`sample_neighbors`.

    Returns:
        A graph with all nodes and the sampled edges, as :func:`sample_neighbors` returns it, and
        for each edge type the weights (E,) of its edges in a mean; of an edge type that is sampled
        with equal weights, (0,).

    Raises:
        GraphError: as :func:`sample_neighbors`.
        GraphTypeError: seeds or a number of steps that are not ints.
        GraphValueError: more than two seeds, or a contribution outside 0 to 1.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 0, 1, 2], [3, 3, 3, 4, 4, 4]))
        >>> sampled, weights = gm.sampling.sample_labors(g, [3, 4], 1)
        >>> u, v = sampled.edges()
        >>> bool(u[0] == u[1]), v, weights
        (True, tensor([3, 4]), [tensor([])])
    """
    end = end_of(edge_dir)
    choice = edge_choice(g, prob, False, exclude_edges, end)
    seeds = nodes_by_type(g, nodes)
    seed, dependency = _random_numbers(random_seed, seed2_contribution)
    steps = max(_checks.integer(importance_sampling, "importance_sampling"), -1)
    sampled, weights = labor_edges(
        g, seeds, fanout, choice, steps, seed=seed, dependency=dependency
    )
    result = sampled_graph(g, seeds, sampled, end, copy_ndata, copy_edata)
    device = result.device if output_device is None else output_device
    none = torch.empty(0, device=g.device)
    return moved(result, device), [weights.get(t, none).to(device) for t in g.canonical_etypes]


def _random_numbers(random_seed: Any, contribution: Any) -> tuple[int, BatchDependency]:
    """The first seed, and the second with the fraction of the way to it."""
    fraction = _checks.number(contribution, "seed2_contribution")
    if not 0 <= fraction <= 1:
        raise GraphValueError(f"seed2_contribution: expected 0 to 1, got {contribution}.")
    if random_seed is None:
        return random.key(), BatchDependency(random.key(), fraction)
    seeds = random_seed.tolist() if isinstance(random_seed, Tensor) else random_seed
    values = seeds if isinstance(seeds, (list, tuple)) else [seeds]
    if len(values) not in (1, 2):
        raise GraphValueError(f"random_seed: expected one or two ints, got {len(values)}.")
    first, *rest = [_checks.count(value, "random_seed") for value in values]
    return first, BatchDependency(rest[0] if rest else first, fraction if rest else 0.0)


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
    sampled, weights = labor_edges(
        graph, seeds, fanout, choice, steps, seed=seed, dependency=dependency
    )
    result = block.from_sampled(graph, seeds, sampled)
    for etype, values in weights.items():
        result._frames.edge[etype][WEIGHTS] = values
    return result


def labor_edges(
    graph: Structure,
    seeds: Mapping[str, Tensor],
    fanout: Any,
    choice: EdgeChoice,
    steps: int,
    *,
    seed: int,
    dependency: BatchDependency,
) -> tuple[dict[CanonicalEtype, SampledEdges], dict[CanonicalEtype, Tensor]]:
    """Sample the edges of every edge type; arguments are those of :func:`labor_block`.

    Returns:
        The sampled edges of each edge type, and their weights where they were sampled
        independently.
    """
    sampled, weights = {}, {}
    for etype, spec in sample_specs(graph, fanout, choice).items():
        adjacency, rows = graph.adjacencies[etype], seeds[etype[choice.end]].contiguous()
        csr = adjacency.csc if choice.end == DST else adjacency.csr
        spec = spec._replace(seed=seed, dependent=dependency)
        if spec.fanout == 0 or (spec.weights is None and steps == 0):
            sampled[etype] = SampledEdges(csr, *kernels.sample(csr, rows, spec))
        else:
            *edges, weights[etype] = kernels.labor(csr, rows, spec, steps)
            sampled[etype] = SampledEdges(csr, *edges)
    return sampled, weights
