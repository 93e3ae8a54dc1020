"""The general forms of the operations, which take names."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from support.corner_graphs import BIPARTITE
from support.laws import assert_same_bits

import graphmp as gm
from graphmp import ops
from graphmp.function import BINARY_OPS, REDUCERS

GRAPH = BIPARTITE.graph()
DATA = {target: BIPARTITE.feature(target, (3,)) for target in "uve"}


def test_gspmm_is_the_operation_of_that_name() -> None:
    for left, right in itertools.permutations("uve", 2):
        for op, reducer in itertools.product(BINARY_OPS, REDUCERS):
            inputs = (DATA[left], DATA[right])
            made = ops.gspmm(GRAPH, op, reducer, *inputs, left, right)
            assert_same_bits(made, getattr(ops, f"{left}_{op}_{right}_{reducer}")(GRAPH, *inputs))


def test_gsddmm_is_the_operation_of_that_name() -> None:
    for left, right in itertools.permutations("uve", 2):
        for op in BINARY_OPS:
            inputs = (DATA[left], DATA[right])
            made = ops.gsddmm(GRAPH, op, *inputs, left, right)
            assert_same_bits(made, getattr(ops, f"{left}_{op}_{right}")(GRAPH, *inputs))


@pytest.mark.parametrize("target", "uve")
def test_either_operand_may_be_copied(target: str) -> None:
    data = DATA[target]
    copied = getattr(ops, f"copy_{target}_sum")(GRAPH, data)
    kept = getattr(ops, f"copy_{target}")(GRAPH, data)
    other = "e" if target == "u" else "u"  # the end of the operand that is not there
    assert_same_bits(ops.gspmm(GRAPH, "copy_lhs", "sum", data, None, target, other), copied)
    assert_same_bits(ops.gspmm(GRAPH, "copy_rhs", "sum", None, data, other, target), copied)
    assert_same_bits(ops.gsddmm(GRAPH, "copy_lhs", data, None, target, other), kept)
    assert_same_bits(ops.gsddmm(GRAPH, "copy_rhs", None, data, other, target), kept)


def test_operands_lie_at_source_and_edge_or_source_and_destination_unless_told() -> None:
    summed = ops.gspmm(GRAPH, "mul", "sum", DATA["u"], DATA["e"])
    assert_same_bits(summed, ops.u_mul_e_sum(GRAPH, DATA["u"], DATA["e"]))
    assert_same_bits(
        ops.gsddmm(GRAPH, "mul", DATA["u"], DATA["v"]),
        ops.u_mul_v(GRAPH, DATA["u"], DATA["v"]),
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("pow", "sum", "u", "e"), ValueError, "add, sub, mul, div, dot, copy_lhs, copy_rhs"),
        (("mul", "median", "u", "e"), ValueError, "sum, mean, max, min, .* got 'median'"),
        (("mul", "sum", "w", "e"), ValueError, "'u', 'v' or 'e', got 'w'"),
        (("mul", "sum", "v", "e"), ValueError, "expected 3 rows, .* destination nodes, got 5 rows"),
        (("mul", "sum", "u", "u"), TypeError, "expected a tensor, got None"),
    ],
)
def test_a_wrong_argument_is_an_error_that_says_what_is_wanted(
    arguments: tuple[str, str, str, str], error: type[Exception], message: str
) -> None:
    op, reducer, left, right = arguments
    operands: tuple[Any, Any] = (DATA["u"], None if right == "u" else DATA["e"])
    with pytest.raises(error, match=message) as caught:
        ops.gspmm(GRAPH, op, reducer, *operands, left, right)
    assert isinstance(caught.value, gm.GraphError)
    if reducer == "sum":
        with pytest.raises(error, match=message):
            ops.gsddmm(GRAPH, op, *operands, left, right)


def test_a_graph_of_several_edge_types_must_be_narrowed() -> None:
    graph = gm.heterograph({("a", "x", "b"): ([0], [0]), ("a", "y", "b"): ([0], [0])})
    with pytest.raises(gm.GraphValueError, match="2 edge types, so name one"):
        ops.copy_u_sum(graph, torch.ones(1))
    assert ops.copy_u_sum(graph["x"], torch.ones(1)).tolist() == [1]
