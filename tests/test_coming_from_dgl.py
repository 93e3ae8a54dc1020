"""The table of DGL's names agrees with graphmp, and `docs/dgl.md` with the table."""

from __future__ import annotations

import re
from functools import reduce
from pathlib import Path
from pkgutil import resolve_name

import pytest

import graphmp as gm
from graphmp.compat.page import MARK, lists
from graphmp.compat.table import PAGE as ADDRESS
from graphmp.compat.table import Module, inner, modules, older

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


# How many public names DGL 2.1.0 has: counted in its modules, the methods in its class of graphs.
COUNTS = {
    "dgl": 157,
    "DGLGraph": 115,
    "dgl.nn": 79,
    "dgl.nn.functional": 1,
    "dgl.function": 40,
    "dgl.ops": 64,
    "dgl.sampling": 12,
    "dgl.dataloading": 36,
    "dgl.dataloading.negative_sampler": 3,
    "dgl.transforms": 65,
    "dgl.data": 101,
    "dgl.data.utils": 23,
    "dgl.random": 2,
    "dgl.udf": 2,
    "dgl.init": 2,
    "dgl.sparse": 47,
    "dgl.optim": 2,
    "dgl.geometry": 2,
    "dgl.multiprocessing": 4,
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_table_lists_all_of_dgls_names(name: str) -> None:
    assert len(modules()[name].names) == COUNTS[name]


def test_nearly_all_of_dgls_names_are_available() -> None:
    available = sum(len(modules()[name].available) for name in COUNTS)
    assert available >= 0.975 * sum(COUNTS.values())


def test_replacements_exist() -> None:
    dotted = set(re.findall(r"\bgm\.([A-Za-z_][\w.]*)", PAGE))
    assert dotted
    for each in dotted:
        reduce(getattr, each.rstrip(".").split("."), gm)


def test_methods_that_replace_others_exist() -> None:
    methods = set(re.findall(r"`g\.(\w+)", "".join(older().values())))
    assert methods
    assert [each for each in methods if not hasattr(EDGE, each)] == []


def test_names_of_older_versions_are_none_of_dgls() -> None:
    for name in older():
        place, _, last = name.rpartition(".")
        assert last not in modules()[place].names


def test_inner_names_are_missing() -> None:
    for name in inner():
        place, _, last = name.rpartition(".")
        module, _, owner = place.rpartition(".")
        if place not in modules() and owner[0].isupper():
            assert not hasattr(modules()[module].get(owner), last), f"delete {name} in names.ini"
        elif place in modules() and not modules()[place].is_absent:
            assert modules()[place].home_of(last) is None, f"delete {name} in names.ini"


def test_errors_name_the_page_of_the_project() -> None:
    root = Path(__file__).resolve().parents[1]
    homepage = re.search(r'^Homepage = "(.*)"', (root / "pyproject.toml").read_text("utf-8"), re.M)
    assert homepage is not None
    assert f"{homepage[1]}/blob/main/docs/dgl.md" == ADDRESS
