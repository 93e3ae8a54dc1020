"""The files of a release agree with each other: versions, requirements, licence."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import graphmp
from release.contents import DATA, check_names

ROOT = Path(__file__).resolve().parents[1]
INFO = "graphmp-0.1.0.dist-info"
WHEEL = {
    "graphmp/__init__.py",
    *DATA,
    f"{INFO}/METADATA",
    f"{INFO}/licenses/LICENSE",
    f"{INFO}/sboms/graphmp.cdx.json",
}
CONDA_NAMES = {"torch": "pytorch"}


def requirements() -> list[Requirement]:
    """What graphmp requires, extras left out."""
    each = [Requirement(text) for text in requires("graphmp") or []]
    return [one for one in each if "extra ==" not in str(one.marker)]


def pins(name: str) -> set[str]:
    """The packages that a file of constraints pins."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {line.partition("==")[0] for line in lines if "==" in line}


def test_the_citation_names_the_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {graphmp.__version__}\n" in citation


def test_the_conda_recipe_names_the_version() -> None:
    recipe = (ROOT / "release" / "recipe.yaml").read_text(encoding="utf-8")
    assert f'  version: "{graphmp.__version__}"\n' in recipe


def test_the_conda_recipe_requires_what_the_wheel_requires() -> None:
    recipe = (ROOT / "release" / "recipe.yaml").read_text(encoding="utf-8")
    section = re.search(r"\n  run:\n(.*?)\n\n", recipe, re.DOTALL)
    assert section
    rows = set(re.findall(r"- (?!python )(.+)", section[1]))
    expected = {f"{CONDA_NAMES.get(one.name, one.name)} {one.specifier}" for one in requirements()}
    assert rows == expected


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-oldest.txt"])
def test_every_requirement_is_pinned(name: str) -> None:
    assert {one.name for one in requirements()} <= pins(name)


def test_a_wheel_of_modules_licence_and_bill_is_accepted() -> None:
    check_names(WHEEL, INFO)


@pytest.mark.parametrize("extra", ["tests/test_ops.py", "graphmp/cpu.so", "docs/conf.py"])
def test_a_wheel_with_other_files_is_refused(extra: str) -> None:
    with pytest.raises(SystemExit, match=extra.partition(".")[0].partition("/")[0]):
        check_names(WHEEL | {extra}, INFO)


@pytest.mark.parametrize("missing", sorted(WHEEL - {"graphmp/__init__.py", f"{INFO}/METADATA"}))
def test_a_wheel_without_a_file_is_refused(missing: str) -> None:
    with pytest.raises(SystemExit, match="release check"):
        check_names(WHEEL - {missing}, INFO)
