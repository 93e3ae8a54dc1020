"""Errors: their classes, their messages, and where ids are checked."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from support.unchanged import each

import graphmp as gm
from graphmp import Graph, errors

BUILTINS = {
    "GraphValueError": ValueError,
    "GraphTypeError": TypeError,
    "GraphKeyError": KeyError,
    "GraphIndexError": IndexError,
    "GraphRuntimeError": RuntimeError,
    "GraphNotImplementedError": NotImplementedError,
    "GraphAttributeError": AttributeError,
    "GraphImportError": ImportError,
    "GraphModuleNotFoundError": ModuleNotFoundError,
    "GraphOptionError": ValueError,
}
TREES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(Path(gm.__file__).parent.rglob("*.py"))
}


def test_every_error_is_a_graph_error_and_a_builtin_error() -> None:
    exported = {name for name in errors.__all__ if name.endswith("Error")}
    assert exported - {"GraphError", "DGLError"} == BUILTINS.keys()
    for name, builtin in BUILTINS.items():
        error = getattr(gm, name)
        assert issubclass(error, gm.GraphError)
        assert issubclass(error, builtin)


@pytest.mark.parametrize("error", [gm.GraphValueError, gm.GraphKeyError])
def test_an_unknown_aggregator_is_a_value_error_and_a_key_error(error: type[Exception]) -> None:
    edge_map = torch.nn.Linear(1, 6)
    for layer in (
        lambda: gm.nn.GINConv(aggregator_type="average"),
        lambda: gm.nn.NNConv(2, 3, edge_map, aggregator_type="average"),
        lambda: gm.nn.GMMConv(2, 3, 1, 1, aggregator_type="average"),
    ):
        with pytest.raises(error, match="aggregator_type: expected one of"):
            layer()


def test_errors_are_exported_also_under_dgls_name() -> None:
    assert set(errors.__all__) <= set(gm.__all__)
    assert gm.DGLError is gm.GraphError
    assert issubclass(gm.GraphWarning, UserWarning)


@pytest.mark.parametrize("name", BUILTINS)
def test_an_error_keeps_its_message_through_pickle(name: str) -> None:
    error = getattr(gm, name)("There is no 'x'.")
    assert str(error) == str(pickle.loads(pickle.dumps(error))) == "There is no 'x'."


# ---- what the library raises and asserts


def inside(kind: type[ast.AST], among: Iterable[ast.AST] = TREES.values()) -> Iterator[Any]:
    """All nodes of one kind in syntax trees."""
    return (node for tree in among for node in ast.walk(tree) if isinstance(node, kind))


# What ends the recording of a function of the user's, which then runs as it is.
SIGNALS = {"Impure", "Profiled", "NotRecordedError"}


def test_everything_raised_is_a_graph_error_with_a_message() -> None:
    hooks = ("__getattr__", "attribute_of_graph")
    lookups = [f for f in inside(ast.FunctionDef) if f.name in hooks]
    missing_attributes = list(inside(ast.Raise, lookups))
    ends = list(inside(ast.Raise, [f for f in inside(ast.FunctionDef) if f.name == "__next__"]))
    ends = [node for node in ends if ast.unparse(node) == "raise StopIteration"]
    raised_by_name = {ast.unparse(n.exc) for n in inside(ast.Raise) if isinstance(n.exc, ast.Name)}
    assert {name for name in raised_by_name if name[0].isupper()} <= {"StopIteration", *SIGNALS}
    for node in inside(ast.Raise):
        if node in ends or isinstance(node.exc, (ast.Name, ast.Attribute, type(None))):
            continue  # an iterator ends; or what was caught goes on
        name = ast.unparse(node.exc.func)
        assert name in BUILTINS or name in SIGNALS or node in missing_attributes, ast.unparse(node)
        assert node.exc.args, ast.unparse(node)


def test_asserts_only_narrow_optional_types() -> None:
    for node in inside(ast.Assert):
        assert ast.unparse(node.test).endswith(" is not None"), ast.unparse(node)


# ---- messages

NARROW = torch.tensor([0], dtype=torch.int32)


def write_first_row(g: Graph, row: torch.Tensor) -> None:
    g.nodes[[0]].data["h"] = row


MESSAGES: dict[str, tuple[Callable[[Graph], Any], str, str, str]] = {
    "id type": (
        lambda g: g.in_degrees(NARROW),
        "expected the graph's id type torch.int64",
        "got torch.int32",
        "call .long() on them, or graph.int()",
    ),
    "device of ids": (
        lambda g: g.in_degrees(torch.tensor([0], device="meta")),
        "expected a tensor on the graph's device cpu",
        "got one on meta",
        "call .to('cpu') on it, or graph.to('meta')",
    ),
    "device of features": (
        lambda g: g.ndata.update(x=torch.ones(3, device="meta")),
        "expected a tensor on cpu",
        "got one on meta",
        "call .to('cpu') on it",
    ),
    "shape of rows": (
        lambda g: write_first_row(g, torch.ones(1, 2)),
        "expected rows of shape ()",
        "got (2,)",
        "assign a whole column to change its shape",
    ),
    "no tensor": (
        lambda g: g.ndata.update(x=[1, 2, 3]),
        "expected a tensor",
        "got list [1, 2, 3]",
        "call torch.as_tensor on it",
    ),
    "edges as one tensor": (
        lambda g: gm.graph(torch.zeros(2, 3)),
        "a tuple (sources, destinations) or a list of pairs",
        "got a tensor of torch.float32",
        "for a (2, E) tensor use from_edge_index",
    ),
    "no edge type named": (
        lambda g: gm.heterograph({("a", "x", "b"): ([], []), ("a", "y", "b"): ([], [])}).edges(),
        "name one",
        "2 edge types",
        "('a', 'x', 'b'), ('a', 'y', 'b')",
    ),
    "node data of a block": (
        lambda g: gm.create_block(([0], [0])).ndata,
        "srcdata and dstdata",
        "A block",
        "use srcdata and dstdata",
    ),
}


@each("call, expected, actual, advice", MESSAGES)
def test_a_message_names_the_expected_the_actual_and_the_fix(
    call: Callable[[Graph], Any], expected: str, actual: str, advice: str
) -> None:
    g = gm.graph(([0, 1], [1, 2]))
    g.ndata["h"] = torch.ones(3)
    with pytest.raises(gm.GraphError) as caught:
        call(g)
    message = str(caught.value)
    assert expected in message
    assert actual in message
    assert advice in message


# ---- ids on other devices


@pytest.fixture
def validated() -> Iterator[None]:
    gm.validate_ids()
    yield
    gm.validate_ids(False)


def far_away() -> tuple[Graph, torch.Tensor]:
    """A graph on a device that the host cannot read from, and ids there."""
    return gm.graph(([0, 1], [1, 2])).to("meta"), torch.zeros(4, dtype=torch.int64, device="meta")


def test_ids_on_another_device_are_checked_without_synchronisation() -> None:
    g, ids = far_away()
    assert [end.shape for end in g.find_edges(ids)] == [(4,), (4,)]


@pytest.mark.usefixtures("validated")
def test_the_range_of_ids_on_another_device_is_checked_when_enabled() -> None:
    g, ids = far_away()
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        g.find_edges(ids)  # the host reads the ids, which a meta tensor does not allow
