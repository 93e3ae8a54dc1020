"""The real Planetoid files, where they are at hand."""

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
