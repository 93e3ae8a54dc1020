"""An import goes down only: what ``ast`` reads in every file of the package."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import graphmp

PACKAGE = Path(graphmp.__file__).parent

# From the bottom up. A file or folder imports from the layers below its own, and from its own.
LAYERS = (
    {"errors", "_checks"},
    {"kernels"},
    {"init", "random", "function", "_storage"},
    {"ops"},
    {"sparse"},
    {"_message_passing"},
    {"_graph"},
    {"sampling"},
    {"graph"},
    {"construct"},
    {"io", "readout", "transforms"},
    {"nn", "dataloading", "data"},
    {"compat", "tune"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

# What may be imported where less is allowed than the layers allow.
ONLY = {
    "errors": set[str](),
    "_checks": {"errors"},
    "kernels": {"errors"},
    "function": {"errors"},
    "init": set[str](),
    "random": {"_checks", "errors"},
    "_storage": {"_checks", "errors", "init", "kernels"},
}

Imports = dict[str, set[str]]


def files(package: Path) -> dict[str, Path]:
    """The files of a package by the names of their modules; the package's own is ``""``."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


def statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import, also in functions and under ``if TYPE_CHECKING``."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from statements(child)


def absolute(path: Path) -> set[str]:
    """The packages that a file imports by their full name."""
    found = set()
    for statement in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in statement.names}
        elif statement.level == 0:
            found.add(str(statement.module).partition(".")[0])
    return found


def relative(package: Path) -> Imports:
    """For each module of a package the modules of the package that it imports."""
    modules = files(package)
    imports: Imports = {}
    for name, path in modules.items():
        here = path.parent.relative_to(package).parts
        imports[name] = set()
        for statement in statements(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(statement, ast.ImportFrom) and statement.level:
                above = here[: len(here) - statement.level + 1]
                base = ".".join([*above, *filter(None, [statement.module])])
                for alias in statement.names:
                    inner = f"{base}.{alias.name}".strip(".")
                    imports[name].add(inner if inner in modules else base)
    return imports


def part(module: str) -> str:
    """The file or folder at the top of the package in which a module lies."""
    return module.partition(".")[0]


def upward(imports: Imports, level: dict[str, int]) -> list[str]:
    """The imports of a higher layer."""
    return [
        f"{name} imports {other}"
        for name, others in imports.items()
        for other in sorted(others)
        if name and level[part(other)] > level[part(name)]
    ]


IMPORTS = relative(PACKAGE)


def test_every_file_has_a_layer() -> None:
    assert {part(name) for name in IMPORTS} - {""} == set(LEVEL)


def test_no_import_goes_up() -> None:
    assert upward(IMPORTS, LEVEL) == []


def test_no_imports_go_round() -> None:
    TopologicalSorter(IMPORTS).prepare()


@pytest.mark.parametrize("name", ONLY)
def test_a_layer_without_graphs_imports_only_what_it_stands_on(name: str) -> None:
    found = {part(other) for module in IMPORTS if part(module) == name for other in IMPORTS[module]}
    assert found <= {name, *ONLY[name]}


def test_layers_and_loaders_use_only_the_homes_of_public_names() -> None:
    public = {other if part(other).startswith("_") else part(other) for other in IMPORTS[""]}
    public.add("_graph.shown")  # the ``repr`` of samplers and loaders, which is no public name
    for name, others in IMPORTS.items():
        if part(name) in LAYERS[-2]:  # the top one has DGL's inner names
            homes = {other if part(other).startswith("_") else part(other) for other in others}
            assert homes <= {part(name), *public}, name


def test_nothing_imports_from_the_top_of_the_package() -> None:
    assert [name for name, others in IMPORTS.items() if "" in others] == []
    assert [name for name, path in files(PACKAGE).items() if "graphmp" in absolute(path)] == []


def test_nothing_imports_a_star() -> None:
    for name, path in files(PACKAGE).items():
        for statement in statements(ast.parse(path.read_text(encoding="utf-8"))):
            assert "*" not in [alias.name for alias in statement.names], name


def test_optional_packages_are_imported_where_they_are_used() -> None:
    always = {"torch", "numpy", *sys.stdlib_module_names}
    backends = {"kernels.cpu": {"numba", "llvmlite"}, "kernels.cuda": {"triton"}}
    for name, path in files(PACKAGE).items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for statement in tree.body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                names = [alias.name for alias in statement.names]
                if isinstance(statement, ast.ImportFrom):
                    names = [] if statement.level else [str(statement.module)]
                allowed = next((ok for at, ok in backends.items() if name.startswith(at)), set())
                assert {one.partition(".")[0] for one in names} <= always | allowed, name


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    names = {name.rpartition(".")[2] for name in IMPORTS}
    assert not names & {"utils", "util", "helpers", "common", "misc"}


@pytest.fixture
def small_package(tmp_path: Path) -> Path:
    """Two files and a folder that import each other in every way."""
    (tmp_path / "high").mkdir()
    (tmp_path / "__init__.py").write_text("from .low import x")
    (tmp_path / "low.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .high import y\n"
        "def f():\n    from . import high\n"
    )
    (tmp_path / "high" / "__init__.py").write_text("from .inner import y\nfrom .. import low")
    (tmp_path / "high" / "inner.py").write_text("import graphmp.nn\nfrom ..low import x as y")
    return tmp_path


def test_imports_are_read_as_python_reads_them(small_package: Path) -> None:
    assert relative(small_package) == {
        "": {"low"},
        "low": {"high"},
        "high": {"high.inner", "low"},
        "high.inner": {"low"},
    }
    assert absolute(small_package / "high" / "inner.py") == {"graphmp"}


def test_an_import_up_and_a_cycle_are_seen(small_package: Path) -> None:
    imports = relative(small_package)
    assert upward(imports, {"low": 0, "high": 1}) == ["low imports high"]
    with pytest.raises(CycleError):
        TopologicalSorter(imports).prepare()
