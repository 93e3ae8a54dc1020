"""Adding and removing nodes and edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.samples import contents, diamond, edges, filled_with, shop
from support.unchanged import each

import graphmp as gm
import graphmp.function as fn
from graphmp import Graph

# ---- adding


def test_add_nodes_appends_rows_of_zeros() -> None:
    g = diamond()
    g.add_nodes(2)
    assert g.num_nodes() == 6
    assert g.ndata["x"].tolist() == [0, 1, 2, 3, 0, 0]
    assert edges(g) == edges(diamond())
    assert g.in_degrees().tolist() == [0, 1, 1, 2, 0, 0]


def test_added_nodes_and_edges_are_filled_by_the_initializer() -> None:
    g = diamond()
    g.set_n_initializer(filled_with(7))
    g.set_e_initializer(filled_with(7), "w")
    g.add_edges(3, 5)
    assert g.ndata["x"].tolist() == [0, 1, 2, 3, 7, 7]
    assert g.edata["w"].tolist() == [0, 10, 20, 30, 7]


def test_add_nodes_accepts_features() -> None:
    g = diamond()
    g.add_nodes(2, {"x": torch.tensor([8.0, 9.0]), "new": torch.ones(2, 1)})
    assert g.ndata["x"].tolist() == [0, 1, 2, 3, 8, 9]
    assert g.ndata["new"].view(-1).tolist() == [0, 0, 0, 0, 1, 1]


def test_add_edges_appends_edges_and_adds_missing_nodes() -> None:
    g = diamond()
    g.add_edges([0, 5], [3, 0], {"w": torch.tensor([1.0, 2.0])})
    assert edges(g) == [*edges(diamond()), (0, 3), (5, 0)]
    assert g.num_nodes() == 6
    assert g.ndata["x"].tolist() == [0, 1, 2, 3, 0, 0]
    assert g.edata["w"].tolist() == [0, 10, 20, 30, 1, 2]


def test_add_edges_broadcasts_a_single_end() -> None:
    g = diamond()
    g.add_edges(3, [0, 1])
    g.add_edges([1, 2], 0)
    g.add_edges(0, 0)
    assert edges(g)[4:] == [(3, 0), (3, 1), (1, 0), (2, 0), (0, 0)]


NOTHING: dict[str, Callable[[Graph], object]] = {
    "add_nodes": lambda g: g.add_nodes(0),
    "add_edges": lambda g: g.add_edges([], []),
    "remove_nodes": lambda g: g.remove_nodes([]),
    "remove_edges": lambda g: g.remove_edges(torch.tensor([], dtype=torch.int64)),
}


@each("change", NOTHING)
def test_adding_or_removing_nothing_is_a_no_op(
    change: Callable[[Graph], object],
) -> None:
    g = diamond()
    change(g)
    assert contents(g) == contents(diamond())


def test_adding_to_one_type_leaves_the_others() -> None:
    g = shop()
    g.add_nodes(1, ntype="game")
    g.add_edges([0], [4], etype="follows")
    assert (g.num_nodes("user"), g.num_nodes("game")) == (5, 3)
    assert edges(g, "follows") == [(0, 1), (1, 2), (0, 4)]
    assert edges(g, "buys") == edges(shop(), "buys")
    assert g.nodes["user"].data["x"].tolist() == [0, 1, 2, 0, 0]
    assert g.out_degrees(etype="buys").tolist() == [1, 1, 1, 0, 0]


# ---- removing


def test_remove_nodes_removes_their_edges_and_keeps_the_order() -> None:
    g = diamond()
    g.remove_nodes([1])
    assert edges(g) == [(0, 1), (1, 2)]
    assert g.ndata["x"].tolist() == [0, 2, 3]
    assert g.edata["w"].tolist() == [10, 30]


def test_remove_edges_keeps_the_order() -> None:
    g = diamond()
    g.remove_edges([2, 0])
    assert edges(g) == [(0, 2), (2, 3)]
    assert g.num_nodes() == 4
    assert g.edata["w"].tolist() == [10, 30]


def test_removing_accepts_repeated_and_single_ids() -> None:
    g = diamond()
    g.remove_edges([0, 0])
    g.remove_edges(0)
    g.remove_nodes(3)
    assert (g.num_nodes(), g.num_edges()) == (3, 0)


def test_store_ids_writes_the_original_ids() -> None:
    g = diamond()
    g.remove_edges([0], store_ids=True)
    assert g.edata[gm.EID].tolist() == [1, 2, 3]
    assert gm.NID not in g.ndata
    other = diamond().int()
    other.remove_nodes([1], store_ids=True)
    assert (other.ndata[gm.NID].tolist(), other.edata[gm.EID].tolist()) == ([0, 2, 3], [1, 3])
    assert other.ndata[gm.NID].dtype == other.edata[gm.EID].dtype == torch.int32


def test_remove_nodes_affects_every_relation_of_the_type() -> None:
    g = shop()
    g.remove_nodes([1], "user")
    assert edges(g, "buys") == [(0, 0), (1, 1)]
    assert edges(g, "follows") == []
    assert g.edges["buys"].data["w"].tolist() == [0, 2]
    assert g.nodes["game"].data["x"].tolist() == [0, 1]


# ---- all changes

CHANGES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "add_nodes": (gm.add_nodes, (2,)),
    "add_edges": (gm.add_edges, ([0], [5])),
    "remove_nodes": (gm.remove_nodes, ([1],)),
    "remove_edges": (gm.remove_edges, ([1, 2],)),
}


@each("function, arguments", CHANGES)
def test_the_function_equals_the_method_and_leaves_its_argument(
    function: Any, arguments: tuple[Any, ...]
) -> None:
    g, changed = diamond(), diamond()
    getattr(changed, function.__name__)(*arguments)
    assert contents(function(g, *arguments)) == contents(changed)
    assert contents(g) == contents(diamond())
    assert contents(changed) != contents(diamond())


@each("function, arguments", CHANGES)
def test_a_changed_graph_equals_a_newly_built_one(
    function: Any, arguments: tuple[Any, ...]
) -> None:
    g = diamond()
    answers(g)
    getattr(g, function.__name__)(*arguments)
    assert answers(g) == answers(gm.graph(g.edges(), num_nodes=g.num_nodes()))


def answers(g: Graph) -> list[Any]:
    """What a graph keeps once it has been asked for it."""
    g.ndata["x"] = torch.arange(1.0, g.num_nodes() + 1)
    g.update_all(fn.copy_u("x", "m"), fn.sum("m", "sum"))
    g.update_all(fn.copy_u("x", "m"), lambda nodes: {"max": nodes.mailbox["m"].amax(1)})
    found = (g.ndata["sum"], g.ndata["max"], g.in_degrees(), g.edges("eid", "srcdst"))
    return [g.is_multigraph, *(tensor.tolist() for tensor in found)]


@each("function, arguments", CHANGES)
def test_a_changed_graph_keeps_its_formats(function: Any, arguments: tuple[Any, ...]) -> None:
    g = function(diamond().formats(["coo", "csc"]), *arguments)
    g.create_formats_()
    assert g.formats() == {"created": ["coo", "csc"], "not created": []}


@each("function, arguments", CHANGES)
def test_a_block_cannot_be_changed(function: Any, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(gm.GraphValueError, match="not a block, got a block; change"):
        function(gm.create_block(([0, 1], [0, 1])), *arguments)


@each("function, arguments", CHANGES)
def test_a_view_of_one_relation_keeps_the_old_structure(
    function: Any, arguments: tuple[Any, ...]
) -> None:
    g = diamond()
    view = g["_E"]
    getattr(g, function.__name__)(*arguments)
    assert contents(view) == contents(diamond())
