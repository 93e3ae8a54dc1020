"""Message passing answers wrong input with an error that says what to do, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from support.functions import COPY, SUM, nothing, sample, sum_inbox
from support.unchanged import Call, Case, Error, each, meta, refuses, unchanged

import graphmp.function as fn
from graphmp import EdgeBatch, Graph, GraphKeyError, GraphTypeError, GraphValueError, NodeBatch


@pytest.mark.parametrize(
    "change",
    [
        lambda g: g.ndata.update(new=torch.ones(5)),
        lambda g: g.edata.pop("w"),
        lambda g: g.edata.update(w=g.edata["w"].clone()),
        lambda g: g.ndata["x"].add_(1),
        lambda g: g.add_nodes(1),
        lambda g: g.add_edges([0], [1]),
    ],
    ids=["new field", "lost field", "new tensor", "new values", "new node", "new edge"],
)
def test_unchanged_notices_a_change(change: Call) -> None:
    g = sample()
    with pytest.raises((AssertionError, RuntimeError)), unchanged(g):
        change(g)


# ---- functions that are none, or do not fit each other

VERBS: dict[str, Callable[..., None]] = {
    "update_all": lambda g, *functions: g.update_all(*functions),
    "multi_update_all": lambda g, *functions: g.multi_update_all({"_E": functions}, "sum"),
    "send_and_recv": lambda g, *functions: g.send_and_recv([0, 1], *functions),
    "pull": lambda g, *functions: g.pull([0, 1], *functions),
    "push": lambda g, *functions: g.push([0, 1], *functions),
    "prop_nodes": lambda g, *functions: g.prop_nodes([[1]], *functions),
    "prop_edges": lambda g, *functions: g.prop_edges([[1]], *functions),
}
FUNCTIONS: dict[str, tuple[tuple[Any, ...], Error, str]] = {
    "a string sends": (
        ("copy_u", SUM),
        GraphTypeError,
        "message_func: expected .* got str 'copy_u'",
    ),
    "nothing sends": ((None, SUM), GraphTypeError, "message_func: expected .* got None"),
    "a string reduces": ((COPY, "sum"), GraphTypeError, "reduce_func: expected .* got str 'sum'"),
    "a string is applied": (
        (COPY, SUM, "relu"),
        GraphTypeError,
        "apply_node_func: expected .* got str 'relu'",
    ),
    "swapped": (
        (SUM, COPY),
        GraphTypeError,
        "message_func: expected .* got .* function.sum",
    ),
    "two messages": (
        (COPY, COPY),
        GraphTypeError,
        "reduce_func: expected .* got .* function.copy_u",
    ),
    "two reducers": (
        (SUM, SUM),
        GraphTypeError,
        "message_func: expected .* got .* function.sum",
    ),
    "two names": (
        (COPY, fn.sum("other", "y")),
        GraphValueError,
        "sum: expected the message 'm' of copy_u, got 'other'; give both the same name",
    ),
    "another message": (
        (lambda edges: {"other": edges.src["x"]}, SUM),
        GraphKeyError,
        "message function: expected a message 'm' .* got 'other'",
    ),
    "no such source field": (
        (fn.copy_u("missing", "m"), SUM),
        GraphKeyError,
        "nodes have no field 'missing'; they have: 'x'",
    ),
    "no such edge field": (
        (fn.v_mul_e("x", "missing", "m"), SUM),
        GraphKeyError,
        "edges have no field 'missing'; they have: 'w'",
    ),
}


@each("verb", VERBS)
@each("row", FUNCTIONS)
def test_functions_that_do_not_fit_are_an_error_in_every_verb(verb: Any, row: Any) -> None:
    functions, error, message = row
    refuses(sample(), (lambda g: verb(g, *functions), error, message))


@each("verb", VERBS)
def test_functions_are_checked_before_any_of_them_runs(verb: Any) -> None:
    def message(_: EdgeBatch) -> None:
        pytest.fail("called")

    refuses(
        sample(),
        (
            lambda g: verb(g, message, "sum"),
            GraphTypeError,
            "reduce_func: expected .* got str 'sum'",
        ),
    )


# ---- what functions return

CALLERS: dict[str, Callable[[Graph, Any], Any]] = {
    "message": lambda g, f: g.update_all(f, SUM),
    "message for a function": lambda g, f: g.update_all(f, sum_inbox),
    "message of pull": lambda g, f: g.pull([1, 3], f, SUM),
    "reduce": lambda g, f: g.update_all(COPY, f),
    "reduce of send_and_recv": lambda g, f: g.send_and_recv([0, 1], COPY, f),
    "apply": lambda g, f: g.update_all(COPY, SUM, f),
    "apply of push": lambda g, f: g.push([0, 1], COPY, SUM, f),
    "apply of one type": lambda g, f: g.multi_update_all({"_E": (COPY, SUM, f)}, "sum"),
    "apply of all types": lambda g, f: g.multi_update_all({"_E": (COPY, SUM)}, "sum", f),
    "apply_nodes": lambda g, f: g.apply_nodes(f),
    "apply_nodes of some": lambda g, f: g.apply_nodes(f, [0, 2]),
    "apply_edges": lambda g, f: g.apply_edges(f),
    "apply_edges of some": lambda g, f: g.apply_edges(f, [0, 2]),
}
RESULTS: dict[str, tuple[Callable[[int], Any], Error, str]] = {
    "nothing": (lambda _: None, GraphTypeError, "function: expected a dict .* got None"),
    "a tensor": (
        lambda n: torch.ones(n),
        GraphTypeError,
        "function: expected a dict .* got a tensor of",
    ),
    "a pair": (
        lambda n: ("m", torch.ones(n)),
        GraphTypeError,
        "function: expected a dict .* got tuple",
    ),
    "a list": (lambda n: {"m": [1.0] * n}, GraphTypeError, "'m' .* expected a tensor, got list"),
    "an array": (lambda n: {"m": np.ones(n)}, GraphTypeError, "expected a tensor, got an array of"),
    "a number as name": (lambda n: {1: torch.ones(n)}, GraphTypeError, "name as a string"),
    "a row too much": (
        lambda n: {"m": torch.ones(n + 1)},
        GraphValueError,
        "'m': expected .* rows",
    ),
    "a row too few": (lambda n: {"m": torch.ones(n - 1)}, GraphValueError, "'m': expected .* rows"),
    "no rows": (lambda _: {"m": torch.tensor(1.0)}, GraphValueError, "got a tensor without rows"),
    "a right one and a wrong one": (
        lambda n: {"a": torch.ones(n), "m": torch.ones(n + 1)},
        GraphValueError,
        "'m': expected .* rows",
    ),
    "another device": (lambda n: {"m": meta(n)}, GraphValueError, "on cpu, got one on meta"),
}


@each("caller", CALLERS)
@each("row", RESULTS)
def test_a_function_that_returns_something_else_is_an_error(caller: Any, row: Any) -> None:
    result, error, message = row
    refuses(sample(), (lambda g: caller(g, lambda batch: result(len(batch))), error, message))


@each("caller", CALLERS)
def test_an_exception_in_a_function_comes_through(caller: Any) -> None:
    def fails(_: Any) -> None:
        raise ZeroDivisionError

    g = sample()
    with unchanged(g), pytest.raises(ZeroDivisionError):
        caller(g, fails)


def by_degree(first: Any, later: Any) -> Callable[[NodeBatch], Any]:
    """A reduce function that does another thing for in-degree 1 than for the others."""
    return lambda nodes: first(nodes) if nodes.mailbox["m"].shape[1] == 1 else later(nodes)


@each(
    "reduce",
    {
        "more": by_degree(sum_inbox, lambda nodes: {**sum_inbox(nodes), "z": nodes.data["x"]}),
        "other": by_degree(sum_inbox, lambda nodes: {"z": nodes.data["x"]}),
        "none": by_degree(sum_inbox, nothing),
        "first none": by_degree(nothing, sum_inbox),
    },
)
def test_a_reduce_function_returns_the_same_fields_for_every_bucket(reduce: Any) -> None:
    message = r"the same fields for every in-degree, got \[.*\] for one and \[.*\] for another"
    refuses(sample(), (lambda g: g.update_all(COPY, reduce), GraphValueError, message))


def test_a_reduce_function_returns_rows_of_one_shape() -> None:
    def reduce(nodes: NodeBatch) -> Any:
        return {"y": nodes.mailbox["m"]}

    message = r"rows of one shape in field 'y', got shapes \(1,\), \(2,\), \(3,\)"
    refuses(sample(), (lambda g: g.update_all(COPY, reduce), GraphValueError, message))


# ---- features that do not meet

FEATURES: dict[str, Case] = {
    "no broadcast": (
        lambda g: g.update_all(fn.u_add_e("wide", "matrix", "m"), SUM),
        GraphValueError,
        r"add: expected features whose shapes broadcast, got \(2,\) and \(3, 4\)",
    ),
    "no dot product": (
        lambda g: g.apply_edges(fn.u_dot_e("one", "matrix", "m")),
        GraphValueError,
        r"dot: expected equal last dimensions, got features of shapes \(1,\) and \(3, 4\)",
    ),
    "no difference of booleans": (
        lambda g: g.update_all(fn.u_sub_v("flag", "flag", "m"), SUM),
        GraphTypeError,
        "sub: expected numbers, got booleans",
    ),
    "rows of another shape": (
        lambda g: g.pull([1], fn.copy_u("wide", "m"), fn.sum("m", "x")),
        GraphValueError,
        r"Field 'x' .* rows of shape \(\), got \(2,\); assign a whole column",
    ),
    "rows of another dtype": (
        lambda g: g.send_and_recv([0], fn.copy_u("flag", "m"), fn.max("m", "x")),
        GraphTypeError,
        "'x' .* rows of torch.float32, got torch.bool; cast them",
    ),
    "nodes of another dtype": (
        lambda g: g.apply_nodes(lambda nodes: {"x": nodes.data["x"].double()}, [0]),
        GraphTypeError,
        "rows of torch.float32, got torch.float64",
    ),
    "edges of another shape": (
        lambda g: g.apply_edges(fn.copy_u("wide", "w"), [0]),
        GraphValueError,
        r"rows of shape \(\), got \(2,\)",
    ),
}


@each("case", FEATURES)
def test_features_that_do_not_meet_are_an_error_that_names_both(case: Case) -> None:
    g = sample()
    g.ndata.update(wide=torch.ones(5, 2), one=torch.ones(5, 1), flag=torch.ones(5).bool())
    g.edata["matrix"] = torch.ones(6, 3, 4)
    refuses(g, case)


INITIALIZERS: dict[str, Any] = {
    "shape": lambda *_: torch.zeros(3),
    "dtype": lambda shape, *_: torch.zeros(shape, dtype=torch.float64),
    "device": lambda shape, *_: meta(*shape),
    "no tensor": lambda *_: 0.0,
}


@each("initializer", INITIALIZERS)
@each("reduce", {"builtin": SUM, "function": sum_inbox})
def test_an_initializer_that_returns_something_else_is_an_error(
    initializer: Any, reduce: Any
) -> None:
    g = sample()
    g.set_n_initializer(initializer, "y")
    message = r"initializer of field 'y' .* shape \(.,\) and torch.float32 on cpu"
    refuses(g, (lambda g: g.pull([0, 1], COPY, reduce), GraphValueError, message))


# ---- predicates

FILTERS: dict[str, Callable[[Graph, Any], Any]] = {
    "filter_nodes": lambda g, f: g.filter_nodes(f),
    "filter_nodes among some": lambda g, f: g.filter_nodes(f, [0, 2, 3]),
    "filter_edges": lambda g, f: g.filter_edges(f),
    "filter_edges among some": lambda g, f: g.filter_edges(f, [0, 2, 3]),
}
CHOICES: dict[str, tuple[Callable[[int], Any], Error, str]] = {
    "nothing": (
        lambda _: None,
        GraphTypeError,
        "predicate: expected a tensor, got None",
    ),
    "a list": (
        lambda n: [True] * n,
        GraphTypeError,
        "predicate: expected a tensor, got list",
    ),
    "a bool": (
        lambda _: True,
        GraphTypeError,
        "predicate: expected a tensor, got bool True",
    ),
    "other rows": (
        lambda n: torch.ones(n + 1).bool(),
        GraphValueError,
        r"expected shape \(.*,\), got \(",
    ),
    "two each": (
        lambda n: torch.ones(n, 2).bool(),
        GraphValueError,
        r"expected shape \(.*,\), got \(",
    ),
    "one for all": (
        lambda _: torch.tensor(True),
        GraphValueError,
        r"expected shape \(.*,\), got \(",
    ),
    "another device": (lambda n: meta(n, dtype=torch.bool), GraphValueError, "got one on meta"),
}


@each("choose", FILTERS)
@each("row", CHOICES)
def test_a_predicate_that_returns_no_tensor_of_its_rows_is_an_error(choose: Any, row: Any) -> None:
    result, error, message = row
    refuses(sample(), (lambda g: choose(g, lambda batch: result(len(batch))), error, message))


@each("choose", FILTERS)
def test_a_predicate_is_a_function(choose: Any) -> None:
    message = "Expected the predicate to be a function, got str 'x > 0'"
    refuses(sample(), (lambda g: choose(g, "x > 0"), GraphTypeError, message))
