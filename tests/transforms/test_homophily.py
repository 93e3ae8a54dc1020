"""Homophily and informativeness agree with sums over nodes and edges, and known values."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.corner_graphs import HUB, ID_DTYPES, MIXED, PARALLEL, TINY, Corner
from support.samples import edges, shop

import graphmp as gm

CORNERS = (MIXED, PARALLEL, HUB, TINY)
LABELS = {MIXED: [0, 1, 1, 0, 2, 2], PARALLEL: [0, 1, 1], HUB: [0, 1, 1, 0], TINY: [0, 0, 1, 3]}


def edge_share(pairs: list[tuple[int, int]], y: list[int]) -> float:
    return sum(y[u] == y[v] for u, v in pairs) / len(pairs)


def node_share(pairs: list[tuple[int, int]], y: list[int]) -> float:
    total = 0.0
    for node in range(len(y)):
        inside = [u for u, v in pairs if v == node]
        total += sum(y[u] == y[node] for u in inside) / max(len(inside), 1)
    return total / len(y)


def linkx(pairs: list[tuple[int, int]], y: list[int]) -> float:
    total = 0.0
    for label in range(max(y) + 1):
        inside = [(u, v) for u, v in pairs if y[v] == label]
        if inside:
            total += max(0, edge_share(inside, y) - y.count(label) / len(y))
    return total / max(y)


def adjusted(pairs: list[tuple[int, int]], y: list[int]) -> float:
    both = sorted({*pairs, *((v, u) for u, v in pairs)})
    chance = sum((n / len(both)) ** 2 for n in Counter(y[v] for _, v in both).values())
    return (edge_share(both, y) - chance) / (1 - chance)


def information(
    joint: dict[Any, float], first: dict[Any, float], second: dict[Any, float]
) -> float:
    return sum(p * math.log(p / (first[a] * second[b])) for (a, b), p in joint.items())


def entropy(shares: dict[Any, float]) -> float:
    return -sum(p * math.log(p) for p in shares.values() if p)


def informative(pairs: list[tuple[int, int]], y: list[int], by_node: bool) -> float:
    """Mutual information over entropy, of a random edge, or of a random node's random edge."""
    both = sorted({*pairs, *((v, u) for u, v in pairs)})
    degrees = Counter(u for u, _ in both)
    joint, ends, nodes = (defaultdict[Any, float](float) for _ in range(3))
    for u, v in both:
        joint[y[u], y[v]] += 1 / (degrees[u] * len(degrees)) if by_node else 1 / len(both)
        ends[y[v]] += 1 / len(both)
    for label in y:
        nodes[label] += 1 / len(y)
    first = nodes if by_node else ends
    return information(joint, first, ends) / entropy(first)


Measure = Callable[[gm.Graph, torch.Tensor], float]
MEASURES: dict[Measure, Callable[[list[tuple[int, int]], list[int]], float]] = {
    gm.edge_homophily: edge_share,
    gm.node_homophily: node_share,
    gm.linkx_homophily: linkx,
    gm.adjusted_homophily: adjusted,
    gm.edge_label_informativeness: lambda pairs, y: informative(pairs, y, by_node=False),
    gm.node_label_informativeness: lambda pairs, y: informative(pairs, y, by_node=True),
}
each_measure = pytest.mark.parametrize("measure", MEASURES, ids=lambda f: f.__name__)


@each_measure
@pytest.mark.parametrize("corner", CORNERS, ids=str)
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_a_measure_is_that_of_its_definition(
    measure: Measure, corner: Corner, idtype: torch.dtype
) -> None:
    g, y = corner.graph(idtype), LABELS[corner]
    found = measure(g, torch.tensor(y))
    assert isinstance(found, float)
    assert found == pytest.approx(MEASURES[measure](edges(g), y), rel=1e-5, abs=1e-5)
    assert measure(g, torch.tensor(y, dtype=torch.int32)) == found


# The values that DGL 2.1 documents.
KNOWN: list[tuple[Measure, Any, list[int], float]] = [
    (gm.node_homophily, ([1, 2, 0, 4], [0, 1, 2, 3]), [0, 0, 0, 0, 1], 0.6),
    (gm.edge_homophily, ([1, 2, 0, 4], [0, 1, 2, 3]), [0, 0, 0, 0, 1], 0.75),
    (gm.linkx_homophily, ([0, 1, 2, 3], [1, 2, 0, 4]), [0, 0, 0, 0, 1], 0.2),
    (gm.adjusted_homophily, ([1, 2, 0, 4], [0, 1, 2, 3]), [0, 0, 0, 0, 1], -0.1428571),
    (
        gm.edge_label_informativeness,
        ([0, 1, 2, 2, 3, 4], [1, 2, 0, 3, 4, 5]),
        [0, 0, 0, 0, 1, 1],
        0.2517760,
    ),
    (
        gm.node_label_informativeness,
        ([0, 1, 2, 2, 3, 4], [1, 2, 0, 3, 4, 5]),
        [0, 0, 0, 0, 1, 1],
        0.3381873,
    ),
]


@pytest.mark.parametrize(
    ("measure", "ends", "y", "value"), KNOWN, ids=[measure.__name__ for measure, *_ in KNOWN]
)
def test_a_measure_has_the_known_value(
    measure: Measure, ends: Any, y: list[int], value: float
) -> None:
    assert measure(gm.graph(ends), torch.tensor(y)) == pytest.approx(value, abs=1e-6)


def test_edges_that_are_not_there_have_no_measure() -> None:
    g, y = gm.graph(([], []), num_nodes=2), torch.tensor([0, 1])
    assert math.isnan(gm.edge_homophily(g, y))
    assert math.isnan(gm.adjusted_homophily(g, y))
    assert math.isnan(gm.edge_label_informativeness(g, y))
    assert (gm.node_homophily(g, y), gm.linkx_homophily(g, y)) == (0, 0)
    with pytest.raises(gm.GraphValueError, match="at least two classes, got 1"):
        gm.linkx_homophily(g, torch.tensor([0, 0]))


@each_measure
def test_wrong_labels_are_refused(measure: Measure) -> None:
    g = TINY.graph()
    with pytest.raises(gm.GraphTypeError, match="labels as a tensor of integers, got"):
        measure(g, torch.ones(4))
    with pytest.raises(gm.GraphTypeError, match="labels as a tensor of integers, got list"):
        measure(g, [0, 1, 0, 1])  # type: ignore[arg-type]
    with pytest.raises(gm.GraphValueError, match=r"labels of shape \(4,\) on cpu, got \(4, 1\)"):
        measure(g, torch.ones(4, 1, dtype=torch.int64))
    with pytest.raises(gm.GraphValueError, match="labels from 0, got -1"):
        measure(g, torch.tensor([0, 1, -1, 0]))
    with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
        measure(shop(), torch.zeros(5, dtype=torch.int64))
