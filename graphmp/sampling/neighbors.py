"""Neighbour sampling, uniform and weighted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor

from .. import kernels, random
from .._graph.arguments import refuse_block
from .._graph.conversion import moved
from .._graph.frames import Frames
from .._graph.state import assembled
from .._graph.structure import AnyGraph, Structure
from .._graph.subgraph import nodes_by_type
from .._storage.adjacency import Adjacency
from .._storage.frame import EID, NID, Frame
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphValueError
from ..kernels.sampling_spec import SampleSpec
from ..kernels.segments import rows_of
from . import block
from .arguments import DST, end_of, excluded_positions, fanouts_by_type, probabilities_by_type
from .block import SampledEdges


class EdgeChoice(NamedTuple):
    """Checked arguments of neighbour sampling that all layers of a batch share.

    Attributes:
        replace: whether an edge may be sampled more than once.
        probabilities: (E,) unnormalised probabilities of the edge types that have them.
        excluded: positions of the edges that are not sampled, of the edge types that have some.
        end: the end of the edges at which the seed nodes are.
    """

    replace: bool
    probabilities: Mapping[CanonicalEtype, Tensor]
    excluded: Mapping[CanonicalEtype, Tensor]
    end: int


def sample_neighbors(
    g: AnyGraph,
    nodes: Any,
    fanout: Any,
    edge_dir: str = "in",
    prob: str | None = None,
    replace: bool = False,
    copy_ndata: bool = True,
    copy_edata: bool = True,
    exclude_edges: Any = None,
    output_device: Any = None,
) -> AnyGraph:
    """Sample incoming or outgoing edges of nodes.

    Args:
        g: a graph that is not a block.
        nodes: ids or a bool mask; with several node types a dict by type. A node that is listed
            twice is sampled twice, independently.
        fanout: the maximum number of edges of each type for each node; -1 for all. A dict gives a
            number for each edge type.
        edge_dir: ``"in"`` for incoming, ``"out"`` for outgoing edges.
        prob: an edge field, (E,) of float or bool: unnormalised probabilities. An edge with 0 is
            never sampled. Edge types without the field are sampled uniformly.
        replace: whether an edge may be sampled more than once.
        copy_ndata: whether the result has the node features.
        copy_edata: whether the result has the edge features, gathered on first access.
        exclude_edges: ids of edges that are not sampled, with several edge types a dict by type.
        output_device: the device of the result; the graph's device by default.

    Returns:
        A graph with all nodes and the sampled edges; ``edata["_ID"]`` are their ids.

    Raises:
        GraphIndexError: a node or edge id out of range.
        GraphKeyError: an unknown field or type.
        GraphTypeError: probabilities that are not numbers.
        GraphValueError: a block; a fanout below -1 or missing; probabilities that are negative,
            infinite or NaN.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 0]))
        >>> gm.sampling.sample_neighbors(g, [4, 0], 2).in_degrees()
        tensor([1, 0, 0, 0, 2])
    """
    end = end_of(edge_dir)
    choice = edge_choice(g, prob, replace, exclude_edges, end)
    seeds = nodes_by_type(g, nodes)
    sampled = sample_edges(g, seeds, fanout, choice)
    result = sampled_graph(g, seeds, sampled, end, copy_ndata, copy_edata)
    return moved(result, output_device)


def sample_block(
    graph: AnyGraph,
    nodes: Any,
    fanout: Any,
    prob: str | None = None,
    replace: bool = False,
    exclude_edges: Any = None,
) -> AnyGraph:
    """Sample incoming edges of nodes and convert them to a block, in one step.

    Args:
        graph: a graph that is not a block.
        nodes: the destinations, ids or a bool mask; with several node types a dict by type. A node
            that is listed twice is two destinations; its outgoing edges start at the first.
        fanout: see :func:`sample_neighbors`.
        prob: see :func:`sample_neighbors`.
        replace: see :func:`sample_neighbors`.
        exclude_edges: see :func:`sample_neighbors`.

    Returns:
        A block; see :func:`~graphmp.to_block`.

    Raises:
        GraphIndexError: a node or edge id out of range.
        GraphValueError: as :func:`sample_neighbors`.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 0]))
        >>> block = gm.sampling.sample_block(g, [4], -1)
        >>> block.srcdata["_ID"]
        tensor([4, 0, 1, 2])
    """
    choice = edge_choice(graph, prob, replace, exclude_edges)
    seeds = nodes_by_type(graph, nodes)
    return block.from_sampled(graph, seeds, sample_edges(graph, seeds, fanout, choice))


def sample_neighbors_fused(
    g: AnyGraph,
    nodes: Any,
    fanout: Any,
    edge_dir: str = "in",
    prob: str | None = None,
    replace: bool = False,
    copy_ndata: bool = True,
    copy_edata: bool = True,
    exclude_edges: Any = None,
    mapping: Any = None,  # noqa: ARG001
) -> AnyGraph:
    """Sample incoming edges of nodes and convert them to a block; see :func:`sample_block`.

    Args:
        g: a graph that is not a block.
        nodes: see :func:`sample_block`.
        fanout: see :func:`sample_neighbors`.
        edge_dir: ``"in"``; the edges of a block enter its destinations.
        prob: see :func:`sample_neighbors`.
        replace: see :func:`sample_neighbors`.
        copy_ndata: whether the block has the node features.
        copy_edata: whether the block has the edge features.
        exclude_edges: see :func:`sample_neighbors`.
        mapping: has no effect; DGL stores its table of nodes here between calls.

    Returns:
        A block; see :func:`~graphmp.to_block`.

    Raises:
        GraphIndexError: a node or edge id out of range.
        GraphValueError: another direction; or as :func:`sample_neighbors`.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 0]))
        >>> gm.sampling.sample_neighbors_fused(g, [4], -1).srcdata["_ID"]
        tensor([4, 0, 1, 2])
    """
    if end_of(edge_dir) != DST:
        raise GraphValueError(
            f"Expected edge_dir to be 'in', as the edges of a block enter its destinations, got "
            f"{edge_dir!r}; sample graphmp.reverse(g)."
        )
    result = sample_block(g, nodes, fanout, prob, replace, exclude_edges)
    src, dst, edge = result._frames
    for frame in () if copy_ndata else (*src.values(), *dst.values()):
        _drop_features(frame, NID)
    for frame in () if copy_edata else edge.values():
        _drop_features(frame, EID)
    return result


def _drop_features(frame: Frame, but: str) -> None:
    for name in frame:
        if name != but:
            del frame[name]


def edge_choice(
    graph: Structure, prob: str | None, replace: bool, exclude: Any, end: int = DST
) -> EdgeChoice:
    """Check the arguments that all layers of a batch share; see :func:`sample_neighbors`."""
    refuse_block(graph)
    probabilities = probabilities_by_type(graph, prob)
    return EdgeChoice(replace, probabilities, excluded_positions(graph, exclude, end), end)


def sample_edges(
    graph: Structure, seeds: Mapping[str, Tensor], fanout: Any, choice: EdgeChoice
) -> dict[CanonicalEtype, SampledEdges]:
    """Sample edges of every edge type.

    Args:
        graph: a graph that is not a block.
        seeds: checked nodes of every type.
        fanout: see :func:`sample_neighbors`.
        choice: the other arguments.

    Returns:
        The sampled edges of each edge type.
    """
    sampled = {}
    for etype, spec in sample_specs(graph, fanout, choice).items():
        adjacency, rows = graph.adjacencies[etype], seeds[etype[choice.end]].contiguous()
        csr = adjacency.csc if choice.end == DST else adjacency.csr
        sampled[etype] = SampledEdges(csr, *kernels.sample(csr, rows, spec))
    return sampled


def sample_specs(
    graph: Structure, fanout: Any, choice: EdgeChoice
) -> dict[CanonicalEtype, SampleSpec]:
    """The specification of each edge type's sample, with a new random seed."""
    fanouts = fanouts_by_type(graph, fanout, "fanout")
    replace, probabilities, excluded, _ = choice
    key, specs = random.key(), {}
    for number, etype in enumerate(graph.adjacencies):
        seed, weights = random.mixed(key, number), probabilities.get(etype)
        specs[etype] = SampleSpec(
            fanouts[etype], replace, seed, weights, excluded.get(etype), dependent=None
        )
    return specs


