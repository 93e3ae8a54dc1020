"""Random walks: along one edge type, along a path of types, and with a memory of one step."""

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
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphTypeError, GraphValueError
from ..kernels.sampling_spec import WalkSpec
from .neighbors import chances

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
    """Walk at random along the edges, from each of some nodes.

    A walk ends where no edge leaves a node, or none that can be chosen.

    Args:
        g: a graph that is not a block.
        nodes: where walks start: (n,) ids or a bool mask. A node that is named twice starts two.
        metapath: the edge types of the steps; each leaves the node type that the one before it
            enters. Not needed on a graph of one node and one edge type.
        length: the number of steps, instead of ``metapath``.
        prob: an edge field, (E,) of float or bool: the chances, in proportion. An edge with 0 is
            never chosen. Edge types without the field choose evenly.
        restart_prob: the chance that a walk ends before a step: one number, or (steps,).
        return_eids: give the edges too.

    Returns:
        ``(traces, types)``, or ``(traces, eids, types)``. Traces are (n, steps + 1) nodes, the
        first where the walk starts; eids are (n, steps) edges; both are -1 after a walk's end.
        Types are (steps + 1,), the number of each node's type. All have the graph's id type.

    Raises:
        GraphIndexError: a node that is not there.
        GraphKeyError: a field or a type that is not there.
        GraphTypeError: probabilities that are no numbers.
        GraphValueError: a block; neither or both of ``metapath`` and ``length``; a path whose steps
            do not follow each other; probabilities that are negative, infinite or NaN.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> gm.sampling.random_walk(g, [0, 1], length=3)
        (tensor([[0, 1, 2, 0],
                [1, 2, 0, 1]]), tensor([0, 0, 0, 0]))
    """
    refuse_block(g)
    runs = _runs(g, metapath, length)
    steps = sum(count for _, count in runs)
    stops = stops_of(restart_prob, steps, "restart_prob").to(g.device)
    weights = {} if prob is None else chances(g, prob, {etype for etype, _ in runs})
    at = _starts(g, nodes, runs[0][0][0])
    key, traces, eids, start = random.key(), [at.view(-1, 1)], [at.new_empty(len(at), 0)], 0
    for etype, count in runs:
        part = stops[start : start + count]
        how = WalkSpec(start, part, key, weights.get(etype), None, 1.0, 1.0)
        found = kernels.walk(g.adjacencies[etype].csr, traces[-1][:, -1].contiguous(), how)
        start += count
        if count > 0:
            traces.append(found[0])
            eids.append(found[1])
    ntypes = [runs[0][0][0], *(etype[2] for etype, count in runs for _ in range(count))]
    numbers = [g.ntypes.index(ntype) for ntype in ntypes]
    types = torch.tensor(numbers, dtype=g.idtype, device=g.device)
    walked = torch.cat(traces, 1)
    return (walked, torch.cat(eids, 1), types) if return_eids else (walked, types)


def node2vec_random_walk(
    g: Structure,
    nodes: Any,
    p: float,
    q: float,
    walk_length: int,
    prob: str | None = None,
    return_eids: bool = False,
) -> Any:
    """Walk at random with a memory of one step.

    From `node2vec: scalable feature learning for networks
    <https://arxiv.org/abs/1607.00653>`__ (Grover and Leskovec, KDD 2016). Where a walk came from
    node t, an edge to node x counts 1/p if x is t, 1 if there is an edge from x to t, and 1/q
    otherwise, times its probability.

    Args:
        g: a graph of one node and one edge type.
        nodes: where walks start: (n,) ids or a bool mask. A node that is named twice starts two.
        p: the greater, the less often a walk goes back.
        q: the greater, the more a walk stays near.
        walk_length: the number of steps.
        prob: an edge field, (E,) of float or bool; see :func:`random_walk`.
        return_eids: give the edges too.

    Returns:
        (n, walk_length + 1) nodes, -1 after a walk's end; with ``return_eids`` also (n,
        walk_length) edges.

    Raises:
        GraphIndexError: a node that is not there.
        GraphKeyError: a field that is not there.
        GraphTypeError: probabilities that are no numbers.
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
    ((etype, _),) = _runs(g, None, walk_length)
    back, far = 1 / _positive(p, "p"), 1 / _positive(q, "q")
    weights = None if prob is None else chances(g, prob)[etype]
    at, adjacency = _starts(g, nodes, etype[0]), g.adjacencies[etype]
    stops = torch.zeros(walk_length, dtype=torch.float64, device=g.device)
    how = WalkSpec(0, stops, random.key(), weights, adjacency.pairs[0], back, far)
    found, eids = kernels.walk(adjacency.csr, at.contiguous(), how)
    traces = torch.cat([at.view(-1, 1), found], 1)
    return (traces, eids) if return_eids else traces


def pack_traces(traces: Tensor, types: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Walks one after the other, without what comes after their ends.

    Args:
        traces: (n, steps + 1) nodes, -1 after a walk's end.
        types: (steps + 1,) the number of each node's type.

    Returns:
        ``(concat_vids, concat_types, lengths, offsets)``: the nodes of all walks, the type of each,
        and for each walk how many nodes it has and where they start, both int64.

    Raises:
        GraphTypeError: not tensors of int32 or int64.
        GraphValueError: shapes that do not fit, or tensors on two devices.

    Example:
        >>> import graphmp as gm
        >>> traces = torch.tensor([[0, 4, -1], [2, 4, 1]])
        >>> gm.sampling.pack_traces(traces, torch.tensor([0, 1, 0]))
        (tensor([0, 4, 2, 4, 1]), tensor([0, 1, 0, 1, 0]), tensor([2, 3]), tensor([0, 2]))
    """
    _check_ids(traces, "traces")
    _check_ids(types, "types")
    if traces.ndim != 2 or types.shape != traces.shape[1:] or types.device != traces.device:
        raise GraphValueError(
            "Traces (n, steps + 1) and types (steps + 1,) on one device are wanted, but shapes of "
            f"{tuple(traces.shape)} and {tuple(types.shape)} came, on {traces.device} and "
            f"{types.device}."
        )
    is_node = traces >= 0
    lengths = is_node.sum(1)
    offsets = lengths.cumsum(0) - lengths
    return traces[is_node], types.expand_as(traces)[is_node], lengths, offsets


