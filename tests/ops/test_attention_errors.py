"""What the three attentions refuse, and what they say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.attentions import NAMES, operands, run
from support.corner_graphs import BIPARTITE, Corner
from support.unchanged import meta

import graphmp as gm


def wrong(name: str, **changes: Any) -> Callable[[], Any]:
    """A call for ``BIPARTITE``, 5 sources and 3 destinations of 5 edges, with some arguments."""
    given: dict[str, Any] = dict(operands(BIPARTITE, name, k=4))
    return lambda: run(name, changes.pop("graph", BIPARTITE.graph()), given | changes)


GAT, GATV2, DOT = NAMES
VALUE, TYPE = gm.GraphValueError, gm.GraphTypeError
SHORT = "'{}': expected {} rows, one for each of the {}, got 2 rows"
each_wrong_call = pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (wrong(GAT, graph=torch.ones(2)), TYPE, "Expected a graph, got a tensor of torch.float32"),
        (wrong(GAT, value=[1.0]), TYPE, "'value' of the sources: expected a tensor, got list"),
        (wrong(GAT, left=None), TYPE, "'left' of the sources: expected a tensor, got None"),
        (wrong(GATV2, right=None), TYPE, "'right' of the destinations: expected .* got None"),
        (wrong(DOT, key=3), TYPE, "'key' of the sources: expected a tensor, got int 3"),
        (wrong(DOT, edge=1.0), TYPE, "'edge' of the edges: expected a tensor, got float 1.0"),
        (wrong(DOT, weight=1.0), TYPE, "'weight' of the edges: expected a tensor, got float"),
        (wrong(GATV2, attn=None), TYPE, "attn: expected a tensor, got None"),
        (wrong(GAT, value=torch.ones(2, 3, 5)), VALUE, SHORT.format("value", 5, "sources")),
        (wrong(GAT, right=torch.ones(2, 3)), VALUE, SHORT.format("right", 3, "destinations")),
        (wrong(GAT, edge=torch.ones(2, 3)), VALUE, SHORT.format("edge", 5, "edges")),
        (wrong(GAT, weight=torch.ones(2)), VALUE, SHORT.format("weight", 5, "edges")),
        (wrong(GATV2, left=torch.ones(2, 3, 4)), VALUE, SHORT.format("left", 5, "sources")),
        (wrong(DOT, query=torch.ones(2, 3, 4)), VALUE, SHORT.format("query", 3, "destinations")),
        (wrong(DOT, key=torch.ones(2, 3, 4)), VALUE, SHORT.format("key", 5, "sources")),
        (
            wrong(GAT, value=torch.ones(5, 3)),
            VALUE,
            r"value: expected shape \(num_src, \*, heads, size\), got \(5, 3\)",
        ),
        (
            wrong(GAT, left=torch.ones(5, 2)),
            VALUE,
            r"left: expected shape \(num_src, 3\), with the heads of value, got \(5, 2\)",
        ),
        (
            wrong(GAT, right=torch.ones(3)),
            VALUE,
            r"right: expected shape \(num_dst, 3\), with the heads of value, got \(3,\)",
        ),
        (
            wrong(GATV2, edge=torch.ones(5, 3, 2)),
            VALUE,
            r"edge: expected shape \(E,\) or \(E, 3\), got \(5, 3, 2\)",
        ),
        (
            wrong(DOT, weight=torch.ones(5, 2)),
            VALUE,
            r"weight: expected shape \(E,\) or \(E, 3\), got \(5, 2\)",
        ),
        (
            wrong(DOT, weight=torch.ones(5, 1, 1, 1)),
            VALUE,
            r"weight: expected shape \(E,\) or \(E, 3\), got \(5, 1, 1, 1\)",
        ),
        (
            wrong(GATV2, left=torch.ones(5, 2, 4)),
            VALUE,
            r"left: expected shape \(num_src, 3, k\), with the heads of value, got \(5, 2, 4\)",
        ),
        (
            wrong(GATV2, left=torch.ones(5)),
            VALUE,
            r"left: expected shape \(num_src, 3, k\), with the heads of value, got \(5,\)",
        ),
        (
            wrong(GATV2, right=torch.ones(3, 3, 2)),
            VALUE,
            r"right: expected shape \(num_dst, 3, 4\), with the heads of value, got \(3, 3, 2\)",
        ),
        (
            wrong(DOT, query=torch.ones(3, 3, 2)),
            VALUE,
            r"query: expected shape \(num_dst, 3, 4\), with the heads of value, got \(3, 3, 2\)",
        ),
        (
            wrong(DOT, query=torch.ones(3)),
            VALUE,
            r"query: expected shape \(num_dst, 3, 4\), with the heads of value, got \(3,\)",
        ),
        (
            wrong(GATV2, attn=torch.ones(3, 5)),
            VALUE,
            r"attn: expected shape \(3, 4\), as left and right have .* got \(3, 5\)",
        ),
        (
            wrong(GATV2, attn=torch.ones(2, 3, 4)),
            VALUE,
            r"attn: expected shape \(3, 4\), as left and right have .* got \(2, 3, 4\)",
        ),
        (
            wrong(GAT, value=torch.ones(5, 3, 5).int()),
            TYPE,
            "value: expected floating point, got .*int32",
        ),
        (
            wrong(GAT, left=torch.ones(5, 3).to(torch.complex64)),
            TYPE,
            "left: expected real numbers, got",
        ),
        (wrong(GAT, negative_slope=torch.ones(1)), TYPE, "negative_slope: expected a number, got"),
        (wrong(DOT, scale=torch.ones(3)), TYPE, "multiply the query by it"),
        (wrong(DOT, dropout=None), TYPE, "dropout: expected a number, got None"),
        (
            wrong(GAT, value=meta(5, 3, 5)),
            VALUE,
            "'value' .* expected a tensor on cpu, got one on meta",
        ),
        (
            wrong(GATV2, right=meta(3, 3, 4)),
            VALUE,
            "'right' .* expected a tensor on cpu, got one on meta",
        ),
        (
            wrong(DOT, weight=meta(5)),
            VALUE,
            "'weight' .* expected a tensor on cpu, got one on meta",
        ),
        (wrong(GATV2, attn=meta(3, 4)), VALUE, "attn: expected a tensor on cpu, got one on meta"),
        (wrong(GAT, dropout=-0.1), VALUE, "dropout: expected a probability, 0 to 1, got -0.1"),
        (wrong(GATV2, dropout=1.5), VALUE, "dropout: expected a probability, 0 to 1, got 1.5"),
        (wrong(DOT, dropout=math.nan), TYPE, "dropout: expected a number, got nan"),
    ],
)


@each_wrong_call
def test_a_wrong_argument_is_an_error_that_says_what_was_wanted_and_what_came(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("name", NAMES)
def test_a_graph_of_several_types_is_refused(name: str) -> None:
    ends = ([0], [1])
    graph = gm.heterograph({("n", "one", "n"): ends, ("n", "two", "n"): ends})
    with pytest.raises(gm.GraphError, match="edge type"):
        run(name, graph, operands(Corner("one", (0,), (1,), 2, 2), name))
