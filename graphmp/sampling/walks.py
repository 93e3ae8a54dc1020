"""Random walks: uniform and weighted, along a metapath, and of second order (node2vec)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import groupby, pairwise
from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels, random
from .._graph.arguments import refuse_block
from .._graph.structure import Structure
from .._storage.metagraph import CanonicalEtype, of_type
from ..errors import GraphTypeError, GraphValueError
from ..kernels.sampling_spec import WalkSpec
from .arguments import probabilities_by_type

Runs = list[tuple[CanonicalEtype, int]]


def random_walk(
    g: Structure,
    nodes: Any,
    *,
    metapath: Iterable[Any] | None = None,
    length: int | None = None,
    prob: str | None = None,
    restart_prob: Any = None,
    return_eids: bool = False,
) -> tuple[Tensor, ...]:
    """Generate random walks from nodes.

    A walk ends at a node without outgoing edges, or if all of them have probability 0.

    Args:
        g: a graph that is not a block.
        nodes: the start nodes: (n,) ids or a bool mask. A node that is listed twice starts two
            walks.
        metapath: the edge types of the steps; each starts at the node type where the previous one
            ends. Optional on a homogeneous graph.
        length: the number of steps, instead of ``metapath``.
        prob: an edge field, (E,) of float or bool: unnormalised probabilities. An edge with 0 is
            never chosen. Edge types without the field are sampled uniformly.
        restart_prob: the probability that a walk ends before a step: one number, or (steps,).
        return_eids: whether to return the edges too.

    Returns:
        ``(traces, types)``, or ``(traces, eids, types)``. Traces are (n, steps + 1) nodes, starting
        with the start node; eids are (n, steps) edges; both are -1 after the end of a walk. Types
        are (steps + 1,) node type ids. All have the graph's id type.

    Raises:
        GraphIndexError: a node id out of range.
        GraphKeyError: an unknown field or type.
        GraphTypeError: probabilities that are not numbers.
        GraphValueError: a block; neither or both of ``metapath`` and ``length``; a metapath whose
            steps do not follow each other; probabilities that are negative, infinite or NaN.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> gm.sampling.random_walk(g, [0, 1], length=3)
        (tensor([[0, 1, 2, 0],
                [1, 2, 0, 1]]), tensor([0, 0, 0, 0]))
    """
    refuse_block(g)
    runs = _runs(g, metapath, length)
    ntype, steps = runs[0][0][0], sum(count for _, count in runs)
    stops = restart_probabilities(restart_prob, steps, "restart_prob").to(g.device)
    weights = probabilities_by_type(g, prob, {etype for etype, _ in runs})
    nodes = _start_nodes(g, nodes, ntype)
    _checks.held(len(nodes) * steps, "Steps of walks", 2 * nodes.element_size())
    traces, eids = [nodes.view(-1, 1)], [nodes.new_empty(len(nodes), 0)]
    key, start = random.key(), 0
    for etype, count in runs:
        stop, last = start + count, traces[-1][:, -1].contiguous()
        spec = WalkSpec(start, stops[start:stop], key, weights.get(etype), None, 1.0, 1.0)
        new_nodes, new_eids = kernels.walk(g.adjacencies[etype].csr, last, spec)
        start = stop
        if count > 0:
            traces.append(new_nodes)
            eids.append(new_eids)
    ntypes = [ntype, *(etype[2] for etype, count in runs for _ in range(count))]
    type_ids = [g.ntypes.index(ntype) for ntype in ntypes]
    types = torch.tensor(type_ids, dtype=g.idtype, device=g.device)
    walks = torch.cat(traces, 1)
    return (walks, torch.cat(eids, 1), types) if return_eids else (walks, types)


def node2vec_random_walk(
    g: Structure,
    nodes: Any,
    p: float,
    q: float,
    walk_length: int,
    prob: str | None = None,
    return_eids: bool = False,
) -> Any:
    """Generate node2vec walks: second-order random walks from nodes.

    From `node2vec: scalable feature learning for networks
    <https://arxiv.org/abs/1607.00653>`__ (Grover and Leskovec, KDD 2016). If the previous node of a
    walk is t, the probability of an edge to node x is proportional to 1/p if x is t, to 1 if there
    is an edge from x to t, and to 1/q otherwise, times its probability in ``prob``.

    Args:
        g: a homogeneous graph.
        nodes: the start nodes: (n,) ids or a bool mask. A node that is listed twice starts two
            walks.
        p: the return parameter; a large value makes it unlikely to return to the previous node.
        q: the in-out parameter; a large value keeps walks close to their start.
        walk_length: the number of steps.
        prob: an edge field, (E,) of float or bool; see :func:`random_walk`.
        return_eids: whether to return the edges too.

    Returns:
        (n, walk_length + 1) nodes, -1 after the end of a walk; with ``return_eids`` also (n,
        walk_length) edges.

    Raises:
        GraphIndexError: a node id out of range.
        GraphKeyError: an unknown field.
        GraphTypeError: probabilities that are not numbers.
        GraphValueError: several types; ``p`` or ``q`` that is not positive and finite;
            probabilities that are negative, infinite or NaN.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> gm.sampling.node2vec_random_walk(g, [0, 1], 1, 0.5, 3)
        tensor([[0, 1, 2, 0],
                [1, 2, 0, 1]])
    """
    refuse_block(g)
    ((etype, steps),) = _runs(g, None, walk_length)
    back, far = 1 / _positive(p, "p"), 1 / _positive(q, "q")
    weights = probabilities_by_type(g, prob).get(etype)
    nodes, adjacency = _start_nodes(g, nodes, etype[0]), g.adjacencies[etype]
    _checks.held(len(nodes) * steps, "Steps of walks", 2 * nodes.element_size())
    stops = torch.zeros(steps, dtype=torch.float64, device=g.device)
    spec = WalkSpec(0, stops, random.key(), weights, adjacency.pairs, back, far)
    new_nodes, eids = kernels.walk(adjacency.csr, nodes.contiguous(), spec)
    traces = torch.cat([nodes.view(-1, 1), new_nodes], 1)
    return (traces, eids) if return_eids else traces


def pack_traces(traces: Tensor, types: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Concatenate walks, without the padding after their ends.

    Args:
        traces: (n, steps + 1) nodes, -1 after the end of a walk.
        types: (steps + 1,) node type ids.

    Returns:
        ``(concat_vids, concat_types, lengths, offsets)``: the nodes of all walks, their types, and
        for each walk the number of nodes and the offset of the first, both int64.

    Raises:
        GraphTypeError: not tensors of int32 or int64.
        GraphValueError: mismatched shapes or devices.

    Example:
        >>> import torch, graphmp as gm
        >>> traces = torch.tensor([[0, 4, -1], [2, 4, 1]])
        >>> gm.sampling.pack_traces(traces, torch.tensor([0, 1, 0]))
        (tensor([0, 4, 2, 4, 1]), tensor([0, 1, 0, 1, 0]), tensor([2, 3]), tensor([0, 2]))
    """
    _check_ids(traces, "traces")
    _check_ids(types, "types")
    if traces.ndim != 2 or types.shape != traces.shape[1:] or types.device != traces.device:
        raise GraphValueError(
            "Expected traces (n, steps + 1) and types (steps + 1,) on one device, got shapes "
            f"{tuple(traces.shape)} and {tuple(types.shape)} on {traces.device} and {types.device}."
        )
    is_node = traces >= 0
    lengths = is_node.sum(1)
    offsets = lengths.cumsum(0) - lengths
    return traces[is_node], types.expand_as(traces)[is_node], lengths, offsets


