"""What many tests need: the backends one after the other, and the folder of data files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

if not torch.cuda.is_available():  # before a kernel is decorated
    os.environ.setdefault("TRITON_INTERPRET", "1")

import pytest
from support import backends

import graphmp.function as fn
from graphmp import kernels, ops

REPOSITORY = Path(__file__).resolve().parents[1]


DATA_FIXTURES = {"data_dir", "planetoid_dir"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by parameters and fixtures; deselect those too slow for the interpreter."""
    runs: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        call = getattr(item, "callspec", None)
        parameters = call.params if call else {}
        if backends.is_interpreted(parameters):
            item.add_marker("interpreter")
        if backends.has_rare_loops(item.path, parameters):
            item.add_marker("loops")
        if DATA_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("data")
        runs[backends.takes_part(item.path, parameters)].append(item)
    items[:] = runs[True]
    if runs[False]:
        config.hook.pytest_deselected(items=runs[False])


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Run torch on one thread: at the size of tests, threads do nothing but wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Draw the same random numbers in every order of the tests, and on any number of processes."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True, scope="session")
def nothing_is_interpreted_unasked() -> Iterator[None]:
    """Leave Triton's interpreter to the tests that name its backend."""
    with kernels.using(*(name for name in backends.NAMES if name != backends.INTERPRETED)):
        yield


@pytest.fixture(params=backends.NAMES)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of each backend in turn; plain torch runs the calls that it declines.

    New tensors lie on its device by default.
    """
    name = str(request.param)
    package = backends.missing_package(name)
    if package:
        pytest.skip(f"backend {name!r} needs {package}: pip install {package}")
    on_gpu = backends.device(name) == "cuda"
    with (
        kernels.using(name, backends.NAMES[-1]),
        torch.device("cuda") if on_gpu else nullcontext(),
        import_module("support.interpreted").mended()
        if name == backends.INTERPRETED
        else nullcontext(),
    ):
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
