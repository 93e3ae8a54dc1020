"""Rows that users add to the table work as those of the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support import dense
from support.corner_graphs import MIXED, TWO_RELATIONS, two_relations
from support.laws import assert_close, assert_same_with_gradients
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import ops

pytestmark = pytest.mark.usefixtures("rows_are_taken_away")


@pytest.mark.usefixtures("backend")
def test_a_new_operator_has_builders_and_operations_with_every_reducer() -> None:
    fn.register_operator(fn.BinaryOp("hypot", torch.hypot))
    graph, u, e = MIXED.graph(), MIXED.feature("u", (2, 3)), MIXED.feature("e", (3,))

    def messages(u: Tensor, e: Tensor) -> Tensor:
        return (u[list(MIXED.src)] ** 2 + e[:, None] ** 2).sqrt()

    assert_same_with_gradients(lambda u, e: ops.u_hypot_e(graph, u, e), messages, u, e)
    for reducer in fn.reducer_names():
        assert_same_with_gradients(
            lambda u, e, reducer=reducer: ops.gspmm(graph, "hypot", reducer, u, e),
            lambda u, e, reducer=reducer: dense.reduce(reducer, messages(u, e), MIXED.dst, 6),
            u,
            e,
        )
    assert "e_hypot_v" in fn.message_names()
    assert "e_hypot_v_max" in dir(ops)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)], ids=str)
def test_an_operator_may_contract_the_last_dimension(shape: tuple[int, ...]) -> None:
    def distance(lhs: Tensor, rhs: Tensor) -> Tensor:
        return (lhs - rhs).square().sum(-1, keepdim=True)

    fn.register_operator(fn.BinaryOp("distance", distance, contracts=True))
    graph, u, v = MIXED.graph(), MIXED.feature("u", shape), MIXED.feature("v", shape)

    def messages(u: Tensor, v: Tensor) -> Tensor:
        made = (u[list(MIXED.src)] - v[list(MIXED.dst)]).square()
        return made.sum(-1, keepdim=True) if shape else made

    assert_same_with_gradients(lambda u, v: ops.u_distance_v(graph, u, v), messages, u, v)
    assert_same_with_gradients(
        lambda u, v: ops.u_distance_v_mean(graph, u, v),
        lambda u, v: dense.reduce("mean", messages(u, v), MIXED.dst, 6),
        u,
        v,
    )


@pytest.mark.usefixtures("backend")
def test_a_new_reducer_by_a_formula_works_with_every_message() -> None:
    fn.register_reducer(fn.Reducer("median", formula=lambda inbox: inbox.median(1).values))
    graph, e = MIXED.graph(), MIXED.feature("e", (3,))
    out = ops.copy_e_median(graph, e)
    for node in range(6):
        inbox = e[[edge for edge, dst in enumerate(MIXED.dst) if dst == node]]
        assert torch.equal(out[node], inbox.median(0).values if len(inbox) else torch.zeros(3))
    assert all(f"{message}_median" in dir(ops) for message in fn.message_names())


@pytest.mark.usefixtures("backend")
def test_a_new_reducer_by_a_kernel_works_over_several_relations() -> None:
    fn.register_reducer(fn.Reducer("total", kernel="sum", combine=torch.add))
    graph = two_relations()
    features = {ntype: torch.rand(graph.num_nodes(ntype), 2) for ntype in "ab"}
    graph.srcdata["x"] = features
    graph.update_all(fn.copy_u("x", "m"), fn.total("m", "y"))
    parts = [
        dense.update_all("copy_u", "sum", corner.src, corner.dst, 4, features[etype[0]].double())
        for etype, corner in TWO_RELATIONS.items()
    ]
    assert_close(graph.dstdata["y"], parts[0] + parts[1])


@pytest.mark.parametrize("name", ["mul", "a_b", "a b", "1st", "lambda"])
def test_an_operator_needs_a_new_plain_name(name: str) -> None:
    with pytest.raises(gm.GraphValueError, match=name):
        fn.register_operator(fn.BinaryOp(name, torch.hypot))
    assert list(fn.BINARY_OPS) == ["add", "sub", "mul", "div", "dot"]


@pytest.mark.parametrize("name", ["mean", "a b", "1st", "for"])
def test_a_reducer_needs_a_new_plain_name(name: str) -> None:
    with pytest.raises(gm.GraphValueError, match=name):
        fn.register_reducer(fn.Reducer(name, formula=lambda inbox: inbox.sum(1)))


@pytest.mark.parametrize("row", [fn.Reducer("r"), fn.Reducer("r", kernel="sum")], ids=str)
def test_a_reducer_needs_a_formula_or_a_kernel_that_combines(row: fn.Reducer) -> None:
    with pytest.raises(gm.GraphValueError, match="needs a formula, or a kernel and a way"):
        fn.register_reducer(row)


def test_a_formula_that_returns_other_rows_is_an_error_that_says_how_many_are_wanted() -> None:
    fn.register_reducer(fn.Reducer("broken", formula=lambda inbox: inbox.sum(0)))
    with pytest.raises(gm.GraphValueError, match=r"2 rows .* \(2, 1, 3\), got .* \(1, 3\)"):
        ops.copy_e_broken(MIXED.graph(), MIXED.feature("e", (3,)))


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (lambda inbox: inbox.median(1), r"a tensor, got .*median.*; add \.values"),
        (lambda inbox: {"out": inbox.sum(1)}, "a tensor, got dict .*; return one tensor of a row"),
    ],
)
def test_a_formula_returns_a_tensor(formula: Callable[[Tensor], Any], message: str) -> None:
    fn.register_reducer(fn.Reducer("middle", formula=formula))
    g = gm.graph(([0, 0, 1], [1, 2, 2]))
    g.ndata["x"] = torch.ones(3, 2)
    with pytest.raises(gm.GraphTypeError, match=message):
        g.update_all(fn.copy_u("x", "m"), fn.middle("m", "y"))


@pytest.mark.parametrize("formula", [lambda a, b: torch.ones(7), lambda a, b: (a - b).sum()])
def test_an_operator_that_makes_other_rows_is_an_error(
    formula: Callable[[Tensor, Tensor], Tensor],
) -> None:
    fn.register_operator(fn.BinaryOp("wrong", formula))
    g = gm.graph(([0, 0, 1], [1, 2, 2]))
    g.ndata["x"] = torch.ones(3, 2)
    message = "'wrong': expected 3 rows, one for each of the messages that its formula returns"
    with pytest.raises(gm.GraphValueError, match=message):
        g.apply_edges(fn.u_wrong_v("x", "x", "y"))
    with pytest.raises(gm.GraphValueError, match=message):
        g.update_all(fn.u_wrong_v("x", "x", "m"), fn.sum("m", "y"))
    assert list(g.ndata) == ["x"]
    assert list(g.edata) == []


def test_a_reducer_that_keeps_the_messages_apart_is_an_error() -> None:
    fn.register_reducer(fn.Reducer("keep", formula=lambda messages: messages))
    with pytest.raises(gm.GraphValueError, match="rows of one shape for every in-degree"):
        ops.gspmm(gm.graph(([0, 0, 1], [1, 2, 2])), "copy_lhs", "keep", torch.ones(3, 2), None)


def test_what_is_no_row_cannot_be_registered() -> None:
    with pytest.raises(gm.GraphTypeError, match="Expected a BinaryOp"):
        fn.register_operator(torch.hypot)  # type: ignore[arg-type]
    with pytest.raises(gm.GraphTypeError, match="Expected a Reducer"):
        fn.register_reducer(torch.median)  # type: ignore[arg-type]
