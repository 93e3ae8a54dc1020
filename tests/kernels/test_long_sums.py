"""Sums of many terms, by every backend: the first term is so large that small ones get lost in it.

``LARGE + 1`` is ``LARGE`` in float32, so a sum that adds term by term never leaves it. Sums in
blocks lose the terms of the first block alone.
"""

from __future__ import annotations

import math

import pytest
import torch
from support.corner_graphs import ID_DTYPES
from torch import Tensor

from graphmp import kernels
from graphmp.kernels.contract import EDGE, OTHER, Attention, Csr, Operand
from graphmp.kernels.plan import plan

pytestmark = pytest.mark.usefixtures("backend")

LARGE, TERMS = 2.0**24, 1 << 15
SMALL = 2.0**-25  # beside 1
LOST = TERMS // 8  # terms that may get lost


def hub(dtype: torch.dtype = torch.int64) -> Csr:
    """Rows of no edges, of all, and of none."""
    ids = torch.arange(TERMS, dtype=dtype)
    return Csr(torch.tensor([0, 0, TERMS, TERMS], dtype=dtype), ids, ids)


def terms(width: int) -> Tensor:
    """One large number, then ones: (terms, width)."""
    rows = torch.ones(TERMS, width)
    rows[0] = LARGE
    return rows


def assert_is_whole(total: Tensor) -> None:
    """Whether the sum of the hub is that of :func:`terms`; other rows are 0."""
    assert (total[1] - (LARGE + TERMS)).abs().max() < LOST
    assert not total[[0, 2]].any()


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize("size", [1, 19])
def test_sums_of_features(size: int, idtype: torch.dtype) -> None:
    feature, shape = Operand(terms(size), OTHER), (size,)
    out, _ = kernels.spmm(hub(idtype), "copy", "sum", False, feature, None, plan(*[shape] * 3))
    assert_is_whole(out)


@pytest.mark.parametrize("width", [8, 1])
def test_sums_of_products_of_every_width(width: int) -> None:
    feature = Operand(terms(16).view(TERMS, 2, 8), OTHER)
    weight = Operand(torch.full((TERMS, 2, 1), width / 8), EDGE)
    call = plan((2, 8), (2, 1), (2, width))
    out, _ = kernels.spmm(hub(), "mul", "sum", False, feature, weight, call)
    assert_is_whole(out.flatten(1))


def test_means() -> None:
    feature = Operand(terms(3), OTHER)
    out, _ = kernels.spmm(hub(), "copy", "sum", True, feature, None, plan(*[(3,)] * 3))
    assert_is_whole(out * TERMS)


def test_gradients_of_products() -> None:
    own, weight = torch.zeros(3, 16), torch.ones(TERMS, 2)
    assert_is_whole(kernels.product_gradient(hub(), own, weight, terms(16))[0])


def test_totals_of_a_softmax() -> None:
    logits = torch.full((TERMS, 3), math.log(SMALL))
    logits[0] = 0
    expected = 1 / (1 + TERMS * SMALL)
    assert (kernels.softmax(hub(), logits)[0][0] - expected).abs().max() < LOST * SMALL


def test_totals_of_the_gradient_of_a_softmax() -> None:
    out = kernels.softmax_gradient(hub(), torch.ones(TERMS, 3), terms(3))
    assert (out[1:] + LARGE + TERMS).abs().max() < LOST


def spec(kind: str, rows: int, others: int) -> Attention:
    """Attention with 2 heads of 8 numbers, whose scores are 0."""
    k = 2 if kind == "add" else 16
    vector = torch.ones(1, 16) if kind == "leaky" else None
    left, right, value = torch.zeros(others, k), torch.zeros(rows, k), torch.ones(others, 16)
    return Attention(kind, 2, left, right, value, None, None, vector, 1.0, 0.0, 0)


def test_sums_and_totals_of_attention() -> None:
    edge = torch.full((TERMS, 2), math.log(SMALL))
    edge[0] = 0
    value = torch.full((TERMS, 16), 3.0)
    value[0] = 1
    call = spec("dot", 3, TERMS)._replace(edge=edge, value=value)
    out, _, stats, _ = kernels.attention(hub(), call, False)
    assert (stats[1, 2:] - (1 + TERMS * SMALL)).abs().max() < LOST * SMALL
    expected = (1 + 3 * TERMS * SMALL) / (1 + TERMS * SMALL)
    assert (out[1] - expected).abs().max() < 4 * LOST * SMALL


def test_gradients_of_attention_at_a_source() -> None:
    stats = torch.zeros(TERMS, 6)
    stats[:, 2:4] = 1  # the total; the peak is 0, and so is the sum of attention times its gradient
    call = spec("add", TERMS, 3)._replace(value=torch.ones(3, 16) / 8)
    value, left, _, _ = kernels.attention_gradient(hub(), call, stats, terms(16), None)
    assert_is_whole(value)
    assert_is_whole(left)


@pytest.mark.parametrize("kind", ["add", "leaky"])
def test_gradients_of_scores_at_a_destination(kind: str) -> None:
    assert_is_whole(kernels.score_gradient(hub(), spec(kind, 3, TERMS), terms(2)))
