"""Local scopes and copies."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.samples import contents, path, shop
from support.unchanged import each

import graphmp as gm
import graphmp.function as fn
from graphmp import Graph

Change = Callable[[Graph], object]


def in_scope(g: Graph, change: Change) -> None:
    with g.local_scope():
        change(g)


COPIES: dict[str, Callable[[Graph], Graph]] = {
    "local_var": Graph.local_var,
    "clone": Graph.clone,
    "copy": copy.copy,
}
WAYS: dict[str, Callable[[Graph, Change], object]] = {
    "local_scope": in_scope,
    "local_var": lambda g, change: change(g.local_var()),
    "clone": lambda g, change: change(g.clone()),
    "copy": lambda g, change: change(copy.copy(g)),
}
CHANGES: dict[str, Change] = {
    "a new field": lambda g: g.ndata.update(h=torch.ones(3)),
    "a new value": lambda g: g.edata.update(w=torch.ones(2)),
    "a deleted field": lambda g: operator.delitem(g.ndata, "x"),
    "a popped field": lambda g: g.edata.pop("w"),
    "no fields": lambda g: g.ndata.clear(),
    "rows of nodes": lambda g: operator.setitem(g.nodes[[0]].data, "x", torch.ones(1, 1)),
    "rows of edges": lambda g: operator.setitem(g.edges[1].data, "w", torch.ones(1)),
    "messages": lambda g: g.update_all(fn.copy_u("x", "m"), fn.sum("m", "x")),
    "pulled rows": lambda g: g.pull([1], fn.copy_u("x", "m"), fn.sum("m", "x")),
    "applied rows": lambda g: g.apply_nodes(lambda nodes: {"x": nodes.data["x"] + 1}, [0]),
}


@each("change", CHANGES)
@each("way", WAYS)
def test_changes_in_a_scope_or_copy_do_not_leak(
    way: Callable[[Graph, Change], object], change: Change
) -> None:
    g, outside = path(), path()
    way(g, change)
    change(outside)
    assert contents(g) == contents(path())
    assert contents(outside) != contents(path())


@each("way", WAYS)
def test_scopes_and_copies_share_tensors(
    way: Callable[[Graph, Change], object],
) -> None:
    g = path()
    x = g.ndata["x"]
    way(g, lambda local: local.ndata["x"].add_(1))
    assert g.ndata["x"] is x
    assert x.view(-1).tolist() == [1, 2, 3]


@each("way", WAYS)
def test_changes_in_a_scope_or_copy_do_not_leak_for_any_type(
    way: Callable[[Graph, Change], object],
) -> None:
    g = shop()
    way(g, lambda local: (local.ndata.clear(), local.edata.clear()))
    assert contents(g) == contents(shop())


def test_a_scope_of_a_block_covers_both_ends() -> None:
    block = gm.create_block(([0, 1], [0, 0]))
    with block.local_scope():
        block.srcdata["h"], block.dstdata["h"] = torch.ones(2), torch.ones(1)
    assert not block.srcdata
    assert not block.dstdata


def test_nested_scopes_restore_one_by_one() -> None:
    g = path()
    outer, inner = torch.ones(3), torch.zeros(3)
    with g.local_scope():
        g.ndata["h"] = outer
        with g.local_scope():
            g.ndata["h"] = inner
            del g.ndata["x"]
        assert g.ndata["h"] is outer
        assert "x" in g.ndata
    assert "h" not in g.ndata


def test_a_scope_can_be_entered_again() -> None:
    g = path()
    scope = g.local_scope()
    for _ in range(2):
        with scope:
            g.ndata["h"] = torch.ones(3)
        assert "h" not in g.ndata


def test_an_exception_restores_the_features() -> None:
    g = path()

    def fail() -> None:
        with g.local_scope(), g.local_scope():
            g.ndata["x"] = torch.ones(3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert contents(g) == contents(path())


def test_an_early_return_restores_the_features() -> None:
    g = path()

    def forward() -> Any:
        with g.local_scope():
            g.ndata["x"] = g.ndata["x"] * 2
            return g.ndata["x"]

    assert forward().view(-1).tolist() == [0, 2, 4]
    assert contents(g) == contents(path())


def test_a_scope_covers_graphs_that_share_its_features() -> None:
    g = shop()
    with g.local_scope():
        g["follows"].ndata["h"] = torch.ones(3)
        assert "h" in g.nodes["user"].data
    assert contents(g) == contents(shop())


RESTRUCTURED: dict[str, tuple[Change, tuple[int, int]]] = {
    "add_nodes": (lambda g: g.add_nodes(2), (5, 2)),
    "add_edges": (lambda g: g.add_edges([0, 0], [2, 3]), (4, 4)),
    "remove_nodes": (lambda g: g.remove_nodes([0]), (2, 1)),
    "remove_edges": (lambda g: g.remove_edges([0]), (3, 1)),
}


@each("change, counts", RESTRUCTURED)
def test_structure_changes_are_not_scoped(change: Change, counts: tuple[int, int]) -> None:
    g, outside = path(), path()
    with g.local_scope(), g.local_scope():
        g.ndata["h"] = torch.ones(3)
        change(g)
        assert len(g.ndata["h"]) == counts[0]
    change(outside)
    assert (g.num_nodes(), g.num_edges()) == counts
    assert contents(g) == contents(outside)


@each("change, counts", RESTRUCTURED)
@each("copied", COPIES)
def test_a_copy_has_its_own_structure(
    copied: Callable[[Graph], Graph], change: Change, counts: tuple[int, int]
) -> None:
    g = path()
    local = copied(g)
    change(local)
    assert (local.num_nodes(), local.num_edges()) == counts
    assert (g.num_nodes(), g.num_edges()) == (3, 2)
    assert contents(g) == contents(path())
