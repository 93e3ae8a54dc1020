"""Graphs of several edge types, edge softmax, and gradients through features."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support import laws
from support.corner_graphs import MIXED, TWO_RELATIONS, feature
from support.functions import (
    COPY,
    REDUCERS,
    SUM,
    Columns,
    copy_source,
    each_idtype,
    each_message,
    each_path,
    kinds,
    meeting,
    reduce_by,
    sample,
    sample_block,
    weigh_source,
)
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import Graph, NodeBatch
from graphmp.ops import edge_softmax

each_reducer = pytest.mark.parametrize("name", REDUCERS)
as_both = pytest.mark.parametrize("as_builtin", [True, False], ids=["builtin", "function"])


def reducer(name: str, as_builtin: bool) -> Any:
    """The builtin reducer, or the function that does the same."""
    return getattr(fn, name)("m", "y") if as_builtin else reduce_by(name)


# ---- update_all on several edge types


@each_idtype
@each_path
@pytest.mark.parametrize("etype", ["first", ("a", "first", "t")], ids=str)
def test_update_all_with_etype_uses_that_edge_type_only(
    etype: Any, message: Any, reduce: Any, idtype: torch.dtype
) -> None:
    g = meeting(idtype)
    g.update_all(message, reduce, etype=etype)
    assert g.nodes["t"].data["y"].tolist() == [1, 4, 0, 0]


JOINT: dict[str, list[float]] = {
    "sum": [1, 34, 30, 0],
    "mean": [1, 34 / 3, 15, 0],
    "max": [1, 30, 20, 0],
    "min": [1, 2, 10, 0],
}


@each_idtype
@each_message
@as_both
@each_reducer
def test_update_all_without_etype_joins_the_relations_into_a_type(
    name: str, as_builtin: bool, message: Any, idtype: torch.dtype
) -> None:
    g = meeting(idtype)
    g.update_all(message, reducer(name, as_builtin))
    laws.assert_close(g.nodes["t"].data["y"], torch.tensor(JOINT[name]))


@kinds(fn.u_mul_e("x", "w", "m"), weigh_source, "message")
@as_both
@pytest.mark.parametrize("name", [*REDUCERS, "prod", "var", "std", "logsumexp"])
def test_a_relation_split_in_two_gives_the_same_result(
    name: str, as_builtin: bool, message: Any
) -> None:
    reduce = reducer(name, as_builtin or name not in REDUCERS)

    def layer(g: Graph) -> Tensor:
        with g.local_scope():
            g.update_all(message, reduce)
            y: Tensor = g.ndata["y"]
            return y

    g = MIXED.graph()
    g.ndata["x"], g.edata["w"] = feature(6, (2, 3)), feature(9, (2, 3))
    laws.a_split_relation_is_whole(layer, g)


@each_path
def test_update_all_joins_the_relations_of_a_block(message: Any, reduce: Any) -> None:
    counts = ({"a": 2, "b": 3}, {"t": 4})
    edges = {etype: (list(c.src), list(c.dst)) for etype, c in TWO_RELATIONS.items()}
    block = gm.create_block(edges, *counts)
    block.srcdata["x"] = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([10.0, 20.0, 30.0])}
    block.update_all(message, reduce)
    assert block.dstdata["y"].tolist() == JOINT["sum"]


def test_update_all_writes_every_destination_type() -> None:
    g = gm.heterograph({("a", "1", "b"): ([0, 1], [0, 0]), ("b", "2", "a"): ([0], [1])})
    g.ndata["x"] = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([4.0])}
    g.update_all(COPY, SUM)
    assert {t: y.tolist() for t, y in g.ndata["y"].items()} == {"a": [0, 4], "b": [3]}


@as_both
@pytest.mark.parametrize("name", ["max", "min"])
def test_the_gradient_of_an_extreme_goes_to_the_first_edge_of_the_first_type(
    name: str, as_builtin: bool
) -> None:
    g = gm.heterograph({("a", "1", "t"): ([1, 0], [0, 0]), ("b", "2", "t"): ([0], [0])})
    a, b = torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)
    g.nodes["a"].data["x"], g.nodes["b"].data["x"] = a, b
    g.update_all(COPY, reducer(name, as_builtin))
    grads = laws.gradients(g.nodes["t"].data["y"], (a, b), torch.ones(1))
    assert [grad.tolist() for grad in grads] == [[0, 1], [0]]


@pytest.mark.parametrize(("name", "value"), [("max", -math.inf), ("min", math.inf)])
def test_a_genuine_infinity_survives_and_missing_messages_add_none(name: str, value: float) -> None:
    g = meeting()
    g.nodes["a"].data["x"] = torch.full((2,), value)
    g.nodes["b"].data["x"] = torch.full((3,), value)
    g.update_all(COPY, getattr(fn, name)("m", "y"))
    assert g.nodes["t"].data["y"].tolist() == [value, value, value, 0]


@each_reducer
def test_nan_propagates_from_either_relation(name: str) -> None:
    for ntype in ("a", "b"):
        g = meeting()
        g.nodes[ntype].data["x"] = torch.full_like(g.nodes[ntype].data["x"], math.nan)
        g.update_all(COPY, getattr(fn, name)("m", "y"))
        nan = g.nodes["t"].data["y"].isnan().tolist()
        assert nan == ([True, True, False, False] if ntype == "a" else [False, True, True, False])


def test_a_float16_mean_over_types_divides_before_rounding() -> None:
    g = meeting()
    g.nodes["a"].data["x"] = torch.full((2,), 60000.0, dtype=torch.float16)
    g.nodes["b"].data["x"] = torch.full((3,), 60000.0, dtype=torch.float16)
    g.update_all(COPY, fn.mean("m", "y"))
    assert g.nodes["t"].data["y"].tolist() == [60000, 60000, 60000, 0]


# ---- multi_update_all

# Sums of [1], [2, 2] and nothing twice; of nothing, [30], [10, 20] and nothing.
CROSS: dict[str, list[Any]] = {
    "sum": [-1, 26, 30, 0],
    "mean": [-0.5, 13, 15, 0],
    "max": [-1, 30, 30, 0],
    "min": [-1, -4, 30, 0],
    "stack": [[-1, 0], [-4, 30], [0, 30], [0, 0]],
}


@each_idtype
@each_path
@pytest.mark.parametrize("cross", CROSS)
def test_a_type_without_messages_is_the_identity_of_the_cross_reducer(
    cross: str, message: Any, reduce: Any, idtype: torch.dtype
) -> None:
    g = meeting(idtype)
    g.nodes["a"].data["x"] = -g.nodes["a"].data["x"]
    g.multi_update_all({"first": (message, reduce), "second": (message, reduce)}, cross)
    assert g.nodes["t"].data["y"].tolist() == CROSS[cross]


@pytest.mark.parametrize("cross", ["sum", "mean", "max", "min", "stack"])
@pytest.mark.parametrize("within", ["max", "min"])
def test_missing_messages_add_no_infinities_to_a_cross_reducer(within: str, cross: str) -> None:
    g = meeting()
    pair = (COPY, getattr(fn, within)("m", "y"))
    g.multi_update_all({"first": pair, "second": pair}, cross)
    assert bool(g.nodes["t"].data["y"].isfinite().all())


def test_stack_orders_by_edge_type_id_even_for_one_type() -> None:
    g, pair = meeting(), (COPY, SUM)
    g.multi_update_all({"second": pair, "first": pair}, "stack")
    assert g.nodes["t"].data["y"].tolist() == [[1, 0], [4, 30], [0, 30], [0, 0]]
    g.multi_update_all({"second": pair}, "stack")
    assert g.nodes["t"].data["y"].tolist() == [[0], [30], [30], [0]]


def test_a_cross_function_gets_results_in_the_order_of_type_ids() -> None:
    g, pair = meeting(), (COPY, SUM)

    def minus(results: list[Tensor]) -> Tensor:
        return results[0] * 2 - sum(results[1:])

    g.multi_update_all({"second": pair, "first": pair}, minus)
    assert g.nodes["t"].data["y"].tolist() == [2, -22, -30, 0]
    g.multi_update_all({"first": pair}, minus)
    assert g.nodes["t"].data["y"].tolist() == [2, 8, 0, 0]


@pytest.mark.parametrize("cross", ["prod", "Sum", "", None, 3, ["sum"]], ids=str)
def test_an_unknown_cross_reducer_is_an_error_that_lists_the_known_ones(cross: Any) -> None:
    g = meeting()
    with pytest.raises(gm.GraphValueError, match="sum, max, min, mean, stack, or a function"):
        g.multi_update_all({"first": (COPY, SUM)}, cross)


def test_multi_update_all_applies_a_function_per_type_and_one_after_all() -> None:
    def plus(amount: float) -> Callable[[NodeBatch], Columns]:
        return lambda nodes: {"y": nodes.data["y"] + amount}

    g = meeting()
    first = (copy_source, reduce_by("max"), plus(0.5))
    g.multi_update_all({"first": first, "second": (COPY, SUM)}, "sum", plus(100))
    assert g.nodes["t"].data["y"].tolist() == [101.5, 132.5, 130.5, 100.5]


@pytest.mark.parametrize(("cross", "expected"), [("sum", [1.0, 0.0]), ("mean", [0.5, 0.0])])
def test_a_type_without_messages_counts_0_whatever_the_initializer(
    cross: str, expected: list[float]
) -> None:
    edges = {("a", "x", "b"): ([0], [0]), ("a", "y", "b"): ([], [])}
    g = gm.heterograph(edges, {"a": 1, "b": 2})
    g.nodes["a"].data["x"] = torch.ones(1)
    g.set_n_initializer(lambda shape, dtype, ctx, rows: torch.full(shape, 5.0), ntype="b")
    pair = (COPY, lambda nodes: {"y": nodes.mailbox["m"].sum(1)})
    g.multi_update_all({"x": pair, "y": pair}, cross)
    assert g.nodes["b"].data["y"].tolist() == expected


def test_a_type_without_edges_has_its_row_in_a_stack() -> None:
    edges = {("a", "x", "b"): ([], []), ("a", "y", "b"): ([0], [0])}
    g = gm.heterograph(edges, {"a": 1, "b": 1})
    g.nodes["a"].data["x"] = torch.ones(1)
    pair = (COPY, lambda nodes: {"y": nodes.mailbox["m"].sum(1)})
    g.multi_update_all({"x": pair, "y": pair}, "stack")
    assert g.nodes["b"].data["y"].tolist() == [[0.0, 1.0]]


def test_multi_update_all_reduces_each_destination_type_separately() -> None:
    g = gm.heterograph({("a", "1", "b"): ([0], [0]), ("b", "2", "a"): ([0], [0])})
    g.ndata["x"] = {"a": torch.tensor([1.0]), "b": torch.tensor([4.0])}
    g.multi_update_all({"1": (COPY, SUM), "2": (COPY, SUM)}, "stack")
    assert {t: y.tolist() for t, y in g.ndata["y"].items()} == {"a": [[4]], "b": [[1]]}


def test_a_float16_cross_mean_divides_before_rounding() -> None:
    g, pair = meeting(), (COPY, fn.max("m", "y"))
    g.nodes["a"].data["x"] = torch.full((2,), 40000.0, dtype=torch.float16)
    g.nodes["b"].data["x"] = torch.full((3,), 40000.0, dtype=torch.float16)
    g.multi_update_all({"first": pair, "second": pair}, "mean")
    assert g.nodes["t"].data["y"].tolist() == [20000, 40000, 20000, 0]


# ---- one edge type


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=str)
def test_a_heterograph_with_one_edge_type_needs_no_names(idtype: torch.dtype) -> None:
    g = gm.heterograph({("user", "buys", "game"): ([0, 1, 1], [0, 0, 1])}, idtype=idtype)
    g.srcdata["x"], g.edata["w"] = torch.tensor([1.0, 2.0]), torch.ones(3)
    g.dstdata["x"] = torch.zeros(2)
    g.update_all(fn.u_mul_e("x", "w", "m"), SUM)
    assert g.dstdata["y"].tolist() == [3, 2]
    for verb, ids in ((g.pull, [1]), (g.push, [0]), (g.send_and_recv, [1])):
        verb(ids, COPY, fn.max("m", "y"))
    assert g.dstdata["y"].tolist() == [2, 2]
    g.prop_nodes([[0]], COPY, SUM)
    g.prop_edges([[2]], COPY, SUM)
    g.apply_edges(fn.u_add_v("x", "x", "z"))
    assert g.edata["z"].tolist() == [1, 2, 2]
    assert g.filter_edges(lambda edges: edges.src["x"] > 1).tolist() == [1, 2]
    assert (g.in_degrees(0), g.out_degrees(0), g.edge_ids(0, 0)) == (2, 1, 0)
    assert edge_softmax(g, torch.zeros(3)).tolist() == [0.5, 0.5, 1]


def test_a_heterograph_with_one_node_type_needs_no_node_names() -> None:
    g = gm.heterograph({("user", "knows", "user"): ([0, 1], [1, 2])})
    g.ndata["x"] = torch.tensor([1.0, 2.0, 3.0])
    g.apply_nodes(lambda nodes: {"x": nodes.data["x"] * 2})
    assert g.filter_nodes(lambda nodes: nodes.data["x"] > 2).tolist() == [1, 2]
    assert g.nodes[[2]].data["x"].tolist() == [6]


# ---- edge softmax


@each_idtype
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0,)], ids=str)
@pytest.mark.parametrize(("norm_by", "end"), [("dst", 1), ("src", 0)])
def test_edge_softmax_normalises_over_the_edges_of_a_node(
    norm_by: str, end: int, shape: tuple[int, ...], idtype: torch.dtype
) -> None:
    g = sample(idtype)
    logits = feature(6, shape)
    weights = edge_softmax(g, logits, norm_by=norm_by)
    assert weights.shape == (6, *shape)
    meet = g.edges()[end]
    for node in meet.unique():
        laws.assert_close(weights[meet == node], logits[meet == node].softmax(0))


@each_idtype
@pytest.mark.parametrize("norm_by", ["dst", "src"])
def test_edge_softmax_with_eids_normalises_over_those_edges_only(
    norm_by: str, idtype: torch.dtype
) -> None:
    g, logits = sample(idtype), feature(3, (2,))
    eids = torch.tensor([4, 1, 5], dtype=idtype)
    expected = edge_softmax(g.edge_subgraph(eids), logits, norm_by=norm_by)
    for given in (eids, eids.tolist()):
        assert torch.equal(edge_softmax(g, logits, given, norm_by), expected)


def test_edge_softmax_on_a_block_and_its_gradient() -> None:
    block, logits = sample_block(), torch.zeros(4, dtype=torch.float64, requires_grad=True)
    weights = edge_softmax(block, logits)
    assert weights.tolist() == [1 / 3, 1, 1 / 3, 1 / 3]
    (grad,) = laws.gradients(weights, (logits,), torch.tensor([1.0, 1.0, 0.0, 0.0]))
    laws.assert_close(grad, torch.tensor([2, 0, -1, -1], dtype=torch.float64) / 9)


@pytest.mark.parametrize("norm_by", ["dst", "src"])
def test_edge_softmax_of_a_dict_normalises_jointly_over_types(norm_by: str) -> None:
    g = MIXED.graph()
    u, v = g.edges()
    cut = {("n", "1", "n"): slice(0, 4), ("n", "2", "n"): slice(4, 9)}
    split = gm.heterograph({t: (u[part], v[part]) for t, part in cut.items()}, {"n": 6})
    logits = feature(9, (2,))
    parts = edge_softmax(split, {t: logits[part] for t, part in cut.items()}, norm_by=norm_by)
    assert list(parts) == list(cut)
    laws.assert_close(torch.cat(list(parts.values())), edge_softmax(g, logits, norm_by=norm_by))


# ---- autograd


def test_gradients_flow_through_assignment_and_message_passing() -> None:
    g = sample()
    x, w = torch.ones(5, requires_grad=True), torch.full((6,), 2.0, requires_grad=True)
    g.ndata["x"], g.edata["w"] = x, w
    g.ndata["x"] = g.ndata["x"] * 3
    g.update_all(fn.u_mul_e("x", "w", "m"), SUM)
    grads = laws.gradients(g.ndata["y"], (x, w), torch.tensor([1.0, 1.0, 1.0, 10.0, 1.0]))
    assert [grad.tolist() for grad in grads] == [[12, 60, 60, 66, 0], [3, 30, 30, 3, 30, 3]]


WRITERS: dict[str, Callable[[Graph, Tensor], None]] = {
    "nodes": lambda g, rows: g.nodes[[1, 3]].data.update(y=rows),
    "apply_nodes": lambda g, rows: g.apply_nodes(lambda _: {"y": rows}, [1, 3]),
    "pull": lambda g, rows: g.pull([1, 3], COPY, SUM, lambda _: {"y": rows}),
    "send_and_recv": lambda g, rows: g.send_and_recv([0, 1], COPY, SUM, lambda _: {"y": rows}),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_overwritten_node_rows_get_gradient_0(write: Any) -> None:
    g = sample()
    old, rows = torch.zeros(5, requires_grad=True), torch.ones(2, requires_grad=True)
    g.ndata["y"] = old * 1
    write(g, rows)
    assert g.ndata["y"].tolist() == [0, 1, 0, 1, 0]
    upstream = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    grads = laws.gradients(g.ndata["y"], (old, rows), upstream)
    assert [grad.tolist() for grad in grads] == [[1, 0, 3, 0, 5], [2, 4]]


def test_overwritten_edge_rows_get_gradient_0() -> None:
    g, old, rows = sample(), torch.zeros(6, requires_grad=True), torch.ones(2, requires_grad=True)
    g.edata["w"] = old * 1
    g.edges[[4, 0]].data["w"] = rows
    grads = laws.gradients(g.edata["w"], (old, rows), torch.arange(6.0))
    assert [grad.tolist() for grad in grads] == [[0, 1, 2, 3, 0, 5], [4, 0]]


def test_a_node_whose_edges_are_all_left_out_attends_to_none() -> None:
    minus = -torch.inf
    graph = gm.heterograph({("a", "x", "b"): ([0, 1], [0, 1]), ("a", "y", "b"): ([0, 1], [0, 0])})
    logits = {
        ("a", "x", "b"): torch.tensor([minus, 2.0], requires_grad=True),
        ("a", "y", "b"): torch.tensor([minus, minus], requires_grad=True),
    }
    weights = gm.ops.edge_softmax(graph, logits)
    assert [weight.tolist() for weight in weights.values()] == [[0, 1], [0, 0]]
    alone = gm.ops.edge_softmax(graph["y"], logits["a", "y", "b"])
    assert alone.tolist() == [0, 0]
    value, ones = torch.ones(2, 1, 3, requires_grad=True), torch.ones(2, 1)
    out = gm.ops.gat_attention(graph["y"], value, ones, ones, edge=logits["a", "y", "b"])
    assert not out.any()
    (sum(weight.sum() for weight in weights.values()) + alone.sum() + out.sum()).backward()
    for leaf in (value, *logits.values()):
        assert leaf.grad is not None
        assert not leaf.grad.any()
