"""The workflows, and the scripts that they call, name what this repository has."""

from __future__ import annotations

import re
from importlib.metadata import metadata
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from release.interpreters import SUPPORTED

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".github" / "workflows"
if not FOLDER.is_dir():
    pytest.skip("the workflows are in a clone, not in an sdist: clone it", allow_module_level=True)
yaml = pytest.importorskip("yaml", reason="reading workflows needs PyYAML: pip install pyyaml")

WORKFLOWS = sorted(FOLDER.glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
NOXFILE = (ROOT / "noxfile.py").read_text(encoding="utf-8")
CALLERS = [*WORKFLOWS, ROOT / ".ci" / "run", ROOT / "CONTRIBUTING.md"]
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def read(path: Path) -> Any:
    """A workflow, parsed."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def named(pattern: str) -> set[str]:
    """What a pattern finds in the workflows, in their script and on the contributors' page."""
    return set(chain(*(re.findall(pattern, p.read_text(encoding="utf-8")) for p in CALLERS)))


def matrix() -> dict[str, Any]:
    """The combinations that every change is tested with."""
    combinations: dict[str, Any] = read(FOLDER / "ci.yml")["jobs"]["tests"]["strategy"]["matrix"]
    return combinations


@each_workflow
def test_a_workflow_has_jobs_that_end_and_permissions(path: Path) -> None:
    workflow = read(path)
    assert workflow["jobs"]
    assert "permissions" in workflow
    assert all(job["steps"] and job["timeout-minutes"] for job in workflow["jobs"].values())


@each_workflow
def test_a_workflow_names_no_host(path: Path) -> None:
    assert "://" not in path.read_text(encoding="utf-8")


def test_every_target_of_make_exists() -> None:
    targets = named(r"(?:^|run: |[`;|&] *|^ +)make ([a-z][a-z-]*)")
    rules = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert {"docs", "release-check"} <= targets
    assert targets - rules == set()


def test_every_session_of_nox_exists() -> None:
    sessions = named(r"nox -s \"?([a-z]+(?:\([a-z]+\))?)")
    names = re.findall(r"^def (\w+)\(session", NOXFILE, re.MULTILINE)
    versions = re.findall(r'id="(\w+)"', NOXFILE)
    assert "tests(oldest)" in sessions
    assert sessions - {*names, *(f"tests({version})" for version in versions)} == set()


def test_every_script_exists() -> None:
    steps = chain(*(job["steps"] for path in WORKFLOWS for job in read(path)["jobs"].values()))
    scripts = {step["run"] for step in steps if step.get("run", "").startswith(".")}
    assert scripts
    assert all((ROOT / script).is_file() for script in scripts)


def test_every_marker_exists(pytestconfig: pytest.Config) -> None:
    text = MAKEFILE + "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    groups = re.findall(r'(?:^SLOW := |-m "not \()([a-z ]+)', text, re.MULTILINE)
    markers = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    assert len(groups) == 2
    assert all(set(group.split(" or ")) <= markers for group in groups)


def test_every_supported_python_is_tested() -> None:
    prefix = "Programming Language :: Python :: "
    classifiers = metadata("graphmp").get_all("Classifier") or []
    versions = [one.removeprefix(prefix) for one in classifiers if one.startswith(f"{prefix}3.")]
    assert matrix()["python"] == versions == list(SUPPORTED)


def test_every_file_of_constraints_and_every_extra_exists() -> None:
    rows = matrix()["include"]
    extras = metadata("graphmp").get_all("Provides-Extra") or []
    assert {row["packages"] for row in rows} == set(matrix()["packages"])
    assert all((ROOT / row["constraints"]).is_file() for row in rows)
    assert {row["extra"] for row in rows} <= set(extras)
