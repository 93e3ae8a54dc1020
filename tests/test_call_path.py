"""Calls through the library on hot paths: few Python calls, few changes of file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import groupby, pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch

import graphmp as gm
import graphmp.function as fn

PACKAGE = str(Path(gm.__file__).parent)
NODES, EDGES = 20, 60


def graph() -> gm.Graph:
    g = gm.add_self_loop(gm.rand_graph(NODES, EDGES))
    g.ndata["h"] = torch.rand(NODES, 4)
    g.edata["w"] = torch.rand(g.num_edges(), 1)
    return g


def update_all(requires_grad: bool) -> Callable[[], Any]:
    g = graph()
    g.ndata["h"].requires_grad_(requires_grad)
    return lambda: g.update_all(fn.u_mul_e("h", "w", "m"), fn.mean("m", "h_N"))


def gat_conv(requires_grad: bool) -> Callable[[], Any]:
    return forward(gm.nn.GATConv(4, 3, 2), requires_grad)


def graph_conv(requires_grad: bool) -> Callable[[], Any]:
    return forward(gm.nn.GraphConv(4, 3), requires_grad)


def sage_conv(requires_grad: bool) -> Callable[[], Any]:
    return forward(gm.nn.SAGEConv(4, 3, "mean"), requires_grad)


def dropout(requires_grad: bool) -> Callable[[], Any]:
    x = torch.rand(NODES, 4, requires_grad=requires_grad)
    return lambda: gm.nn.functional.dropout(x, 0.5)


def forward(layer: torch.nn.Module, requires_grad: bool) -> Callable[[], Any]:
    g, feat = graph(), torch.rand(NODES, 4)
    layer.requires_grad_(requires_grad)
    return lambda: layer(g, feat)


def batch(requires_grad: bool) -> Callable[[], Any]:
    """One batch of a loader; no gradient takes part."""
    assert not requires_grad
    sampler = gm.dataloading.NeighborSampler([10, 10])
    batches = iter(gm.dataloading.DataLoader(graph(), torch.arange(NODES), sampler, batch_size=2))
    return lambda: next(batches)


def compiled_codes() -> set[int]:
    """Code objects of the CPU's compiled loops, which a profiler reports as Python functions."""
    pytest.importorskip("graphmp.kernels.cpu", exc_type=ImportError)
    modules = [module for name, module in sys.modules.items() if name.startswith("graphmp.kernels")]
    values = [value for module in modules for value in vars(module).values()]
    return {id(value.py_func.__code__) for value in values if hasattr(value, "py_func")}


def python_calls(function: Callable[[], Any]) -> list[tuple[str, str]]:
    """File and name of every Python function that a call of ``function`` runs, in order."""
    function()  # fill the caches, and import the loops
    function()
    compiled = compiled_codes()
    calls: list[tuple[str, str]] = []

    def record(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and id(frame.f_code) not in compiled:
            calls.append((frame.f_code.co_filename, frame.f_code.co_name))

    sys.setprofile(record)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls[1:]


@pytest.mark.parametrize(
    ("build", "requires_grad", "max_calls", "max_switches"),
    [
        (update_all, False, 37, 8),
        (update_all, True, 45, 12),
        (gat_conv, False, 71, 28),
        (gat_conv, True, 76, 30),
        (graph_conv, False, 62, 23),
        (graph_conv, True, 62, 23),
        (sage_conv, False, 54, 18),
        (sage_conv, True, 54, 18),
        (dropout, False, 16, 10),
        (dropout, True, 21, 12),
        (batch, False, 250, 92),
    ],
)
def test_a_call_takes_few_python_calls_and_few_changes_of_file(
    build: Callable[[bool], Callable[[], Any]],
    requires_grad: bool,
    max_calls: int,
    max_switches: int,
) -> None:
    calls = python_calls(build(requires_grad))
    files = [file.removeprefix(PACKAGE) for file, _ in calls if file.startswith(PACKAGE)]
    switches = sum(one != other for one, other in pairwise(files))
    path = " -> ".join(file for file, _ in groupby(files))
    print(f"{len(calls)} Python calls, {switches} changes of file: {path}")
    assert len(calls) <= max_calls, calls
    assert switches <= max_switches, path
