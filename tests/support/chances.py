"""Whether what was drawn is what should have been: chi-squared tests, and exact chances."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest
from torch import Tensor, bincount

DRAWS = 10_000
LEAST = 1e-3  # a right sampler gives a smaller p-value for one seed in a thousand; seeds are fixed


def assert_drawn(found: Tensor, chances: Sequence[float]) -> None:
    """Numbers below ``len(chances)`` were drawn as often as they should; never where it is 0."""
    stats = pytest.importorskip("scipy.stats", reason="needs SciPy: pip install scipy")
    counts = bincount(found, minlength=len(chances)).double()
    assert len(counts) == len(chances)
    total = sum(chances)
    expected = [chance / total * len(found) for chance in chances]
    never = [count for count, chance in zip(counts.tolist(), chances, strict=True) if chance == 0]
    assert sum(never) == 0
    pairs = [(c, e) for c, e in zip(counts.tolist(), expected, strict=True) if e > 0]
    if len(pairs) > 1:
        observed, wanted = zip(*pairs, strict=True)
        assert stats.chisquare(observed, wanted).pvalue > LEAST, (observed, wanted)


def of_sets(weights: Sequence[float], size: int) -> list[float]:
    """The chance of each set of drawing without replacement, by the bits of its members."""
    chances = [0.0] * (1 << len(weights))
    for order in permutations([i for i, w in enumerate(weights) if w > 0], size):
        chance, left = 1.0, sum(weights)
        for i in order:
            chance *= weights[i] / left
            left -= weights[i]
        chances[sum(1 << i for i in order)] += chance
    return chances
