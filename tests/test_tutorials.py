"""Every tutorial runs to its end, without a warning, and opens as a notebook."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

TUTORIALS = sorted((Path(__file__).resolve().parents[1] / "tutorials").glob("*.py"))
EACH_TUTORIAL = pytest.mark.parametrize("script", TUTORIALS, ids=lambda script: script.stem)


@pytest.mark.program
@EACH_TUTORIAL
def test_a_tutorial_runs(script: Path, tmp_path: Path) -> None:
    settings = {**os.environ, "MPLBACKEND": "Agg"}
    settings.pop("GRAPHMP_DATA", None)  # on the embedded data, wherever it runs
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), "--quick"],
        cwd=tmp_path,
        env=settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pictures = list((tmp_path / "build").glob("*.png"))
    assert pictures
    assert all(picture.stat().st_size > 10_000 for picture in pictures)


OFFLINE = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}


@pytest.mark.program
@pytest.mark.parametrize(
    ("number", "options"),
    [
        ("04", ["--epochs", "1", "--folds", "1"]),
        ("05", ["--epochs", "1", "--model", "LightGCN"]),
        ("07", ["--epochs", "1", "--model", "DistMult"]),
    ],
)
def test_where_no_folder_has_the_set_and_no_network_it_is_made_up(
    number: str, options: list[str], tmp_path: Path
) -> None:
    [script] = [script for script in TUTORIALS if script.name.startswith(number)]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), *options],
        cwd=tmp_path,
        env={**os.environ, **OFFLINE, "MPLBACKEND": "Agg", "GRAPHMP_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Expected .*, got", done.stdout)
    assert "Using " in done.stdout


@EACH_TUTORIAL
def test_a_tutorial_opens_as_a_notebook(script: Path) -> None:
    kinds = {cell.cell_type for cell in jupytext.read(script).cells}
    assert kinds == {"code", "markdown"}
