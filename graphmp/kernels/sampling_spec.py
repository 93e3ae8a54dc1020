"""Specifications of random sampling: which edges are sampled, and how random walks move.

All random numbers come from Philox, :mod:`.philox`, with a seed as the key and three numbers as the
counter.

Poisson sampling (LABOR; Balin and Catalyurek, *Layer-neighbor sampling -- defusing neighborhood
explosion in GNNs*, NeurIPS 2023): let ``a[t]`` be the weight of an edge from ``t`` into a row of
``d`` edges, divided by the sum of the row's weights. The edge is sampled with probability
``min(1, c p[t])``, independently of the row's other edges: if the random number of ``t`` is at
least 1 minus that probability. ``c`` is chosen such that a weighted mean has the variance that it
would have with ``k``, the fanout, out of ``d`` edges of equal weight:

    sum(a ** 2 / min(1, c p)) - sum(a ** 2) = 1 / k - 1 / d

If ``d`` is at most ``k``, ``c`` is infinite, and so is every ``p``. Initially, ``p[t]`` is
``a[t]``. Each step replaces it by the largest ``c p[t]`` over all rows, so that rows sample common
sources. There are ``steps`` steps; -1 iterates until a step reduces the expected number of sources,
the sum of ``min(1, p)``, by a fraction of at most ``CONVERGENCE``. The weight of a sampled edge is
``a`` divided by its probability, and scaled by one factor in each row.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

MIN_WEIGHT, MAX_WEIGHT = 1e-290, 1e290  # weights other than 0 are clamped to this range
CONVERGENCE = 1e-4  # a step that saves a smaller fraction of the expected sources is the last
MAX_TRIES = 64  # of rejection sampling, in a step of a second-order walk


class BatchDependency(NamedTuple):
    """Random numbers of nodes that move smoothly from those of one key to those of another.

    A node draws ``u`` and ``v`` from the counter ``(node, 0, 2)`` of the first and the second key.
    Let ``w`` be the point that is ``fraction`` of the shorter way from ``u`` to ``v`` on a circle
    of length 1; the node's number is ``|2 w - 1|``. It is uniform for every ``fraction``, and
    changes by no more than ``fraction`` does.

    Attributes:
        key: the second key; the first is the seed of the :class:`SampleSpec`.
        fraction: of the way from the first to the second number, 0 to 1.
    """

    key: int
    fraction: float


class SampleSpec(NamedTuple):
    """Which edges of each row are sampled.

    Random numbers come from Philox, :mod:`.philox`, with ``seed`` as the key; ``i`` is the index of
    a row in ``rows``. Edges of equal weight are sampled without replacement by Floyd's algorithm
    (Bentley and Floyd, *Programming pearls: a sample of brilliance*, CACM 1987); the ``t``-th of a
    row uses word ``t % 4`` of the counter ``(i, t // 4, 0)``. Weighted edges are sampled without
    replacement by exponential clocks (Efraimidis and Spirakis, *Weighted random sampling with a
    reservoir*, IPL 2006): the edge at position ``p`` uses two words of ``(p // 2, i, 1)``, the last
    two if ``p`` is odd; or, if ``dependent``, the number of the node at its other end. With
    replacement, the ``t``-th edge uses ``(i, t, 1)``. Weights other than 0 are clamped to
    ``MIN_WEIGHT`` and ``MAX_WEIGHT``, so that nothing overflows.

    Attributes:
        fanout: the number of edges, at most the row's degree without replacement; -1 for all.
        replace: whether an edge may be sampled more than once.
        seed: the key, 0 to 2⁶³ - 1.
        weights: (E,) by edge id, float32, float64 or bool: unnormalised probabilities; an edge of
            weight 0 is never sampled. None for equal weights.
        excluded: int64 positions in the layout, ascending, of edges that are not sampled; or None.
        dependent: lets edges with the same node at the other end share one random number; or None.
    """

    fanout: int
    replace: bool
    seed: int
    weights: Tensor | None
    excluded: Tensor | None
    dependent: BatchDependency | None


class WalkSpec(NamedTuple):
    """How random walks choose their edges.

    Random numbers come from Philox with ``seed`` as the key; ``i`` is the index of a walk in the
    start nodes, and ``s`` the index of a step, counted from ``start``. Words 2 and 3 of the counter
    ``(i, s, 3)`` decide whether the walk ends before the step, words 0 and 1 choose an edge in
    proportion to its weight; a walk also ends at a node without edges.

    With ``pairs`` the walks are of second order (Grover and Leskovec, *node2vec: scalable feature
    learning for networks*, KDD 2016): from the second step on, the weight of an edge is multiplied
    by ``back`` if the edge leads to the previous node, by 1 if there is an edge from its end to the
    previous node, and by ``far`` otherwise. Without weights, the ``t``-th try of rejection
    sampling, for ``t`` below the node's degree and ``MAX_TRIES``, uses ``(i, s, 4 + t)``: words 0
    and 1 choose an edge uniformly, and words 2 and 3 accept or reject it. If every try is rejected,
    words 0 and 1 of ``(i, s, 3)`` choose, so that the probabilities are exact.

    Attributes:
        start: the index of the first step.
        stops: (steps,) float64: the probability that a walk ends before each step.
        seed: the key, 0 to 2⁶³ - 1.
        weights: (E,) by edge id, as in :class:`SampleSpec`; None for equal weights.
        pairs: (E,) int64 ``source * nodes + destination`` of all edges, ascending; or None.
        back: the factor of an edge back to the previous node, 1 / p.
        far: the factor of an edge away from the previous node, 1 / q.
    """

    start: int
    stops: Tensor
    seed: int
    weights: Tensor | None
    pairs: Tensor | None
    back: float
    far: float

    @property
    def kind(self) -> str:
        """The kind of walk, for backends: ``"evenly"``, ``"weights"`` or ``"pairs"``."""
        if self.pairs is not None:
            return "pairs"
        return "evenly" if self.weights is None else "weights"
