"""The files of a release agree with each other: versions, requirements, licence."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import graphmp
from release import interpreters
from release.contents import DATA, check_links, check_names

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


def test_the_conda_recipe_builds_with_what_the_wheel_is_built_with() -> None:
    recipe = (ROOT / "release" / "recipe.yaml").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    host, build = recipe.partition("\n  host:\n")[2], project.partition("requires = [\n")[2]
    rows = re.findall(r"- (hatch\S*) (\S+)", host.partition("\n  run:")[0])
    assert {"".join(row) for row in rows} == set(re.findall(r'"(.+)"', build.partition("\n]")[0]))
    assert f'requires-python = ">={re.findall(r"python_min: .(.+).$", recipe, re.M)[0]}"' in project


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


@pytest.mark.parametrize("link", ["docs/files.md", "#features", "../LICENSE", "ftp://graphmp"])
def test_a_description_with_a_relative_link_is_refused(link: str) -> None:
    with pytest.raises(SystemExit, match=re.escape(link)):
        check_links(f"Files are described [here]({link}).")


def test_a_description_with_code_and_absolute_links_is_accepted() -> None:
    check_links("[DGL](https://www.dgl.ai)\n\n```python\nh = layers[0](blocks[0], h)\n```\n")


def test_an_empty_description_is_refused() -> None:
    with pytest.raises(SystemExit, match="lack the description"):
        check_links("\n")


def test_a_python_that_is_named_and_missing_ends_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "interpreter", {"3.12": "python3.12"}.get)
    with pytest.raises(SystemExit, match=r"no Python 3\.13 on .*; install it"):
        interpreters.choose(["3.12", "3.13"])


def test_of_all_pythons_those_that_are_missing_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(interpreters, "interpreter", {"3.12": "python3.12"}.get)
    assert interpreters.choose(["all"]) == ["python3.12"]
    assert "no Python 3.10, 3.11, 3.13, 3.14 on PATH" in capsys.readouterr().err
