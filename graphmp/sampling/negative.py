"""Uniform negative sampling: pairs of nodes without an edge.

Random numbers come from a CPU generator, so that samples are the same on every device.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from .. import _checks, random
from .._graph.arguments import refuse_block
from .._graph.structure import Structure
from .._storage.adjacency import Adjacency
from ..errors import GraphValueError


def global_uniform_negative_sampling(
    g: Structure,
    num_samples: int,
    exclude_self_loops: bool = True,
    replace: bool = False,
    etype: Any = None,
    redundancy: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Sample pairs of nodes without an edge, uniformly.

    Args:
        g: a graph that is not a block.
        num_samples: the number of pairs.
        exclude_self_loops: whether to exclude pairs of a node and itself, if both ends are of one
            type.
        replace: whether a pair may be sampled more than once.
        etype: the edge type; optional if there is only one.
        redundancy: the fraction of additional pairs in each round of rejection sampling. It affects
            the run time only, not the result.

    Returns:
        Sources and destinations in random order: (num_samples,) each, or fewer if there are not
        enough pairs.

    Raises:
        GraphKeyError: an unknown edge type.
        GraphTypeError: numbers of the wrong kind.
        GraphValueError: a block; a negative number; several edge types without a choice.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]), num_nodes=3)
        >>> u, v = gm.sampling.global_uniform_negative_sampling(g, 100)
        >>> sorted(zip(u.tolist(), v.tolist()))
        [(0, 2), (1, 2), (2, 0), (2, 1)]
    """
    refuse_block(g)
    etype, count = g._meta.etype(etype), _checks.count(num_samples, "num_samples")
    extra, adjacency = _redundancy(redundancy), g.adjacencies[etype]
    loops = adjacency.num_src if exclude_self_loops and etype[0] == etype[2] else 0
    total = adjacency.num_src * adjacency.num_dst
    if total >= 2**62:
        raise GraphValueError(
            f"Expected fewer than 2**62 pairs of nodes, got {adjacency.num_src} sources and "
            f"{adjacency.num_dst} destinations, which are too many pairs."
        )
    count = count if replace else min(count, total)
    _checks.held(count, "num_samples")
    unavailable = adjacency.num_edges + loops + (0 if replace else count)
    if total > 0 and 2 * unavailable <= total:
        keys = _by_rejection(adjacency, count, loops > 0, replace, extra)
    else:
        keys = _by_enumeration(adjacency, count, loops > 0, replace)
    width = max(adjacency.num_dst, 1)
    return (keys // width).to(g.idtype), (keys % width).to(g.idtype)


def _by_rejection(
    adjacency: Adjacency, count: int, no_loops: bool, replace: bool, redundancy: float
) -> Tensor:
    """Sample from all pairs, of which at least half are accepted, until there are enough."""
    source, total = random.generator(), adjacency.num_src * adjacency.num_dst
    accepted = torch.empty(0, dtype=torch.int64, device=adjacency.device)
    while len(accepted) < count:
        missing = count - len(accepted)
        size = (missing + math.ceil(missing * redundancy) + 16,)
        keys = torch.randint(total, size, generator=source).to(accepted.device)
        accepted = torch.cat([accepted, keys[~_is_excluded(adjacency, keys, no_loops)]])
        accepted = accepted if replace else _distinct(accepted)
    return accepted[:count]


def _by_enumeration(adjacency: Adjacency, count: int, no_loops: bool, replace: bool) -> Tensor:
    """Sample from the list of all acceptable pairs."""
    keys = torch.arange(adjacency.num_src * adjacency.num_dst, device=adjacency.device)
    negatives = keys[~_is_excluded(adjacency, keys, no_loops)]
    source = random.generator()
    if replace and len(negatives) > 0:
        picks = torch.randint(len(negatives), (count,), generator=source, device=source.device)
    else:
        picks = torch.randperm(len(negatives), generator=source, device=source.device)[:count]
    return negatives[picks.to(negatives.device)]


def _is_excluded(adjacency: Adjacency, keys: Tensor, no_loops: bool) -> Tensor:
    """Whether each pair has an edge, or is a self-loop."""
    u, v = keys // max(adjacency.num_dst, 1), keys % max(adjacency.num_dst, 1)
    low, high = adjacency.search(u, v)
    is_edge = low < high
    return is_edge | (u == v) if no_loops else is_edge


def _distinct(keys: Tensor) -> Tensor:
    """The distinct keys, in order of first occurrence."""
    order = torch.argsort(keys, stable=True)
    is_first = torch.ones_like(keys, dtype=torch.bool)
    is_first[order[1:]] = keys[order].diff() != 0
    return keys[is_first]


def _redundancy(value: Any) -> float:
    if value is None:
        return 0.3
    redundancy = _checks.number(value, "redundancy")
    if not (redundancy >= 0 and math.isfinite(redundancy)):
        raise GraphValueError(
            f"Expected redundancy to be finite and not negative, got {redundancy}."
        )
    return redundancy
