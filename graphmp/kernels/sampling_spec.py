"""What sampling draws at random: how edges are chosen, and where walks go.

Numbers come from Philox, :mod:`.philox`, with a seed as key and counters of three numbers.

Edges that are taken each by itself (LABOR; Balin and Catalyurek, *Layer-neighbor sampling --
defusing neighborhood explosion in GNNs*, NeurIPS 2023): let ``a[t]`` be the weight of an edge from
``t`` into a row of ``d`` edges, as a part of the sum of the row's weights. The edge is taken with
chance ``min(1, c p[t])``: where the number of ``t`` is at least 1 less the chance. The variance of
a weighted mean is to be that of ``k``, the fanout, edges out of ``d`` that count the same, so

    sum(a ** 2 / min(1, c p)) - sum(a ** 2) = 1 / k - 1 / d

says what ``c`` is; it is infinite where ``d`` is at most ``k``, and where every ``p`` is. ``p[t]``
is ``a[t]`` at first. A step makes it the largest ``c p[t]`` of all rows, so that rows take the same
sources. There are ``steps`` steps; with -1 as many as make the expected number of sources, the sum
of ``min(1, p)``, less by more than ``SETTLED`` of it. Weights of what was taken are ``a`` over the
chance, multiplied in each row by one number.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

LEAST, MOST = 1e-290, 1e290  # what weights other than 0 are held between
SETTLED = 1e-4  # of the expected number of sources: a step that saves less is the last
TRIES = 64  # by rejection at most, in a step of second order


class Drift(NamedTuple):
    """Where numbers of nodes are on their way from those of one key to those of another.

    A node draws ``u`` and ``v`` from the counter ``(node, 0, 2)`` of either key. On a circle of
    length 1 it has gone ``share`` of the shorter way from ``u`` to ``v``, to ``w``; its number is
    ``|2 w - 1|``. That is uniform wherever it is, and moves by no more than ``share`` does.

    Attributes:
        key: the second key; the first is that of the :class:`Choice`.
        share: of the way, 0 to 1.
    """

    key: int
    share: float


class Choice(NamedTuple):
    """Which edges of a row are chosen.

    Numbers come from Philox, :mod:`.philox`, with ``seed`` as key; ``i`` is a row's place among
    ``rows``. Edges that count the same are chosen without replacement by Floyd's algorithm
    (Bentley and Floyd, *Programming pearls: a sample of brilliance*, CACM 1987); the ``t``-th of a
    row draws word ``t % 4`` of the counter ``(i, t // 4, 0)``. Edges of different weights are
    chosen without replacement as clocks that ring first (Efraimidis and Spirakis, *Weighted random
    sampling with a reservoir*, IPL 2006): the edge at position ``p`` draws two words of ``(p // 2,
    i, 1)``, the last two if ``p`` is odd; or, if ``shared``, it takes the number of its other end.
    With replacement the ``t``-th draws ``(i, t, 1)``. Weights count as though they lay from
    ``LEAST`` to ``MOST``, so that nothing overflows.

    Attributes:
        fanout: how many, or all if there are fewer and none is chosen twice; -1 for all.
        replace: whether an edge may be chosen more than once.
        seed: the key, 0 to 2⁶³ - 1.
        weights: (E,) by edge id, float32, float64 or bool: chances in proportion, none for 0. None
            when all edges count the same.
        gone: int64 positions in the layout, ascending, of edges that must not be chosen; or None.
        shared: that edges from the same other end have the same number; or None.
    """

    fanout: int
    replace: bool
    seed: int
    weights: Tensor | None
    gone: Tensor | None
    shared: Drift | None


class Walk(NamedTuple):
    """How random walks choose their edges.

    Numbers come from Philox with ``seed`` as key; ``i`` is a walk's place among the nodes and ``s``
    a step, counted from ``start``. Words 2 and 3 of the counter ``(i, s, 3)`` say whether the walk
    ends before the step, words 0 and 1 choose an edge in proportion to its weight; a walk ends
    where there is none.

    With ``pairs`` the walks are of second order (Grover and Leskovec, *node2vec: scalable feature
    learning for networks*, KDD 2016): from the second step on an edge counts ``back`` times its
    weight if it leads back, once if an edge leads from its end to where the walk was before, else
    ``far`` times. Without weights the ``t``-th try, while ``t`` is less than the node's degree and
    ``TRIES``, draws ``(i, s, 4 + t)``: words 0 and 1 an edge, evenly, and words 2 and 3 whether it
    is taken. If none is, words 0 and 1 of ``(i, s, 3)`` choose, which leaves the chances exact.

    Attributes:
        start: the number of the first step.
        stops: (steps,) float64: the chance to end before each step.
        seed: the key, 0 to 2⁶³ - 1.
        weights: (E,) by edge id, as in :class:`Choice`; None when all edges count the same.
        pairs: (E,) int64 ``source * nodes + destination`` of all edges, ascending; or None.
        back: what an edge counts that leads back.
        far: what an edge counts that leads away.
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
        """What makes a difference to backends: ``"evenly"``, ``"weights"`` or ``"pairs"``."""
        if self.pairs is not None:
            return "pairs"
        return "evenly" if self.weights is None else "weights"
