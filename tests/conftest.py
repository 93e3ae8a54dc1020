"""What many tests need: the backends one after the other, and the folder of data files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import backends
import pytest

from graphmp import kernels

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(params=backends.NAMES)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of each backend in turn; plain torch runs the calls that it declines."""
    name = str(request.param)
    package = backends.missing_package(name)
    if package:
        pytest.skip(f"backend {name!r} needs {package}: pip install {package}")
    with kernels.using(name, backends.NAMES[-1]):
        yield name


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the data files that are too large for the repository."""
    named = os.environ.get("GRAPHMP_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the data files: put them into {folder}, or name theirs in GRAPHMP_DATA")
    return folder
