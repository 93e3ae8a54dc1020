"""Negative edges: pairs of nodes that no edge joins.

Numbers come from a generator of the CPU, so that they are the same for graphs on every device.
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
from ..errors import GraphTypeError, GraphValueError


def global_uniform_negative_sampling(
    g: Structure,
    num_samples: int,
    exclude_self_loops: bool = True,
    replace: bool = False,
    etype: Any = None,
    redundancy: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Draw pairs of nodes that no edge joins, each with the same chance.

    Args:
        g: a graph that is not a block.
        num_samples: how many pairs.
        exclude_self_loops: draw no pair of a node and itself, where both ends are of one type.
        replace: whether a pair may come more than once.
        etype: the edge type; not needed when there is one.
        redundancy: how many more pairs are drawn at a time than are missing, as a share of them.
            It costs or saves time and does not change the result.

    Returns:
        Sources and destinations, in the order in which they were drawn: (num_samples,) each, or
        fewer where there are not so many.

    Raises:
        GraphKeyError: an edge type that is not there.
        GraphTypeError: numbers of the wrong kind.
        GraphValueError: a block; a negative number; several edge types and none named.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]), num_nodes=3)
        >>> u, v = gm.sampling.global_uniform_negative_sampling(g, 100)
        >>> sorted(zip(u.tolist(), v.tolist()))
        [(0, 2), (1, 2), (2, 0), (2, 1)]
    """
    refuse_block(g)
    etype, count = g._meta.etype(etype), _checks.count(num_samples, "num_samples")
    share, adjacency = _share(redundancy), g.adjacencies[etype]
    loops = adjacency.num_src if exclude_self_loops and etype[0] == etype[2] else 0
    total = adjacency.num_src * adjacency.num_dst
    if total >= 2**62:
        raise GraphValueError(
            f"{adjacency.num_src} sources and {adjacency.num_dst} destinations make too many pairs "
            "to be numbered."
        )
    taken = adjacency.num_edges + loops + (0 if replace else count)
    if total > 0 and 2 * taken <= total:
        keys = _by_trying(adjacency, count, loops > 0, replace, share)
    else:
        keys = _of_all(adjacency, count, loops > 0, replace)
    width = max(adjacency.num_dst, 1)
    return (keys // width).to(g.idtype), (keys % width).to(g.idtype)


def _by_trying(
    adjacency: Adjacency, count: int, no_loops: bool, replace: bool, share: float
) -> Tensor:
    """Draw from all pairs, of which at least half will do, until enough are found."""
    source, total = random.generator(), adjacency.num_src * adjacency.num_dst
    found = torch.empty(0, dtype=torch.int64, device=adjacency.device)
    while len(found) < count:
        missing = count - len(found)
        size = (missing + math.ceil(missing * share) + 16,)
        keys = torch.randint(total, size, generator=source).to(found.device)
        found = torch.cat([found, keys[~_is_joined(adjacency, keys, no_loops)]])
        found = found if replace else _first_of_each(found)
    return found[:count]


def _of_all(adjacency: Adjacency, count: int, no_loops: bool, replace: bool) -> Tensor:
    """Draw from the list of the pairs that will do."""
    keys = torch.arange(adjacency.num_src * adjacency.num_dst, device=adjacency.device)
    free, source = keys[~_is_joined(adjacency, keys, no_loops)], random.generator()
    if replace and len(free) > 0:
        picks = torch.randint(len(free), (count,), generator=source)
    else:
        picks = torch.randperm(len(free), generator=source)[:count]
    return free[picks.to(free.device)]


def _is_joined(adjacency: Adjacency, keys: Tensor, no_loops: bool) -> Tensor:
    """Whether an edge joins each pair, or the pair is of a node and itself."""
    known = adjacency.pairs[0]
    joined = torch.zeros_like(keys, dtype=torch.bool)
    if len(known) > 0:
        joined = known[torch.searchsorted(known, keys).clamp(max=len(known) - 1)] == keys
    return joined | (keys // adjacency.num_dst == keys % adjacency.num_dst) if no_loops else joined


def _first_of_each(keys: Tensor) -> Tensor:
    """The keys without repetitions, each where it came first."""
    order = torch.argsort(keys, stable=True)
    is_first = torch.ones_like(keys, dtype=torch.bool)
    is_first[order[1:]] = keys[order].diff() != 0
    return keys[is_first]


def _share(redundancy: Any) -> float:
    if redundancy is None:
        return 0.3
    try:
        share = float(redundancy)
    except (TypeError, ValueError) as error:
        came = _checks.kind(redundancy)
        raise GraphTypeError(f"redundancy must be a number, but {came} came.") from error
    if not (share >= 0 and math.isfinite(share)):
        raise GraphValueError(f"redundancy must be finite and not negative, but {share} came.")
    return share
