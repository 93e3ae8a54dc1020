"""`docs/dgl.md` lists the names of DGL that exist, and replacements for the others."""

from __future__ import annotations

import re
from functools import reduce
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

import graphmp as gm

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "dgl.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## .*?`dgl\.?([\w.]*)`\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
each_section = pytest.mark.parametrize("name", SECTIONS)


def owner(name: str) -> Any:
    """The module of a section; for that of graphs, a graph."""
    if name == "DGLGraph":
        return gm.graph(([0], [1]))
    return reduce(getattr, filter(None, name.split(".")), gm)


def names(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def test_every_module_has_a_section() -> None:
    modules = "nn.pytorch nn.functional function ops sampling dataloading transforms data random"
    assert set(SECTIONS) == {
        "",
        "DGLGraph",
        "dataloading.negative_sampler",
        *modules.split(),
    }


@each_section
def test_names_listed_as_available_exist(name: str) -> None:
    pattern = r"^Available: (.*?)(?:, and every|, which|\.$)"
    [available] = re.findall(pattern, SECTIONS[name], re.M | re.S)
    listed = names(available)
    assert listed
    assert [each for each in listed if not hasattr(owner(name), each)] == []


@each_section
def test_names_listed_as_not_available_do_not_exist(name: str) -> None:
    rows = re.findall(r"^\| (.*?) \|", SECTIONS[name], re.M)
    listed = [each for row in rows for each in names(row)]
    assert [each for each in listed if hasattr(owner(name), each)] == []


def test_every_message_of_two_ends_exists() -> None:
    for left, right in permutations("uve", 2):
        for operator in ("add", "sub", "mul", "div", "dot"):
            message = f"{left}_{operator}_{right}"
            assert hasattr(gm.function, message)
            assert hasattr(gm.ops, message)
    for message in ("copy_u", "copy_e", *(f"u_{op}_e" for op in ("add", "sub", "mul", "div"))):
        for reducer in ("sum", "max", "min", "mean"):
            assert hasattr(gm.ops, f"{message}_{reducer}")


def test_replacements_exist() -> None:
    dotted = set(re.findall(r"\bgm\.([A-Za-z_][\w.]*)", PAGE))
    assert dotted
    for each in dotted:
        reduce(getattr, each.rstrip(".").split("."), gm)
