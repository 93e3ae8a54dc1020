"""Functions of one's own on the programs of a GPU: the results and gradients of plain torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from support import own_functions
from support.backends import device
from support.corner_graphs import MIXED
from support.own_functions import MESSAGES, MODULES, REDUCTIONS
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import kernels
from graphmp._message_passing.recording import fusion
from graphmp.kernels.contract import Call

pytestmark = pytest.mark.parametrize("backend", ["cuda"], indirect=True)


@pytest.fixture(autouse=True)
def on_the_device(backend: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the functions refer to lies where the programs run."""
    MODULES.to(device(backend))
    for name in ("ATTENTION", "CENTERS"):
        there = getattr(own_functions, name).detach().to(device(backend))
        monkeypatch.setattr(own_functions, name, there.requires_grad_(name == "ATTENTION"))
    yield
    MODULES.to("cpu")


def run(backend: str, message: Any, reduce: Any, is_fused: bool) -> tuple[Any, Any]:
    """The results of update_all, and the gradients of all inputs and parameters."""
    g = MIXED.graph().to(device(backend))
    inputs: list[Tensor] = []
    generator = torch.Generator(device(backend)).manual_seed(1)
    for data, size in ((g.ndata, (g.num_nodes(), 6)), (g.edata, (g.num_edges(), 1))):
        x = torch.randn(size, generator=generator, dtype=torch.float64)
        inputs.append(x.requires_grad_())
        data["x" if data is g.ndata else "w"] = x
    with gm.fuse_functions(is_fused):
        g.update_all(message, reduce)
    results = {name: g.ndata[name] for name in ("y", "z") if name in g.ndata}
    total = sum((y * torch.linspace(-1, 2, y.numel()).view_as(y)).sum() for y in results.values())
    assert isinstance(total, Tensor)
    wanted = [*inputs, *MODULES.parameters(), own_functions.ATTENTION]
    if not total.requires_grad:
        return results, ()
    return results, torch.autograd.grad(total, wanted, allow_unused=True, materialize_grads=True)


def check(backend: str, message: Any, reduce: Any) -> None:
    assert kernels.select(Call("reduce_expression", device(backend), torch.float64)).name == backend
    results, grads = run(backend, message, reduce, True)
    with kernels.using("reference"):
        expected, expected_grads = run(backend, message, reduce, False)
    torch.testing.assert_close(results, expected, equal_nan=True)
    torch.testing.assert_close(grads, expected_grads, equal_nan=True)


def test_functions_are_recorded_on_a_gpu(backend: str) -> None:
    assert fusion._has_kernels(torch.device("cuda"))


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(backend: str, name: str) -> None:
    check(backend, MESSAGES[name], fn.sum("m", "y"))


@pytest.mark.parametrize("name", ["difference", "EGNN", "where", "heads"])
def test_extremes_of_messages(backend: str, name: str) -> None:
    check(backend, MESSAGES[name], fn.max("m", "y"))


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(backend: str, name: str) -> None:
    check(backend, MESSAGES["GatedGCN"], REDUCTIONS[name])
