"""Softmax over the edges of each row, by every backend, against loops in float64."""

from __future__ import annotations

import pytest
import torch
from support import dense
from support.backends import each_backend_and_dtype
from support.corner_graphs import (
    FLOATS,
    ID_DTYPES,
    MIXED,
    SHAPES,
    Corner,
    each_corner,
    each_small_corner,
)
from support.laws import assert_close, assert_same_bits
from torch import Tensor

from graphmp import kernels


def run(corner: Corner, logits: Tensor, idtype: torch.dtype = torch.int64) -> Tensor:
    """Call the kernel; the grouped softmax has the same bits."""
    csc = corner.graph(idtype).adjacency.csc
    weights, grouped = kernels.softmax(csc, logits, True)
    assert grouped is not None
    assert grouped.data_ptr() != weights.data_ptr() or not logits.numel()
    assert_same_bits(grouped, weights[csc.edge_ids.long()])
    alone, no_grouped = kernels.softmax(csc, logits)
    assert_same_bits(alone, weights)
    assert no_grouped is None
    return weights


def run_gradient(corner: Corner, weights: Tensor, grads: Tensor) -> Tensor:
    """Call the kernel of the gradient."""
    csc = corner.graph().adjacency.csc
    return kernels.softmax_gradient(csc, weights[csc.edge_ids.long()], grads)


@each_corner
@each_backend_and_dtype(FLOATS, "softmax")
def test_every_dtype(corner: Corner, backend: str, dtype: torch.dtype) -> None:
    logits = corner.feature("e", (3,), dtype) * 4
    out = run(corner, logits)
    assert out.dtype == dtype
    assert_close(out, dense.edge_softmax(logits.double(), corner.dst, corner.num_dst))


@each_small_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_every_feature_shape_and_id_type(
    corner: Corner, shape: tuple[int, ...], idtype: torch.dtype
) -> None:
    logits = corner.feature("e", shape)
    expected = dense.edge_softmax(logits.double(), corner.dst, corner.num_dst)
    assert_close(run(corner, logits, idtype), expected)


@each_backend_and_dtype(FLOATS, "softmax")
def test_large_logits_do_not_overflow(backend: str, dtype: torch.dtype) -> None:
    logits = MIXED.feature("e", (3,), dtype) * 20_000
    out = run(MIXED, logits)
    assert out.isfinite().all()
    assert_close(out, dense.edge_softmax(logits.double(), MIXED.dst, MIXED.num_dst))


@pytest.mark.usefixtures("backend")
def test_minus_infinity_is_weight_zero_even_if_all_are() -> None:
    logits = torch.tensor([0.0, -torch.inf, 0.0, -torch.inf, -torch.inf, 1.0, 2.0, 3.0, -torch.inf])
    out = run(MIXED, logits)
    assert_close(out, dense.edge_softmax(logits.double(), MIXED.dst, MIXED.num_dst))
    assert out[[1, 3, 4, 8]].tolist() == [0, 0, 0, 0]
    assert run_gradient(MIXED, out, logits.exp()).isfinite().all()


@pytest.mark.usefixtures("backend")
def test_nan_and_infinity_spread_over_the_edges_of_their_node_alone() -> None:
    logits = torch.tensor([0.0, torch.nan, 0.0, torch.inf, 1.0, 1.0, 2.0, 3.0, 4.0])
    out = run(MIXED, logits)
    assert_close(out, dense.edge_softmax(logits.double(), MIXED.dst, MIXED.num_dst))
    assert out.isnan().tolist() == [node in (1, 2) for node in MIXED.dst]


# Some rows are longer than the pieces that rows are cut into, by one edge or several times.
LENGTHS = (0, 700, 0, 256, 257, 3, *(1,) * 120)
LONG = Corner(
    "long rows",
    tuple(range(sum(LENGTHS))),
    tuple(sorted((v for v, n in enumerate(LENGTHS) for _ in range(n)), key=lambda v: v * 29 % 7)),
    sum(LENGTHS),
    len(LENGTHS),
    bipartite=True,
)


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.usefixtures("backend")
def test_rows_of_many_edges(size: int) -> None:
    logits = LONG.feature("e", (size,)) * 4
    weights = dense.edge_softmax(logits.double(), LONG.dst, LONG.num_dst)
    assert_close(run(LONG, logits), weights)
    grads = LONG.feature("e", (size,)) * 2
    out = run_gradient(LONG, logits, grads)
    assert_close(out, gradient(LONG, logits.double(), grads.double()))


@pytest.mark.usefixtures("backend")
def test_rows_of_many_numbers() -> None:
    logits, grads = MIXED.feature("e", (41,)) * 4, MIXED.feature("e", (41,))
    assert_close(run(MIXED, logits), dense.edge_softmax(logits.double(), MIXED.dst, MIXED.num_dst))
    out = run_gradient(MIXED, logits, grads)
    assert_close(out, gradient(MIXED, logits.double(), grads.double()))


@pytest.mark.usefixtures("backend")
def test_infinities_and_nan_in_rows_of_many_edges() -> None:
    rows = torch.tensor(LONG.dst)
    logits = LONG.feature("e", (2,))
    logits[rows == 3] = -torch.inf
    logits[torch.where(rows == 1)[0][:600], 0] = -torch.inf
    logits[torch.where(rows == 1)[0][650], 1] = torch.inf
    logits[torch.where(rows == 4)[0][256], 0] = torch.nan
    out = run(LONG, logits)
    assert_close(out, dense.edge_softmax(logits.double(), LONG.dst, LONG.num_dst))
    nan = [[bool(out[rows == row, column].isnan().all()) for column in (0, 1)] for row in (1, 3, 4)]
    assert nan == [[False, True], [False, False], [True, False]]


def gradient(corner: Corner, weights: Tensor, grads: Tensor) -> Tensor:
    """``weights * (grads - total)``."""
    rows = torch.tensor(corner.dst, dtype=torch.int64)
    total = torch.zeros(corner.num_dst, *weights.shape[1:], dtype=weights.dtype)
    return weights * (grads - total.index_add(0, rows, weights * grads)[rows])


@each_corner
@each_backend_and_dtype(FLOATS, "softmax")
def test_the_gradient_is_that_of_the_loop(corner: Corner, backend: str, dtype: torch.dtype) -> None:
    weights, grads = corner.feature("e", (3,), dtype), corner.feature("e", (3,), dtype) * 2
    out = run_gradient(corner, weights, grads)
    assert out.dtype == dtype
    assert_close(out, gradient(corner, weights.double(), grads.double()))
