"""The loops of LABOR sampling; see :mod:`graphmp.kernels.sampling_spec`.

All run over candidates, grouped by row: ``indptr`` says where rows start and end, ``parts`` are
weights divided by the sum of their row's, ``scores`` are the ``p`` of the specification.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import inner, jit
from .sampling import clamped, number_of

MIN_PART = 1e-150  # of a row's weights, so that its square is not 0


@jit
def normalise(indptr: Any, parts: Any, first: int, last: int) -> None:
    """Divide weights by the sum of their row's, in place."""
    for i in range(first, last):
        begin, end = np.int64(indptr[i]), np.int64(indptr[i + 1])
        total = 0.0
        for t in range(begin, end):
            parts[t] = clamped(parts[t])
            total += parts[t]
        for t in range(begin, end):
            parts[t] = max(parts[t] / total, MIN_PART)


@inner
def _factor(parts: Any, scores: Any, begin: int, end: int, fanout: int) -> Any:
    """The ``c`` of a row: iterates until the edges with ``c p >= 1`` stay the same."""
    degree, before, factor = end - begin, np.int64(-1), 0.0
    if fanout < 0 or degree <= fanout:
        return np.inf
    gap = (degree - fanout) / (np.float64(degree) * fanout)
    while True:
        num_certain, above, below = np.int64(0), 0.0, gap
        for t in range(begin, end):
            if factor * scores[t] >= 1:
                num_certain += 1
            else:
                above += parts[t] * parts[t] / scores[t]
                below += parts[t] * parts[t]
        if num_certain == before:
            return factor
        factor, before = above / below if above > 0 else np.inf, num_certain


@jit
def scale(indptr: Any, parts: Any, fanout: int, scores: Any, first: int, last: int) -> None:
    """Multiply the scores of each row by its factor."""
    for i in range(first, last):
        begin, end = np.int64(indptr[i]), np.int64(indptr[i + 1])
        factor = _factor(parts, scores, begin, end, fanout)
        for t in range(begin, end):
            scores[t] *= factor


@jit
def largest(node: Any, scores: Any, out: Any) -> Any:
    """Write the largest score of each node; returns the expected number of sampled nodes.

    Args:
        node: (candidates,) the index of each candidate's other end.
        scores: (candidates,).
        out: (nodes,).
    """
    out[:] = 0
    for t in range(len(node)):
        out[node[t]] = max(out[node[t]], scores[t])
    expected = 0.0
    for i in range(len(out)):
        expected += min(out[i], 1.0)
    return expected


@jit
def sample(
    seed: int,
    dependency: Any,
    candidates: Any,
    parts: Any,
    probabilities: Any,
    results: Any,
    first: int,
    last: int,
) -> None:
    """Which edges are sampled, and their weights, whose mean is 1 in each row.

    Args:
        seed: the key.
        dependency: ``(key, fraction)`` of a ``BatchDependency``.
        candidates: ``(indptr, indices)``.
        parts: (candidates,).
        probabilities: (candidates,).
        results: ``(is_sampled, weights)``, (candidates,).
        first: the first row.
        last: one past the last row.
    """
    (key, fraction), (indptr, indices), (is_sampled, weights) = dependency, candidates, results
    for i in range(first, last):
        begin, end = np.int64(indptr[i]), np.int64(indptr[i + 1])
        count, total = 0, 0.0
        for t in range(begin, end):
            number = number_of(seed, key, fraction, np.int64(indices[t]))
            is_sampled[t] = number >= 1 - probabilities[t]
            count += 1 if is_sampled[t] else 0
            total += parts[t] / probabilities[t] if is_sampled[t] else 0.0
        for t in range(begin, end):
            weights[t] = parts[t] / probabilities[t] * count / total if is_sampled[t] else 0.0
