"""What many tests need: the folder of data files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the data files that are too large for the repository."""
    named = os.environ.get("GRAPHMP_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the data files: put them into {folder}, or name theirs in GRAPHMP_DATA")
    return folder