# ---- arguments


def _check_ids(value: Any, name: str) -> None:
    if not isinstance(value, Tensor) or value.dtype not in _checks.ID_DTYPES:
        raise GraphTypeError(
            f"Expected {name} to be a tensor of int32 or int64, got {_checks.kind(value)}."
        )


def _runs(g: Structure, metapath: Iterable[Any] | None, length: Any) -> Runs:
    """The edge types of the steps, with the number of consecutive steps of each."""
    if (metapath is None) == (length is None):
        raise GraphValueError(
            "Expected either metapath, the edge types of the steps, or length, their number, got "
            f"{'both' if length is not None else 'neither'}; pass one of them."
        )
    if metapath is None:
        count = _checks.size(length, "The number of steps")
        if not g.is_homogeneous:
            raise GraphValueError(
                "Expected a graph of one node and one edge type, got edge types "
                f"{g.canonical_etypes}; name those of the steps in metapath."
            )
        return [(g.canonical_etypes[0], count)]
    path = check_metapath(g, metapath)
    return [(etype, len(list(same))) for etype, same in groupby(path)]


def check_metapath(g: Structure, metapath: Iterable[Any]) -> list[CanonicalEtype]:
    """The canonical edge types of a metapath.

    Args:
        g: the graph.
        metapath: names or canonical triples.

    Raises:
        GraphKeyError: an unknown edge type.
        GraphTypeError: not a list.
        GraphValueError: an empty metapath, or steps that do not follow each other.
    """
    if isinstance(metapath, str) or not isinstance(metapath, Iterable):
        raise GraphTypeError(
            f"Expected metapath to be a list of edge types, got {_checks.kind(metapath)}."
        )
    path = [g._meta.etype(etype) for etype in metapath]
    if not path:
        raise GraphValueError("Expected metapath to have at least one edge type, got none.")
    for first, second in pairwise(path):
        if first[2] != second[0]:
            raise GraphValueError(
                "Expected each step of metapath to start at the node type where the previous step "
                f"ends, got a path where {second} follows {first}."
            )
    return path


def _start_nodes(g: Structure, nodes: Any, ntype: str) -> Tensor:
    what = f"Ids of nodes{of_type(ntype)}"
    return _checks.ids_or_mask(nodes, g.idtype, g.device, g.num_nodes(ntype), what)


def restart_probabilities(value: Any, steps: int, name: str) -> Tensor:
    """The checked probability that a walk ends before each step: (steps,) float64, on the CPU.

    Args:
        value: one number, or one for each step; None for 0.
        steps: the number of steps.
        name: the argument's name, for error messages.

    Raises:
        GraphTypeError: neither a number nor numbers.
        GraphValueError: another shape, or a number that is not between 0 and 1.
    """
    try:
        stops = (
            torch.as_tensor(0.0 if value is None else value, device="cpu")
            .detach()
            .to("cpu", torch.float64)
        )
    except (TypeError, ValueError, RuntimeError) as error:
        raise GraphTypeError(
            f"Expected {name} to be a number or a tensor, got {_checks.kind(value)}."
        ) from error
    if stops.ndim > 0 and stops.shape != (steps,):
        raise GraphValueError(
            f"Expected {name} to be one number, or one for each of the {steps} steps, got shape "
            f"{tuple(stops.shape)}."
        )
    if not bool(((stops >= 0) & (stops <= 1)).all()):
        raise GraphValueError(f"Expected {name} to be from 0 to 1, got {value}.")
    return stops.expand(steps).contiguous()


def _positive(value: Any, name: str) -> float:
    number = _checks.number(value, name)
    if not (number > 0 and math.isfinite(number) and math.isfinite(1 / number)):
        raise GraphValueError(f"Expected {name} to be positive and finite, got {number}.")
    return number
