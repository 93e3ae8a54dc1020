"""Neighbours: some of the edges that enter, or leave, some nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels, random
from .._graph.arguments import refuse_block
from .._graph.conversion import moved
from .._graph.frames import Frames
from .._graph.state import assembled
from .._graph.structure import AnyGraph, Structure
from .._graph.subgraph import edges_by_type, nodes_by_type
from .._storage.adjacency import Adjacency
from .._storage.frame import Frame
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..kernels.sampling_spec import SampleSpec
from ..kernels.segments import rows_of
from . import block
from .block import Chosen


def sample_neighbors(
    graph: AnyGraph,
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
    """Choose at random some of the edges that enter nodes.

    Args:
        graph: a graph that is not a block.
        nodes: ids or a bool mask; with several node types a dict by type. A node that is named
            twice chooses twice.
        fanout: how many edges of each type a node gets at most; -1 for all. A dict gives a number
            for each edge type.
        edge_dir: ``"in"`` for edges that enter, ``"out"`` for edges that leave.
        prob: an edge field, (E,) of float or bool: the chances, in proportion. An edge with 0 is
            never chosen. Edge types without the field choose evenly.
        replace: whether an edge may be chosen more than once.
        copy_ndata: give the nodes their features.
        copy_edata: give the edges their features, gathered when they are read.
        exclude_edges: ids of edges that are not there, or with several types a dict by type.
        output_device: where the result goes; the graph's device unless given.

    Returns:
        A graph of all nodes and the chosen edges; ``edata["_ID"]`` are their ids.

    Raises:
        GraphIndexError: a node or an edge that is not there.
        GraphKeyError: a field or a type that is not there.
        GraphTypeError: probabilities that are no numbers.
        GraphValueError: a block; a fanout below -1 or missing; probabilities that are negative,
            infinite or NaN.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 0]))
        >>> gm.sampling.sample_neighbors(g, [4, 0], 2).in_degrees()
        tensor([1, 0, 0, 0, 2])
    """
    refuse_block(graph)
    end = end_of(edge_dir)
    given = nodes_by_type(graph, nodes)
    chosen = choose(graph, given, fanout, prob, replace, exclude_edges, end=end)
    found = of_chosen(graph, given, chosen, end, copy_ndata, copy_edata)
    return moved(found, output_device)


def sample_block(
    graph: AnyGraph,
    nodes: Any,
    fanout: Any,
    prob: str | None = None,
    replace: bool = False,
    exclude_edges: Any = None,
) -> AnyGraph:
    """Choose edges that enter nodes and make their block: both steps in one.

    Args:
        graph: a graph that is not a block.
        nodes: the destinations, ids or a bool mask; with several node types a dict by type. A node
            that is named twice is there twice; edges lead from the first of the two.
        fanout: see :func:`sample_neighbors`.
        prob: see :func:`sample_neighbors`.
        replace: see :func:`sample_neighbors`.
        exclude_edges: see :func:`sample_neighbors`.

    Returns:
        A block; see :func:`~graphmp.to_block`.

    Raises:
        GraphIndexError: a node or an edge that is not there.
        GraphValueError: as :func:`sample_neighbors`.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 0]))
        >>> block = gm.sampling.sample_block(g, [4], -1)
        >>> block.srcdata["_ID"]
        tensor([4, 0, 1, 2])
    """
    refuse_block(graph)
    given = nodes_by_type(graph, nodes)
    chosen = choose(graph, given, fanout, prob, replace, exclude_edges)
    return block.sampled(graph, given, chosen)


def choose(
    graph: Structure,
    given: Mapping[str, Tensor],
    fanout: Any,
    prob: str | None = None,
    replace: bool = False,
    exclude: Any = None,
    *,
    end: int = 2,
) -> dict[CanonicalEtype, Chosen]:
    """Choose edges of every relation; see :func:`sample_neighbors` and the kernels' contract.

    Args:
        graph: a graph that is not a block.
        given: checked nodes of every type.
        fanout: see :func:`sample_neighbors`.
        prob: see :func:`sample_neighbors`.
        replace: see :func:`sample_neighbors`.
        exclude: see :func:`sample_neighbors`.
        end: 2 for edges that enter the nodes, 0 for edges that leave them.

    Returns:
        The edges of each relation.
    """
    found = {}
    for etype, spec in specs(graph, fanout, prob, replace, exclude, end=end).items():
        adjacency = graph.adjacencies[etype]
        form = adjacency.csc if end == 2 else adjacency.reversed.csc
        rows = given[etype[end]].contiguous()
        found[etype] = Chosen(form, *kernels.sample(form, rows, spec))
    return found


def specs(
    graph: Structure,
    fanout: Any,
    prob: str | None = None,
    replace: bool = False,
    exclude: Any = None,
    *,
    end: int = 2,
) -> dict[CanonicalEtype, SampleSpec]:
    """How edges of every relation are chosen; see :func:`choose`."""
    refuse_block(graph)
    fanouts = by_relation(graph, fanout, "fanout")
    weights = {} if prob is None else chances(graph, prob)
    gone = {} if exclude is None else edges_by_type(graph, exclude)
    key, found = random.key(), {}
    for number, (etype, adjacency) in enumerate(graph.adjacencies.items()):
        places = None
        if etype in gone and len(gone[etype]) > 0:
            way = adjacency if end == 2 else adjacency.reversed
            places = torch.unique(way.places[gone[etype].long()]).long()
        seed, chance = random.mixed(key, number), weights.get(etype)
        found[etype] = SampleSpec(fanouts[etype], replace, seed, chance, places, None)
    return found


def of_chosen(
    graph: AnyGraph,
    given: Mapping[str, Tensor],
    chosen: Mapping[CanonicalEtype, Chosen],
    end: int,
    copy_ndata: bool,
    copy_edata: bool,
) -> AnyGraph:
    """The graph of all nodes and the edges that were chosen.

    Args:
        graph: where they come from.
        given: the nodes of every type that edges were chosen for.
        chosen: what :func:`choose` gave.
        end: the end of the edges at which the given nodes are.
        copy_ndata: give the nodes their features.
        copy_edata: give the edges their features.
    """
    adjacencies, edge = {}, {}
    for etype, found in chosen.items():
        own = given[etype[end]][rows_of(found.limits, len(found.others)).long()]
        ends = (found.others, own) if end == 2 else (own, found.others)
        sizes = (graph.num_nodes(etype[0]), graph.num_nodes(etype[2]))
        adjacencies[etype] = Adjacency.from_coo(*ends, *sizes)
        frame = graph._frames.edge[etype]
        edge[etype] = found.of(frame if copy_edata else frame.bare())
    frames = graph._frames.src
    src = {t: frame.copy() if copy_ndata else frame.bare() for t, frame in frames.items()}
    return assembled(graph, graph._meta, adjacencies, Frames(src, src, edge))


# ---- arguments


def end_of(edge_dir: str) -> int:
    """Which end of an edge the nodes are at."""
    if edge_dir not in ("in", "out"):
        raise GraphValueError(f"edge_dir is 'in' or 'out', but {edge_dir!r} came.")
    return 2 if edge_dir == "in" else 0


def by_relation(graph: Structure, limit: Any, name: str) -> dict[CanonicalEtype, int]:
    """How many edges a node gets at most, for each relation; -1 for all.

    Args:
        graph: the graph.
        limit: a number, or a dict of numbers for every edge type.
        name: of the argument, for error messages.

    Raises:
        GraphTypeError: not an int.
        GraphValueError: below -1 or above 2³¹ - 1, or an edge type that is missing.
    """
    if not isinstance(limit, Mapping):
        number = _limit(limit, name)
        return dict.fromkeys(graph.adjacencies, number)
    found = {graph._meta.etype(etype): _limit(value, name) for etype, value in limit.items()}
    missing = [etype for etype in graph.adjacencies if etype not in found]
    if missing:
        raise GraphValueError(
            f"A dict for {name} needs every edge type, but {missing} are missing: give them 0 to "
            "take none of their edges."
        )
    return found


def _limit(value: Any, name: str) -> int:
    if isinstance(value, Tensor) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise GraphTypeError(f"{name} must be an int, but {_checks.kind(value)} came.")
    number = int(value)
    if not -1 <= number < 2**31:
        raise GraphValueError(
            f"{name} must be -1, for all, or a count below 2147483648, but {number} came."
        )
    return number


def chances(
    graph: Structure, prob: str, etypes: Iterable[CanonicalEtype] | None = None
) -> dict[CanonicalEtype, Tensor]:
    """The chances of the edges, of the relations that have them.

    Args:
        graph: the graph.
        prob: an edge field, (E,) or (E, 1), of float or bool.
        etypes: the relations that matter; all unless given.

    Raises:
        GraphKeyError: none of them has the field.
        GraphTypeError: no name, or a field of integers.
        GraphValueError: a field of another shape.
    """
    if not isinstance(prob, str):
        raise GraphTypeError(
            f"prob is the name of an edge field, but {_checks.kind(prob)} came: assign the "
            "chances to graph.edata."
        )
    frames = {t: graph._frames.edge[t] for t in (graph.adjacencies if etypes is None else etypes)}
    found = {t: _chances(frame, prob) for t, frame in frames.items() if prob in frame}
    if frames and not found:
        fields = sorted({name for frame in frames.values() for name in frame})
        raise GraphKeyError(
            f"No edge has a field {prob!r} to take probabilities from; fields are: "
            f"{', '.join(map(repr, fields)) or 'none'}."
        )
    return found


def _chances(frame: Frame, prob: str) -> Tensor:
    weights = one_each(frame, prob)
    if weights.dtype in (torch.float16, torch.bfloat16):
        return weights.float()
    if weights.dtype not in (torch.float32, torch.float64, torch.bool):
        raise GraphTypeError(
            f"Probabilities must be floating point or bool, but {prob!r} of {frame.owner} has "
            f"{weights.dtype}: call .float() on it."
        )
    return weights


def one_each(frame: Frame, field: str) -> Tensor:
    """A field with one number for each edge, as (E,).

    Raises:
        GraphValueError: another shape than (E,) and (E, 1).
    """
    values = frame[field].detach()
    if values.ndim == 2 and values.shape[1] == 1:
        values = values.view(-1)
    if values.ndim != 1:
        raise GraphValueError(
            f"{field!r} of {frame.owner} must have one number for each edge, (E,), but it has "
            f"{tuple(values.shape)}."
        )
    return values
