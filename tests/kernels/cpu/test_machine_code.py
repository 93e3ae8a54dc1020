"""The machine code of loops, which calls of the same shapes share where their types are equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import product

import pytest
import torch
from torch import Tensor

import graphmp as gm
from graphmp import kernels

KERNELS = "graphmp.kernels.cpu"
jit = pytest.importorskip(f"{KERNELS}.runtime.jit", exc_type=ImportError)

SRC, DST = torch.randint(6, (2, 40), generator=torch.Generator().manual_seed(0))
IDTYPES, DTYPES = (torch.int64, torch.int32), (torch.float32, torch.float64)


def graphs() -> Iterator[gm.Graph]:
    """The same edges with ids of both dtypes, and with an order in which rows are visited."""
    for idtype in IDTYPES:
        yield gm.graph((SRC, DST), num_nodes=6, idtype=idtype)
        ordered = gm.graph((SRC, DST), num_nodes=6, idtype=idtype)
        ordered.adjacency.create_formats(locality=True)
        yield ordered


def attended(g: gm.Graph, x: Tensor) -> Tensor:
    out: Tensor = gm.ops.gat_attention(g, x.view(6, 2, 9), x[:, :2], x[:, 2:4])
    return out


OPERATIONS: dict[str, Callable[[gm.Graph, Tensor], Tensor]] = {
    "sum": lambda g, x: gm.ops.copy_u_sum(g, x),
    "mean": lambda g, x: gm.ops.copy_u_mean(g, x),
    "max": lambda g, x: gm.ops.copy_u_max(g, x),
    "max of NaN": lambda g, x: gm.ops.copy_u_max(g, x.masked_fill(x > 1, torch.nan)),
    "attention": attended,
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_each_call_runs_the_code_of_its_own_types(
    operation: Callable[[gm.Graph, Tensor], Tensor],
) -> None:
    for _ in range(2):  # the second calls find the code of the first
        for g, dtype in product(graphs(), DTYPES):
            x = torch.randn(6, 18).to(dtype).requires_grad_()
            out = operation(g, x)
            (grad,) = torch.autograd.grad(out.sum(), x)
            with kernels.using("reference"):
                expected = operation(g, x)
                (expected_grad,) = torch.autograd.grad(expected.sum(), x)
            tolerance = kernels.contract.TOLERANCE[dtype]
            for one, other in ((out, expected), (grad, expected_grad)):
                torch.testing.assert_close(
                    one, other, rtol=tolerance[0], atol=8 * tolerance[1], equal_nan=True
                )


@pytest.mark.skipif(not jit.IS_COMPILED, reason="Numba compiles nothing")
def test_a_second_call_does_not_look_at_types(monkeypatch: pytest.MonkeyPatch) -> None:
    g, x = next(graphs()), torch.randn(6, 18)
    first = [operation(g, x) for operation in OPERATIONS.values()]

    def fail(*_: object) -> None:
        raise AssertionError

    for name in ("messages", "attention"):
        monkeypatch.setattr(import_module(f"{KERNELS}.{name}"), "code_for", fail)
    for before, operation in zip(first, OPERATIONS.values(), strict=True):
        torch.testing.assert_close(operation(g, x), before, rtol=0, atol=0, equal_nan=True)
