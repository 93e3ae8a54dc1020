"""The table of DGL's names agrees with graphmp, and `docs/dgl.md` with the table."""

from __future__ import annotations

import re
from functools import reduce
from pathlib import Path
from pkgutil import resolve_name

import pytest

import graphmp as gm
from graphmp.compat.page import MARK, lists
from graphmp.compat.table import Module, modules

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "dgl.md").read_text(encoding="utf-8")
EDGE = gm.graph(([0], [1]))
each_module = pytest.mark.parametrize("module", modules().values(), ids=lambda module: module.name)


def has(module: Module, name: str) -> bool:
    """Whether a module's home has a name; for the methods of graphs, whether a graph does."""
    homes = [EDGE if home == "graphmp.Graph" else resolve_name(home) for home in module.homes]
    return any(hasattr(home, name) for home in homes)


def test_the_page_has_the_lists_of_the_table() -> None:
    assert PAGE.partition(MARK)[2] == lists(), "run python -m graphmp.compat.page"


@each_module
def test_the_names_of_a_module_are_sorted_and_have_a_home(module: Module) -> None:
    assert list(module.names) == sorted(set(module.names))
    assert {*module.instead} <= {*modules()[module.whole].names, "*"}
    assert [resolve_name(home) for home in module.homes]


@each_module
def test_available_names_exist(module: Module) -> None:
    assert [name for name in module.available if not has(module, name)] == []


@each_module
def test_names_that_are_not_available_do_not_exist(module: Module) -> None:
    missing = set(module.names) - set(module.available)
    assert [name for name in missing if has(module, name)] == [], "delete them in names.ini"


def test_replacements_exist() -> None:
    dotted = set(re.findall(r"\bgm\.([A-Za-z_][\w.]*)", PAGE))
    assert dotted
    for each in dotted:
        reduce(getattr, each.rstrip(".").split("."), gm)
