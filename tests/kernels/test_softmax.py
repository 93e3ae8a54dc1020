"""Softmax over the edges of each row, by every backend, against loops in float64."""

from __future__ import annotations

import dense
import pytest
import torch
from backends import each_backend_and_dtype
from corner_graphs import FLOATS, ID_DTYPES, MIXED, SHAPES, Corner, each_corner, each_small_corner
from laws import assert_close
from torch import Tensor

from graphmp import kernels


def run(corner: Corner, logits: Tensor, idtype: torch.dtype = torch.int64) -> Tensor:
    """Call the kernel."""
    return kernels.softmax(corner.graph(idtype).adjacency.csc, logits)


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
def test_minus_infinity_is_weight_zero_unless_all_are() -> None:
    logits = torch.tensor([0.0, -torch.inf, 0.0, -torch.inf, -torch.inf, 1.0, 2.0, 3.0, -torch.inf])
    out = run(MIXED, logits)
    assert_close(out, dense.edge_softmax(logits.double(), MIXED.dst, MIXED.num_dst))
    assert out[1] == 0
    assert out[[3, 4, 8]].isnan().all()


@pytest.mark.usefixtures("backend")
def test_nan_and_infinity_spread_over_the_edges_of_their_node_alone() -> None:
    logits = torch.tensor([0.0, torch.nan, 0.0, torch.inf, 1.0, 1.0, 2.0, 3.0, 4.0])
    out = run(MIXED, logits)
    assert_close(out, dense.edge_softmax(logits.double(), MIXED.dst, MIXED.num_dst))
    assert out.isnan().tolist() == [node in (1, 2) for node in MIXED.dst]


@each_corner
@each_backend_and_dtype(FLOATS, "softmax")
def test_the_gradient_is_that_of_the_loop(corner: Corner, backend: str, dtype: torch.dtype) -> None:
    weights, grads = corner.feature("e", (3,), dtype), corner.feature("e", (3,), dtype) * 2
    out = kernels.softmax_gradient(corner.graph().adjacency.csc, weights, grads)
    wide_weights, wide_grads = weights.double(), grads.double()
    total = torch.zeros(corner.num_dst, 3, dtype=torch.float64)
    for e, v in enumerate(corner.dst):
        total[v] += wide_weights[e] * wide_grads[e]
    assert out.dtype == dtype
    assert_close(out, wide_weights * (wide_grads - total[list(corner.dst)]))
