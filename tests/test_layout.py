"""The layout shows the plan: few entries at the top, each explained by its package's docstring."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import graphmp

PACKAGE = Path(graphmp.__file__).parent
PACKAGES = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))
MOST_ENTRIES = 24  # DGL's programs import io's files, sparse and compat by these paths
BACKENDS = ("reference", "cpu", "cuda")
PRIMITIVES = {
    *("messages", "softmax", "attention", "dropout"),
    *("gather", "sampling", "labor", "walking"),
}
LOOSE = {"__init__.py", "_checks.py", "errors.py", "graph.py", "init.py", "py.typed", "random.py"}


def entries(package: Path) -> set[str]:
    """The names of the modules and packages that lie in a package."""
    files = {path.stem for path in package.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in package.glob("*/__init__.py")}


def explained(package: Path) -> list[str]:
    """The names that the docstring of a package explains, a line each."""
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    _, _, listing = (ast.get_docstring(tree) or "").partition("\n\nFiles:\n")
    return re.findall(r"^    (\w+): \S.*\.$", listing, re.MULTILINE)


def test_the_top_is_small_and_has_no_loose_modules_but_a_few() -> None:
    names = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    assert len(names) <= MOST_ENTRIES, sorted(names)
    assert {path.name for path in PACKAGE.iterdir() if path.is_file()} == LOOSE


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: str(p.relative_to(PACKAGE.parent)))
def test_the_docstring_of_every_package_explains_its_files(package: Path) -> None:
    assert explained(package) == sorted(entries(package))


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_has_one_file_for_each_family_of_primitives(name: str) -> None:
    assert entries(PACKAGE / "kernels" / name) >= PRIMITIVES


MOST_ARGUMENTS = 12
DGLS_OWN = {"DataLoader.__init__", "TWIRLSConv.__init__"}  # as many as in DGL


def signatures(tree: ast.Module) -> Iterator[tuple[str, ast.arguments]]:
    """The functions of a module, methods below the name of their class, and their arguments."""
    for node in ast.walk(tree):
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield prefix + child.name, child.args


def test_functions_take_at_most_twelve_arguments() -> None:
    many = set()
    for path in PACKAGE.rglob("*.py"):
        if "programs" in path.parts:  # a Triton program takes every array and its strides
            continue
        for name, args in signatures(ast.parse(path.read_text(encoding="utf-8"))):
            names = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
            if len(set(names) - {"self", "cls"}) > MOST_ARGUMENTS:
                many.add(name)
    assert many == DGLS_OWN
