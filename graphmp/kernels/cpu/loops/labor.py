"""The loops of sampling edges each by itself; see :mod:`...sampling_spec`.

All run over candidates, row after row: ``parts`` are their weights as parts of the sum of a row's,
``limits`` where the rows start and end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit
from .sampling import number_of, tamed

LEAST_PART = 1e-150  # of a row's weights, so that its square is not 0


@jit
def share_out(limits: Any, parts: Any, first: int, last: int) -> None:
    """Make weights parts of the sums of their rows."""
    for i in range(first, last):
        begin, end = np.int64(limits[i]), np.int64(limits[i + 1])
        total = 0.0
        for t in range(begin, end):
            parts[t] = tamed(parts[t])
            total += parts[t]
        for t in range(begin, end):
            parts[t] = max(parts[t] / total, LEAST_PART)


@jit
def _factor(parts: Any, pulls: Any, begin: int, end: int, fanout: int) -> Any:
    """What makes pulls the chances of a row: edges become certain until it is right."""
    degree, before, factor = end - begin, np.int64(-1), 0.0
    if fanout < 0 or degree <= fanout:
        return np.inf
    gap = (degree - fanout) / (np.float64(degree) * fanout)
    while True:
        certain, above, below = np.int64(0), 0.0, gap
        for t in range(begin, end):
            if factor * pulls[t] >= 1:
                certain += 1
            else:
                above += parts[t] * parts[t] / pulls[t]
                below += parts[t] * parts[t]
        if certain == before:
            return factor
        factor, before = above / below if above > 0 else np.inf, certain


@jit
def scale(limits: Any, parts: Any, fanout: int, pulls: Any, first: int, last: int) -> None:
    """Multiply each row's pulls by its factor."""
    for i in range(first, last):
        begin, end = np.int64(limits[i]), np.int64(limits[i + 1])
        factor = _factor(parts, pulls, begin, end, fanout)
        for t in range(begin, end):
            pulls[t] *= factor


@jit
def largest(node: Any, pulls: Any, most: Any) -> Any:
    """Fill ``most``, the largest pull at each node; gives how many nodes are expected."""
    most[:] = 0
    for t in range(len(node)):
        most[node[t]] = max(most[node[t]], pulls[t])
    expected = 0.0
    for i in range(len(most)):
        expected += min(most[i], 1.0)
    return expected


@jit
def take(
    seed: int, other: int, share: float, limits: Any, others: Any, parts: Any, chances: Any,
    taken: Any, weights: Any, first: int, last: int,
) -> None:  # fmt: skip
    """Which edges are taken, and their weights, whose mean is 1 in each row."""
    for i in range(first, last):
        begin, end = np.int64(limits[i]), np.int64(limits[i + 1])
        count, total = 0, 0.0
        for t in range(begin, end):
            number = number_of(seed, other, share, np.int64(others[t]))
            taken[t] = number >= 1 - chances[t]
            count += 1 if taken[t] else 0
            total += parts[t] / chances[t] if taken[t] else 0.0
        for t in range(begin, end):
            weights[t] = parts[t] / chances[t] * count / total if taken[t] else 0.0
