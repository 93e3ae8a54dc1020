"""How features of different shapes meet in a message."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from support import dense
from support.corner_graphs import DOT_PAIRS, MIXED, PAIRS, Corner
from support.laws import assert_same_with_gradients

import graphmp as gm
from graphmp import ops

CASES = [(op, *pair) for op in ("add", "sub", "mul", "div") for pair in PAIRS]
CASES += [("dot", *pair) for pair in DOT_PAIRS]
Shape = tuple[int, ...]


@pytest.mark.parametrize(("op", "left", "right"), CASES, ids=str)
@pytest.mark.usefixtures("backend")
def test_features_meet_right_aligned(op: str, left: Shape, right: Shape) -> None:
    graph, message = MIXED.graph(), f"u_{op}_e"
    inputs = (MIXED.feature("u", left), MIXED.feature("e", right))
    ends = (MIXED.src, MIXED.dst)
    assert_same_with_gradients(
        lambda u, e: ops.gsddmm(graph, op, u, e, "u", "e"),
        lambda *x: dense.messages(message, *ends, *x),
        *inputs,
    )
    for reducer in ("sum", "mean", "max", "var"):
        assert_same_with_gradients(
            lambda *x, reducer=reducer: ops.gspmm(graph, op, reducer, *x),
            lambda *x, reducer=reducer: dense.update_all(message, reducer, *ends, 6, *x),
            *inputs,
        )


@pytest.mark.parametrize(("op", "left", "right"), CASES, ids=str)
def test_the_shape_does_not_depend_on_the_number_of_edges(
    op: str, left: Shape, right: Shape
) -> None:
    empty = Corner("empty", (), (), 2, 2)
    u, e = empty.feature("u", left), empty.feature("e", right)
    full = np.broadcast_shapes(left, right)
    shape = (*full[:-1], 1) if op == "dot" and full else full
    graph = empty.graph()
    assert ops.gsddmm(graph, op, u, e, "u", "e").shape == (0, *shape)
    for reducer in ("sum", "max", "prod", "logsumexp"):
        assert ops.gspmm(graph, op, reducer, u, e).shape == (2, *shape)


def test_the_result_is_1_d_only_if_every_operand_is() -> None:
    graph = MIXED.graph()
    flat, column = MIXED.feature("u"), MIXED.feature("e", (1,))
    assert ops.u_mul_e_sum(graph, flat, column[:, 0]).shape == (6,)
    assert ops.u_mul_e_sum(graph, flat, column).shape == (6, 1)
    assert ops.u_dot_e(graph, flat, column[:, 0]).shape == (9,)


@pytest.mark.parametrize("name", ["u_add_v", "u_add_v_sum", "u_add_v_prod"])
def test_shapes_that_do_not_broadcast_are_an_error_that_names_both(name: str) -> None:
    with pytest.raises(gm.GraphValueError, match=r"add: expected .* \(2, 3\) and \(2,\)"):
        getattr(ops, name)(MIXED.graph(), torch.ones(6, 2, 3), torch.ones(6, 2))


@pytest.mark.parametrize("shapes", [((3,), (1,)), ((3,), ()), ((2, 3), (2, 1))])
@pytest.mark.parametrize("name", ["u_dot_v", "u_dot_v_sum"])
def test_a_dot_product_needs_equal_last_dimensions(name: str, shapes: tuple[Shape, Shape]) -> None:
    left, right = (torch.ones(6, *shape) for shape in shapes)
    shown = f"shapes {shapes[0]} and {shapes[1]}"
    message = f"dot: expected equal last dimensions, got features of {re.escape(shown)}"
    with pytest.raises(gm.GraphValueError, match=message):
        getattr(ops, name)(MIXED.graph(), left, right)
