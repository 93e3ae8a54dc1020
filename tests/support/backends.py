"""The backends that the tests walk: those of the registry, with the dtypes that each supports.

Where there is a GPU, the tests of its backend run on it, all of them. Elsewhere Triton's
interpreter runs its kernels, a tenth of a second for each launch: only tests of kernels take part,
and at most one of the parameters in ``USUAL`` has another value than there. So every value is run
once, and no product of parameters. The same holds for loops that Numba is told not to compile.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from graphmp import kernels
from graphmp.kernels.contract import OTHER, Call
from support.corner_graphs import MIXED

NAMES = [name for name, _, _ in kernels.BACKENDS]
INTERPRETED = "cuda" if os.environ.get("TRITON_INTERPRET") == "1" else None
UNCOMPILED = {INTERPRETED, "cpu" if os.environ.get("NUMBA_DISABLE_JIT") == "1" else None} - {None}
COMMON_DTYPES = {torch.float32}
USUAL: dict[str, object] = {
    "corner": MIXED,
    "dtype": torch.float32,
    "idtype": torch.int64,
    "shape": (3,),
    "op": "mul",
    "pair": ((2, 3), (2, 1)),
    "kind": "leaky",
    "edge": True,
    "weight": True,
    "dropout": 0.3,
    "wanted": True,
    "sizes": (3, 5, 5),
    "slope": 0.2,
    "fanout": 3,
    "k": 3,
    "heads_and_width": (3, 8),
    "size": 3,
    "where": OTHER,
    "meeting": ((3,), (3,), (3,)),
    "reduce": "sum",
    "replace": False,
    "bad": -1.0,
    "value": 1e-300,
    "order": 1,
}


def missing_package(backend: str) -> str | None:
    """The package that ``backend`` needs, if it is not installed."""
    needs = {name: package for name, _, package in kernels.BACKENDS}[backend]
    return needs if needs is not None and find_spec(needs) is None else None


def device(backend: str) -> str:
    """The kind of device that the tests of ``backend`` run on."""
    return "cuda" if backend == "cuda" != INTERPRETED else "cpu"


def each_backend_and_dtype(
    dtypes: Sequence[torch.dtype], primitive: str = "spmm"
) -> pytest.MarkDecorator:
    """Run a test by each backend, for each of ``dtypes`` that it does not decline."""
    pairs = [
        pytest.param(name, dtype, id=f"{name}-{str(dtype).removeprefix('torch.')}")
        for name in NAMES
        for dtype in dtypes
        if missing_package(name)
        or kernels.why_not(name, Call(primitive, device(name), dtype, "add")) is None
    ]
    return pytest.mark.parametrize(("backend", "dtype"), pairs, indirect=["backend"])


def is_interpreted(parameters: Mapping[str, object]) -> bool:
    """Whether a test with these parameters runs kernels in Triton's interpreter."""
    return INTERPRETED is not None and parameters.get("backend") == INTERPRETED


def has_rare_loops(file: Path, parameters: Mapping[str, object]) -> bool:
    """Whether Numba compiles loops for this test that few others use."""
    dtypes = (parameters.get(name) for name in ("dtype", "left", "right"))
    rare = {dtype for dtype in dtypes if isinstance(dtype, torch.dtype)} - COMMON_DTYPES
    if file.parent.name == "kernels" and parameters.get("idtype") == torch.int32:
        rare.add(torch.int32)
    return bool(rare) and parameters.get("backend") != "reference"


def takes_part(file: Path, parameters: Mapping[str, object]) -> bool:
    """Whether a test with these parameters is run: not all are where Python runs the loops."""
    if parameters.get("backend") not in UNCOMPILED:
        return True
    unusual = [name for name, value in USUAL.items() if parameters.get(name, value) != value]
    return file.parent.name == "kernels" and len(unusual) <= 1