def sampled_graph(
    graph: AnyGraph,
    seeds: Mapping[str, Tensor],
    sampled: Mapping[CanonicalEtype, SampledEdges],
    end: int,
    copy_ndata: bool,
    copy_edata: bool,
) -> AnyGraph:
    """The graph with all nodes and the sampled edges.

    Args:
        graph: the graph that was sampled.
        seeds: the seed nodes of every type.
        sampled: the sampled edges of each edge type.
        end: the end of the edges at which the seed nodes are.
        copy_ndata: whether the result has the node features.
        copy_edata: whether the result has the edge features.
    """
    adjacencies, edge = {}, {}
    for etype, edges in sampled.items():
        own = seeds[etype[end]][rows_of(edges.indptr, len(edges.indices)).long()]
        ends = (edges.indices, own) if end == DST else (own, edges.indices)
        sizes = (graph.num_nodes(etype[0]), graph.num_nodes(etype[2]))
        adjacencies[etype] = Adjacency.from_coo(*ends, *sizes)
        frame = graph._frames.edge[etype]
        edge[etype] = edges.features(frame if copy_edata else frame.bare())
    frames = graph._frames.src
    src = {t: frame.copy() if copy_ndata else frame.bare() for t, frame in frames.items()}
    return assembled(graph, graph._meta, adjacencies, Frames(src, src, edge))
