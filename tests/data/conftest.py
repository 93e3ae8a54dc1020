"""Real data files, where they are at hand, and a way to be without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def planetoid_dir() -> Path:
    """The folder of the raw Planetoid files."""
    named = os.environ.get("GRAPHMP_DATA")
    roots = [Path(named)] if named else []
    roots.append(REPOSITORY.parent / "shared" / "data")
    for folder in (folder for root in roots for folder in (root, root / "planetoid")):
        if (folder / "ind.cora.x").is_file():
            return folder
    pytest.skip("needs the Planetoid files: put them into a folder and name it in GRAPHMP_DATA")


@pytest.fixture
def no_named_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset the variable that names the folder of data files."""
    monkeypatch.delenv("GRAPHMP_DATA", raising=False)


@pytest.fixture
def named_data_dir(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the data files, named in the variable."""
    monkeypatch.setenv("GRAPHMP_DATA", str(data_dir))
    return data_dir
