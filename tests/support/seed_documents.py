"""The tutorials whose programs must run here: where their texts are, and what code is in them."""

from __future__ import annotations

import ast
import os
import re
import textwrap
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def read(name: str) -> str:
    """The text of a tutorial, in the folder of seeds beside that of the data."""
    named = os.environ.get("GRAPHMP_DATA")
    folders = [Path(named).resolve().parent] if named else []
    folders.append(REPOSITORY.parent / "shared")
    path = next((p for p in (f / "seeds" / name for f in folders) if p.is_file()), None)
    if path is None:
        pytest.skip(f"needs the tutorial's text: put it at {folders[0] / 'seeds' / name}")
    return path.read_text(encoding="utf-8")


def blocks_of(text: str) -> list[str]:
    """The blocks of Python code in a reStructuredText."""
    parts = re.split(r"^\.\. code-block:: Python\n", text, flags=re.MULTILINE)[1:]
    return [textwrap.dedent(re.split(r"^(?=\S)", part, flags=re.MULTILINE)[0]) for part in parts]


def statements_of(text: str) -> list[ast.stmt]:
    """The Python statements among the lines of a text that does not mark its code.

    A line at the margin, with the indented lines below it, is code if it parses as what prose is
    not: an import, a definition, an assignment, a loop, a call.
    """
    kinds = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.Assign, ast.For)
    found: list[ast.stmt] = []
    for piece in re.findall(r"^\S.*\n(?:(?:[ \t].*)?\n)*", text + "\n", flags=re.MULTILINE):
        try:
            parsed = ast.parse(piece).body
        except SyntaxError:
            continue
        found += [
            node
            for node in parsed
            if isinstance(node, kinds)
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        ]
    return found


def definitions_in(statements: list[ast.stmt]) -> list[str]:
    """The names of the classes and functions among statements."""
    return [node.name for node in statements if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
