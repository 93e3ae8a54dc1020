"""The examples in docstrings of public names can be pasted: they import what they use."""

from __future__ import annotations

import ast
import builtins
import doctest
from collections.abc import Iterator
from typing import Any

import pytest
from test_reference import PAGES, listed

FINDER = doctest.DocTestFinder(exclude_empty=True)


def documented() -> dict[str, Any]:
    """Every class and function of the reference, by its name."""
    values = [value for page in PAGES for value in listed(page)]
    return {
        f"{value.__module__}.{value.__qualname__}": value
        for value in values
        if hasattr(value, "__qualname__")
    }


def bound(tree: ast.AST) -> Iterator[str]:
    """The names that a program binds anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg


def unbound(program: str) -> set[str]:
    """The names that a program reads without binding them."""
    tree = ast.parse(program)
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return read - set(bound(tree)) - set(dir(builtins))


@pytest.mark.parametrize("name", sorted(documented()))
def test_an_example_imports_what_it_uses(name: str) -> None:
    for example in FINDER.find(documented()[name], name, module=False, globs={}):
        program = "".join(part.source for part in example.examples)
        assert unbound(program) == set(), f"import them in the example of {example.name}"


def test_a_name_that_is_not_imported_is_noticed() -> None:
    program = "import torch\nfor x in [1]:\n    print(torch.tensor(x), DataLoader)\n"
    assert unbound(program) == {"DataLoader"}
