"""Functions put together at random give the same, fused or not: results and every gradient."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from support.random_functions import (
    MESSAGES,
    PARAMETERS,
    REDUCERS,
    REDUCTIONS,
    function,
    graphs,
)
from torch import Tensor

import graphmp as gm
from graphmp import kernels
from graphmp._message_passing.recording.fusion import CHECKED, REFUSED

# The same examples in every run: what fails here fails everywhere.
FEW = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=150)
THOROUGH = settings(FEW, max_examples=2000)


def results_of(
    g: gm.Graph, message: str, reduce: str, is_fused: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The result of update_all, and the gradients of all inputs and parameters."""
    generator = torch.Generator().manual_seed(len(message) + g.num_edges())
    inputs = []
    with g.local_scope():
        for data, name, shape in (
            (g.srcdata, "x", (g.num_src_nodes(), 6)),
            (g.dstdata, "x", (g.num_dst_nodes(), 6)),
            (g.edata, "e", (g.num_edges(), 6)),
            (g.edata, "w", (g.num_edges(), 1)),
        ):
            x = torch.randn(shape, generator=generator, dtype=torch.float64)
            inputs.append(x.requires_grad_())
            data[name] = x
        with gm.fuse_functions(is_fused, check=False):
            g.update_all(function(message), function(reduce))
        y = g.dstdata["y"]
    weights = torch.linspace(-1, 2, y.numel(), dtype=y.dtype).view_as(y)
    grads = torch.autograd.grad(
        (y * weights).sum(), [*inputs, *PARAMETERS], allow_unused=True, materialize_grads=True
    )
    return y.detach(), grads


def assert_same(g: gm.Graph, message: str, reduce: str) -> None:
    """Fused or not, it is the same to the rounding of terms that may cancel."""
    REFUSED._facts.clear()
    CHECKED._facts.clear()
    y, grads = results_of(g, message, reduce, True)
    expected, expected_grads = results_of(g, message, reduce, False)
    for actual, plain in zip((y, *grads), (expected, *expected_grads), strict=True):
        size = float(plain.abs().max()) if plain.numel() else 0.0
        torch.testing.assert_close(actual, plain, rtol=1e-8, atol=1e-8 * max(size, 1.0))


@given(graphs(), MESSAGES, REDUCERS)
@MANY
def test_messages(g: gm.Graph, message: str, reduce: str) -> None:
    with kernels.using("reference"):
        assert_same(g, message, reduce)


@given(graphs(), MESSAGES, REDUCTIONS)
@MANY
def test_messages_and_reductions(g: gm.Graph, message: str, reduce: str) -> None:
    with kernels.using("reference"):
        assert_same(g, message, reduce)


@pytest.mark.loops
@given(graphs(), MESSAGES, REDUCERS | REDUCTIONS)
@FEW
def test_in_kernels(g: gm.Graph, message: str, reduce: str) -> None:
    assert_same(g, message, reduce)


@pytest.mark.thorough
@given(graphs(), MESSAGES, REDUCERS | REDUCTIONS)
@THOROUGH
def test_many(g: gm.Graph, message: str, reduce: str) -> None:
    with kernels.using("reference"):
        assert_same(g, message, reduce)
