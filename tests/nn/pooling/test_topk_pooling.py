"""Layers that keep the nodes of greatest score: TopKPooling and SAGPooling."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.corner_graphs import HUB, NO_EDGES, NO_NODES, PARALLEL, SELF_LOOP, TINY, feature
from support.laws import assert_close, assert_same_bits, assert_same_with_gradients
from support.samples import shop
from torch import Tensor, nn

import graphmp as gm
from graphmp import Graph
from graphmp.nn import GraphConv, SAGEConv, SAGPooling, TopKPooling

IN = 3
LAYERS: dict[str, Callable[..., Any]] = {
    "TopKPooling": lambda **options: TopKPooling(IN, **options),
    "SAGPooling": lambda **options: SAGPooling(IN, **options),
    "SAGPooling of another layer": lambda **options: SAGPooling(
        IN, conv=SAGEConv(IN, 1, "mean"), **options
    ),
}
CHOICES: dict[str, dict[str, Any]] = {
    "half": {},
    "a third": {"ratio": 1 / 3},
    "all": {"ratio": 1.0},
    "two": {"ratio": 2},
    "a thousand": {"ratio": 1000},
    "from a score on": {"min_score": 0.3},
    "the greatest": {"min_score": 2.0, "multiplier": 3.0},
    "no nonlinearity": {"nonlinearity": None, "multiplier": 2.0},
}
CORNERS = (TINY, NO_NODES, PARALLEL, NO_EDGES, SELF_LOOP, NO_NODES)

each_layer = pytest.mark.parametrize("name", LAYERS)
each_choice = pytest.mark.parametrize("choice", CHOICES)


def made(name: str, **options: Any) -> Any:
    torch.manual_seed(0)
    return LAYERS[name](**options)


def graphs(idtype: torch.dtype = torch.int64) -> list[Graph]:
    """Graphs with self-loops, of which two have no nodes."""
    found = []
    for seed, corner in enumerate(CORNERS):
        g = gm.add_self_loop(corner.graph(idtype))
        g.ndata["x"] = feature(g.num_nodes(), (IN,), seed=seed)
        g.edata["w"] = feature(g.num_edges(), seed=seed)
        found.append(g)
    return found


def raw_scores(layer: Any, g: Graph, x: Tensor) -> Tensor:
    """What the layer gives each node, by its formula."""
    if isinstance(layer, SAGPooling):
        found: Tensor = layer.conv(g, x)[:, 0]
        return found
    length = layer.weight.square().sum().sqrt() if layer.min_score is None else 1.0
    scores: Tensor = x @ layer.weight[0] / length
    return scores


def kept(layer: Any, scores: Tensor) -> list[int]:
    """The nodes of one graph that stay, by Python's stable sort."""
    order = sorted(range(len(scores)), key=lambda v: -float(scores[v]))
    if layer.min_score is not None:
        return sorted({*order[:1], *(v for v in order if float(scores[v]) >= layer.min_score)})
    many = layer.ratio if isinstance(layer.ratio, int) else math.ceil(layer.ratio * len(scores))
    return sorted(order[:many])


def pooled_alone(layer: Any, g: Graph, x: Tensor) -> tuple[Tensor, list[int]]:
    """The features and the ids of the nodes of one graph that stay."""
    raw = raw_scores(layer, g, x)
    if layer.min_score is not None:
        scores = raw.softmax(0)
    else:
        scores = raw if layer.nonlinearity is None else layer.nonlinearity(raw)
    nodes = kept(layer, scores.detach())
    return layer.multiplier * scores[nodes].view(-1, 1) * x[nodes], nodes


# ---- what stays


@each_layer
@each_choice
def test_the_nodes_of_greatest_score_stay_times_their_score(name: str, choice: str) -> None:
    layer, parts = made(name, **CHOICES[choice]), graphs()
    g = gm.batch(parts)
    made_graph, feat, nodes, scores = layer(g, g.ndata["x"])
    expected = [pooled_alone(layer, part, part.ndata["x"]) for part in parts]
    starts = [0, *g.batch_num_nodes().cumsum(0).tolist()]
    ids = [start + v for start, (_, own) in zip(starts, expected, strict=False) for v in own]
    assert nodes.tolist() == ids
    assert made_graph.batch_num_nodes().tolist() == [len(own) for _, own in expected]
    assert_close(feat, torch.cat([part for part, _ in expected]))
    assert_close(feat, layer.multiplier * scores.view(-1, 1) * g.ndata["x"][nodes])