# ---- arguments


def _check_ids(value: Any, name: str) -> None:
    if not isinstance(value, Tensor) or value.dtype not in _checks.ID_DTYPES:
        raise GraphTypeError(
            f"{name} must be a tensor of int32 or int64, but {_checks.kind(value)} came."
        )


def _runs(g: Structure, metapath: Iterable[Any] | None, length: Any) -> Runs:
    """The edge types of the steps, and how many steps in a row each has."""
    if (metapath is None) == (length is None):
        raise GraphValueError(
            "Give metapath, the edge types of the steps, or length, their number: "
            f"{'both' if length is not None else 'neither'} came."
        )
    if metapath is None:
        count = _checks.count(length, "The number of steps")
        if not g.is_homogeneous:
            raise GraphValueError(
                "A number of steps is for a graph of one node and one edge type; this has edge "
                f"types {g.canonical_etypes}: name those of the steps in metapath."
            )
        return [(g.canonical_etypes[0], count)]
    path = path_of(g, metapath)
    return [(etype, len(list(same))) for etype, same in groupby(path)]


def path_of(g: Structure, metapath: Iterable[Any]) -> list[CanonicalEtype]:
    """The checked relations of a path.

    Args:
        g: the graph.
        metapath: names or canonical triples.

    Raises:
        GraphKeyError: an edge type that is not there.
        GraphTypeError: not a list.
        GraphValueError: none, or steps that do not follow each other.
    """
    if isinstance(metapath, str) or not isinstance(metapath, Iterable):
        raise GraphTypeError(
            f"metapath is a list of edge types, but {_checks.kind(metapath)} came."
        )
    path = [g._meta.etype(etype) for etype in metapath]
    if not path:
        raise GraphValueError("metapath needs one edge type at least, but it is empty.")
    for first, second in pairwise(path):
        if first[2] != second[0]:
            raise GraphValueError(
                "Each step of a metapath must leave the node type that the step before it enters, "
                f"but {second} follows {first}."
            )
    return path


def _starts(g: Structure, nodes: Any, ntype: str) -> Tensor:
    what = f"Ids of nodes of type {ntype!r}"
    return _checks.ids_or_mask(nodes, g.idtype, g.device, g.num_nodes(ntype), what)


def stops_of(chance: Any, steps: int, name: str) -> Tensor:
    """The checked chance to end before each step: (steps,) float64, on the CPU.

    Args:
        chance: one number, or one for each step; None for none.
        steps: the number of steps.
        name: of the argument, for error messages.

    Raises:
        GraphTypeError: neither a number nor numbers.
        GraphValueError: another number of them, or one that is not from 0 to 1.
    """
    given = 0.0 if chance is None else chance
    try:
        stops = torch.as_tensor(given).detach().to("cpu", torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise GraphTypeError(
            f"{name} is a number or a tensor, but {_checks.kind(given)} came."
        ) from error
    if stops.ndim > 0 and stops.shape != (steps,):
        raise GraphValueError(
            f"{name} needs one number, or one for each of the {steps} steps, but a shape of "
            f"{tuple(stops.shape)} came."
        )
    if not bool(((stops >= 0) & (stops <= 1)).all()):
        raise GraphValueError(f"{name} must be from 0 to 1, but {given} came.")
    return stops.expand(steps).contiguous()


def _positive(value: Any, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise GraphTypeError(f"{name} must be a number, but {_checks.kind(value)} came.") from error
    if not (number > 0 and math.isfinite(number) and math.isfinite(1 / number)):
        raise GraphValueError(f"{name} must be positive and finite, but {number} came.")
    return number
