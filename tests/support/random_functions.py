"""Strategies of message and reduce functions, as text that people might write, and of graphs.

Functions take ``x`` of shape (N, 6) at the nodes, ``e`` of shape (E, 6) and ``w`` of shape (E, 1)
at the edges. Nothing in them overflows or has an infinite derivative, and what makes a choice, such
as a maximum, is drawn like everything else: equal arguments are part of the test.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import nn

import graphmp as gm
import graphmp.function as fn

torch.manual_seed(0)
LINEAR = nn.Linear(6, 6).double()
PAIR = nn.Linear(12, 6).double()
NORM = nn.LayerNorm(6).double()
SCALE = torch.randn(6, dtype=torch.float64, requires_grad=True)
NAMES = {
    "torch": torch,
    "F": F,
    "fn": fn,
    "LINEAR": LINEAR,
    "PAIR": PAIR,
    "NORM": NORM,
    "SCALE": SCALE,
}
PARAMETERS = [*LINEAR.parameters(), *PAIR.parameters(), *NORM.parameters(), SCALE]

# Each "{}" stands for a value; the width of the result is that of its arguments.
ONE = [
    "{}.abs()",
    "torch.tanh({})",
    "{}.sigmoid()",
    "{}.relu()",
    "F.leaky_relu({}, 0.2)",
    "F.silu({})",
    "F.elu({})",
    "F.softplus({})",
    "(-{})",
    "({} ** 2)",
    "torch.exp(-{}.abs())",
    "({}.abs() + 0.5).sqrt()",
    "torch.log1p({}.abs())",
    "{}.clamp(-0.5, 0.5)",
    "torch.sin({})",
    "torch.erf({})",
    "F.hardswish({})",
    "F.mish({})",
    "F.celu({}, 0.5)",
    "(1.5 - {})",
    "({} / 3)",
    "(0.5 * {})",
]
TWO = [
    "({} + {})",
    "({} - {})",
    "({} * {})",
    "({} / (1 + {}.abs()))",
    "torch.maximum({}, {})",
    "torch.minimum({}, {})",
    "({} * ({} > 0))",
]
THREE = ["torch.where({} > {}, {}, 0.1)", "torch.addcmul({}, {}, {})", "torch.lerp({}, {}, 0.3)"]

# From six features to six.
WIDE = [
    "LINEAR({})",
    "PAIR(torch.cat([{}, {}], -1))",
    "torch.cat([{}[..., :3], {}[..., 3:]], -1)",
    "torch.softmax({}, -1)",
    "NORM({})",
    "({} * SCALE)",
    "{}.mul(2)",
]
# From six features to one.
NARROW = ["{}.sum(-1, keepdim=True)", "{}.mean(-1, keepdim=True)", "({} * {}).sum(-1, True)"]
FLATTENED = "({}.reshape(-1, 2, 3) * {}.reshape(-1, 2, 3).tanh()).reshape(-1, 6)"

REDUCED = [
    "{}.sum(1)",
    "{}.mean(1)",
    "{}.max(1)[0]",
    "{}.amin(1)",
    "{}.var(1, unbiased=False)",
    "torch.logsumexp({}, 1)",
    "(torch.softmax({}, 1) * {}).sum(1)",
]


def filled(template: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A template with a drawn value in each of its places."""
    places = template.count("{}")
    return st.tuples(*[values] * places).map(lambda drawn: template.format(*drawn))


def one_of(templates: list[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One of some templates, filled."""
    return st.sampled_from(templates).flatmap(lambda template: filled(template, values))


def values_of(start: st.SearchStrategy[str], depth: int) -> st.SearchStrategy[str]:
    """Expressions of six features, of values of six features."""
    if depth == 0:
        return start
    values = start | values_of(start, depth - 1)
    scaled = st.tuples(values, one_of(NARROW, values)).map(lambda two: "({} * {})".format(*two))
    return one_of([*ONE, *TWO, *TWO, *THREE, *WIDE], values) | scaled


ENDS = st.sampled_from(["edges.src['x']", "edges.dst['x']"] * 2 + ["edges.data['e']"])
STARTS = ENDS | ENDS.map(lambda end: f"({end} * edges.data['w'])")
SENT = st.one_of(
    ENDS, values_of(STARTS, 2), values_of(STARTS, 3), filled(FLATTENED, values_of(STARTS, 1))
)
MESSAGES = SENT.map(lambda value: f"lambda edges: {{'m': {value}}}")

BOX, OWN = "nodes.mailbox['m']", "nodes.data['x']"
BOXES = st.sampled_from([BOX, BOX, f"({BOX} - {OWN}.unsqueeze(1))"])
TOTALS = one_of(REDUCED, BOXES | values_of(BOXES, 2))
REDUCTIONS = st.one_of(
    TOTALS, values_of(TOTALS | st.just(OWN), 1), values_of(TOTALS | st.just(OWN), 2)
).map(lambda value: f"lambda nodes: {{'y': {value}}}")
REDUCERS = st.sampled_from(["sum", "mean", "max", "min"]).map(lambda name: f"fn.{name}('m', 'y')")


def function(text: str) -> Any:
    """What a text says: a function, or a builtin."""
    return eval(text, dict(NAMES))  # put together from the lists above


@st.composite
def graphs(draw: st.DrawFn) -> gm.Graph:
    """A graph of one type, or a bipartite one, without features; it has an edge."""
    sources = draw(st.integers(1, 6))
    is_bipartite = draw(st.booleans())
    sinks = draw(st.integers(1, 6)) if is_bipartite else sources
    pairs = st.tuples(st.integers(0, sources - 1), st.integers(0, sinks - 1))
    src, dst = zip(*draw(st.lists(pairs, min_size=1, max_size=16)), strict=True)
    if is_bipartite:
        ends = {("user", "likes", "item"): (list(src), list(dst))}
        return gm.heterograph(ends, {"user": sources, "item": sinks})
    return gm.graph((list(src), list(dst)), num_nodes=sources)
