"""The recipes in CONTRIBUTING.md are followed to the letter, each in a copy of the repository."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PLACE = re.compile(r"# (\S+): (?:(new file)|below '(.+)')\n")


def apply(block: str, root: Path) -> None:
    """Write a block where its first line says."""
    place = PLACE.match(block)
    assert place, f"the first line of a block says where it goes: {block!r}"
    path, code = root / place[1], block[place.end() :]
    if place[2]:
        path.parent.mkdir(exist_ok=True)
        path.write_text(code, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    index = next(i for i, line in enumerate(lines) if line.strip().startswith(place[3]))
    path.write_text("".join([*lines[: index + 1], code, *lines[index + 1 :]]), encoding="utf-8")


def run(command: str, root: Path) -> str:
    """Run a command of a recipe with the package in ``root``."""
    program, *arguments = shlex.split(command)
    assert program == ".venv/bin/python"
    environment = {**os.environ, "PYTHONPATH": str(root), "NUMBA_CACHE_DIR": str(root / "cache")}
    result = subprocess.run(
        [sys.executable, *arguments, "-q", "-p", "no:cacheprovider"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_there_are_three_recipes() -> None:
    assert list(RECIPES) == ["Add a builtin", "Add a layer", "Add a backend"]


@pytest.mark.program
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_works_as_written(name: str, tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("graphmp", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    outputs = []
    for language, text in BLOCK.findall(RECIPES[name]):
        if language == "python":
            apply(text, tmp_path)
        else:
            outputs += [run(command, tmp_path) for command in text.splitlines()]
    assert outputs
    assert all(re.search(r"\b\d+ passed", output) for output in outputs)
