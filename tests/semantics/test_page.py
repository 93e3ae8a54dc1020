"""docs/semantics.md: every statement names its tests, and every test has a statement."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
# A statement is a bullet of the first level, up to the next one or to the next heading.
BODY = PAGE[PAGE.index("\n## ") :]
STATEMENTS = re.findall(r"^- (.*?)(?=^- |^#|\Z)", BODY, re.DOTALL | re.MULTILINE)
TEST = re.compile(r"^  - \[`(tests/\S+\.py)::(test_\w+)`\]\(\.\./(tests/\S+\.py)\)$", re.MULTILINE)
NAMED = [(path, name) for path, name, _ in TEST.findall(PAGE)]


def names_in(path: Path) -> set[str]:
    """The names of the test functions in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return {name for name in functions if name.startswith("test_")}


def test_every_statement_names_a_test() -> None:
    assert len(STATEMENTS) > 100
    assert [statement for statement in STATEMENTS if not TEST.search(statement)] == []


def test_every_nested_item_is_a_test() -> None:
    nested = [line for line in BODY.splitlines() if line.startswith("  - ")]
    assert [line for line in nested if not TEST.fullmatch(line)] == []


def test_links_lead_to_the_file_of_the_test() -> None:
    assert [path for path, _, target in TEST.findall(PAGE) if path != target] == []


def test_every_test_on_the_page_exists() -> None:
    assert [one for one in NAMED if one[1] not in names_in(ROOT / one[0])] == []


def test_no_test_is_named_twice() -> None:
    assert len(NAMED) == len(set(NAMED))


def test_every_test_of_the_semantics_is_on_the_page() -> None:
    files = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    files.append(ROOT / "tests" / "dataloading" / "test_guarantees.py")
    every = {(path.relative_to(ROOT).as_posix(), name) for path in files for name in names_in(path)}
    assert every - set(NAMED) == set()


def test_no_name_has_the_number_of_a_line() -> None:
    files = (ROOT / "tests").rglob("test_*.py")
    names = {name for path in files for name in (path.name, *names_in(path))}
    assert [name for name in names if re.search(r"_(line|section)_\d", name)] == []
