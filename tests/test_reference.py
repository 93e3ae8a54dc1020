"""The reference lists every public name."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PAGES = sorted((Path(__file__).resolve().parents[1] / "docs" / "reference").glob("*.rst"))
MODULES = (
    *("graphmp", "graphmp.function", "graphmp.ops", "graphmp.nn", "graphmp.nn.functional"),
    *("graphmp.nn.optim", "graphmp.sampling", "graphmp.dataloading", "graphmp.data"),
    *("graphmp.transforms", "graphmp.sparse", "graphmp.io", "graphmp.compat", "graphmp.init"),
    "graphmp.tune",
)


def listed(page: Path) -> list[Any]:
    """The objects that a page lists, in its current module."""
    text = page.read_text(encoding="utf-8")
    module = re.search(r"currentmodule:: (\S+)", text)
    if module is None:
        return []
    values = []
    names = re.findall(r"^   ([\w.]+)$", text, re.MULTILINE)
    for name in names + re.findall(r"py:data:: (\w+)", text):
        value: Any = import_module(module[1])
        for part in name.split("."):
            value = getattr(value, part)
        values.append(value)
    return values


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_on_a_page(module: str) -> None:
    documented = {id(value) for page in PAGES for value in listed(page)}
    package = import_module(module)
    values = {name: getattr(package, name) for name in package.__all__ if name[0] != "_"}
    missing = [
        name
        for name, value in values.items()
        if id(value) not in documented and not isinstance(value, ModuleType)
    ]
    assert missing == [], "add them to a page in docs/reference"
