"""Message passing answers wrong ids and types with an error naming them, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from support.functions import COPY, SUM, meeting, nothing, sample, sum_inbox
from support.unchanged import Call, Case, each, meta, refuses
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import Graph, GraphIndexError, GraphKeyError, GraphTypeError, GraphValueError

# ---- ids

TAKERS: dict[str, Callable[[Graph, Any], Any]] = {
    "pull": lambda g, ids: g.pull(ids, COPY, SUM),
    "push": lambda g, ids: g.push(ids, COPY, SUM),
    "send_and_recv": lambda g, ids: g.send_and_recv(ids, COPY, SUM),
    "prop_nodes": lambda g, ids: g.prop_nodes([ids], COPY, SUM),
    "prop_edges": lambda g, ids: g.prop_edges([ids], COPY, SUM),
    "apply_nodes": lambda g, ids: g.apply_nodes(nothing, ids),
    "apply_edges": lambda g, ids: g.apply_edges(fn.copy_u("x", "y"), ids),
    "filter_nodes": lambda g, ids: g.filter_nodes(lambda nodes: nodes.data["x"] > 0, ids),
    "filter_edges": lambda g, ids: g.filter_edges(lambda edges: edges.data["w"] > 0, ids),
}
IDS: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "negative": (-1, GraphIndexError, "expected ids from 0 to [45], got -1"),
    "one negative": ([0, -2, 1], GraphIndexError, "expected ids from 0 to [45], got -2"),
    "too large": (6, GraphIndexError, "expected ids from 0 to [45], got 6"),
    "one too large": (torch.tensor([0, 9]), GraphIndexError, "expected ids from 0 to [45], got 9"),
    "beyond any dtype": ([2**70], GraphTypeError, "expected integers"),
    "a float": (1.0, GraphTypeError, "expected an int, a list, .* got float 1.0"),
    "floats": ([0.0, 1.0], GraphTypeError, "expected integers, got an array of float64"),
    "an array of floats": (np.array([1.0]), GraphTypeError, "expected integers, got an array of"),
    "a tensor of floats": (torch.tensor([1.0]), GraphTypeError, "got torch.float32"),
    "a bool": (True, GraphTypeError, "expected integers"),
    "bools": ([True, False], GraphTypeError, "expected integers, got an array of bool"),
    "a mask": (torch.tensor([True] * 5), GraphTypeError, "got torch.bool"),
    "another id type": (
        torch.tensor([1], dtype=torch.int32),
        GraphTypeError,
        r"torch.int64, got torch.int32; call .long\(\) on them, or graph.int\(\)",
    ),
    "another device": (
        meta(1, dtype=torch.int64),
        GraphValueError,
        r"on the graph's device cpu, got one on meta; call .to\('cpu'\) on it",
    ),
    "nothing": (None, GraphTypeError, "expected an int, a list, .* got None"),
    "a name": ("all", GraphTypeError, "expected an int, a list, .* got str 'all'"),
    "a dict": ({0: 1}, GraphTypeError, "expected an int, a list, .* got dict"),
    "a table": (torch.tensor([[0, 1]]), GraphValueError, r"one dimension, got .* \(1, 2\)"),
    "ragged": ([[0], [1, 2]], GraphValueError, "expected one flat list of ids"),
}


@each("take", TAKERS)
@each("row", IDS)
def test_wrong_ids_are_an_error_in_every_verb(take: Any, row: Any) -> None:
    ids, error, message = row
    refuses(sample(), (lambda g: take(g, ids), error, message))


@each("take", TAKERS)
def test_ids_of_an_int32_graph_must_be_int32(take: Any) -> None:
    message = r"torch.int32, got torch.int64; call .int\(\) on them, or graph.long\(\)"
    g = sample(torch.int32)
    refuses(g, (lambda g: take(g, torch.tensor([1])), GraphTypeError, message))
    refuses(g, (lambda g: take(g, [2**40]), GraphIndexError, "expected ids that fit torch.int32"))


@each("take", TAKERS)
def test_no_id_is_right_where_there_is_nothing(take: Any) -> None:
    g = gm.graph(([], []))
    g.ndata["x"], g.edata["w"] = torch.ones(0), torch.ones(0)
    refuses(g, (lambda g: take(g, [0]), GraphIndexError, "expected no ids, .* got 0"))


STEPS: dict[str, Call] = {
    "prop_nodes": lambda g: g.prop_nodes(3, COPY, SUM),  # type: ignore[arg-type]
    "prop_edges": lambda g: g.prop_edges("all", COPY, SUM),
}


@each("call", STEPS)
def test_steps_are_something_to_go_through(call: Call) -> None:
    refuses(sample(), (call, GraphTypeError, "a list or a generator of the ids of each step"))


# ---- pairs of ends

PAIRS: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "no such edge": (([0, 4], [1, 0]), GraphIndexError, "no edge from 4 to 0"),
    "no such node": (([0], [7]), GraphIndexError, "expected ids from 0 to 4, got 7"),
    "a negative node": ((-1, 3), GraphIndexError, "expected ids from 0 to 4, got -1"),
    "ragged": (([0, 1, 2], [1, 3]), GraphValueError, "got 3 and 2"),
    "three parts": (([0], [1], [2]), GraphValueError, "got 3 parts; pass edge ids as a list"),
    "one part": (([0],), GraphValueError, "got 1 parts"),
    "floats": (([0.0], [1.0]), GraphTypeError, "expected integers"),
    "another id type": (
        (torch.tensor([0]), torch.tensor([1], dtype=torch.int32)),
        GraphTypeError,
        "torch.int64, got torch.int32",
    ),
    "another device": (
        (meta(1, dtype=torch.int64), [1]),
        GraphValueError,
        "on the graph's device cpu, got one on meta",
    ),
}


@each("take", {name: TAKERS[name] for name in ("send_and_recv", "apply_edges", "filter_edges")})
@each("row", PAIRS)
def test_wrong_pairs_are_an_error_in_every_verb_that_takes_edges(take: Any, row: Any) -> None:
    edges, error, message = row
    refuses(sample(), (lambda g: take(g, edges), error, message))


# ---- types

BY_ETYPE: dict[str, Callable[[Graph, Any], Any]] = {
    "update_all": lambda g, etype: g.update_all(COPY, SUM, etype=etype),
    "pull": lambda g, etype: g.pull([1], COPY, SUM, etype=etype),
    "push": lambda g, etype: g.push([1], COPY, SUM, etype=etype),
    "send_and_recv": lambda g, etype: g.send_and_recv([1], COPY, SUM, etype=etype),
    "prop_nodes": lambda g, etype: g.prop_nodes([[1]], COPY, SUM, etype=etype),
    "prop_edges": lambda g, etype: g.prop_edges([[1]], COPY, SUM, etype=etype),
    "apply_edges": lambda g, etype: g.apply_edges(COPY, etype=etype),
    "filter_edges": lambda g, etype: g.filter_edges(lambda edges: edges.src["x"] > 0, etype=etype),
}
ETYPES: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "unknown": ("third", GraphKeyError, "no edge type 'third'; .* 'first', .* 'second'"),
    "a wrong end": (("b", "first", "t"), GraphKeyError, "no edge type .*; the graph has"),
    "a pair": (("a", "first"), GraphTypeError, "a name or a triple .* tuple"),
    "a list": (["first"], GraphTypeError, "a name or a triple .* list"),
    "a number": (0, GraphTypeError, "a name or a triple .* got int 0"),
}


@each("call", BY_ETYPE)
@each("row", ETYPES)
def test_a_wrong_edge_type_is_an_error_in_every_verb(call: Any, row: Any) -> None:
    etype, error, message = row
    refuses(meeting(), (lambda g: call(g, etype), error, message))


OF_ALL_TYPES = ("update_all", "apply_edges")  # with builtins


@each("call", {name: call for name, call in BY_ETYPE.items() if name not in OF_ALL_TYPES})
def test_of_several_edge_types_one_is_named(call: Any) -> None:
    message = "has 2 edge types, so name one: .* 'first', .* 'second'"
    refuses(meeting(), (lambda g: call(g, None), GraphValueError, message))


@each("call", BY_ETYPE)
def test_an_ambiguous_edge_type_is_an_error_that_lists_the_candidates(call: Any) -> None:
    g = gm.heterograph({("a", "to", "b"): ([0], [0]), ("b", "to", "b"): ([0], [0])})
    message = r"'to' is ambiguous: pass one of \('a', 'to', 'b'\), \('b', 'to', 'b'\)"
    refuses(g, (lambda g: call(g, "to"), GraphValueError, message))


NTYPES: dict[str, Case] = {
    "unknown": (
        lambda g: g.apply_nodes(nothing, ntype="c"),
        GraphKeyError,
        "no node type 'c'; the graph has 'a', 'b', 't'",
    ),
    "none named": (
        lambda g: g.filter_nodes(lambda nodes: nodes.data["x"] > 0),
        GraphValueError,
        "has 3 node types, so name one: 'a', 'b', 't'",
    ),
    "a number": (
        lambda g: g.apply_nodes(nothing, ntype=0),  # type: ignore[arg-type]
        GraphTypeError,
        "Expected a node type as a string, got int 0",
    ),
}


@each("case", NTYPES)
def test_a_wrong_node_type_is_an_error(case: Case) -> None:
    refuses(meeting(), case)


# ---- several edge types at once


def both(message: Any, cross: Any = "sum") -> Call:
    """One message function for both types of ``meeting``."""
    pair = (message, SUM)
    return lambda g: g.multi_update_all({"first": pair, "second": pair}, cross)


def by_type(first: Any, second: Any) -> Callable[[gm.EdgeBatch], Any]:
    """A message function that does another thing for each type."""
    return lambda edges: (first if edges.canonical_etype[1] == "first" else second)(edges)


def narrow(edges: gm.EdgeBatch) -> dict[str, Tensor]:
    return {"m": edges.src["x"]}


def wide(edges: gm.EdgeBatch) -> dict[str, Tensor]:
    return {"m": torch.ones(len(edges), 2)}


JOINT: dict[str, Case] = {
    "functions in no dict": (
        lambda g: g.multi_update_all([(COPY, SUM)], "sum"),  # type: ignore[arg-type]
        GraphTypeError,
        r"a dict {edge type: \(message_func, reduce_func\)}, got list",
    ),
    "a message alone": (
        lambda g: g.multi_update_all({"first": (COPY,)}, "sum"),
        GraphTypeError,
        r"of edge type 'first' as \(message_func, reduce_func\) or",
    ),
    "no tuple": (
        lambda g: g.multi_update_all({"first": COPY}, "sum"),  # type: ignore[dict-item]
        GraphTypeError,
        r"of edge type 'first' as \(message_func, reduce_func\) or",
    ),
    "an unknown type": (
        lambda g: g.multi_update_all({"first": (COPY, SUM), "third": (COPY, SUM)}, "sum"),
        GraphKeyError,
        "no edge type 'third'",
    ),
    "a type named twice": (
        lambda g: g.multi_update_all(
            {"first": (COPY, SUM), ("a", "first", "t"): (COPY, SUM)}, "sum"
        ),
        GraphValueError,
        "each edge type once",
    ),
    "a second pair that is swapped": (
        lambda g: g.multi_update_all({"first": (COPY, SUM), "second": (SUM, COPY)}, "sum"),
        GraphTypeError,
        "message_func: expected .* got .* function.sum",
    ),
    "an unknown cross reducer": (
        both(COPY, "median"),
        GraphValueError,
        "sum, max, min, mean, stack, or a function, got 'median'",
    ),
    "a cross reducer that returns nothing": (
        both(COPY, lambda _: None),
        GraphTypeError,
        "'y' .* cross reducer .* expected a tensor, got None",
    ),
    "a cross reducer that returns other rows": (
        both(COPY, lambda results: results[0][:1]),
        GraphValueError,
        "'y': expected 4 rows, .* cross reducer .*, got 1 rows",
    ),
    "a cross reducer that returns another device": (
        both(COPY, lambda _: meta(4)),
        GraphValueError,
        "on cpu, got one on meta",
    ),
    "results of two shapes": (
        both(by_type(narrow, wide)),
        GraphValueError,
        r"Results 'y' of several edge types .* one shape, got shapes \(\), \(2,\)",
    ),
    "messages of two shapes": (
        lambda g: g.update_all(by_type(narrow, wide), SUM),
        GraphValueError,
        r"Messages 'm' of several edge types .* one shape, got shapes \(\), \(2,\)",
    ),
    "messages of two shapes for a function": (
        lambda g: g.update_all(by_type(narrow, wide), sum_inbox),
        GraphValueError,
        r"Messages 'm' of several edge types .* one shape, got shapes \(\), \(2,\)",
    ),
    "messages of two names": (
        lambda g: g.update_all(by_type(narrow, nothing), sum_inbox),
        GraphValueError,
        r"the same messages for every edge type, got \['m'\] and \[\]",
    ),
    "a field that one type lacks": (
        lambda g: g.update_all(fn.copy_e("w", "m"), SUM),
        GraphKeyError,
        r"edges of type \('b', 'second', 't'\) have no field 'w'",
    ),
}


@each("case", JOINT)
def test_edge_types_that_do_not_fit_together_are_an_error(case: Case) -> None:
    g = meeting()
    g.edges["first"].data["w"] = torch.ones(3)
    refuses(g, case)


def test_nothing_is_written_when_a_later_destination_type_fails() -> None:
    g = gm.heterograph({("a", "1", "b"): ([0], [0]), ("b", "2", "a"): ([0], [0])})
    g.nodes["a"].data["x"] = torch.ones(1)
    refuses(g, (lambda g: g.update_all(COPY, SUM), GraphKeyError, "'b' have no field 'x'"))


@pytest.mark.parametrize("initializer", [0, "zeros", None])
def test_an_initializer_is_a_function(initializer: Any) -> None:
    message = "initializer: expected a function .* -> tensor, got"
    refuses(sample(), (lambda g: g.set_n_initializer(initializer), GraphTypeError, message))
    refuses(sample(), (lambda g: g.set_e_initializer(initializer), GraphTypeError, message))
