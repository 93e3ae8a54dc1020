"""The backends that the tests walk: those of the registry, with the dtypes that each supports."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import pytest
import torch

from graphmp import kernels
from graphmp.kernels.contract import Call

NAMES = [name for name, _, _ in kernels.BACKENDS]


def missing_package(backend: str) -> str | None:
    """The package that ``backend`` needs, if it is not installed."""
    needs = {name: package for name, _, package in kernels.BACKENDS}[backend]
    return needs if needs is not None and find_spec(needs) is None else None


def each_backend_and_dtype(
    dtypes: Sequence[torch.dtype], primitive: str = "spmm"
) -> pytest.MarkDecorator:
    """Run a test by each backend, for each of ``dtypes`` that it does not decline."""
    pairs = [
        pytest.param(name, dtype, id=f"{name}-{str(dtype).removeprefix('torch.')}")
        for name in NAMES
        for dtype in dtypes
        if missing_package(name)
        or kernels.why_not(name, Call(primitive, "cpu", dtype, "add")) is None
    ]
    return pytest.mark.parametrize(("backend", "dtype"), pairs, indirect=["backend"])
