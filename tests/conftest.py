"""What many tests need: the backends one after the other, and the folder of data files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

if not torch.cuda.is_available():  # before a kernel is decorated
    os.environ.setdefault("TRITON_INTERPRET", "1")

import backends
import pytest

import graphmp.function as fn
from graphmp import kernels, ops

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Run torch on one thread: at the size of tests, threads do nothing but wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(params=backends.NAMES)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of each backend in turn; plain torch runs the calls that it declines."""
    name = str(request.param)
    package = backends.missing_package(name)
    if package:
        pytest.skip(f"backend {name!r} needs {package}: pip install {package}")
    with kernels.using(name, backends.NAMES[-1]):
        yield name


@pytest.fixture
def rows_are_taken_away() -> Iterator[None]:
    """Take rows that a test adds to the table away again, and the functions made of them."""
    tables: list[dict[str, Any]] = [fn.BINARY_OPS, fn.REDUCERS, vars(fn), vars(ops)]
    known = [set(table) for table in tables]
    yield
    for table, names in zip(tables, known, strict=True):
        for name in set(table) - names:
            del table[name]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the data files that are too large for the repository."""
    named = os.environ.get("GRAPHMP_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the data files: put them into {folder}, or name theirs in GRAPHMP_DATA")
    return folder