@each_layer
@each_choice
def test_the_smaller_graph_has_the_edges_between_them(name: str, choice: str) -> None:
    g = gm.batch(graphs())
    smaller, _, nodes, _ = made(name, **CHOICES[choice])(g, g.ndata["x"])
    whole = gm.node_subgraph(g, nodes)
    assert all(map(torch.equal, smaller.edges(), whole.edges()))
    for frame, expected in ((smaller.ndata, whole.ndata), (smaller.edata, whole.edata)):
        assert frame.keys() == expected.keys()
        assert all(torch.equal(frame[field], expected[field]) for field in expected)
    assert smaller.batch_size == g.batch_size
    parts = [
        gm.node_subgraph(part, own) for part, own in zip(graphs(), own_ids(g, nodes), strict=True)
    ]
    for made_part, part in zip(gm.unbatch(smaller), parts, strict=True):
        assert all(map(torch.equal, made_part.edges(), part.edges()))
        assert torch.equal(made_part.edata["w"], part.edata["w"])


def own_ids(g: Graph, nodes: Tensor) -> list[Tensor]:
    """Ids of nodes in each of the graphs of a batch."""
    limits = [0, *g.batch_num_nodes().cumsum(0).tolist()]
    return [
        nodes[(nodes >= low) & (nodes < high)] - low for low, high in itertools.pairwise(limits)
    ]


@pytest.mark.parametrize(("ratio", "stay"), [(0.1, 3), (0.7, 21), (0.55, 17), (1e-6, 1), (29, 29)])
def test_a_part_of_the_nodes_is_rounded_up(ratio: float, stay: int) -> None:
    g = gm.graph(([], []), num_nodes=30)
    assert made("TopKPooling", ratio=ratio)(g, feature(30, (IN,))).graph.num_nodes() == stay


def test_of_equal_nodes_the_first_stay() -> None:
    g = gm.batch([gm.graph(([], []), num_nodes=n) for n in (4, 3)])
    assert made("TopKPooling")(g, torch.ones(7, IN)).nodes.tolist() == [0, 1, 4, 5]
    every = made("TopKPooling", min_score=0.9)(g, torch.ones(7, IN))
    assert every.nodes.tolist() == [0, 1, 2, 3, 4, 5, 6]


# ---- gradients


@pytest.mark.parametrize("choice", ["half", "from a score on", "no nonlinearity"])
def test_gradients_flow_through_the_scores(choice: str) -> None:
    layer, exact = made("TopKPooling", **CHOICES[choice]), made("TopKPooling", **CHOICES[choice])
    g = gm.batch(graphs())

    def actual(x: Tensor, weight: Tensor) -> Tensor:
        out: Tensor = torch.func.functional_call(layer, {"weight": weight}, (g, x)).feat
        return out

    def formula(x: Tensor, weight: Tensor) -> Tensor:
        del exact._parameters["weight"]
        exact.weight = weight
        parts = torch.split(x, g.batch_num_nodes().tolist())
        return torch.cat([pooled_alone(exact, g, part)[0] for part in parts])

    assert_same_with_gradients(actual, formula, g.ndata["x"], layer.weight.detach())


@each_layer
def test_every_parameter_learns(name: str) -> None:
    layer, g = made(name), gm.batch(graphs())
    layer(g, g.ndata["x"]).feat.square().sum().backward()
    assert all(bool(p.grad.abs().sum() > 0) for p in layer.parameters())


def test_two_layers_follow_each_other() -> None:
    g = gm.batch(graphs())
    conv, first, second = GraphConv(IN, IN), made("SAGPooling"), made("TopKPooling")
    pooled = first(g, g.ndata["x"])
    twice = second(pooled.graph, conv(pooled.graph, pooled.feat))
    read = gm.nn.SumPooling()(twice.graph, twice.feat)
    assert read.shape == (g.batch_size, IN)
    assert twice.graph.ndata["_ID"].tolist() == twice.nodes.tolist()
    read.sum().backward()
    assert all(p.grad is not None for p in (*conv.parameters(), *first.parameters()))


# ---- laws


@each_layer
@each_choice
def test_a_batch_is_its_graphs(name: str, choice: str) -> None:
    layer, parts = made(name, **CHOICES[choice]), graphs()
    g = gm.batch(parts)
    alone = torch.cat([layer(part, part.ndata["x"]).feat for part in parts])
    assert_close(layer(g, g.ndata["x"]).feat, alone)


@each_layer
def test_permuting_nodes_permutes_what_stays(name: str) -> None:
    g = gm.add_self_loop(HUB.graph())
    x, place = feature(4, (IN,)), torch.tensor([2, 0, 3, 1])
    u, v = g.edges()
    moved = gm.graph((place[u], place[v]))
    layer = made(name)
    ours, theirs = layer(g, x), layer(moved, torch.empty_like(x).index_copy(0, place, x))
    order = place[ours.nodes].argsort()
    assert theirs.nodes.tolist() == place[ours.nodes][order].tolist()
    assert_close(theirs.feat, ours.feat[order])


@each_layer
def test_int32_ids_and_a_second_call_give_the_same_bits(name: str) -> None:
    layer, x = made(name), gm.batch(graphs()).ndata["x"]
    one, same, narrow = (
        layer(gm.batch(graphs(t)), x) for t in (torch.int64, torch.int64, torch.int32)
    )
    assert_same_bits(same.feat, one.feat)
    assert_same_bits(narrow.feat, one.feat)
    assert narrow.nodes.dtype == narrow.graph.idtype == torch.int32


