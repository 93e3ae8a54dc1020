"""The way of one ``update_all`` through the library: few calls, few files, each entered once."""

from __future__ import annotations

import sys
from itertools import groupby, pairwise
from pathlib import Path
from types import FrameType

import pytest
import torch

import graphmp as gm
import graphmp.function as fn

PACKAGE = str(Path(gm.__file__).parent)
MOST_CALLS, MOST_SWITCHES = 45, 8


def update_all(graph: gm.Graph) -> None:
    graph.update_all(fn.u_mul_e("h", "w", "m"), fn.mean("m", "h_N"))


def python_calls(graph: gm.Graph) -> list[tuple[str, str]]:
    """File and name of every Python function that one ``update_all`` calls, in order."""
    cpu = pytest.importorskip("graphmp.kernels.cpu", exc_type=ImportError)
    # Compiled functions tell a profiler of themselves as though they were Python.
    modules = (cpu.messages.spmm_plain, cpu.messages.spmm_tiled)
    kernels = [made for m in modules for made in vars(m).values() if hasattr(made, "py_func")]
    compiled = {id(kernel.py_func.__code__) for kernel in kernels}
    calls: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and id(frame.f_code) not in compiled:
            calls.append((frame.f_code.co_filename, frame.f_code.co_name))

    update_all(graph)  # what is made once, and kept
    sys.setprofile(note)
    try:
        update_all(graph)
    finally:
        sys.setprofile(None)
    return calls[1:]


def test_update_all_takes_few_calls_and_few_changes_of_file() -> None:
    graph = gm.rand_graph(20, 60)
    graph.ndata["h"], graph.edata["w"] = torch.rand(20, 4), torch.rand(60, 1)
    calls = python_calls(graph)
    files = [file.removeprefix(PACKAGE) for file, _ in calls if file.startswith(PACKAGE)]
    switches = sum(one != other for one, other in pairwise(files))
    path = " -> ".join(file for file, _ in groupby(files))
    print(f"{len(calls)} Python calls, {switches} changes of file: {path}")
    assert len(calls) <= MOST_CALLS, calls
    assert switches <= MOST_SWITCHES, path
