"""Long sums keep small terms: one large number, then ones, which float32 in order would lose."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import graphmp as gm
import graphmp.function as fn

LARGE, TERMS = 2.0**24, 1 << 14
ENDS = torch.arange(1, TERMS + 1)


def terms() -> Tensor:
    """0 for the hub, node 0; then one large number and ones."""
    numbers = torch.ones(TERMS + 1)
    numbers[0], numbers[1] = 0, LARGE
    return numbers


def is_whole(total: Tensor) -> bool:
    """Whether a sum has most of the ones; the first 512 terms are added in float32."""
    return abs(float(total) - LARGE - TERMS) < 1024


@pytest.mark.parametrize("op", ["sum", "mean"])
def test_sums_over_many_messages_keep_small_terms(op: str) -> None:
    g, weight = gm.graph((ENDS, torch.zeros_like(ENDS))), torch.ones(TERMS, 1)
    g.ndata["h"] = terms().view(-1, 1)
    g.edata["w"] = weight
    g.update_all(fn.u_mul_e("h", "w", "m"), getattr(fn, op)("m", "o"))
    assert is_whole(g.ndata["o"][0] * (TERMS if op == "mean" else 1))


@pytest.mark.parametrize("op", ["sum", "mean"])
def test_readouts_of_many_rows_keep_small_terms(op: str) -> None:
    g = gm.graph((ENDS - 1, ENDS - 1))
    g.ndata["h"] = g.edata["h"] = terms()[1:]
    for reduced in (gm.readout_nodes(g, "h", op=op), gm.readout_edges(g, "h", op=op)):
        assert is_whole(reduced * (TERMS if op == "mean" else 1))


@pytest.mark.parametrize("call", [gm.ops.copy_u_sum, gm.ops.copy_u_max])
def test_gradients_that_many_messages_add_to_keep_small_terms(call: Any) -> None:
    # The gradient of a maximum is added in float64 if there are many destinations.
    g = gm.graph((torch.zeros_like(ENDS), ENDS), num_nodes=1 << 20)
    h = torch.ones(g.num_nodes(), requires_grad=True)
    (grad,) = torch.autograd.grad(call(g, h)[: TERMS + 1], h, terms())
    assert is_whole(grad[0])