@each_layer
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64], ids=str)
def test_other_float_dtypes_stay(name: str, dtype: torch.dtype) -> None:
    g = gm.batch(graphs())
    out = made(name, ratio=1.0).to(dtype)(g, g.ndata["x"].to(dtype))
    assert out.feat.dtype == out.scores.dtype == dtype
    expected = made(name, ratio=1.0)(g, g.ndata["x"]).feat
    torch.testing.assert_close(out.feat.float(), expected, rtol=0.05, atol=0.05)


def test_edges_of_several_types_stay_with_their_nodes() -> None:
    edges = {("n", "x", "n"): ([0, 1], [1, 2]), ("n", "y", "n"): ([2], [0])}
    g = gm.batch([gm.heterograph(edges), gm.heterograph(edges)])
    pooled = made("TopKPooling", ratio=1.0)(g, feature(6, (IN,)))
    assert pooled.graph.batch_num_edges("x").tolist() == [2, 2]
    assert pooled.graph.batch_num_edges("y").tolist() == [1, 1]


# ---- bad input


@each_layer
def test_the_callers_graph_stays_as_it_is(name: str) -> None:
    g = gm.batch(graphs())
    g.ndata["score"] = torch.ones(g.num_nodes())
    before = dict(g.ndata)
    made(name)(g, g.ndata["x"])
    assert {k: id(v) for k, v in g.ndata.items()} == {k: id(v) for k, v in before.items()}


@each_layer
@pytest.mark.parametrize(
    ("graph", "feat", "error", "message"),
    [
        (TINY.graph(), torch.ones(3, IN), gm.GraphValueError, "expected 4 rows, one for each of"),
        (TINY.graph(), torch.ones(4, 5), gm.GraphValueError, r"expected 3 as .* \(4, 5\)"),
        (TINY.graph(), [[1.0] * IN] * 4, gm.GraphTypeError, "expected a tensor, got list"),
        (torch.ones(4, IN), TINY.graph(), gm.GraphTypeError, "Expected a graph, got"),
        (shop(), torch.ones(5, IN), gm.GraphValueError, "2 node types, so name one"),
        (gm.create_block(([0], [0])), torch.ones(1, IN), gm.GraphValueError, "got a block"),
    ],
    ids=["rows", "size", "list", "order", "types", "block"],
)
def test_wrong_input_is_refused(name: str, graph: Any, feat: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        made(name)(graph, feat)


@each_layer
@pytest.mark.parametrize(
    ("ratio", "error", "message"),
    [
        (0.0, gm.GraphValueError, "above 0 and up to 1, or a number of nodes, got 0.0"),
        (0, gm.GraphValueError, "got 0"),
        (-2, gm.GraphValueError, "got -2"),
        (1.5, gm.GraphValueError, "got 1.5"),
        (math.nan, gm.GraphValueError, "got nan"),
        (True, gm.GraphTypeError, "ratio: expected a number, got True"),
        ("half", gm.GraphTypeError, "ratio: expected a number, got 'half'"),
    ],
)
def test_wrong_ratios_are_refused(name: str, ratio: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        made(name, ratio=ratio)


def test_self_attention_needs_a_number_for_each_node_and_edges_into_it() -> None:
    with pytest.raises(gm.GraphValueError, match=r"output of conv, of shape \(N, 1\).* \(4, 2\)"):
        SAGPooling(IN, conv=SAGEConv(IN, 2, "mean"))(TINY.graph(), torch.ones(4, IN))
    with pytest.raises(gm.GraphError, match="add_self_loop"):
        SAGPooling(IN)(TINY.graph(), torch.ones(4, IN))


# ---- as modules


@each_layer
def test_layers_can_be_copied_and_pickled(name: str) -> None:
    layer, g = made(name), gm.batch(graphs())
    for same in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert_same_bits(same(g, g.ndata["x"]).feat, layer(g, g.ndata["x"]).feat)


def test_parameters_are_few_and_drawn_anew() -> None:
    def shapes(layer: nn.Module) -> dict[str, tuple[int, ...]]:
        return {name: tuple(p.shape) for name, p in layer.state_dict().items()}

    layer = TopKPooling(4)
    assert shapes(layer) == {"weight": (1, 4)}
    assert shapes(SAGPooling(4)) == {"conv.weight": (4, 1), "conv.bias": (1,)}
    before = layer.weight.detach().clone()
    layer.reset_parameters()
    assert not torch.equal(layer.weight, before)
    assert float(layer.weight.detach().abs().max()) <= 0.5


def test_what_stays_is_shown() -> None:
    assert repr(TopKPooling(4, 0.8)) == "TopKPooling(ratio=0.8)"
    assert repr(TopKPooling(4, min_score=0.1, multiplier=2.0)) == (
        "TopKPooling(min_score=0.1, multiplier=2.0)"
    )
